//! Batches: each entry succeeds or fails for itself.

use crate::message;
use api::sqs::{
    BatchResultErrorEntry, ChangeMessageVisibility, ChangeMessageVisibilityBatch, ChangeMessageVisibilityBatchOutput,
    ChangeMessageVisibilityBatchResultEntry, DeleteMessage, DeleteMessageBatch, DeleteMessageBatchOutput,
    DeleteMessageBatchResultEntry, SendMessage, SendMessageBatch, SendMessageBatchOutput, SendMessageBatchResultEntry,
    error,
};
use kernel::Cx;
use model::{Error, ErrorShape, Result};
use std::collections::BTreeSet;

const MOST_ENTRIES: usize = 10;
const LONGEST_ID: usize = 80;
/// All bodies of a batch together (SendMessageBatch in the SQS API reference).
const MOST_BYTES: usize = 1_048_576;
const MISSING_PARAMETER: ErrorShape = ErrorShape::sender("MissingParameter");

pub fn send(cx: &mut Cx, input: SendMessageBatch) -> Result<SendMessageBatchOutput> {
    check_ids("SendMessageBatchRequestEntry", input.entries.iter().map(|it| it.id.as_str()))?;
    let bytes: usize = input.entries.iter().map(|it| it.message_body.len()).sum();
    if bytes > MOST_BYTES {
        return Err(error::BATCH_REQUEST_TOO_LONG
            .with(format!("Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {bytes} bytes.")));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        let id = entry.id;
        let sent = message::send(
            cx,
            SendMessage {
                queue_url: input.queue_url.clone(),
                message_body: entry.message_body,
                delay_seconds: entry.delay_seconds,
                message_attributes: entry.message_attributes,
                message_system_attributes: entry.message_system_attributes,
                message_deduplication_id: entry.message_deduplication_id,
                message_group_id: entry.message_group_id,
            },
        );
        match sent {
            Ok(it) => successful.push(SendMessageBatchResultEntry {
                id,
                message_id: it.message_id.unwrap_or_default(),
                md5_of_message_body: it.md5_of_message_body.unwrap_or_default(),
                md5_of_message_attributes: it.md5_of_message_attributes,
                md5_of_message_system_attributes: it.md5_of_message_system_attributes,
                sequence_number: it.sequence_number,
            }),
            Err(error) => failed.push(of_one(id, error)?),
        }
    }
    Ok(SendMessageBatchOutput { successful, failed })
}

pub fn delete(cx: &mut Cx, input: DeleteMessageBatch) -> Result<DeleteMessageBatchOutput> {
    check_ids("DeleteMessageBatchRequestEntry", input.entries.iter().map(|it| it.id.as_str()))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        let one = DeleteMessage { queue_url: input.queue_url.clone(), receipt_handle: entry.receipt_handle };
        match message::delete(cx, one) {
            Ok(_) => successful.push(DeleteMessageBatchResultEntry { id: entry.id }),
            Err(error) => failed.push(of_one(entry.id, error)?),
        }
    }
    Ok(DeleteMessageBatchOutput { successful, failed })
}

pub fn change_visibility(
    cx: &mut Cx,
    input: ChangeMessageVisibilityBatch,
) -> Result<ChangeMessageVisibilityBatchOutput> {
    check_ids("ChangeMessageVisibilityBatchRequestEntry", input.entries.iter().map(|it| it.id.as_str()))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        let one = ChangeMessageVisibility {
            queue_url: input.queue_url.clone(),
            receipt_handle: entry.receipt_handle,
            visibility_timeout: entry.visibility_timeout.unwrap_or(0),
        };
        match message::change_visibility(cx, one) {
            Ok(_) => successful.push(ChangeMessageVisibilityBatchResultEntry { id: entry.id }),
            Err(error) => failed.push(of_one(entry.id, error)?),
        }
    }
    Ok(ChangeMessageVisibilityBatchOutput { successful, failed })
}

/// A queue that does not exist fails the whole batch; anything else only its entry.
fn of_one(id: String, error: Error) -> Result<BatchResultErrorEntry> {
    if error.is(&error::QUEUE_DOES_NOT_EXIST) || error.is(&error::INVALID_ADDRESS) {
        return Err(error);
    }
    let message = Some(error.message().to_owned());
    Ok(BatchResultErrorEntry { id, sender_fault: true, code: error.code().to_owned(), message })
}

fn check_ids<'e>(entry: &str, ids: impl Iterator<Item = &'e str>) -> Result<()> {
    let valid = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for id in ids {
        count += 1;
        if id.is_empty() {
            return Err(MISSING_PARAMETER.with(format!("The request must contain the parameter {entry}.{count}.Id.")));
        }
        if id.len() > LONGEST_ID || !id.bytes().all(valid) {
            return Err(error::INVALID_BATCH_ENTRY_ID.with(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(error::BATCH_ENTRY_IDS_NOT_DISTINCT.with(format!("Id {id} repeated.")));
        }
    }
    match count {
        0 => Err(error::EMPTY_BATCH_REQUEST.with(format!("There should be at least one {entry} in the request."))),
        1..=MOST_ENTRIES => Ok(()),
        _ => Err(error::TOO_MANY_ENTRIES_IN_BATCH_REQUEST
            .with(format!("Maximum number of entries per request are {MOST_ENTRIES}. You have sent {count}."))),
    }
}

//! Batches: each entry succeeds or fails for itself.

use crate::message;
use crate::queue::{self, INVALID_PARAMETER_VALUE, Queue};
use api::sqs::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatch, ChangeMessageVisibilityBatchOutput,
    ChangeMessageVisibilityBatchResultEntry, DeleteMessageBatch, DeleteMessageBatchOutput,
    DeleteMessageBatchResultEntry, SendMessage, SendMessageBatch, SendMessageBatchOutput, SendMessageBatchRequestEntry,
    SendMessageBatchResultEntry, error,
};
use kernel::Cx;
use model::{Error, Result};
use std::collections::BTreeSet;

const MOST_ENTRIES: usize = 10;
const LONGEST_ID: usize = 80;
/// All messages of a batch together (SendMessageBatch in the SQS API reference).
const MOST_BYTES: usize = 1_048_576;

pub fn send(cx: &mut Cx, input: SendMessageBatch) -> Result<SendMessageBatchOutput> {
    let mut queue = queue::by_url(cx, &input.queue_url)?;
    check_ids("SendMessageBatchRequestEntry", input.entries.iter().map(|it| it.id.as_str()))?;
    let bytes: usize = input.entries.iter().map(bytes_of).sum();
    if bytes > MOST_BYTES {
        return Err(error::BATCH_REQUEST_TOO_LONG
            .with(format!("Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {bytes} bytes.")));
    }
    check_identities(&queue, &input.entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        let (id, message) = message_of(entry);
        match message::send_to(cx, &mut queue, message) {
            Ok(it) => successful.push(SendMessageBatchResultEntry {
                id,
                message_id: it.message_id.unwrap_or_default(),
                md5_of_message_body: it.md5_of_message_body.unwrap_or_default(),
                md5_of_message_attributes: it.md5_of_message_attributes,
                md5_of_message_system_attributes: it.md5_of_message_system_attributes,
                sequence_number: it.sequence_number,
            }),
            Err(error) => failed.push(failure(id, &error)),
        }
    }
    Ok(SendMessageBatchOutput { successful, failed })
}

pub fn delete(cx: &mut Cx, input: DeleteMessageBatch) -> Result<DeleteMessageBatchOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    check_ids("DeleteMessageBatchRequestEntry", input.entries.iter().map(|it| it.id.as_str()))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        match message::delete_from(cx, &queue, &entry.receipt_handle) {
            Ok(()) => successful.push(DeleteMessageBatchResultEntry { id: entry.id }),
            Err(error) => failed.push(failure(entry.id, &error)),
        }
    }
    Ok(DeleteMessageBatchOutput { successful, failed })
}

pub fn change_visibility(
    cx: &mut Cx,
    input: ChangeMessageVisibilityBatch,
) -> Result<ChangeMessageVisibilityBatchOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    check_ids("ChangeMessageVisibilityBatchRequestEntry", input.entries.iter().map(|it| it.id.as_str()))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        let seconds = entry.visibility_timeout.unwrap_or(0);
        match message::change_visibility_in(cx, &queue, &entry.receipt_handle, seconds) {
            Ok(()) => successful.push(ChangeMessageVisibilityBatchResultEntry { id: entry.id }),
            Err(error) => failed.push(failure(entry.id, &error)),
        }
    }
    Ok(ChangeMessageVisibilityBatchOutput { successful, failed })
}

fn message_of(entry: SendMessageBatchRequestEntry) -> (String, SendMessage) {
    let message = SendMessage {
        queue_url: String::new(),
        message_body: entry.message_body,
        delay_seconds: entry.delay_seconds,
        message_attributes: entry.message_attributes,
        message_system_attributes: entry.message_system_attributes,
        message_deduplication_id: entry.message_deduplication_id,
        message_group_id: entry.message_group_id,
    };
    (entry.id, message)
}

/// The body and the attributes' names, types and values.
fn bytes_of(entry: &SendMessageBatchRequestEntry) -> usize {
    let attributes = entry.message_attributes.iter().flatten();
    let of_attributes = attributes.map(|(name, it)| {
        let value = it.string_value.as_ref().map_or(0, String::len) + it.binary_value.as_ref().map_or(0, |it| it.len());
        name.len() + it.data_type.len() + value
    });
    entry.message_body.len() + of_attributes.sum::<usize>()
}

/// What a FIFO queue cannot do without is asked of the whole batch, and called invalid instead of missing.
fn check_identities(queue: &Queue, entries: &[SendMessageBatchRequestEntry]) -> Result<()> {
    let Some(fifo) = &queue.attributes.fifo else { return Ok(()) };
    if entries.iter().any(|it| it.message_group_id.is_none()) {
        return Err(INVALID_PARAMETER_VALUE.with("The request must contain the parameter MessageGroupId."));
    }
    if !fifo.content_based_deduplication && entries.iter().any(|it| it.message_deduplication_id.is_none()) {
        return Err(INVALID_PARAMETER_VALUE.with(message::NEITHER_ID_NOR_CONTENT));
    }
    Ok(())
}

fn failure(id: String, error: &Error) -> BatchResultErrorEntry {
    let message = Some(error.message().to_owned());
    BatchResultErrorEntry { id, sender_fault: true, code: error.code().to_owned(), message }
}

fn check_ids<'e>(entry: &str, ids: impl Iterator<Item = &'e str>) -> Result<()> {
    let valid = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for id in ids {
        count += 1;
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(valid) {
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

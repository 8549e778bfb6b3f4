//! Messages: send, delete, change visibility.

mod content;
mod receipt;

pub use content::check_token;
pub use receipt::Receipt;

use crate::attribute::{Fifo, refused};
use crate::digest;
use crate::fifo::duplicate::{self, Identity};
use crate::queue::{self, INVALID_PARAMETER_VALUE, Kind, MISSING_PARAMETER, Queue};
use crate::stock::{self, Arrival};
use crate::{fifo, standard};
use api::sqs::{
    ChangeMessageVisibility, ChangeMessageVisibilityOutput, DeleteMessage, DeleteMessageOutput, SendMessage,
    SendMessageOutput,
};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What of a message never changes as long as it stays in its queue. What it lacks is not written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stored {
    pub sequence: u64,
    pub id: String,
    pub body: String,
    /// Milliseconds since 1970; its retention begins then.
    pub sent_at: i64,
    pub sender: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The ARN of the queue that gave it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub data_type: String,
    pub text: Option<String>,
    #[serde(with = "serde_bytes")]
    pub bytes: Option<Vec<u8>>,
}

/// A message can be hidden no longer than this after it was received, in seconds.
const LONGEST_HIDDEN: i64 = 43_200;
pub const NOT_FOR_THIS_QUEUE: &str = "The request include parameter that is not valid for this queue type.";

pub fn send(cx: &mut Cx, input: SendMessage) -> Result<SendMessageOutput> {
    let mut queue = queue::by_url(cx, &input.queue_url)?;
    send_to(cx, &mut queue, input)
}

/// To a queue that was found already; the URL in the input is not looked at.
pub fn send_to(cx: &mut Cx, queue: &mut Arc<Queue>, input: SendMessage) -> Result<SendMessageOutput> {
    let attributes = content::attributes(input.message_attributes.unwrap_or_default())?;
    let trace = content::trace_header(input.message_system_attributes.unwrap_or_default())?;
    content::check_body(queue.attributes.maximum_message_size, &input.message_body, &attributes)?;
    let delay = input.delay_seconds.unwrap_or(queue.attributes.delay);
    if !(0..=900).contains(&delay) {
        return Err(refused(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."));
    }
    let (group, given) = (input.message_group_id, input.message_deduplication_id);
    let identity = match &queue.attributes.fifo {
        Some(_) if input.delay_seconds.is_some_and(|it| it > 0) => {
            return Err(refused(delay, "DelaySeconds", NOT_FOR_THIS_QUEUE));
        }
        Some(fifo) => Some(identity(fifo, group.as_deref(), given, &input.message_body)?),
        None => {
            no_identity(group.as_deref(), given.as_deref())?;
            None
        }
    };
    let mut output = SendMessageOutput {
        md5_of_message_body: Some(digest::of_text(&input.message_body)),
        md5_of_message_attributes: (!attributes.is_empty()).then(|| digest::of_attributes(&attributes)),
        md5_of_message_system_attributes: trace.as_ref().map(|it| digest::of_trace_header(it)),
        ..SendMessageOutput::default()
    };
    let known = identity.as_ref().and_then(|it| duplicate::find(cx, queue, it));
    if let Some(known) = known {
        output.message_id = Some(known.message_id);
        output.sequence_number = Some(fifo::sequence_number(queue, known.sequence));
        return Ok(output);
    }
    if group.is_some() && queue.kind() == Kind::Standard && !queue.fair {
        Arc::make_mut(queue).fair = true;
        queue::put(cx, queue);
    }
    let id = cx.id();
    let stored = Stored {
        sequence: 0,
        id: id.clone(),
        body: input.message_body,
        sent_at: cx.now().0,
        sender: cx.caller().principal.user_id(),
        attributes,
        trace,
        group,
        dead_letter_source: None,
        deduplication: identity.as_ref().map(|it| it.id.clone()),
    };
    let sequence = stock::put(cx, queue, stored, Arrival { delay, ..Arrival::default() });
    if let Some(identity) = identity {
        duplicate::note(cx, queue, &identity, &id, sequence);
        output.sequence_number = Some(fifo::sequence_number(queue, sequence));
    }
    output.message_id = Some(id);
    Ok(output)
}

pub fn delete(cx: &mut Cx, input: DeleteMessage) -> Result<DeleteMessageOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    delete_from(cx, &queue, &input.receipt_handle)?;
    Ok(DeleteMessageOutput {})
}

pub fn delete_from(cx: &mut Cx, queue: &Queue, handle: &str) -> Result<()> {
    let receipt = Receipt::parse(handle)?;
    match queue.kind() {
        // An older receipt, or a message that is gone: nothing is deleted, and that is a success.
        Kind::Standard => standard::delete(cx, queue, &receipt),
        Kind::Fifo if !fifo::delete(cx, queue, &receipt) => {
            return Err(refused(handle, "ReceiptHandle", "The receipt handle has expired."));
        }
        Kind::Fifo => {}
    }
    Ok(())
}

pub fn change_visibility(cx: &mut Cx, input: ChangeMessageVisibility) -> Result<ChangeMessageVisibilityOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    change_visibility_in(cx, &queue, &input.receipt_handle, input.visibility_timeout)?;
    Ok(ChangeMessageVisibilityOutput {})
}

pub fn change_visibility_in(cx: &mut Cx, queue: &Queue, handle: &str, seconds: i64) -> Result<()> {
    let receipt = Receipt::parse(handle)?;
    if !(0..=LONGEST_HIDDEN).contains(&seconds) {
        let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
        return Err(refused(seconds, "VisibilityTimeout", reason));
    }
    match queue.kind() {
        Kind::Standard => standard::change_visibility(cx, queue, &receipt, seconds),
        Kind::Fifo => fifo::change_visibility(cx, queue, &receipt, seconds),
    }
    .unwrap_or_else(|| {
        let reason = "Message does not exist or is not available for visibility timeout change.";
        Err(refused(handle, "ReceiptHandle", reason))
    })
}

/// What a message to a FIFO queue is told apart by.
fn identity(fifo: &Fifo, group: Option<&str>, given: Option<String>, body: &str) -> Result<Identity> {
    let Some(group) = group else {
        return Err(MISSING_PARAMETER.with("The request must contain the parameter MessageGroupId."));
    };
    check_token("MessageGroupId", group)?;
    let id = match given {
        Some(id) => {
            check_token("MessageDeduplicationId", &id)?;
            id
        }
        None if fifo.content_based_deduplication => digest::of_content(body),
        None => return Err(INVALID_PARAMETER_VALUE.with(NEITHER_ID_NOR_CONTENT)),
    };
    Ok(Identity::new(fifo.deduplication_scope, group, id))
}

/// Standard queues may have groups, which make them fair queues, but do not know duplicates.
fn no_identity(group: Option<&str>, given: Option<&str>) -> Result<()> {
    if let Some(id) = given {
        return Err(refused(id, "MessageDeduplicationId", NOT_FOR_THIS_QUEUE));
    }
    group.map_or(Ok(()), |it| check_token("MessageGroupId", it))
}

pub const NEITHER_ID_NOR_CONTENT: &str =
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";

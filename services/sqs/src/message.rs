//! Messages: send, delete, change visibility.
//!
//! A message is *visible* once `visible_at <= now`. Its body is written once and never moves; what changes with every
//! receive is its small row in `VISIBLE`. So no crash between receive and delete can lose one.

use crate::digest;
use crate::queue::{self, INVALID_PARAMETER_VALUE, Queue};
use crate::sweep;
use api::sqs::{
    ChangeMessageVisibility, ChangeMessageVisibilityOutput, DeleteMessage, DeleteMessageOutput, MessageAttributeValue,
    MessageSystemAttributeValue, SendMessage, SendMessageOutput, error,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};

/// Every message. Key: (store, sequence).
pub static MESSAGES: Table<Stored> = Table::regional("sqs.message");
/// In the order in which they become visible. Key: (store, visible_at, sequence).
pub static VISIBLE: Table<State> = Table::regional("sqs.visible");
/// How many messages a queue holds, and the next sequence. Key: store.
pub static COUNTERS: Table<Counter> = Table::regional("sqs.counter");
/// Where a message is in `VISIBLE` when its visibility was changed after it was received. Key: (store, sequence).
pub static MOVED: Table<i64> = Table::regional("sqs.moved");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub sequence: u64,
    pub id: String,
    pub body: String,
    /// Milliseconds since 1970. Kept when the message moves to a dead-letter queue: its retention goes on.
    pub sent_at: i64,
    pub sender: String,
    pub attributes: BTreeMap<String, Attribute>,
    pub trace: Option<String>,
    pub group: Option<String>,
    /// The ARN of the queue that gave it up.
    pub dead_letter_source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub data_type: String,
    pub text: Option<String>,
    #[serde(with = "serde_bytes_option")]
    pub bytes: Option<Vec<u8>>,
}

/// What changes while a message waits and is received.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub visible_at: i64,
    pub sequence: u64,
    pub receives: u32,
    pub first_received_at: Option<i64>,
    /// Changes with every receive, so that only the latest receiver can hide or delete the message.
    pub receipt: u64,
    /// Sent with a delay that has not been received since.
    pub delayed: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counter {
    pub messages: u64,
    pub next_sequence: u64,
    /// The job that deletes what is too old has been asked for.
    pub expiry_asked: bool,
}

#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

const MOST_ATTRIBUTES: usize = 10;
/// Counted in bytes of the body and of each attribute's name, type and value.
const LONGEST_ATTRIBUTE_NAME: usize = 256;
/// A message can be hidden no longer than this after it was received, in seconds.
const LONGEST_HIDDEN: i64 = 43_200;

pub fn send(cx: &mut Cx, input: SendMessage) -> Result<SendMessageOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    if input.message_deduplication_id.is_some() {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value {} for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type.",
            input.message_deduplication_id.unwrap_or_default()
        )));
    }
    let attributes = attributes(input.message_attributes.unwrap_or_default())?;
    let trace = trace_header(input.message_system_attributes.unwrap_or_default())?;
    check_body(&queue, &input.message_body, &attributes)?;
    let delay = input.delay_seconds.unwrap_or(queue.attributes.delay);
    if !(0..=900).contains(&delay) {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        )));
    }
    let md5_of_attributes = (!attributes.is_empty()).then(|| digest::of_attributes(&attributes));
    let md5_of_system = trace.as_ref().map(|it| digest::of_trace_header(it));
    let md5_of_body = digest::of_text(&input.message_body);
    let id = cx.id();
    let stored = Stored {
        sequence: 0,
        id: id.clone(),
        body: input.message_body,
        sent_at: cx.now().0,
        sender: cx.caller().principal.user_id(),
        attributes,
        trace,
        group: input.message_group_id,
        dead_letter_source: None,
    };
    let state = State { visible_at: cx.now().0 + delay * 1000, delayed: delay > 0, ..State::default() };
    store(cx, &queue, stored, state);
    Ok(SendMessageOutput {
        message_id: Some(id),
        md5_of_message_body: Some(md5_of_body),
        md5_of_message_attributes: md5_of_attributes,
        md5_of_message_system_attributes: md5_of_system,
        sequence_number: None,
    })
}

pub fn delete(cx: &mut Cx, input: DeleteMessage) -> Result<DeleteMessageOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let receipt = Receipt::parse(&input.receipt_handle)?;
    // An older receipt, or a message that is gone: nothing is deleted, and that is a success.
    if let Some(state) = held(cx, &queue, &receipt) {
        remove(cx, &queue, &state);
    }
    Ok(DeleteMessageOutput {})
}

pub fn change_visibility(cx: &mut Cx, input: ChangeMessageVisibility) -> Result<ChangeMessageVisibilityOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let receipt = Receipt::parse(&input.receipt_handle)?;
    let seconds = input.visibility_timeout;
    if !(0..=LONGEST_HIDDEN).contains(&seconds) {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200."
        )));
    }
    let Some(state) = held(cx, &queue, &receipt) else {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
            input.receipt_handle
        )));
    };
    if state.visible_at <= cx.now().0 {
        return Err(error::MESSAGE_NOT_INFLIGHT.with("The specified message is not in flight."));
    }
    let moved = State { visible_at: cx.now().0 + seconds * 1000, ..state.clone() };
    cx.delete(&VISIBLE, &(queue.store, state.visible_at, state.sequence));
    cx.put(&VISIBLE, &(queue.store, moved.visible_at, moved.sequence), &moved);
    cx.put(&MOVED, &(queue.store, moved.sequence), &moved.visible_at);
    Ok(ChangeMessageVisibilityOutput {})
}

/// The cost is that of the messages in flight or delayed, at most 120,000 on AWS; those that wait are counted as they come.
pub fn count(cx: &Cx, queue: &Queue) -> Counts {
    let total = cx.get(&COUNTERS, &queue.store).unwrap_or_default().messages;
    let hidden = cx.range(&VISIBLE, Span::prefix(&queue.store).after(&(queue.store, cx.now().0, u64::MAX)), usize::MAX);
    let delayed = hidden.iter().filter(|it| it.delayed).count() as u64;
    let in_flight = hidden.len() as u64 - delayed;
    Counts { visible: total.saturating_sub(in_flight + delayed), in_flight, delayed }
}

/// Hides a message for its receiver, whose receipt handle this gives.
pub fn hide(cx: &mut Cx, queue: &Queue, state: &State, seconds: i64) -> (State, String) {
    let hidden = State {
        visible_at: cx.now().0 + seconds * 1000,
        sequence: state.sequence,
        receives: state.receives + 1,
        first_received_at: Some(state.first_received_at.unwrap_or(cx.now().0)),
        receipt: u64::from_be_bytes(cx.random_bytes()),
        delayed: false,
    };
    cx.delete(&VISIBLE, &(queue.store, state.visible_at, state.sequence));
    cx.put(&VISIBLE, &(queue.store, hidden.visible_at, hidden.sequence), &hidden);
    if state.receives > 0 {
        cx.delete(&MOVED, &(queue.store, state.sequence));
    }
    let receipt = Receipt { sequence: hidden.sequence, visible_at: hidden.visible_at, nonce: hidden.receipt };
    (hidden, receipt.handle())
}

// Only these two functions add and remove messages, so the tables cannot drift apart.

pub fn store(cx: &mut Cx, queue: &Queue, message: Stored, state: State) {
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    let sequence = counter.next_sequence;
    counter.next_sequence += 1;
    counter.messages += 1;
    if !counter.expiry_asked {
        counter.expiry_asked = true;
        sweep::ask_for_expiry(cx, queue, message.sent_at);
    }
    cx.put(&COUNTERS, &queue.store, &counter);
    let message = Stored { sequence, ..message };
    let state = State { sequence, ..state };
    cx.put(&MESSAGES, &(queue.store, sequence), &message);
    cx.put(&VISIBLE, &(queue.store, state.visible_at, sequence), &state);
}

pub fn remove(cx: &mut Cx, queue: &Queue, state: &State) {
    cx.delete(&MESSAGES, &(queue.store, state.sequence));
    cx.delete(&VISIBLE, &(queue.store, state.visible_at, state.sequence));
    cx.delete(&MOVED, &(queue.store, state.sequence));
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    counter.messages = counter.messages.saturating_sub(1);
    cx.put(&COUNTERS, &queue.store, &counter);
}

/// What a receipt handle says, which nobody but us has to read.
struct Receipt {
    sequence: u64,
    visible_at: i64,
    nonce: u64,
}

impl Receipt {
    fn handle(&self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.visible_at.to_be_bytes());
        bytes[16..].copy_from_slice(&self.nonce.to_be_bytes());
        BASE64.encode(bytes)
    }

    fn parse(handle: &str) -> Result<Receipt> {
        let bytes: Option<[u8; 24]> = BASE64.decode(handle).ok().and_then(|it| it.try_into().ok());
        let bytes = bytes.ok_or_else(|| {
            error::RECEIPT_HANDLE_IS_INVALID
                .with(format!("The input receipt handle \"{handle}\" is not a valid receipt handle."))
        })?;
        let word = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Ok(Receipt { sequence: word(0), visible_at: word(8) as i64, nonce: word(16) })
    }
}

/// The message that a receipt still stands for.
fn held(cx: &Cx, queue: &Queue, receipt: &Receipt) -> Option<State> {
    let at = |visible_at| cx.get(&VISIBLE, &(queue.store, visible_at, receipt.sequence));
    let state = at(receipt.visible_at).or_else(|| at(cx.get(&MOVED, &(queue.store, receipt.sequence))?))?;
    (state.receipt == receipt.nonce).then_some(state)
}

fn check_body(queue: &Queue, body: &str, attributes: &BTreeMap<String, Attribute>) -> Result<()> {
    if body.is_empty() {
        return Err(MISSING_BODY.with("The request must contain the parameter MessageBody."));
    }
    if !body.chars().all(allowed) {
        return Err(error::INVALID_MESSAGE_CONTENTS.with("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF."));
    }
    let of_attributes: usize = attributes
        .iter()
        .map(|(name, it)| {
            let value = it.text.as_ref().map_or(0, String::len) + it.bytes.as_ref().map_or(0, Vec::len);
            name.len() + it.data_type.len() + value
        })
        .sum();
    let most = queue.attributes.maximum_message_size;
    if (body.len() + of_attributes) as i64 > most {
        return Err(INVALID_PARAMETER_VALUE
            .with(format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.")));
    }
    Ok(())
}

const MISSING_BODY: model::ErrorShape = model::ErrorShape::sender("MissingParameter");

/// SendMessage in the SQS API reference: the characters of XML 1.0.
fn allowed(it: char) -> bool {
    matches!(it, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn attributes(given: BTreeMap<String, MessageAttributeValue>) -> Result<BTreeMap<String, Attribute>> {
    if given.len() > MOST_ATTRIBUTES {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
            given.len()
        )));
    }
    given.into_iter().map(|(name, it)| Ok((name.clone(), attribute(&name, it)?))).collect()
}

fn attribute(name: &str, it: MessageAttributeValue) -> Result<Attribute> {
    let refused = |why: String| Err(INVALID_PARAMETER_VALUE.with(why));
    let valid = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    let starts = name.to_ascii_lowercase();
    if name.is_empty()
        || name.len() > LONGEST_ATTRIBUTE_NAME
        || !name.bytes().all(valid)
        || starts.starts_with("aws.")
        || starts.starts_with("amazon.")
        || name.starts_with('.')
        || name.ends_with('.')
        || name.contains("..")
    {
        return refused(format!("The message attribute name '{name}' is invalid."));
    }
    let kind = it.data_type.split('.').next().unwrap_or_default();
    let (text, bytes) = (it.string_value, it.binary_value);
    match kind {
        "String" | "Number" => {
            let Some(text) = text.filter(|it| !it.is_empty()) else {
                return refused(format!(
                    "The message attribute '{name}' must contain a non-empty value of type 'String'."
                ));
            };
            if kind == "Number" && text.parse::<f64>().is_err() {
                return refused(format!("Can't cast the value of message attribute '{name}' to a number."));
            }
            Ok(Attribute { data_type: it.data_type, text: Some(text), bytes: None })
        }
        "Binary" => {
            let Some(bytes) = bytes.filter(|it| !it.is_empty()) else {
                return refused(format!(
                    "The message attribute '{name}' must contain a non-empty value of type 'Binary'."
                ));
            };
            Ok(Attribute { data_type: it.data_type, text: None, bytes: Some(bytes.to_vec()) })
        }
        _ => refused(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
        )),
    }
}

/// The only system attribute that can be sent (SendMessage in the SQS API reference).
fn trace_header(given: BTreeMap<String, MessageSystemAttributeValue>) -> Result<Option<String>> {
    let mut trace = None;
    for (name, it) in given {
        if name != "AWSTraceHeader" {
            return Err(INVALID_PARAMETER_VALUE.with(format!("Message system attribute name '{name}' is invalid.")));
        }
        trace = it.string_value;
    }
    Ok(trace)
}

/// Bytes as a binary string rather than a list of numbers.
mod serde_bytes_option {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use std::fmt;

    pub fn serialize<S: Serializer>(it: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        match it {
            Some(bytes) => to.serialize_bytes(bytes),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Bytes>::deserialize(from)?.map(|it| it.0))
    }

    struct Bytes(Vec<u8>);

    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
            struct Visit;
            impl de::Visitor<'_> for Visit {
                type Value = Bytes;

                fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                    out.write_str("bytes")
                }

                fn visit_bytes<E: de::Error>(self, it: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(it.to_vec()))
                }
            }
            from.deserialize_bytes(Visit)
        }
    }
}

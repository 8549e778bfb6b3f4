//! Receiving: what is visible, hidden for its receiver; after too many times, off to the dead-letter queue.

use crate::attribute::refused;
use crate::digest;
use crate::fifo::{self, attempt};
use crate::message::{self, Attribute, NOT_FOR_THIS_QUEUE};
use crate::queue::{self, Kind, Queue};
use crate::standard;
use crate::stock::{Received, Want};
use api::sqs::{Message, MessageAttributeValue, ReceiveMessage, ReceiveMessageOutput, error};
use kernel::{Cloud, Cx};
use model::{Result, Timestamp};
use std::collections::BTreeMap;

/// What can be asked of a message (ReceiveMessage in the SQS API reference). The names of queues' attributes may stand
/// beside them, and ask for nothing.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "AWSTraceHeader",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

/// A long poll: `receive`, tried again when the queue changes or a message becomes visible. Who waits looks at snapshots,
/// and bothers the writer once, at the beginning.
pub async fn receive_waiting(cloud: Cloud, input: ReceiveMessage) -> Result<ReceiveMessageOutput> {
    check(&input)?;
    let began = cloud.now().0;
    let again = input.clone();
    let (output, wait) = cloud.write(move |cx| receive(cx, &input)).await?;
    if output.messages.is_some() || wait == 0 {
        return Ok(output);
    }
    let deadline = Timestamp(began + wait * 1000);
    let receive = move |cx: &mut Cx| Ok(receive(cx, &again)?.0);
    cloud.until(deadline, receive, |output| output.messages.is_some()).await
}

/// What there is, and for how many seconds to wait if there is nothing.
fn receive(cx: &mut Cx, input: &ReceiveMessage) -> Result<(ReceiveMessageOutput, i64)> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let wait = input.wait_time_seconds.unwrap_or(queue.attributes.receive_wait);
    let limit = input.max_number_of_messages.unwrap_or(1) as usize;
    let hidden_for = input.visibility_timeout.unwrap_or(queue.attributes.visibility_timeout);
    let want = Want { limit, hidden_for };
    let received = match (queue.kind(), &input.receive_request_attempt_id) {
        (Kind::Standard, Some(id)) => return Err(refused(id, "ReceiveRequestAttemptId", NOT_FOR_THIS_QUEUE)),
        (Kind::Standard, None) => standard::take(cx, &queue, want)?,
        (Kind::Fifo, None) => fifo::take(cx, &queue, want),
        (Kind::Fifo, Some(id)) => attempt::take(cx, &queue, id, want),
    };
    if received.is_empty() {
        let next = match queue.kind() {
            Kind::Standard => standard::next_visible(cx, &queue),
            Kind::Fifo => fifo::next_visible(cx, &queue),
        };
        if let Some(next) = next {
            cx.wake_at(next);
        }
        return Ok((ReceiveMessageOutput::default(), wait));
    }
    let asked = Asked::of(input);
    let messages = received.into_iter().map(|it| asked.message(&queue, it)).collect();
    Ok((ReceiveMessageOutput { messages: Some(messages) }, wait))
}

fn check(input: &ReceiveMessage) -> Result<()> {
    let limit = input.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&limit) {
        return Err(refused(limit, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."));
    }
    if let Some(seconds) = input.visibility_timeout.filter(|it| !(0..=43_200).contains(it)) {
        return Err(refused(seconds, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."));
    }
    if let Some(seconds) = input.wait_time_seconds.filter(|it| !(0..=20).contains(it)) {
        return Err(refused(seconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."));
    }
    if let Some(id) = &input.receive_request_attempt_id {
        message::check_token("ReceiveRequestAttemptId", id)?;
    }
    let names = input.attribute_names.iter().chain(&input.message_system_attribute_names).flatten();
    let known = |it: &str| SYSTEM_ATTRIBUTES.contains(&it) || crate::attribute::is_known(it);
    match names.into_iter().find(|it| !known(it)) {
        Some(unknown) => Err(error::INVALID_ATTRIBUTE_NAME.with(format!("Unknown Attribute {unknown}."))),
        None => Ok(()),
    }
}

/// Which attributes the receiver wants to see.
struct Asked<'i> {
    system: Vec<&'i str>,
    own: Vec<&'i str>,
}

impl<'i> Asked<'i> {
    fn of(input: &'i ReceiveMessage) -> Self {
        let names = |it: &'i Option<Vec<String>>| it.iter().flatten().map(String::as_str);
        let system = names(&input.attribute_names).chain(names(&input.message_system_attribute_names)).collect();
        Self { system, own: names(&input.message_attribute_names).collect() }
    }

    fn message(&self, queue: &Queue, received: Received) -> Message {
        let system = self.system_attributes(queue, &received);
        let Received { stored, handle, .. } = received;
        let own: BTreeMap<String, Attribute> =
            stored.attributes.into_iter().filter(|(name, _)| self.wants(name)).collect();
        Message {
            message_id: Some(stored.id),
            receipt_handle: Some(handle),
            md5_of_body: Some(digest::of_text(&stored.body)),
            body: Some(stored.body),
            attributes: (!system.is_empty()).then_some(system),
            md5_of_message_attributes: (!own.is_empty()).then(|| digest::of_attributes(&own)),
            message_attributes: (!own.is_empty()).then(|| own.into_iter().map(|(k, it)| (k, shown(it))).collect()),
        }
    }

    fn system_attributes(&self, queue: &Queue, received: &Received) -> BTreeMap<String, String> {
        if self.system.is_empty() {
            return BTreeMap::new();
        }
        let stored = &received.stored;
        let number = (queue.kind() == Kind::Fifo).then(|| fifo::sequence_number(queue, stored.sequence));
        let all = [
            ("SenderId", Some(stored.sender.clone())),
            ("SentTimestamp", Some(stored.sent_at.to_string())),
            ("ApproximateReceiveCount", Some(received.receives.to_string())),
            ("ApproximateFirstReceiveTimestamp", received.first_received_at.map(|it| it.to_string())),
            ("AWSTraceHeader", stored.trace.clone()),
            ("MessageGroupId", stored.group.clone()),
            ("MessageDeduplicationId", stored.deduplication.clone()),
            ("SequenceNumber", number),
            ("DeadLetterQueueSourceArn", stored.dead_letter_source.clone()),
        ];
        let wanted = |name: &str| self.system.iter().any(|it| *it == "All" || *it == name);
        let chosen = all.into_iter().filter(|(name, _)| wanted(name));
        chosen.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// A name, `All`, `.*`, or the beginning of a name with `.*` after it.
    fn wants(&self, name: &str) -> bool {
        self.own.iter().any(|it| match it.strip_suffix(".*") {
            Some(beginning) => name.starts_with(beginning),
            None => *it == "All" || *it == name,
        })
    }
}

fn shown(it: Attribute) -> MessageAttributeValue {
    MessageAttributeValue {
        data_type: it.data_type,
        string_value: it.text,
        binary_value: it.bytes.map(Into::into),
        ..MessageAttributeValue::default()
    }
}

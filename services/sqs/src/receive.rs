//! Receiving: what is visible, hidden for its receiver; after too many times, off to the dead-letter queue.

use crate::digest;
use crate::message::{self, Attribute, MESSAGES, State, Stored, VISIBLE};
use crate::queue::{self, INVALID_PARAMETER_VALUE, Queue};
use crate::redrive;
use api::sqs::{Message, MessageAttributeValue, ReceiveMessage, ReceiveMessageOutput};
use kernel::{Cloud, Cx};
use model::{Result, Timestamp};
use std::collections::BTreeMap;
use store::Span;

/// Visible messages looked at in one call, beyond which expired and dead ones wait for the next.
const MOST_LOOKED_AT: usize = 100;

/// A long poll: `receive`, tried again when the queue changes or a message becomes visible.
pub async fn receive_waiting(cloud: Cloud, input: ReceiveMessage) -> Result<ReceiveMessageOutput> {
    let wait = check(&cloud, &input)?;
    let deadline = Timestamp(cloud.now().0 + wait * 1000);
    cloud.until(deadline, move |cx| receive(cx, &input), |output| output.messages.is_some()).await
}

fn receive(cx: &mut Cx, input: &ReceiveMessage) -> Result<ReceiveMessageOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let limit = input.max_number_of_messages.unwrap_or(1) as usize;
    let hidden_for = input.visibility_timeout.unwrap_or(queue.attributes.visibility_timeout);
    let asked = Asked::of(input);
    let oldest = cx.now().0 - queue.attributes.retention * 1000;
    let mut messages = Vec::new();
    let visible = Span::prefix(&queue.store).through(&(queue.store, cx.now().0, u64::MAX));
    for state in cx.range(&VISIBLE, visible, limit.max(MOST_LOOKED_AT.min(limit * 4))) {
        if messages.len() == limit {
            break;
        }
        let stored = cx.get(&MESSAGES, &(queue.store, state.sequence)).expect("VISIBLE points at a message");
        if stored.sent_at <= oldest {
            message::remove(cx, &queue, &state);
        } else if let Some(target) = redrive::dead(cx, &queue, &state) {
            redrive::bury(cx, &queue, &target, stored, &state);
        } else {
            let (state, receipt) = message::hide(cx, &queue, &state, hidden_for);
            messages.push(asked.message(stored, &state, receipt));
        }
    }
    if messages.is_empty() {
        wake_when_next_is_visible(cx, &queue);
    }
    Ok(ReceiveMessageOutput { messages: (!messages.is_empty()).then_some(messages) })
}

fn wake_when_next_is_visible(cx: &mut Cx, queue: &Queue) {
    let hidden = Span::prefix(&queue.store);
    if let Some(next) = cx.range(&VISIBLE, hidden, 1).pop() {
        cx.wake_at(Timestamp(next.visible_at));
    }
}

/// How long to wait, in seconds.
fn check(cloud: &Cloud, input: &ReceiveMessage) -> Result<i64> {
    let refused = |value: i64, parameter: &str, reason: &str| {
        Err(INVALID_PARAMETER_VALUE
            .with(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}")))
    };
    let limit = input.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&limit) {
        return refused(limit, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.");
    }
    if let Some(seconds) = input.visibility_timeout.filter(|it| !(0..=43_200).contains(it)) {
        return refused(seconds, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.");
    }
    if let Some(seconds) = input.wait_time_seconds.filter(|it| !(0..=20).contains(it)) {
        return refused(seconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.");
    }
    if let Some(attempt) = &input.receive_request_attempt_id {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value {attempt} for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type."
        )));
    }
    match input.wait_time_seconds {
        Some(seconds) => Ok(seconds),
        None => cloud.read(|cx| queue::by_url(cx, &input.queue_url)).map(|it| it.attributes.receive_wait),
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

    fn message(&self, stored: Stored, state: &State, receipt: String) -> Message {
        let system = self.system_attributes(&stored, state);
        let own: BTreeMap<String, Attribute> =
            stored.attributes.into_iter().filter(|(name, _)| self.wants(name)).collect();
        Message {
            message_id: Some(stored.id),
            receipt_handle: Some(receipt),
            md5_of_body: Some(digest::of_text(&stored.body)),
            body: Some(stored.body),
            attributes: (!system.is_empty()).then_some(system),
            md5_of_message_attributes: (!own.is_empty()).then(|| digest::of_attributes(&own)),
            message_attributes: (!own.is_empty()).then(|| own.into_iter().map(|(k, it)| (k, shown(it))).collect()),
        }
    }

    fn system_attributes(&self, stored: &Stored, state: &State) -> BTreeMap<String, String> {
        if self.system.is_empty() {
            return BTreeMap::new();
        }
        let all = [
            ("SenderId", Some(stored.sender.clone())),
            ("SentTimestamp", Some(stored.sent_at.to_string())),
            ("ApproximateReceiveCount", Some(state.receives.to_string())),
            ("ApproximateFirstReceiveTimestamp", state.first_received_at.map(|it| it.to_string())),
            ("AWSTraceHeader", stored.trace.clone()),
            ("MessageGroupId", stored.group.clone()),
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

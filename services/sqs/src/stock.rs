//! What a queue holds. Bodies are written once and never move; the order in which they are given stands in the tables of
//! `standard` and `fifo`, so receiving rewrites some bytes instead of the message, and no crash between receive and
//! delete can lose one.

use crate::message::Stored;
use crate::queue::{Kind, Queue};
use crate::redrive;
use crate::sweep;
use crate::{fifo, standard};
use kernel::Cx;
use serde::{Deserialize, Serialize};
use store::Table;

/// Every message. Key: (store, sequence).
pub static MESSAGES: Table<Stored> = Table::regional("sqs.message");
/// How many messages a queue holds, and the next sequence. Key: store.
pub static COUNTERS: Table<Counter> = Table::regional("sqs.counter");

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counter {
    pub messages: u64,
    pub next_sequence: u64,
    /// The job that deletes what is too old has been asked for.
    pub expiry_asked: bool,
    /// The same for the job that forgets what was sent and received minutes ago.
    #[serde(default)]
    pub forgetting_asked: bool,
}

#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

/// What a message brings with it into a queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival {
    /// In seconds. FIFO queues have one delay for all their messages instead.
    pub delay: i64,
    pub receives: u32,
    pub first_received_at: Option<i64>,
}

/// What a receiver wants.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    pub limit: usize,
    /// In seconds.
    pub hidden_for: i64,
}

/// A message that somebody has received.
pub struct Received {
    pub stored: Stored,
    pub receives: u32,
    pub first_received_at: Option<i64>,
    pub handle: String,
}

/// What becomes of a message whose turn it is.
pub enum Fate {
    Given(Stored),
    Expired,
    Dead(Box<(Stored, Queue)>),
}

/// Gives the message its sequence, which this returns.
pub fn put(cx: &mut Cx, queue: &Queue, mut message: Stored, arrival: Arrival) -> u64 {
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    let sequence = counter.next_sequence;
    counter.next_sequence += 1;
    counter.messages += 1;
    if !counter.expiry_asked {
        counter.expiry_asked = true;
        sweep::ask_for_expiry(cx, queue, message.sent_at);
    }
    cx.put(&COUNTERS, &queue.store, &counter);
    message.sequence = sequence;
    cx.put(&MESSAGES, &(queue.store, sequence), &message);
    match queue.kind() {
        Kind::Standard => standard::add(cx, queue, &message, arrival),
        Kind::Fifo => fifo::add(cx, queue, &message, arrival),
    }
    sequence
}

/// The order's row is deleted by whoever calls this.
pub fn forget(cx: &mut Cx, queue: &Queue, sequence: u64) {
    cx.delete(&MESSAGES, &(queue.store, sequence));
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    counter.messages = counter.messages.saturating_sub(1);
    cx.put(&COUNTERS, &queue.store, &counter);
}

pub fn fate(cx: &Cx, queue: &Queue, sequence: u64, receives: u32) -> Fate {
    let stored = cx.get(&MESSAGES, &(queue.store, sequence)).expect("the order names messages that are there");
    if stored.sent_at <= oldest(cx, queue) {
        return Fate::Expired;
    }
    match redrive::dead(cx, queue, receives) {
        Some(target) => Fate::Dead(Box::new((stored, target))),
        None => Fate::Given(stored),
    }
}

/// Messages that were sent then or before are too old. Milliseconds since 1970.
pub fn oldest(cx: &Cx, queue: &Queue) -> i64 {
    cx.now().0 - queue.attributes.retention * 1000
}

/// The cost is that of the messages in flight or delayed; those that wait are counted as they come.
pub fn count(cx: &Cx, queue: &Queue) -> Counts {
    let total = cx.get(&COUNTERS, &queue.store).unwrap_or_default().messages;
    let (in_flight, delayed) = match queue.kind() {
        Kind::Standard => standard::hidden(cx, queue),
        Kind::Fifo => fifo::hidden(cx, queue),
    };
    Counts { visible: total.saturating_sub(in_flight + delayed), in_flight, delayed }
}

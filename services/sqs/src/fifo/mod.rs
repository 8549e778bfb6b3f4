//! The order of a FIFO queue: within a message group strictly by sequence. As long as a message of a group is in flight,
//! the group gives no other (FIFO queue delivery logic in the developer guide).
//!
//! Messages in flight are always the first of their group: what follows them waits. So looking at the beginning of a
//! group says when it can give again, and one row a group in `READY` says it to everybody.

pub mod attempt;
pub mod duplicate;
pub mod forgetting;

use crate::message::{Receipt, Stored};
use crate::queue::Queue;
use crate::redrive;
use crate::stock::{self, Arrival, Fate, Received, Want};
use api::sqs::error;
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::{Span, Table};

/// Every message. Key: (store, sequence).
pub static QUEUED: Table<Queued> = Table::regional("sqs.fifo");
/// The messages of each group. Key: (store, group, sequence).
pub static IN_GROUP: Table<()> = Table::regional("sqs.fifo-group");
/// The groups that have messages, in the order in which they can give. Key: as [`Turn::key`].
pub static READY: Table<String> = Table::regional("sqs.fifo-ready");
/// Where a group stands in `READY`. Key: (store, group).
pub static TURNS: Table<Turn> = Table::regional("sqs.fifo-turn");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queued {
    pub sequence: u64,
    pub group: String,
    pub sent_at: i64,
    /// Zero as long as nobody has received it from this queue.
    pub visible_at: i64,
    pub receives: u32,
    pub first_received_at: Option<i64>,
    /// Changes with every receive, so that only the latest receiver can hide or delete the message.
    pub receipt: u64,
}

/// When a group can give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Its first message has never been received. It was sent at `time`, and waits for the queue's delay from then on,
    /// whatever that delay is by now (Amazon SQS delay queues). Else `time` is when what is in flight becomes visible.
    fresh: bool,
    time: i64,
    first: u64,
}

/// Groups looked at in one call.
const MOST_GROUPS: usize = 100;
/// Messages that one receive gives at most, and so the most of a group in flight.
const MOST_RECEIVED: usize = 10;
/// Messages of one group looked at together: some may be too old or dead.
const PAGE: usize = 20;
/// Sequence numbers have 20 digits and are not consecutive (SendMessage in the SQS API reference).
const FIRST_NUMBER: u128 = 18_800_000_000_000_000_000;

impl Turn {
    fn key(self, store: u64) -> (u64, bool, i64, u64) {
        (store, self.fresh, self.time, self.first)
    }
}

/// Grows with every message of a queue, also after it was purged.
pub fn sequence_number(queue: &Queue, sequence: u64) -> String {
    (FIRST_NUMBER + (u128::from(queue.store) << 44) + (u128::from(sequence) << 8)).to_string()
}

pub fn add(cx: &mut Cx, queue: &Queue, message: &Stored, arrival: Arrival) {
    let group = message.group.clone().unwrap_or_default();
    cx.put(&IN_GROUP, &(queue.store, group.as_str(), message.sequence), &());
    let queued = Queued {
        sequence: message.sequence,
        group,
        sent_at: message.sent_at,
        visible_at: 0,
        receives: arrival.receives,
        first_received_at: arrival.first_received_at,
        receipt: 0,
    };
    cx.put(&QUEUED, &(queue.store, queued.sequence), &queued);
    if !cx.has(&TURNS, &(queue.store, queued.group.as_str())) {
        take_turn(cx, queue, &queued.group);
    }
}

/// As many as possible of one group, then of the next.
pub fn take(cx: &mut Cx, queue: &Queue, want: Want) -> Vec<Received> {
    let mut received = Vec::with_capacity(want.limit);
    // A group that has given stays where it is if it is hidden for no time at all.
    let mut asked = BTreeSet::new();
    while received.len() < want.limit && asked.len() < MOST_GROUPS {
        let ready = ready(cx, queue, asked.len() + 1);
        let Some(group) = ready.into_iter().find(|it| !asked.contains(it)) else { break };
        take_of_group(cx, queue, &group, want, &mut received);
        take_turn(cx, queue, &group);
        asked.insert(group);
    }
    received
}

fn take_of_group(cx: &mut Cx, queue: &Queue, group: &str, want: Want, received: &mut Vec<Received>) {
    for queued in of_group(cx, queue, group, PAGE) {
        if received.len() >= want.limit || !is_sent(cx, queue, &queued) {
            return;
        }
        match stock::fate(cx, queue, queued.sequence, queued.receives) {
            Fate::Expired => forget(cx, queue, &queued),
            Fate::Dead(it) => {
                forget(cx, queue, &queued);
                redrive::bury(cx, queue, &it.1, it.0, (queued.receives, queued.first_received_at));
            }
            Fate::Given(stored) => received.push(hide(cx, queue, queued, stored, want.hidden_for)),
        }
    }
}

/// The groups that can give now, those first that could first.
fn ready(cx: &Cx, queue: &Queue, limit: usize) -> Vec<String> {
    let since = |fresh, time| Span::prefix(&(queue.store, fresh)).through(&(queue.store, fresh, time, u64::MAX));
    let fresh = since(true, cx.now().0 - queue.attributes.delay * 1000);
    let mut rows: Vec<((u64, bool, i64, u64), String)> = cx.rows(&READY, fresh, limit);
    rows.extend(cx.rows(&READY, since(false, cx.now().0), limit));
    rows.sort_by_key(|((_, _, time, first), _)| (*time, *first));
    rows.truncate(limit);
    rows.into_iter().map(|(_, group)| group).collect()
}

/// When the next group can give.
pub fn next_visible(cx: &Cx, queue: &Queue) -> Option<Timestamp> {
    let delay = queue.attributes.delay * 1000;
    let first = |fresh, after: i64| {
        let span = Span::prefix(&(queue.store, fresh)).after(&(queue.store, fresh, after, u64::MAX));
        cx.keys::<(u64, bool, i64, u64), _>(&READY, span, 1).pop().map(|it| it.2)
    };
    let (fresh, held) = (first(true, cx.now().0 - delay), first(false, cx.now().0));
    fresh.map(|it| it + delay).into_iter().chain(held).min().map(Timestamp)
}

/// The messages that can be given next, in the order of the queue: for move tasks.
pub fn next(cx: &Cx, queue: &Queue, limit: usize) -> Vec<Queued> {
    let mut all = Vec::new();
    for group in ready(cx, queue, limit) {
        let left = limit - all.len();
        all.extend(of_group(cx, queue, &group, left).into_iter().filter(|it| is_sent(cx, queue, it)));
        if all.len() >= limit {
            break;
        }
    }
    all
}

/// False if the receipt has expired. A message that is gone is deleted.
pub fn delete(cx: &mut Cx, queue: &Queue, receipt: &Receipt) -> bool {
    let Some(queued) = cx.get(&QUEUED, &(queue.store, receipt.sequence)) else { return true };
    if queued.receipt != receipt.nonce || queued.visible_at <= cx.now().0 {
        return false;
    }
    remove(cx, queue, &queued);
    true
}

/// None if the receipt stands for nothing any more.
pub fn change_visibility(cx: &mut Cx, queue: &Queue, receipt: &Receipt, seconds: i64) -> Option<Result<()>> {
    let queued = cx.get(&QUEUED, &(queue.store, receipt.sequence)).filter(|it| it.receipt == receipt.nonce)?;
    if queued.visible_at <= cx.now().0 {
        return Some(Err(error::MESSAGE_NOT_INFLIGHT.with("The specified message is not in flight.")));
    }
    hide_until(cx, queue, queued, seconds);
    Some(Ok(()))
}

pub fn hide_until(cx: &mut Cx, queue: &Queue, queued: Queued, seconds: i64) {
    let queued = Queued { visible_at: cx.now().0 + seconds * 1000, ..queued };
    cx.put(&QUEUED, &(queue.store, queued.sequence), &queued);
    take_turn(cx, queue, &queued.group);
}

pub fn remove(cx: &mut Cx, queue: &Queue, queued: &Queued) {
    forget(cx, queue, queued);
    take_turn(cx, queue, &queued.group);
}

/// (in flight, delayed)
pub fn hidden(cx: &Cx, queue: &Queue) -> (u64, u64) {
    let now = cx.now().0;
    let held = Span::prefix(&(queue.store, false)).after(&(queue.store, false, now, u64::MAX));
    let groups: Vec<String> = cx.range(&READY, held, usize::MAX);
    let of = |group: &String| of_group(cx, queue, group, MOST_RECEIVED).iter().filter(|it| it.visible_at > now).count();
    let in_flight: usize = groups.iter().map(of).sum();
    (in_flight as u64, delayed(cx, queue))
}

/// Messages come in the order of their sequences, so the delayed ones are the last.
fn delayed(cx: &Cx, queue: &Queue) -> u64 {
    if queue.attributes.delay == 0 {
        return 0;
    }
    let (mut count, mut span) = (0, Span::prefix(&queue.store));
    loop {
        let page = cx.range_back(&QUEUED, span, PAGE);
        let delayed = page.iter().take_while(|it| !is_sent(cx, queue, it)).count();
        count += delayed as u64;
        match page.last() {
            Some(last) if delayed == PAGE => {
                span = Span::prefix(&queue.store).before(&(queue.store, last.sequence));
            }
            _ => return count,
        }
    }
}

fn hide(cx: &mut Cx, queue: &Queue, queued: Queued, stored: Stored, seconds: i64) -> Received {
    let hidden = Queued {
        visible_at: cx.now().0 + seconds * 1000,
        receives: queued.receives + 1,
        first_received_at: Some(queued.first_received_at.unwrap_or(cx.now().0)),
        receipt: u64::from_be_bytes(cx.random_bytes()),
        ..queued
    };
    cx.put(&QUEUED, &(queue.store, hidden.sequence), &hidden);
    received(&hidden, stored)
}

pub fn received(queued: &Queued, stored: Stored) -> Received {
    let receipt = Receipt { sequence: queued.sequence, visible_at: 0, nonce: queued.receipt };
    Received {
        stored,
        receives: queued.receives,
        first_received_at: queued.first_received_at,
        handle: receipt.handle(),
    }
}

/// The queue's delay is over, or did not matter because the message has been received before.
fn is_sent(cx: &Cx, queue: &Queue, queued: &Queued) -> bool {
    queued.visible_at > 0 || queued.sent_at + queue.attributes.delay * 1000 <= cx.now().0
}

fn of_group(cx: &Cx, queue: &Queue, group: &str, limit: usize) -> Vec<Queued> {
    let keys = cx.keys::<(u64, String, u64), _>(&IN_GROUP, Span::prefix(&(queue.store, group)), limit);
    keys.into_iter().filter_map(|(store, _, sequence)| cx.get(&QUEUED, &(store, sequence))).collect()
}

/// The group's turn is settled by whoever calls this.
fn forget(cx: &mut Cx, queue: &Queue, queued: &Queued) {
    cx.delete(&QUEUED, &(queue.store, queued.sequence));
    cx.delete(&IN_GROUP, &(queue.store, queued.group.as_str(), queued.sequence));
    stock::forget(cx, queue, queued.sequence);
}

/// Puts the group where its first messages say.
fn take_turn(cx: &mut Cx, queue: &Queue, group: &str) {
    let before = cx.get(&TURNS, &(queue.store, group));
    let now = turn(cx, queue, group);
    if before == now {
        return;
    }
    if let Some(before) = before {
        cx.delete(&READY, &before.key(queue.store));
    }
    match now {
        Some(now) => {
            cx.put(&READY, &now.key(queue.store), &group.to_owned());
            cx.put(&TURNS, &(queue.store, group), &now);
        }
        None => cx.delete(&TURNS, &(queue.store, group)),
    }
}

fn turn(cx: &Cx, queue: &Queue, group: &str) -> Option<Turn> {
    let first = of_group(cx, queue, group, 1).pop()?;
    let (sequence, sent_at) = (first.sequence, first.sent_at);
    if first.visible_at == 0 {
        return Some(Turn { fresh: true, time: sent_at, first: sequence });
    }
    let begun = of_group(cx, queue, group, MOST_RECEIVED);
    let time = begun.iter().map(|it| it.visible_at).max().unwrap_or(first.visible_at);
    Some(Turn { fresh: false, time, first: sequence })
}

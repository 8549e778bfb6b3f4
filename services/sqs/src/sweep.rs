//! Cleaning up: messages of purged and deleted queues, and those that are older than their queue's retention.

use crate::message::{COUNTERS, MESSAGES, MOVED, VISIBLE};
use crate::queue::{QUEUES, Queue};
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Span;

/// Deletes what was kept under a number that no queue has any more.
pub static SWEEP: Job<Abandoned> = Job::new("sqs.sweep");
/// Deletes what is too old.
pub static EXPIRE: Job<Aging> = Job::new("sqs.expire");

#[derive(Serialize, Deserialize)]
pub struct Abandoned {
    store: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Aging {
    name: String,
    store: u64,
}

/// Rows deleted in one transaction, so that no other call waits long.
const PAGE: usize = 500;

pub fn abandon(cx: &mut Cx, store: u64) {
    cx.delete(&COUNTERS, &store);
    cx.at(cx.now(), &SWEEP, &Abandoned { store });
}

pub fn run(cx: &mut Cx, it: Abandoned) -> Result<()> {
    let visible = cx.range(&VISIBLE, Span::prefix(&it.store), PAGE);
    for state in &visible {
        cx.delete(&VISIBLE, &(it.store, state.visible_at, state.sequence));
        cx.delete(&MESSAGES, &(it.store, state.sequence));
        cx.delete(&MOVED, &(it.store, state.sequence));
    }
    if visible.len() == PAGE {
        cx.at(cx.now(), &SWEEP, &it);
    }
    Ok(())
}

/// One job a queue, due when its oldest message will be too old.
pub fn ask_for_expiry(cx: &mut Cx, queue: &Queue, oldest: i64) {
    let due = Timestamp(oldest + queue.attributes.retention * 1000);
    cx.at(due, &EXPIRE, &Aging { name: queue.name.clone(), store: queue.store });
}

pub fn expire(cx: &mut Cx, it: Aging) -> Result<()> {
    let Some(queue) = cx.get(&QUEUES, &it.name.as_str()).filter(|queue| queue.store == it.store) else {
        return Ok(());
    };
    let oldest = cx.now().0 - queue.attributes.retention * 1000;
    // In the order in which they became visible, because a message's row there is what removing it needs.
    let mut next: Option<i64> = None;
    for state in cx.range(&VISIBLE, Span::prefix(&queue.store), PAGE) {
        let Some(message) = cx.get(&MESSAGES, &(queue.store, state.sequence)) else { continue };
        if message.sent_at <= oldest {
            crate::message::remove(cx, &queue, &state);
        } else {
            next = Some(next.map_or(message.sent_at, |it| it.min(message.sent_at)));
        }
    }
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    counter.expiry_asked = counter.messages > 0;
    cx.put(&COUNTERS, &queue.store, &counter);
    if counter.expiry_asked {
        // A page of expired messages only: go on at once. Otherwise when the oldest one seen is due.
        ask_for_expiry(cx, &queue, next.unwrap_or(oldest));
    }
    Ok(())
}

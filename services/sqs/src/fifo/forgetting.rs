//! What is remembered for five minutes is forgotten then, by one job a queue.

use super::{attempt, duplicate};
use crate::queue::Queue;
use crate::stock::COUNTERS;
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

pub static FORGET: Job<u64> = Job::new("sqs.forget");
/// In the order in which it is forgotten. Key: (store, time, random number).
pub static REMEMBERED: Table<Remembered> = Table::regional("sqs.remembered");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Remembered {
    Sent { scope: String, id: String },
    Attempt { id: String },
}

/// The deduplication interval.
pub const MINUTES_MS: i64 = 300_000;
/// Forgotten in one transaction, so that no other call waits long.
const PAGE: usize = 500;

pub fn later(cx: &mut Cx, queue: &Queue, it: Remembered) {
    let due = cx.now().0 + MINUTES_MS;
    let number = u64::from_be_bytes(cx.random_bytes());
    cx.put(&REMEMBERED, &(queue.store, due, number), &it);
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    if !counter.forgetting_asked {
        counter.forgetting_asked = true;
        cx.put(&COUNTERS, &queue.store, &counter);
        cx.at(Timestamp(due), &FORGET, &queue.store);
    }
}

pub fn run(cx: &mut Cx, store: u64) -> Result<()> {
    // Without counters the queue was purged or deleted, and all of it is swept away.
    let Some(mut counter) = cx.get(&COUNTERS, &store) else { return Ok(()) };
    let due = Span::prefix(&store).through(&(store, cx.now().0, u64::MAX));
    let rows: Vec<((u64, i64, u64), Remembered)> = cx.rows(&REMEMBERED, due, PAGE);
    for (key, it) in rows {
        cx.delete(&REMEMBERED, &key);
        match it {
            Remembered::Sent { scope, id } => duplicate::forget(cx, store, &scope, &id),
            Remembered::Attempt { id } => attempt::forget(cx, store, &id),
        }
    }
    let next = cx.keys::<(u64, i64, u64), _>(&REMEMBERED, Span::prefix(&store), 1).pop();
    match next {
        Some((_, due, _)) => cx.at(Timestamp(due), &FORGET, &store),
        None => {
            counter.forgetting_asked = false;
            cx.put(&COUNTERS, &store, &counter);
        }
    }
    Ok(())
}

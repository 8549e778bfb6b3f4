//! Cleaning up: messages of purged and deleted queues, and those that are older than their queue's retention.

use crate::fifo::{self, attempt, duplicate, forgetting};
use crate::queue::{Kind, QUEUES, Queue};
use crate::standard::{self, MOVED, VISIBLE};
use crate::stock::{self, COUNTERS, MESSAGES};
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Key, KeyOwned, Span, Table};

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
    /// How far a search has come that takes several transactions.
    #[serde(default)]
    search: Option<Search>,
}

/// The last message that was looked at, and the oldest seen that stays.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Search {
    visible_at: i64,
    sequence: u64,
    oldest: Option<i64>,
}

/// Milliseconds between two searches of a queue that has more messages than one transaction looks at.
const REST: i64 = 60_000;
/// Rows deleted in one transaction, so that no other call waits long.
const PAGE: usize = 500;

pub fn abandon(cx: &mut Cx, store: u64) {
    cx.delete(&COUNTERS, &store);
    cx.at(cx.now(), &SWEEP, &Abandoned { store });
}

/// A page of each table at a time, until they are all empty.
pub fn run(cx: &mut Cx, it: Abandoned) -> Result<()> {
    let store = it.store;
    let most = [
        clear::<(u64, i64, u64), _>(cx, &VISIBLE, store),
        clear::<(u64, u64), _>(cx, &MESSAGES, store),
        clear::<(u64, u64), _>(cx, &MOVED, store),
        clear::<(u64, u64), _>(cx, &fifo::QUEUED, store),
        clear::<(u64, String, u64), _>(cx, &fifo::IN_GROUP, store),
        clear::<(u64, bool, i64, u64), _>(cx, &fifo::READY, store),
        clear::<(u64, String), _>(cx, &fifo::TURNS, store),
        clear::<(u64, String, String), _>(cx, &duplicate::SENT, store),
        clear::<(u64, String), _>(cx, &attempt::ATTEMPTS, store),
        clear::<(u64, i64, u64), _>(cx, &forgetting::REMEMBERED, store),
    ];
    if most.contains(&PAGE) {
        cx.at(cx.now(), &SWEEP, &it);
    }
    Ok(())
}

/// How many rows it deleted.
fn clear<K: Key + KeyOwned, V>(cx: &mut Cx, table: &Table<V>, store: u64) -> usize {
    let keys: Vec<K> = cx.keys(table, Span::prefix(&store), PAGE);
    for key in &keys {
        cx.delete(table, key);
    }
    keys.len()
}

/// One job a queue, due when its oldest message will be too old.
pub fn ask_for_expiry(cx: &mut Cx, queue: &Queue, oldest: i64) {
    let due = Timestamp(oldest + queue.attributes.retention * 1000);
    cx.at(due, &EXPIRE, &Aging { name: queue.name.clone(), store: queue.store, search: None });
}

pub fn expire(cx: &mut Cx, it: Aging) -> Result<()> {
    let Some(queue) = cx.get(&QUEUES, &it.name.as_str()).filter(|queue| queue.store == it.store) else {
        return Ok(());
    };
    let oldest = stock::oldest(cx, &queue);
    let next = match queue.kind() {
        Kind::Standard => match expire_standard(cx, &queue, oldest, it.search) {
            Found::More(search) => {
                cx.at(cx.now(), &EXPIRE, &Aging { search: Some(search), ..it });
                return Ok(());
            }
            Found::Oldest(next) => next,
        },
        Kind::Fifo => expire_fifo(cx, &queue, oldest),
    };
    let mut counter = cx.get(&COUNTERS, &queue.store).unwrap_or_default();
    counter.expiry_asked = counter.messages > 0;
    cx.put(&COUNTERS, &queue.store, &counter);
    if counter.expiry_asked {
        // A page of expired messages only: go on at once. Otherwise when the oldest one is due; but a long search rests.
        let rested = if it.search.is_some() { oldest + REST } else { oldest };
        ask_for_expiry(cx, &queue, next.unwrap_or(oldest).max(rested));
    }
    Ok(())
}

enum Found {
    More(Search),
    /// When the oldest message was sent that stays.
    Oldest(Option<i64>),
}

/// In the order in which they became visible, because a message's row there is what removing it needs. That order tells
/// nothing about their age: an old message may be hidden for long, or have come from another queue. So all are looked at.
fn expire_standard(cx: &mut Cx, queue: &Queue, oldest: i64, before: Option<Search>) -> Found {
    let span = Span::prefix(&queue.store);
    let mut search = before.unwrap_or_default();
    let span = match before {
        Some(it) => span.after(&(queue.store, it.visible_at, it.sequence)),
        None => span,
    };
    let states = cx.range(&VISIBLE, span, PAGE);
    for state in &states {
        (search.visible_at, search.sequence) = (state.visible_at, state.sequence);
        let Some(message) = cx.get(&MESSAGES, &(queue.store, state.sequence)) else { continue };
        if message.sent_at <= oldest {
            standard::remove(cx, queue, state);
        } else {
            search.oldest = Some(search.oldest.map_or(message.sent_at, |it| it.min(message.sent_at)));
        }
    }
    if states.len() == PAGE { Found::More(search) } else { Found::Oldest(search.oldest) }
}

/// Messages of a FIFO queue stand in the order in which they came.
fn expire_fifo(cx: &mut Cx, queue: &Queue, oldest: i64) -> Option<i64> {
    for queued in cx.range(&fifo::QUEUED, Span::prefix(&queue.store), PAGE) {
        if queued.sent_at > oldest {
            return Some(queued.sent_at);
        }
        fifo::remove(cx, queue, &queued);
    }
    None
}

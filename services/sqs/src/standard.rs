//! The order of a standard queue: a message is *visible* once `visible_at <= now`, and what becomes visible first is given
//! first. Receiving only pushes `visible_at` forward.

use crate::fair;
use crate::flight;
use crate::message::{Receipt, Stored};
use crate::queue::Queue;
use crate::redrive;
use crate::stock::{self, Arrival, Fate, Received, Want};
use api::sqs::error;
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// In the order in which they become visible. Key: (store, visible_at, sequence).
pub static VISIBLE: Table<State> = Table::regional("sqs.visible");
/// Where a message is in `VISIBLE` when its visibility was changed after it was received. Key: (store, sequence).
pub static MOVED: Table<i64> = Table::regional("sqs.moved");

/// What changes while a message waits and is received.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub visible_at: i64,
    pub sequence: u64,
    pub receives: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_received_at: Option<i64>,
    /// Changes with every receive, so that only the latest receiver can hide or delete the message.
    pub receipt: u64,
    /// Sent with a delay that has not been received since.
    pub delayed: bool,
    /// `MOVED` has a row for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// In fair queues, when it was received last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<i64>,
    /// Its group, as a number, in fair queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
}

/// Visible messages looked at in one call, beyond which expired and dead ones wait for the next.
const MOST_LOOKED_AT: usize = 100;

pub fn add(cx: &mut Cx, queue: &Queue, message: &Stored, arrival: Arrival) {
    let state = State {
        visible_at: cx.now().0 + arrival.delay * 1000,
        sequence: message.sequence,
        receives: arrival.receives,
        first_received_at: arrival.first_received_at,
        receipt: 0,
        delayed: arrival.delay > 0,
        moved: false,
        received_at: None,
        group: message.group.as_deref().map(fair::number_of),
    };
    cx.put(&VISIBLE, &(queue.store, state.visible_at, state.sequence), &state);
}

/// Hides what it gives. What is too old or was received too often is taken out on the way.
pub fn take(cx: &mut Cx, queue: &Queue, want: Want) -> Result<Vec<Received>> {
    flight::admit(cx, queue, want.limit)?;
    let mut received: Vec<Received> = Vec::with_capacity(want.limit);
    let mut looked_at = 0;
    while received.len() < want.limit && looked_at < MOST_LOOKED_AT {
        let missing = want.limit - received.len();
        let page = next(cx, queue, missing + received.len());
        let is_new = |it: &State| received.iter().all(|other| other.stored.sequence != it.sequence);
        let page: Vec<State> = page.into_iter().filter(is_new).take(missing).collect();
        if page.is_empty() {
            break;
        }
        looked_at += page.len();
        for state in page {
            match stock::fate(cx, queue, state.sequence, state.receives) {
                Fate::Expired => remove(cx, queue, &state),
                Fate::Dead(it) => {
                    remove(cx, queue, &state);
                    redrive::bury(cx, queue, &it.1, it.0, (state.receives, state.first_received_at));
                }
                Fate::Given(stored) => received.push(hide(cx, queue, state, stored, want.hidden_for)),
            }
        }
    }
    Ok(received)
}

/// When the next hidden message becomes visible.
pub fn next_visible(cx: &Cx, queue: &Queue) -> Option<Timestamp> {
    cx.range(&VISIBLE, Span::prefix(&queue.store), 1).pop().map(|it| Timestamp(it.visible_at))
}

/// The messages that can be given next, in order.
pub fn next(cx: &Cx, queue: &Queue, limit: usize) -> Vec<State> {
    if queue.fair { fair::next(cx, queue, limit) } else { cx.range(&VISIBLE, visible(cx, queue), limit) }
}

pub fn visible(cx: &Cx, queue: &Queue) -> Span {
    Span::prefix(&queue.store).through(&(queue.store, cx.now().0, u64::MAX))
}

pub fn not_visible(cx: &Cx, queue: &Queue) -> Span {
    Span::prefix(&queue.store).after(&(queue.store, cx.now().0, u64::MAX))
}

pub fn delete(cx: &mut Cx, queue: &Queue, receipt: &Receipt) {
    if let Some(state) = held(cx, queue, receipt) {
        fair::processed(cx, queue, &state);
        remove(cx, queue, &state);
    }
}

/// None if the receipt stands for nothing any more.
pub fn change_visibility(cx: &mut Cx, queue: &Queue, receipt: &Receipt, seconds: i64) -> Option<Result<()>> {
    let state = held(cx, queue, receipt)?;
    if state.visible_at <= cx.now().0 {
        return Some(Err(error::MESSAGE_NOT_INFLIGHT.with("The specified message is not in flight.")));
    }
    let moved = State { visible_at: cx.now().0 + seconds * 1000, moved: true, ..state.clone() };
    cx.delete(&VISIBLE, &(queue.store, state.visible_at, state.sequence));
    cx.put(&VISIBLE, &(queue.store, moved.visible_at, moved.sequence), &moved);
    cx.put(&MOVED, &(queue.store, moved.sequence), &moved.visible_at);
    Some(Ok(()))
}

/// (in flight, delayed)
pub fn hidden(cx: &Cx, queue: &Queue) -> (u64, u64) {
    let hidden = cx.range(&VISIBLE, not_visible(cx, queue), usize::MAX);
    let delayed = hidden.iter().filter(|it| it.delayed).count() as u64;
    (hidden.len() as u64 - delayed, delayed)
}

pub fn remove(cx: &mut Cx, queue: &Queue, state: &State) {
    cx.delete(&VISIBLE, &(queue.store, state.visible_at, state.sequence));
    if state.moved {
        cx.delete(&MOVED, &(queue.store, state.sequence));
    }
    stock::forget(cx, queue, state.sequence);
}

fn hide(cx: &mut Cx, queue: &Queue, state: State, stored: Stored, seconds: i64) -> Received {
    let hidden = State {
        visible_at: cx.now().0 + seconds * 1000,
        receives: state.receives + 1,
        first_received_at: Some(state.first_received_at.unwrap_or(cx.now().0)),
        receipt: u64::from_be_bytes(cx.random_bytes()),
        delayed: false,
        moved: false,
        received_at: queue.fair.then_some(cx.now().0),
        ..state
    };
    cx.delete(&VISIBLE, &(queue.store, state.visible_at, state.sequence));
    cx.put(&VISIBLE, &(queue.store, hidden.visible_at, hidden.sequence), &hidden);
    if state.moved {
        cx.delete(&MOVED, &(queue.store, state.sequence));
    }
    let receipt = Receipt { sequence: hidden.sequence, visible_at: hidden.visible_at, nonce: hidden.receipt };
    Received {
        stored,
        receives: hidden.receives,
        first_received_at: hidden.first_received_at,
        handle: receipt.handle(),
    }
}

/// The message that a receipt still stands for.
fn held(cx: &Cx, queue: &Queue, receipt: &Receipt) -> Option<State> {
    let at = |visible_at| cx.get(&VISIBLE, &(queue.store, visible_at, receipt.sequence));
    let state = at(receipt.visible_at).or_else(|| at(cx.get(&MOVED, &(queue.store, receipt.sequence))?))?;
    (state.receipt == receipt.nonce).then_some(state)
}

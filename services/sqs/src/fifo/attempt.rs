//! Attempts to receive: for five minutes the same ReceiveRequestAttemptId gives the same messages with the same receipt
//! handles, as long as none of them was deleted or had its visibility changed (ReceiveMessage in the SQS API reference).

use super::forgetting::{self, MINUTES_MS, Remembered};
use super::{QUEUED, Queued, hide_until, received};
use crate::message::Receipt;
use crate::queue::Queue;
use crate::stock::{MESSAGES, Received, Want};
use kernel::Cx;
use serde::{Deserialize, Serialize};
use store::Table;

/// Key: (store, attempt id).
pub static ATTEMPTS: Table<Attempt> = Table::regional("sqs.attempt");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    made_at: i64,
    given: Vec<Given>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Given {
    sequence: u64,
    receipt: u64,
    visible_at: i64,
}

/// What the attempt was given, hidden anew; or what there is now.
pub fn take(cx: &mut Cx, queue: &Queue, id: &str, want: Want) -> Vec<Received> {
    if let Some(again) = again(cx, queue, id) {
        let messages: Vec<Received> = again
            .into_iter()
            .map(|queued| {
                let stored =
                    cx.get(&MESSAGES, &(queue.store, queued.sequence)).expect("it is in flight, so it is there");
                let message = received(&queued, stored);
                hide_until(cx, queue, queued, want.hidden_for);
                message
            })
            .collect();
        note(cx, queue, id, &messages);
        return messages;
    }
    let messages = super::take(cx, queue, want);
    if !messages.is_empty() {
        note(cx, queue, id, &messages);
        forgetting::later(cx, queue, Remembered::Attempt { id: id.to_owned() });
    }
    messages
}

/// Unless it was made again since.
pub fn forget(cx: &mut Cx, store: u64, id: &str) {
    if cx.get(&ATTEMPTS, &(store, id)).is_some_and(|it| cx.now().0 - it.made_at >= MINUTES_MS) {
        cx.delete(&ATTEMPTS, &(store, id));
    }
}

/// The messages of an attempt, if they are all still as it left them.
fn again(cx: &Cx, queue: &Queue, id: &str) -> Option<Vec<Queued>> {
    let attempt = cx.get(&ATTEMPTS, &(queue.store, id)).filter(|it| cx.now().0 - it.made_at < MINUTES_MS)?;
    attempt
        .given
        .iter()
        .map(|given| {
            let queued = cx.get(&QUEUED, &(queue.store, given.sequence))?;
            let untouched = queued.receipt == given.receipt && queued.visible_at == given.visible_at;
            (untouched && queued.visible_at > cx.now().0).then_some(queued)
        })
        .collect()
}

fn note(cx: &mut Cx, queue: &Queue, id: &str, messages: &[Received]) {
    let before = cx.get(&ATTEMPTS, &(queue.store, id)).map(|it| it.made_at);
    let made_at = before.filter(|it| cx.now().0 - it < MINUTES_MS).unwrap_or(cx.now().0);
    let given = messages
        .iter()
        .filter_map(|it| {
            let sequence = Receipt::parse(&it.handle).ok()?.sequence;
            let queued = cx.get(&QUEUED, &(queue.store, sequence))?;
            Some(Given { sequence, receipt: queued.receipt, visible_at: queued.visible_at })
        })
        .collect();
    cx.put(&ATTEMPTS, &(queue.store, id), &Attempt { made_at, given });
}

//! Fair queues: where one tenant holds a large share of what is in flight, the messages of the others go first (How Amazon
//! SQS fair queues work, in the developer guide). A tenant is a message group; a message without one is its own.
//!
//! AWS also weighs how long consumers take, and calls its thresholds approximate. Here only the messages in flight
//! count, and so many messages are looked at that a receive stays cheap.

use crate::queue::Queue;
use crate::standard::{self, State, VISIBLE};
use kernel::Cx;
use std::collections::BTreeMap;

/// A tenant is noisy with more than a tenth of what is in flight, and at least this many.
const LEAST_IN_FLIGHT: usize = 30;
const SHARE: usize = 10;
/// In flight, to see who is noisy.
const MOST_COUNTED: usize = 1_000;
/// Visible, to find messages of the others.
const MOST_PASSED: usize = 1_000;

/// As a state keeps a group: FNV-1a. Two groups with one number are taken for one tenant, which costs nobody a message.
pub fn number_of(group: &str) -> u32 {
    group.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// What is visible: first of quiet tenants, then of noisy ones, those with the fewest in flight before the others.
pub fn next(cx: &Cx, queue: &Queue, limit: usize) -> Vec<State> {
    let noisy = noisy(cx, queue);
    let visible = standard::visible(cx, queue);
    if noisy.is_empty() {
        return cx.range(&VISIBLE, visible, limit);
    }
    let mut states = cx.range(&VISIBLE, visible, MOST_PASSED.max(limit));
    let in_flight = |it: &State| it.group.and_then(|group| noisy.get(&group)).copied().unwrap_or(0);
    states.sort_by_key(in_flight);
    states.truncate(limit);
    states
}

/// Noisy groups and how many messages of theirs are in flight.
fn noisy(cx: &Cx, queue: &Queue) -> BTreeMap<u32, usize> {
    let hidden = cx.range(&VISIBLE, standard::not_visible(cx, queue), MOST_COUNTED);
    let (mut groups, mut total) = (BTreeMap::new(), 0);
    for state in hidden.iter().filter(|it| !it.delayed) {
        total += 1;
        if let Some(group) = state.group {
            *groups.entry(group).or_insert(0) += 1;
        }
    }
    groups.retain(|_, count| *count >= LEAST_IN_FLIGHT && *count * SHARE > total);
    groups
}

//! Fair queues: where one tenant takes a large share of the consumers, the messages of the others go first (How Amazon SQS
//! fair queues work, in the developer guide). A tenant is a message group; a message without one is its own.
//!
//! A share is one of what is in flight, or of the time that consumers took lately. AWS calls its thresholds approximate,
//! and does not say what is lately. So many messages are looked at that a receive stays cheap.

use crate::queue::Queue;
use crate::standard::{self, State, VISIBLE};
use kernel::Cx;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A tenant is noisy with more than a tenth of what is in flight, and at least this many.
const LEAST_IN_FLIGHT: usize = 30;
/// Or with more than a tenth of the time.
const SHARE: usize = 10;
/// In flight, to see who is noisy.
const MOST_COUNTED: usize = 1_000;
/// Visible, to find messages of the others.
const MOST_PASSED: usize = 1_000;
/// Messages looked at together.
const PAGE: usize = 100;
/// Milliseconds. Lately is this one and the one before.
const PERIOD: i64 = 60_000;
/// Queues whose times are remembered; then it starts anew.
const MOST_QUEUES: usize = 10_000;
/// Milliseconds of processing in that time, below which nobody waits for anybody.
const LEAST_TIME: i64 = 1_000;

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
    let in_flight = |it: &State| it.group.and_then(|group| noisy.get(&group)).copied().unwrap_or(0);
    let (mut states, mut quiet): (Vec<State>, usize) = (Vec::new(), 0);
    let mut span = visible.clone();
    while quiet < limit && states.len() < MOST_PASSED {
        let page = cx.range(&VISIBLE, span, PAGE.max(limit));
        let Some(last) = page.last() else { break };
        span = visible.clone().after(&(queue.store, last.visible_at, last.sequence));
        quiet += page.iter().filter(|it| in_flight(it) == 0).count();
        states.extend(page);
    }
    states.sort_by_key(in_flight);
    states.truncate(limit);
    states
}

/// A message was received and is deleted now.
pub fn processed(cx: &Cx, queue: &Queue, state: &State) {
    let Some(received_at) = state.received_at else { return };
    let times = cx.kernel().memory::<Times>();
    let mut times = times.0.lock().expect("no panic while time is added");
    if times.len() >= MOST_QUEUES {
        times.clear();
    }
    times.entry(queue.store).or_default().add(cx.now().0, state.group, cx.now().0 - received_at);
}

/// Noisy groups and how many messages of theirs are in flight, at least one.
fn noisy(cx: &Cx, queue: &Queue) -> BTreeMap<u32, usize> {
    let hidden = cx.range(&VISIBLE, standard::not_visible(cx, queue), MOST_COUNTED);
    let (mut groups, mut total) = (BTreeMap::new(), 0);
    for state in hidden.iter().filter(|it| !it.delayed) {
        total += 1;
        if let Some(group) = state.group {
            *groups.entry(group).or_insert(0) += 1;
        }
    }
    let times = cx.kernel().memory::<Times>();
    let slow = times.0.lock().expect("no panic while time is added").get(&queue.store).map(|it| it.noisy(cx.now().0));
    let in_flight = groups.clone();
    groups.retain(|_, count| *count >= LEAST_IN_FLIGHT && *count * SHARE > total);
    groups.extend(slow.into_iter().flatten().map(|it| (it, in_flight.get(&it).copied().unwrap_or(0).max(1))));
    groups
}

/// The time that consumers took, by a queue's store. Memory alone has it: who forgets it is fair again soon.
#[derive(Default)]
struct Times(Mutex<BTreeMap<u64, Lately>>);

#[derive(Default)]
struct Lately {
    /// The period that is running.
    period: i64,
    now: Period,
    before: Period,
}

/// Milliseconds.
#[derive(Default)]
struct Period {
    total: i64,
    groups: BTreeMap<u32, i64>,
}

impl Lately {
    fn add(&mut self, now: i64, group: Option<u32>, time: i64) {
        let period = now / PERIOD;
        if period != self.period {
            let last = std::mem::take(&mut self.now);
            self.before = if period == self.period + 1 { last } else { Period::default() };
            self.period = period;
        }
        self.now.total += time;
        if let Some(group) = group {
            *self.now.groups.entry(group).or_insert(0) += time;
        }
    }

    /// Groups with more than their share. Where all is one group's, nobody waits for it.
    fn noisy(&self, now: i64) -> Vec<u32> {
        let periods: &[&Period] = match now / PERIOD - self.period {
            0 => &[&self.now, &self.before],
            1 => &[&self.now],
            _ => &[],
        };
        let total: i64 = periods.iter().map(|it| it.total).sum();
        let time = |group: &u32| periods.iter().filter_map(|it| it.groups.get(group)).sum::<i64>();
        let mut groups: Vec<u32> = periods.iter().flat_map(|it| it.groups.keys().copied()).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.retain(|it| total >= LEAST_TIME && time(it) * SHARE as i64 > total && time(it) < total);
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_took_more_than_a_tenth_of_the_time_lately_is_noisy() {
        let mut lately = Lately::default();
        lately.add(0, Some(1), 9_000);
        assert!(lately.noisy(0).is_empty(), "there is nobody else");
        lately.add(0, Some(2), 900);
        lately.add(0, None, 100);
        assert_eq!(lately.noisy(0), [1]);
        lately.add(PERIOD, Some(2), 900);
        assert_eq!(lately.noisy(PERIOD), [1, 2]);
        // The first minute is over.
        lately.add(2 * PERIOD, None, 9_000);
        assert!(lately.noisy(2 * PERIOD).is_empty());
        assert!(lately.noisy(9 * PERIOD).is_empty());
    }
}

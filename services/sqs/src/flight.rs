//! How many messages of a standard queue may be in flight: 120,000 (Amazon SQS standard queue quotas).
//!
//! Counting them costs as much as there are. So memory keeps a number that they cannot exceed: those counted last and all
//! received since. Only when that number reaches the quota are they counted again.

use crate::queue::Queue;
use crate::standard;
use api::sqs::error;
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;
use std::sync::Mutex;

const MOST_IN_FLIGHT: u64 = 120_000;

/// By a queue's store: no more than these are in flight.
#[derive(Default)]
struct Bounds(Mutex<BTreeMap<u64, u64>>);

/// Refuses to give more messages when too many are in flight already.
pub fn admit(cx: &Cx, queue: &Queue, more: usize) -> Result<()> {
    let bounds = cx.kernel().memory::<Bounds>();
    if bounds.allow(queue.store, more as u64, || standard::hidden(cx, queue).0) {
        return Ok(());
    }
    Err(error::OVER_LIMIT.with(format!("More than {MOST_IN_FLIGHT} messages of the queue are in flight.")))
}

impl Bounds {
    fn allow(&self, store: u64, more: u64, count: impl FnOnce() -> u64) -> bool {
        let mut bounds = self.0.lock().expect("no panic while messages are counted");
        let bound = match bounds.get(&store) {
            Some(bound) if bound + more <= MOST_IN_FLIGHT => *bound,
            _ => count(),
        };
        let allowed = bound < MOST_IN_FLIGHT;
        bounds.insert(store, if allowed { bound + more } else { bound });
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_at_first_and_when_the_bound_is_reached() {
        let bounds = Bounds::default();
        assert!(bounds.allow(1, 10, || 119_980));
        assert!(bounds.allow(1, 10, || unreachable!("119,990 and 10 are within the quota")));
        assert!(!bounds.allow(1, 1, || MOST_IN_FLIGHT));
        // Some have been deleted since.
        assert!(bounds.allow(1, 10, || 5));
        assert!(bounds.allow(1, 10, || unreachable!("15 are far from it")));
    }
}

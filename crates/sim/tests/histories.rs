//! Some seeds, the same in every run, and one that is new in every run and printed when it fails.

use sim::history::queue::{Tally, play};
use sim::history::{fifo, function, stack};

const STEPS: usize = 200;

fn played(seed: u64) -> Tally {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(play(seed, STEPS)).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn nothing_acknowledged_is_lost_in_known_histories() {
    for seed in 1..=12 {
        let tally = played(seed);
        assert!(tally.sent > 20 && tally.crashes > 0, "seed {seed} is a quiet history: {tally:?}");
    }
}

#[test]
fn nothing_acknowledged_is_lost_in_a_history_that_nobody_has_seen() {
    let seed = u64::from(std::process::id());
    println!("{:?}", played(seed));
}

#[test]
fn a_seed_gives_the_same_history() {
    assert_eq!(played(77), played(77));
}

fn fifos(seed: u64) -> fifo::Tally {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(fifo::play(seed, STEPS)).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn groups_keep_their_order_in_known_histories() {
    for seed in 1..=12 {
        let tally = fifos(seed);
        let quiet = tally.sent < 30 || tally.repeated == 0 || tally.deleted < 10 || tally.crashes == 0;
        assert!(!quiet, "seed {seed} is a quiet history: {tally:?}");
    }
}

#[test]
fn groups_keep_their_order_in_a_history_that_nobody_has_seen() {
    let seed = u64::from(std::process::id());
    println!("{:?}", fifos(seed));
}

fn stacks(seed: u64) -> stack::Tally {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(stack::play(seed, STEPS)).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn stacks_own_what_exists_in_known_histories() {
    for seed in 1..=6 {
        let tally = stacks(seed);
        assert!(
            tally.complete > 20 && tally.undone > 0 && tally.crashes > 2,
            "seed {seed} is a quiet history: {tally:?}"
        );
    }
}

#[test]
fn stacks_own_what_exists_in_a_history_that_nobody_has_seen() {
    let seed = u64::from(std::process::id());
    println!("{:?}", stacks(seed));
}

fn functions(seed: u64) -> function::Tally {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(function::play(seed, STEPS)).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn a_message_is_done_or_dead_in_known_histories() {
    for seed in 1..=6 {
        let tally = functions(seed);
        let quiet = tally.sent < 50 || tally.done < 20 || tally.dead == 0 || tally.crashes < 2 || tally.late < 5;
        assert!(!quiet, "seed {seed} is a quiet history: {tally:?}");
    }
}

#[test]
fn a_message_is_done_or_dead_in_a_history_that_nobody_has_seen() {
    let seed = u64::from(std::process::id());
    println!("{:?}", functions(seed));
}

//! Some seeds, the same in every run, and one that is new in every run and printed when it fails.

use sim::history::queue::{Tally, play};

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

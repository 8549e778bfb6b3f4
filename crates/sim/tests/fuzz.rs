//! A moment for each target, with the same inputs in every run. `cargo xtask fuzz` gives one of them longer.

use sim::fuzz::{TARGETS, run};
use std::time::Duration;

const SEED: u64 = 1;
const MOMENT: Duration = Duration::from_millis(1_500);

#[test]
fn no_input_makes_a_reader_panic_or_take_long() {
    let mut found = Vec::new();
    for target in TARGETS {
        match run(target, SEED, MOMENT) {
            Ok(count) => println!("{}: {count} inputs", target.name),
            Err(it) => found.push(format!("{}: {}: {:?}", target.name, it.why, String::from_utf8_lossy(&it.input))),
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

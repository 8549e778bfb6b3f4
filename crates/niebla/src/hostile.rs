//! Every operation of every service against inputs that nobody means well.

use crate::services;

const CALLS: usize = 6_000;

#[test]
fn no_input_makes_an_operation_panic() {
    sim::hostile::play(services::all, 7, CALLS);
}

#[test]
fn no_input_of_a_run_that_nobody_has_seen_makes_an_operation_panic() {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    sim::hostile::play(services::all, seed, CALLS);
}

#[test]
fn what_is_required_and_missing_is_named() {
    assert!(sim::hostile::missing_members(services::all) > 200);
}

#[test]
fn what_breaks_a_constraint_of_the_model_is_named() {
    assert!(sim::hostile::broken_members(services::all) > 200);
}

//! Fuzzing on stable Rust: inputs mutated from a corpus, thrown at whatever reads bytes from outside. None may panic,
//! take long, or fill memory. `TARGETS` is the list; `tests/fuzz.rs` gives each a moment, `cargo xtask fuzz` more.

mod codec;
mod door;
mod dynamodb;
mod mutation;
mod policy;
mod signature;

use mutation::Mutator;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// One reader of bytes.
pub struct Target {
    pub name: &'static str,
    /// What it reads well: mutations begin here.
    corpus: &'static [&'static [u8]],
    /// What has a meaning in its language, to be thrown in.
    words: &'static [&'static str],
    /// Panics when something is wrong beyond a refusal.
    run: fn(&[u8]),
}

pub static TARGETS: &[Target] = &[
    codec::AWS_JSON_1_0,
    codec::AWS_JSON_1_1,
    codec::REST_JSON,
    codec::REST_XML,
    codec::AWS_QUERY,
    codec::EC2_QUERY,
    codec::CBOR,
    codec::EVENT_STREAM,
    signature::SIGNATURE,
    policy::POLICY,
    door::TEMPLATE,
    door::FILTER_PATTERN,
    dynamodb::EXPRESSION,
    dynamodb::PARTIQL,
];

/// One input may take no longer, on a busy machine and without optimization: what is linear takes milliseconds.
const LONGEST: Duration = Duration::from_secs(5);
/// What one run may add to the process's memory, in kilobytes. An input has 64 KiB at most.
const MOST_MEMORY_KB: u64 = 512 * 1024;

/// What was found: an input, and what it did.
pub struct Finding {
    pub input: Vec<u8>,
    pub why: String,
}

/// As many inputs as fit into the time; how many that were.
///
/// # Errors
/// The first input at which the target did what it must not.
pub fn run(target: &Target, seed: u64, time: Duration) -> Result<u64, Finding> {
    let mut mutator = Mutator::new(seed, target.corpus, target.words);
    let (started, before) = (Instant::now(), peak_memory_kb());
    for input in target.corpus {
        attempt(target, input)?;
    }
    let mut count = 0;
    while started.elapsed() < time {
        let input = mutator.next();
        attempt(target, &input)?;
        count += 1;
        let grown = peak_memory_kb().saturating_sub(before);
        if count % 64 == 0 && grown > MOST_MEMORY_KB {
            return Err(Finding { input, why: format!("by now {grown} KB of memory were used") });
        }
    }
    Ok(count)
}

fn attempt(target: &Target, input: &[u8]) -> Result<(), Finding> {
    let found = |why: String| Finding { input: input.to_owned(), why };
    let started = Instant::now();
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
        found(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned()))
    })?;
    match started.elapsed() {
        took if took > LONGEST => Err(found(format!("it took {took:?}"))),
        _ => Ok(()),
    }
}

/// The most that this process ever held in memory; 0 where the system does not tell.
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    line.and_then(|it| it.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
}

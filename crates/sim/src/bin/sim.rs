//! `cargo xtask sim [SEED]`: plays the histories of a seed, or of fresh seeds for some seconds, and prints each that fails.

use sim::history::{fifo, function, queue, stack};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const STEPS: usize = 300;
const FOR: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let seed = std::env::args().nth(1).map(|it| it.parse::<u64>());
    match seed {
        Some(Ok(seed)) => play(&runtime, seed),
        Some(Err(error)) => {
            eprintln!("The seed is a number: {error}");
            ExitCode::FAILURE
        }
        None => {
            let (started, mut seed) = (Instant::now(), u64::from(std::process::id()) << 20);
            while started.elapsed() < FOR {
                if play(&runtime, seed) == ExitCode::FAILURE {
                    return ExitCode::FAILURE;
                }
                seed += 1;
            }
            ExitCode::SUCCESS
        }
    }
}

fn play(runtime: &tokio::runtime::Runtime, seed: u64) -> ExitCode {
    let told = runtime.block_on(async {
        let queues = queue::play(seed, STEPS).await.map_err(|why| format!("queues: {why}"))?;
        let fifos = fifo::play(seed, STEPS).await.map_err(|why| format!("FIFO queues: {why}"))?;
        let stacks = stack::play(seed, STEPS).await.map_err(|why| format!("stacks: {why}"))?;
        let functions = function::play(seed, STEPS).await.map_err(|why| format!("functions: {why}"))?;
        Ok::<_, String>(format!(
            "seed {seed}: queues {queues:?}, FIFO queues {fifos:?}, stacks {stacks:?}, functions {functions:?}"
        ))
    });
    match told {
        Ok(tallies) => {
            println!("{tallies}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("{why}\nAgain: cargo xtask sim {seed}");
            ExitCode::FAILURE
        }
    }
}

//! Everything that a developer runs: `cargo xtask --help`.

mod api;
mod bench;
mod coverage;
mod lint;
mod models;
mod place;
mod run;
mod scaffold;
mod shell;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a developer of Niebla runs.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build Niebla, start it in the background, and run the first example on it
    Run,
    /// Run every test
    Test(test::Test),
    /// Measure the hot paths, startup and idle memory
    Bench(bench::Bench),
    /// Check style, licences and Niebla's invariants
    Lint(lint::Lint),
    /// Generate the API types from the models
    Models(models::Models),
    /// Lay out the crate of a service: its name as in models/aws
    NewService { name: String },
    /// Add an operation to a service
    NewOp { service: String, operation: String },
    /// Run the simulation; a seed gives the same history
    Sim { seed: Option<u64> },
    /// Throw mutated inputs at one of the readers of bytes; without a name, list them
    Fuzz { target: Option<String>, seconds: Option<u64> },
    /// Say which operations of each service are implemented, and write docs/coverage.md
    Coverage(coverage::Coverage),
}

/// A sentence for whoever ran the command.
pub type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Run => run::run(),
        Command::Test(it) => it.run(),
        Command::Bench(it) => it.run(),
        Command::Lint(it) => it.run(),
        Command::Models(it) => it.run(),
        Command::NewService { name } => scaffold::new_service(&name),
        Command::NewOp { service, operation } => scaffold::new_operation(&service, &operation),
        Command::Sim { seed } => sim(seed),
        Command::Fuzz { target, seconds } => fuzz(target, seconds),
        Command::Coverage(it) => it.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            shell::fail(&sentence);
            ExitCode::FAILURE
        }
    }
}

fn sim(seed: Option<u64>) -> Outcome {
    let mut cargo = shell::cargo(["run", "--quiet", "--package", "sim", "--bin", "sim", "--"]);
    cargo.args(seed.map(|it| it.to_string()));
    shell::must(&mut cargo, "The simulation failed.")
}

/// Of all that it may take. An input that needs more fails to get it, and the run ends.
const FUZZ_KILOBYTES: u64 = 8 << 20;

fn fuzz(target: Option<String>, seconds: Option<u64>) -> Outcome {
    shell::must(
        &mut shell::cargo(["build", "--quiet", "--package", "sim", "--bin", "fuzz"]),
        "It could not be built.",
    )?;
    let program = place::target().join("debug/fuzz");
    let script = format!("ulimit -v {FUZZ_KILOBYTES}; exec \"$0\" \"$@\"");
    let mut fuzz = shell::program("sh", ["-c", script.as_str()]);
    fuzz.arg(program).args(target).args(seconds.map(|it| it.to_string()));
    shell::must(&mut fuzz, "The fuzzer has something to show.")
}

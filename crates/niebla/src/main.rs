//! `niebla`: AWS architectures running on this machine. The command line, the configuration, and the wiring.

mod client;
mod command;
mod config;
mod failure;
mod instance;
mod terminal;
mod time;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::fail(&failure);
            ExitCode::FAILURE
        }
    }
}

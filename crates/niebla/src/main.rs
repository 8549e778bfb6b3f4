//! `niebla`: AWS architectures running on this machine. The command line, the configuration, and the wiring.

mod client;
mod clock;
mod command;
mod config;
mod drivers;
mod failure;
mod folder;
#[cfg(test)]
mod hostile;
mod instance;
mod internal;
mod server;
mod services;
mod terminal;
mod time;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    // Children are started by way of this same program, which then becomes their keeper.
    ::drivers::enter_if_asked();
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::fail(&failure);
            ExitCode::FAILURE
        }
    }
}

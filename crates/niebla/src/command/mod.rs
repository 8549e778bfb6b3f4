//! The subcommands, one file each.

mod clock;
mod completions;
mod env;
mod help;
mod reset;
mod snapshot;
mod start;
mod status;
mod stop;
mod version;

use crate::config::{Config, Flags, Folders, Places};
use crate::failure::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// AWS architectures running on your own machine.
#[derive(Parser)]
#[command(name = "niebla", version, disable_help_subcommand = true, arg_required_else_help = true)]
struct CommandLine {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start Niebla; it runs until it is stopped
    Start(start::Start),
    /// Say whether Niebla runs, and where
    Status,
    /// Stop Niebla; calls under way are finished first
    Stop,
    /// Delete everything that Niebla keeps
    Reset,
    /// Print what a shell needs: eval "$(niebla env)"
    Env(env::Env),
    /// Show or move Niebla's clock
    Clock(clock::Clock),
    /// Save everything that Niebla keeps to a file, or load it from one
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    /// Print the version
    Version,
    /// Print a script that completes Niebla's commands in a shell
    Completions(completions::Completions),
}

pub fn run() -> Result<()> {
    let matches = help::complete(CommandLine::command()).get_matches();
    let line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let config = |flags: &Flags| Config::of(&line.places, flags, &Folders::from_environment());
    let folder = || config(&Flags::default()).map(|it| it.data_dir);
    match &line.command {
        Command::Start(it) => it.run(config(&it.flags)?),
        Command::Status => status::run(&folder()?),
        Command::Stop => stop::run(&folder()?),
        Command::Reset => reset::run(&folder()?),
        Command::Env(it) => it.run(&config(&it.flags)?),
        Command::Clock(it) => it.run(&folder()?),
        Command::Snapshot(it) => it.run(&folder()?),
        Command::Version => version::run(),
        Command::Completions(it) => it.run(&mut CommandLine::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        help::complete(CommandLine::command()).debug_assert();
    }

    #[test]
    fn help_names_every_flag_and_variable() {
        let help = help::complete(CommandLine::command()).render_long_help().to_string();
        for name in [
            "--listen",
            "--data-dir",
            "--ephemeral",
            "--config",
            "--detach",
            "--log",
            "NIEBLA_LISTEN",
            "NIEBLA_DATA_DIR",
            "NIEBLA_EPHEMERAL",
            "NIEBLA_CONFIG",
            "NIEBLA_LOG",
            "clock",
            "snapshot",
            "completions",
        ] {
            assert!(help.contains(name), "{name} is missing in\n{help}");
        }
    }
}

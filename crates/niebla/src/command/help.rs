//! `niebla --help`: beside what clap writes, the flags of every subcommand and their variables, read from the same
//! declarations.

use clap::{Arg, Command};
use std::fmt::Write;

/// The command line with the list of all flags at the end of its help.
pub fn complete(command: Command) -> Command {
    let mut text = String::new();
    for sub in command.get_subcommands() {
        flags_of(&mut text, sub, "niebla");
    }
    let text = format!(
        "{text}\nA flag comes before its variable, a variable before the configuration file (by default\n\
         ~/.config/niebla/config.toml, keys: listen, data_dir,\n         cache_dir, ephemeral, log)."
    );
    command.after_help(text)
}

fn flags_of(out: &mut String, command: &Command, parent: &str) {
    let name = format!("{parent} {}", command.get_name());
    let flags: Vec<&Arg> = command.get_arguments().filter(|it| it.get_long().is_some_and(|it| it != "help")).collect();
    if !flags.is_empty() {
        let _ = writeln!(out, "{name}:");
    }
    for flag in flags {
        let _ = writeln!(out, "      {:<22}{}", spelled(flag), described(flag));
    }
    for sub in command.get_subcommands() {
        flags_of(out, sub, &name);
    }
}

fn spelled(flag: &Arg) -> String {
    let long = flag.get_long().unwrap_or_default();
    let optional = flag.is_require_equals_set();
    match flag.get_value_names().filter(|_| flag.get_action().takes_values() && !optional) {
        Some([value, ..]) => format!("--{long} <{value}>"),
        _ => format!("--{long}"),
    }
}

fn described(flag: &Arg) -> String {
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    match flag.get_env() {
        Some(variable) => format!("{help} [env: {}]", variable.display()),
        None => help,
    }
}

//! Running programs, and saying so.

use crate::{Outcome, place};
use anstyle::{AnsiColor, Style};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

const STAGE: Style = AnsiColor::Cyan.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Announces what comes next.
pub fn stage(name: &str) {
    anstream::println!("{STAGE}==>{STAGE:#} {name}");
}

pub fn fail(sentence: &str) {
    anstream::eprintln!("{BAD}error:{BAD:#} {sentence}");
}

/// Cargo, in the root of the repository.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(place::root());
    // What Cargo told this program of itself would make build scripts believe that something changed.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|it| text.starts_with(it)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Any other program, in the root of the repository.
pub fn program<S: AsRef<OsStr>>(name: impl AsRef<OsStr>, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(place::root());
    command
}

/// Runs to the end; what it prints is seen.
///
/// # Errors
/// `otherwise`, if it does not end with status 0.
pub fn must(command: &mut Command, otherwise: &str) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(otherwise.to_owned()),
        Err(error) => Err(cannot_run(command, &error)),
    }
}

/// Runs to the end and returns what it printed on standard output.
pub fn output(command: &mut Command) -> Outcome<String> {
    let done = command.stdin(Stdio::null()).output().map_err(|error| cannot_run(command, &error))?;
    if !done.status.success() {
        let name = command.get_program().to_string_lossy().into_owned();
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{name} failed: {}", said.trim()));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Whether a program is on the PATH.
pub fn exists(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|it| it.join(name).is_file())
}

pub fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", place::shown(path)))
}

pub fn write(path: &Path, text: &str) -> Outcome {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", place::shown(folder)))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", place::shown(path)))
}

fn cannot_run(command: &Command, error: &std::io::Error) -> String {
    format!("{} cannot be run: {error}", command.get_program().to_string_lossy())
}

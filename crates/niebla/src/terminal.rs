//! What is said on the terminal: short, coloured where there is a terminal.

use crate::failure::Failure;
use anstyle::{AnsiColor, Style};
use std::io::Write;

const BAD: Style = AnsiColor::Red.on_default().bold();
const STRONG: Style = Style::new().bold();

/// Says on standard error what went wrong and what to do next.
pub fn fail(failure: &Failure) {
    let mut out = anstream::stderr();
    // A terminal that is gone cannot be told anything.
    let _ = writeln!(out, "{BAD}error:{BAD:#} {}", failure.what());
    if let Some(next) = failure.advice() {
        let _ = writeln!(out, "       {next}");
    }
}

/// A line on standard output.
pub fn say(line: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// A line on standard error, for what must not mix with output that a shell evaluates.
pub fn remark(line: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// `name  value`, in a column.
pub fn fact(name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{STRONG}{name:<9}{STRONG:#}{value}");
}

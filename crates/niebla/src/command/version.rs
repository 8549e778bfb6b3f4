//! `niebla version`.

use crate::failure::Result;
use crate::terminal;

pub fn run() -> Result<()> {
    terminal::say(format_args!("niebla {}", crate::VERSION));
    Ok(())
}

//! `niebla stop`.

use crate::failure::{Failure, Result, reason};
use crate::{instance, terminal};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::time::Duration;

/// Longer than the server gives the calls that are under way.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn run(data_dir: &Path) -> Result<()> {
    let Some(server) = instance::running(data_dir) else {
        return Err(Failure::new(format!("Niebla is not running (data in {})", data_dir.display()))
            .next("If it runs on another folder, name that with --data-dir."));
    };
    let process = Pid::from_raw(server.pid.cast_signed())
        .ok_or_else(|| Failure::new("Niebla is still starting").next("Try again in a moment."))?;
    kill_process(process, Signal::TERM).map_err(|error| {
        Failure::new(format!("process {} cannot be stopped: {}", server.pid, reason(&error.into())))
    })?;
    if !instance::gone_within(data_dir, PATIENCE) {
        let seconds = PATIENCE.as_secs();
        return Err(Failure::new(format!("Niebla (process {}) has not stopped within {seconds} seconds", server.pid))
            .next(format!("Nothing that it acknowledged is lost if you end it: kill -9 {}", server.pid)));
    }
    terminal::say(format_args!("Niebla has stopped (process {})", server.pid));
    Ok(())
}

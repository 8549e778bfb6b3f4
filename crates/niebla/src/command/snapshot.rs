//! `niebla snapshot`: everything that is kept, to a file and back, whether or not Niebla runs.

use crate::failure::{Failure, Result};
use crate::instance::{self, Claim, Record};
use crate::{client, folder, terminal};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Subcommand)]
pub enum Snapshot {
    /// Save everything to a file; calls go on meanwhile
    Save { file: PathBuf },
    /// Replace everything with what a file holds
    Load { file: PathBuf },
}

/// What a server gets to begin anew: it lets calls end first.
const PATIENCE: Duration = Duration::from_secs(30);

impl Snapshot {
    pub fn run(&self, data_dir: &Path) -> Result<()> {
        let (Snapshot::Save { file } | Snapshot::Load { file }) = self;
        let file = std::path::absolute(file).map_err(|error| Failure::file("find", file, &error))?;
        match self {
            Snapshot::Save { .. } => save(data_dir, &file),
            Snapshot::Load { .. } => load(data_dir, &file),
        }
    }
}

fn save(data_dir: &Path, file: &Path) -> Result<()> {
    if instance::running(data_dir).is_some() {
        let server = instance::demand(data_dir)?;
        client::post(&server, "/_niebla/snapshot/save", &json!({ "file": file }))?;
    } else {
        if !data_dir.exists() {
            return Err(Failure::new(format!("there is no data in {}", data_dir.display()))
                .next("Name the data folder with --data-dir."));
        }
        let _claim = Claim::take(data_dir, false)?;
        let saved = folder::open(data_dir)?.save(file);
        saved.map_err(|error| Failure::new(format!("the snapshot was not saved: {error}")))?;
    }
    let bytes = std::fs::metadata(file).map_or(0, |it| it.len());
    terminal::say(format_args!("Saved to {} ({bytes} bytes)", file.display()));
    Ok(())
}

fn load(data_dir: &Path, file: &Path) -> Result<()> {
    if instance::running(data_dir).is_some() {
        let server = instance::demand(data_dir)?;
        let asked = client::post(&server, "/_niebla/snapshot/load", &json!({ "file": file }))?;
        next_round(&server, &asked)?;
    } else {
        let _claim = Claim::take(data_dir, false)?;
        folder::load(data_dir, file)?;
        folder::swap(data_dir)?;
    }
    terminal::say(format_args!("Loaded from {} (data in {})", file.display(), data_dir.display()));
    Ok(())
}

/// Waits until a server that was asked to begin anew has done so.
pub fn next_round(server: &Record, asked: &Value) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let before = asked["round"].as_u64();
    loop {
        let status = client::get(server, "/_niebla/status");
        if status.as_ref().is_ok_and(|it| it["round"].as_u64() > before) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(status.err().unwrap_or_else(|| Failure::new("Niebla has not begun anew")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

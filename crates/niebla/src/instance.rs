//! The running server's record in the data folder, `niebla.json`: how the other commands find it.
//!
//! The server keeps the file locked for as long as it lives, so a record left by one that was killed is never taken
//! for a living one, whatever has become of its process id.

use crate::failure::{Failure, Result};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub pid: u32,
    /// Empty until the server is ready.
    pub url: String,
    pub version: String,
    /// What a command has to show before the server changes anything for it; only the file's owner can read it.
    pub token: String,
    pub ephemeral: bool,
}

/// The claim of this process to a data folder. It ends with the value, or with the process.
pub struct Claim {
    file: File,
    pub record: Record,
}

impl Claim {
    /// Makes the folder if there is none, and claims it.
    ///
    /// # Errors
    /// If another Niebla runs there, or the system does not let us.
    pub fn take(data_dir: &Path, ephemeral: bool) -> Result<Claim> {
        std::fs::create_dir_all(data_dir).map_err(|error| {
            Failure::file("make the data folder", data_dir, &error).next("Name another folder with --data-dir.")
        })?;
        let path = path_in(data_dir);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| Failure::file("write", &path, &error))?;
        lock(&file, data_dir)?;
        let record = Record {
            pid: std::process::id(),
            version: crate::VERSION.to_owned(),
            token: token(),
            ephemeral,
            ..Record::default()
        };
        let mut claim = Claim { file, record };
        claim.write(&path)?;
        Ok(claim)
    }

    /// Says where the server is reached.
    pub fn ready(&mut self, data_dir: &Path, url: &str) -> Result<()> {
        url.clone_into(&mut self.record.url);
        self.write(&path_in(data_dir))
    }

    fn write(&mut self, path: &Path) -> Result<()> {
        let text = serde_json::to_string(&self.record).expect("a record is plain data");
        let mut written = || {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(text.as_bytes())
        };
        written().map_err(|error| Failure::file("write", path, &error))
    }
}

/// The server that runs on this folder, if any.
pub fn running(data_dir: &Path) -> Option<Record> {
    let mut file = File::open(path_in(data_dir)).ok()?;
    if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    // Between taking the folder and saying so, the text may be an old one, or none.
    for _ in 0..20 {
        let mut text = String::new();
        file.rewind().ok()?;
        file.read_to_string(&mut text).ok()?;
        if let Ok(record) = serde_json::from_str(&text) {
            return Some(record);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(Record::default())
}

/// The server that runs on this folder.
///
/// # Errors
/// If none runs, or it is not ready yet.
pub fn demand(data_dir: &Path) -> Result<Record> {
    let Some(record) = running(data_dir) else {
        return Err(Failure::new(format!("Niebla is not running (data in {})", data_dir.display()))
            .next("Start it with `niebla start`, or name its data folder with --data-dir."));
    };
    if record.url.is_empty() {
        return Err(
            Failure::new(format!("Niebla (process {}) is still starting", record.pid)).next("Try again in a moment.")
        );
    }
    Ok(record)
}

/// Waits until no server runs on this folder any more; false if one still does in the end.
pub fn gone_within(data_dir: &Path, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while running(data_dir).is_some() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// A command that looks whether somebody lives here holds the file for a moment, so one refusal is none.
fn lock(file: &File, data_dir: &Path) -> Result<()> {
    for _ in 0..20 {
        if flock(file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(());
        }
        if let Some(record) = running(data_dir) {
            return Err(taken(data_dir, &record));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Err(taken(data_dir, &Record::default()))
}

fn taken(data_dir: &Path, record: &Record) -> Failure {
    let whose = match record.pid {
        0 => "another process".to_owned(),
        pid if record.url.is_empty() => format!("another Niebla, process {pid}"),
        pid => format!("another Niebla, process {pid} on {}", record.url),
    };
    Failure::new(format!("the data folder {} is in use by {whose}", data_dir.display())).next(
        "Stop it with `niebla stop`, or start with another folder: `niebla start --data-dir DIR --listen 127.0.0.1:0`.",
    )
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("niebla.json")
}

fn token() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_alive_as_long_as_its_claim() {
        let folder = tempfile::tempdir().unwrap();
        assert!(running(folder.path()).is_none());

        let mut claim = Claim::take(folder.path(), false).unwrap();
        assert!(demand(folder.path()).unwrap_err().what().contains("still starting"));
        claim.ready(folder.path(), "http://127.0.0.1:1").unwrap();
        assert_eq!(demand(folder.path()).unwrap(), claim.record);

        let second = Claim::take(folder.path(), false).err().expect("the folder is taken");
        assert!(second.what().contains(&format!("process {} on http://127.0.0.1:1", std::process::id())), "{second}");

        drop(claim);
        assert!(running(folder.path()).is_none());
        assert!(demand(folder.path()).unwrap_err().what().starts_with("Niebla is not running"));
    }
}

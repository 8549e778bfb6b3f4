//! What is fetched once and kept on the disk for all functions: made beside its place, then moved into it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

/// How long one command may take, on a slow network.
const LONGEST: Duration = Duration::from_secs(180);
/// How long a failed installation is not tried again.
const FORGET: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Installations {
    failed: Mutex<HashMap<PathBuf, (Instant, String)>>,
}

impl Installations {
    /// Makes the folder `to` unless it is there: `make` fills a folder beside it. One process at a time, also of several
    /// servers. What failed a moment ago fails again at once.
    pub async fn once<F>(&self, to: &Path, make: impl FnOnce(PathBuf) -> F) -> Result<(), String>
    where
        F: Future<Output = Result<(), String>>,
    {
        if to.is_dir() {
            return Ok(());
        }
        if let Some((when, why)) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).get(to)
            && when.elapsed() < FORGET
        {
            return Err(why.clone());
        }
        let made = install(to, make).await;
        if let Err(why) = &made {
            let failed = (Instant::now(), why.clone());
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(to.to_owned(), failed);
        }
        made
    }
}

async fn install<F>(to: &Path, make: impl FnOnce(PathBuf) -> F) -> Result<(), String>
where
    F: Future<Output = Result<(), String>>,
{
    let text = |it: io::Error| it.to_string();
    let below = to.parent().expect("it lies in the folder of runtimes");
    fs::create_dir_all(below).map_err(text)?;
    let lock = File::create(below.join("install.lock")).map_err(text)?;
    let _lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
        .await
        .map_err(|it| it.to_string())?
        .map_err(text)?;
    if to.is_dir() {
        return Ok(());
    }
    let partial = to.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial).map_err(text)?;
    make(partial.clone()).await?;
    fs::rename(&partial, to).map_err(text)
}

/// Runs a command to its end; its last words are the error.
pub async fn run(mut command: Command) -> Result<(), String> {
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = match timeout(LONGEST, command.output()).await {
        Ok(it) => it.map_err(|it| it.to_string())?,
        Err(_) => return Err(format!("it took longer than {} s", LONGEST.as_secs())),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|it| !it.trim().is_empty()).unwrap_or("it failed without a word");
    Err(last.to_owned())
}

/// Names a folder after what is in it: FNV-1a.
pub fn fingerprint<'t>(texts: impl IntoIterator<Item = &'t str>) -> u64 {
    let bytes = texts.into_iter().flat_map(|it| it.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, it| (hash ^ u64::from(it)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn a_folder_is_made_whole_and_once_and_a_failure_is_remembered() {
        let folder = tempfile::tempdir().expect("the system gives one");
        let (installations, made) = (Installations::default(), AtomicU32::new(0));
        let (good, bad) = (folder.path().join("sdk/good"), folder.path().join("sdk/bad"));
        for _ in 0..2 {
            let make = |partial: PathBuf| {
                made.fetch_add(1, Ordering::SeqCst);
                async move { fs::write(partial.join("file"), "whole").map_err(|it| it.to_string()) }
            };
            installations.once(&good, make).await.expect("it can be made");
        }
        assert_eq!(fs::read_to_string(good.join("file")).expect("it was moved"), "whole");
        for _ in 0..2 {
            let make = |_| {
                made.fetch_add(1, Ordering::SeqCst);
                async { Err("no network".to_owned()) }
            };
            assert_eq!(installations.once(&bad, make).await, Err("no network".to_owned()));
        }
        assert!(!bad.exists());
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }
}

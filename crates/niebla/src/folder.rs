//! The data folder: what lies where, and how all of it is replaced at once.
//!
//! ```text
//! niebla.json       the running server's record (instance.rs)
//! niebla.log        what a server in the background logs
//! store/            everything that is kept
//! store.loaded/     a snapshot that is whole and waits to become the store
//! store.discarded/  an old store on its way out
//! ```

use crate::failure::{Failure, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use store::{Existing, OpenError, Options, Store};

/// Opens the store of a folder that this process has claimed.
pub fn open(data_dir: &Path) -> Result<Store> {
    settle(data_dir)?;
    Store::open(&store(data_dir), Options::default()).map_err(|error| explained(data_dir, error))
}

/// Unpacks a snapshot beside the store. Nothing else is touched.
pub fn load(data_dir: &Path, snapshot: &Path) -> Result<()> {
    Store::load(snapshot, &loaded(data_dir), Existing::Replace).map_err(|error| {
        Failure::new(format!("{} cannot be loaded: {error}", snapshot.display()))
            .next("Nothing has been changed. Name a file that `niebla snapshot save` wrote.")
    })
}

/// Puts what [`load`] unpacked in the place of the store, which must be closed.
pub fn swap(data_dir: &Path) -> Result<()> {
    discard(data_dir)?;
    settle(data_dir)
}

/// Deletes everything that is kept. The store must be closed.
pub fn empty(data_dir: &Path) -> Result<()> {
    remove(&loaded(data_dir))?;
    discard(data_dir)?;
    settle(data_dir)
}

pub fn log(data_dir: &Path) -> PathBuf {
    data_dir.join("niebla.log")
}

fn discard(data_dir: &Path) -> Result<()> {
    remove(&discarded(data_dir))?;
    rename(&store(data_dir), &discarded(data_dir))
}

/// Finishes what a crash interrupted. Where there is no store, a snapshot that was loaded becomes it: the store is only
/// moved away when the snapshot is to take its place, or when everything is to be deleted and no snapshot waits.
fn settle(data_dir: &Path) -> Result<()> {
    if store(data_dir).exists() {
        remove(&loaded(data_dir))?;
    } else {
        rename(&loaded(data_dir), &store(data_dir))?;
    }
    remove(&discarded(data_dir))
}

fn store(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

fn loaded(data_dir: &Path) -> PathBuf {
    data_dir.join("store.loaded")
}

fn discarded(data_dir: &Path) -> PathBuf {
    data_dir.join("store.discarded")
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::file("move", from, &error)),
        _ => Ok(()),
    }
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::file("delete", folder, &error)),
        _ => Ok(()),
    }
}

/// What the store says, and what to do about it.
pub fn explained(data_dir: &Path, error: OpenError) -> Failure {
    let failure = Failure::new(format!("the data folder {} cannot be used: {error}", data_dir.display()));
    match error {
        OpenError::Locked { .. } => failure.next("Stop that process, or name another folder with --data-dir."),
        OpenError::NewerFormat { .. } => failure.next("Use the Niebla that wrote it, or name another folder with --data-dir."),
        OpenError::Damaged { .. } | OpenError::NotEmpty { .. } => failure.next(
            "Nothing has been changed. Name another folder with --data-dir, load a snapshot, or begin anew with `niebla reset`.",
        ),
        OpenError::Io { .. } => failure.next("Nothing has been changed. Name another folder with --data-dir."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lies in the folder, by name, with the text of `mark` in it.
    fn layout(data_dir: &Path) -> Vec<(String, String)> {
        let mut found: Vec<_> = std::fs::read_dir(data_dir)
            .unwrap()
            .map(|it| it.unwrap().path())
            .map(|it| {
                (it.file_name().unwrap().display().to_string(), std::fs::read_to_string(it.join("mark")).unwrap())
            })
            .collect();
        found.sort();
        found
    }

    #[test]
    fn what_a_crash_interrupted_is_finished() {
        for (before, after) in [
            (&[][..], &[][..]),
            (&["store"], &["store"]),
            (&["store", "store.loaded"], &["store"]),
            (&["store.discarded", "store.loaded"], &["store.loaded"]),
            (&["store", "store.discarded"], &["store"]),
            (&["store.discarded"], &[]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for name in before {
                std::fs::create_dir(folder.path().join(name)).unwrap();
                std::fs::write(folder.path().join(name).join("mark"), name).unwrap();
            }
            settle(folder.path()).unwrap();
            let expected: Vec<_> = after.iter().map(|it| ("store".to_owned(), (*it).to_owned())).collect();
            assert_eq!(layout(folder.path()), expected, "{before:?}");
        }
    }

    #[test]
    fn a_snapshot_that_is_none_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        let file = folder.path().join("snapshot");
        std::fs::write(&file, "not a snapshot").unwrap();
        let failure = load(folder.path(), &file).unwrap_err();
        assert!(failure.what().contains(&file.display().to_string()), "{failure}");
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        std::fs::write(folder.path().join("store/format"), "niebla store 999\n").unwrap();
        let failure = open(folder.path()).err().expect("the format is newer");
        assert!(failure.what().contains("999"), "{failure}");
        assert!(failure.advice().is_some());
    }
}

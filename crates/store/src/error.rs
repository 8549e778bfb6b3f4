//! What can go wrong.

use crate::key::MAX_KEY_BYTES;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a write was not carried out. In every case none of its changes is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// A key, with its table and place, is longer than [`MAX_KEY_BYTES`].
    KeyTooLong { bytes: usize },
    /// The disk, or the room reserved for the rows, is full. Nothing is lost, and writes go on once there is room.
    Full,
    /// A commit failed in a way that leaves unknown what the disk holds. Until a restart nothing is acknowledged any more.
    Failed(String),
    /// The caller's closure panicked; other calls are not touched.
    Panicked(String),
    /// A blob was named that does not exist, or that has been collected.
    UnknownBlob(String),
    /// The store was closed before the call was carried out.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::KeyTooLong { bytes } => write!(f, "a key of {bytes} bytes is longer than {MAX_KEY_BYTES}"),
            StoreError::Full => f.write_str("there is no room left on the disk that holds the data folder"),
            StoreError::Failed(why) => write!(f, "a commit failed, nothing is written until a restart: {why}"),
            StoreError::Panicked(why) => write!(f, "the call panicked: {why}"),
            StoreError::UnknownBlob(id) => write!(f, "there is no blob {id}"),
            StoreError::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Why a store could not be opened, saved or loaded. Nothing that was there has been overwritten.
#[derive(Debug)]
pub enum OpenError {
    /// Another live process owns the data folder. `pid` is 0 if it has not yet said who it is.
    Locked { pid: u32 },
    /// The data was written by a newer version.
    NewerFormat { found: u32, known: u32 },
    /// Something cannot be read as what it should be.
    Damaged { what: String },
    /// The folder to load into holds something already.
    NotEmpty { folder: PathBuf },
    /// The system refused: no permission, no such folder, no room.
    Io { doing: String, error: io::Error },
}

impl OpenError {
    pub(crate) fn damaged(what: impl Into<String>) -> OpenError {
        OpenError::Damaged { what: what.into() }
    }

    pub(crate) fn io(doing: impl Into<String>, error: io::Error) -> OpenError {
        OpenError::Io { doing: doing.into(), error }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Locked { pid: 0 } => f.write_str("the data folder is in use by another process"),
            OpenError::Locked { pid } => write!(f, "the data folder is in use by process {pid}"),
            OpenError::NewerFormat { found, known } => {
                write!(f, "the data has format {found}, this version knows formats up to {known}: use a newer version")
            }
            OpenError::Damaged { what } => write!(f, "the data is damaged: {what}"),
            OpenError::NotEmpty { folder } => write!(f, "the folder {} is not empty", folder.display()),
            OpenError::Io { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

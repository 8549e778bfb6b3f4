//! Engines: what keeps the rows.

mod faulty;
mod lmdb;
mod memory;

pub use faulty::{Disk, Fault, Faulty};
pub use lmdb::{Lmdb, MAP_BYTES};
pub use memory::Memory;

use crate::span::Direction;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

/// The changes of one commit, in key order.
pub type Changes = BTreeMap<Arc<[u8]>, Change>;

/// What becomes of one key.
#[derive(Clone, Debug)]
pub struct Change {
    /// The new value; `None` deletes the row.
    pub value: Option<Vec<u8>>,
    /// The number of the transaction that wrote it last.
    pub(crate) writer: u64,
}

/// Keeps rows: byte strings in the order of their keys. Keys are 1 to [`crate::MAX_KEY_BYTES`] long.
pub trait Engine: Send + Sync {
    /// The rows as of the last commit. Snapshots are cheap and short-lived.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError>;
    /// Carries out all changes or none, and returns when they are durable. Called by one thread at a time.
    fn apply(&self, changes: &Changes) -> Result<(), EngineError>;
    /// Deletes all rows, durably. Called by the thread that applies.
    fn clear(&self) -> Result<(), EngineError>;
    /// The bytes that the rows take on disk, or in memory.
    fn bytes(&self) -> u64;
}

/// The rows at one moment.
pub trait Snapshot: Send {
    fn get(&self, key: &[u8]) -> Option<&[u8]>;
    fn range<'s>(&'s self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, direction: Direction) -> Rows<'s>;
}

/// Keys and values.
pub type Rows<'s> = Box<dyn Iterator<Item = (&'s [u8], &'s [u8])> + 's>;

/// Why a commit did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// No room. Nothing has changed, and the engine can go on.
    Full,
    /// The state on the disk is unknown: the engine must not be written to again.
    Failed(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Full => f.write_str("no room left"),
            EngineError::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for EngineError {}

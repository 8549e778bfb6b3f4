//! The engine that forgets: for tests, simulation and `--ephemeral`.
//!
//! Rows stand in sorted leaves, and leaves in a list. A snapshot shares both; a commit copies the list if a snapshot still
//! holds it, and the leaves that it changes.

use super::{Changes, Engine, EngineError, Rows, Snapshot};
use crate::span::Direction;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

/// Rows in a leaf before it is split: copying one stays cheap, and the list of a million rows short.
const LEAF_ROWS: usize = 128;

type Row = (Arc<[u8]>, Arc<[u8]>);
type Leaves = Vec<Arc<Vec<Row>>>;

/// Rows in memory.
#[derive(Default)]
pub struct Memory {
    /// No leaf is empty.
    leaves: Mutex<Arc<Leaves>>,
}

impl Memory {
    pub fn new() -> Memory {
        Memory::default()
    }

    fn leaves(&self) -> MutexGuard<'_, Arc<Leaves>> {
        self.leaves.lock().unwrap_or_else(|it| it.into_inner())
    }
}

impl Engine for Memory {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        Ok(Box::new(MemorySnapshot(self.leaves().clone())))
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        let mut leaves = self.leaves();
        let leaves = Arc::make_mut(&mut leaves);
        for (key, change) in changes {
            match &change.value {
                Some(value) => put(leaves, key, value),
                None => delete(leaves, key),
            }
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), EngineError> {
        *self.leaves() = Arc::default();
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let leaves = self.leaves().clone();
        leaves.iter().flat_map(|leaf| leaf.iter()).map(|(key, value)| (key.len() + value.len()) as u64).sum()
    }
}

fn put(leaves: &mut Leaves, key: &Arc<[u8]>, value: &[u8]) {
    let value: Arc<[u8]> = value.into();
    if leaves.is_empty() {
        leaves.push(Arc::new(vec![(key.clone(), value)]));
        return;
    }
    let at = leaf_of(leaves, key);
    let leaf = Arc::make_mut(&mut leaves[at]);
    match find(leaf, key) {
        Ok(row) => leaf[row].1 = value,
        Err(row) => leaf.insert(row, (key.clone(), value)),
    }
    if leaf.len() > LEAF_ROWS {
        // Keys that only grow fill their leaves when the last row starts the new leaf alone.
        let split = if at + 1 == leaves.len() { LEAF_ROWS } else { LEAF_ROWS / 2 };
        let tail = Arc::make_mut(&mut leaves[at]).split_off(split);
        leaves.insert(at + 1, Arc::new(tail));
    }
}

fn delete(leaves: &mut Leaves, key: &[u8]) {
    if leaves.is_empty() {
        return;
    }
    let at = leaf_of(leaves, key);
    let Ok(row) = find(&leaves[at], key) else { return };
    if leaves[at].len() == 1 {
        leaves.remove(at);
    } else {
        Arc::make_mut(&mut leaves[at]).remove(row);
    }
}

/// The leaf that holds the key or would: the last one that does not begin after it.
fn leaf_of(leaves: &Leaves, key: &[u8]) -> usize {
    leaves.partition_point(|leaf| *leaf[0].0 <= *key).saturating_sub(1)
}

fn find(leaf: &[Row], key: &[u8]) -> Result<usize, usize> {
    leaf.binary_search_by(|row| (*row.0).cmp(key))
}

struct MemorySnapshot(Arc<Leaves>);

impl MemorySnapshot {
    /// The place (leaf, row) of the first row for which `before` no longer holds.
    fn first_not(&self, before: impl Fn(&[u8]) -> bool) -> (usize, usize) {
        let leaf = self.0.partition_point(|leaf| before(&leaf[0].0)).saturating_sub(1);
        match self.0.get(leaf) {
            Some(rows) => (leaf, rows.partition_point(|row| before(&row.0))),
            None => (0, 0),
        }
    }
}

impl Snapshot for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let leaf = self.0.get(leaf_of(&self.0, key))?;
        find(leaf, key).ok().map(|row| &*leaf[row].1)
    }

    fn range<'s>(&'s self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, direction: Direction) -> Rows<'s> {
        let from = match lower {
            Bound::Included(bound) => self.first_not(|key| key < bound),
            Bound::Excluded(bound) => self.first_not(|key| key <= bound),
            Bound::Unbounded => (0, 0),
        };
        let to = match upper {
            Bound::Included(bound) => self.first_not(|key| key <= bound),
            Bound::Excluded(bound) => self.first_not(|key| key < bound),
            Bound::Unbounded => (self.0.len(), 0),
        };
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let rows = (from.0..=to.0.min(self.0.len() - 1)).flat_map(move |at| {
            let leaf = &self.0[at];
            let start = if at == from.0 { from.1 } else { 0 };
            let end = if at == to.0 { to.1 } else { leaf.len() };
            leaf[start..end].iter().map(|(key, value)| (&**key, &**value))
        });
        match direction {
            Direction::Forward => Box::new(rows),
            Direction::Backward => Box::new(rows.rev()),
        }
    }
}

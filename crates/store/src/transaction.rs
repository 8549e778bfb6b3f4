//! Transactions: a reader that can write, and take back what it wrote.
//!
//! The changes of all transactions of a commit stand in one map. Each write notes in the journal what it replaced, so a
//! savepoint is a position in the journal, and rolling back is replaying it backwards.

use crate::blob::Fresh;
use crate::engine::{Change, Changes};
use crate::error::StoreError;
use crate::key::{Key, MAX_KEY_BYTES};
use crate::reader::Reader;
use crate::record;
use crate::table::{NAMES_ID, Place, Table};
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

/// Reads and writes on one moment's rows, alone: transactions run one after the other.
pub struct Transaction {
    reader: Reader,
    journal: Vec<Undo>,
    /// What the changes take in memory, roughly.
    bytes: usize,
    /// The tables whose names are on disk.
    named: Arc<BTreeSet<u32>>,
    pub(crate) fresh: Arc<Fresh>,
}

/// A moment within a transaction. They nest: rolling back to one forgets those taken after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Savepoint {
    position: usize,
    transaction: u64,
}

struct Undo {
    key: Arc<[u8]>,
    previous: Option<Change>,
}

/// What a change takes besides its key and value.
const CHANGE_BYTES: usize = 64;

impl Transaction {
    pub(crate) fn new(reader: Reader, fresh: Arc<Fresh>) -> Transaction {
        Transaction { reader, journal: Vec::new(), bytes: 0, named: Arc::default(), fresh }
    }

    /// Writes a row, over the one that was there.
    ///
    /// # Errors
    /// [`StoreError::KeyTooLong`]; nothing is written then.
    pub fn put<V: Serialize>(
        &mut self,
        table: &Table<V>,
        place: Place<'_>,
        key: &(impl Key + ?Sized),
        value: &V,
    ) -> Result<(), StoreError> {
        self.put_name(table);
        let key: Arc<[u8]> = self.reader.with_key(table, place, key, |key| Arc::from(key));
        if key.len() > MAX_KEY_BYTES {
            return Err(StoreError::KeyTooLong { bytes: key.len() });
        }
        self.change(key, Some(record::encode(value)));
        Ok(())
    }

    /// Removes a row if it is there.
    pub fn delete<V>(&mut self, table: &Table<V>, place: Place<'_>, key: &(impl Key + ?Sized)) {
        let key: Arc<[u8]> = self.reader.with_key(table, place, key, |key| Arc::from(key));
        if key.len() <= MAX_KEY_BYTES {
            self.change(key, None);
        }
    }

    /// Removes a row and returns it.
    pub fn take<V: serde::de::DeserializeOwned>(
        &mut self,
        table: &Table<V>,
        place: Place<'_>,
        key: &(impl Key + ?Sized),
    ) -> Option<V> {
        let it = self.get(table, place, key)?;
        self.delete(table, place, key);
        Some(it)
    }

    /// A moment to which [`Transaction::rollback_to`] can return.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint { position: self.journal.len(), transaction: self.reader.seen }
    }

    /// Takes back everything written since the savepoint, which stays valid.
    ///
    /// # Panics
    /// If the savepoint is not of this transaction, or was itself rolled back.
    pub fn rollback_to(&mut self, savepoint: Savepoint) {
        assert_eq!(savepoint.transaction, self.reader.seen, "the savepoint is of another transaction");
        assert!(savepoint.position <= self.journal.len(), "the savepoint was rolled back");
        while self.journal.len() > savepoint.position {
            let undo = self.journal.pop().expect("the journal is longer than the position");
            let undone = match undo.previous {
                Some(previous) => self.reader.changes.insert(undo.key, previous),
                None => self.reader.changes.remove(&undo.key),
            };
            debug_assert!(undone.is_some(), "a journaled key is in the changes");
        }
    }

    /// Gives a savepoint up: what was written since stays. Only for symmetry, a savepoint costs nothing.
    pub fn release(&mut self, savepoint: Savepoint) {
        assert_eq!(savepoint.transaction, self.reader.seen, "the savepoint is of another transaction");
    }

    /// Whether this transaction has written anything that it has not taken back.
    pub fn has_written(&self) -> bool {
        !self.journal.is_empty()
    }

    /// Starts the transaction with this number over the changes of those before it.
    pub(crate) fn begin(&mut self, number: u64) {
        self.journal.clear();
        self.reader.seen = number;
        self.reader.take_reads();
    }

    pub(crate) fn start(&self) -> Savepoint {
        Savepoint { position: 0, transaction: self.reader.seen }
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.reader.changes
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.reader.changes
    }

    pub(crate) fn set_named(&mut self, named: Arc<BTreeSet<u32>>) {
        self.named = named;
    }

    fn change(&mut self, key: Arc<[u8]>, value: Option<Vec<u8>>) {
        self.bytes += CHANGE_BYTES + key.len() + value.as_ref().map_or(0, Vec::len);
        let previous = self.reader.changes.insert(key.clone(), Change { value, writer: self.reader.seen });
        self.journal.push(Undo { key, previous });
    }

    /// Writes the table's name beside its number at its first row, for statistics and to notice a table renamed into
    /// another's number.
    fn put_name<V>(&mut self, table: &Table<V>) {
        let id = table.id();
        if self.named.contains(&id) {
            return;
        }
        let key = [NAMES_ID.to_be_bytes(), id.to_be_bytes()].concat();
        match self.reader.raw_get(&key) {
            Some(name) => assert!(name == table.name().as_bytes(), "{} has another table's number", table.name()),
            None => self.change(key.into(), Some(table.name().into())),
        }
    }
}

impl Deref for Transaction {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

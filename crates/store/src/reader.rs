//! Reading: what a transaction and a plain read have in common.

use crate::engine::{Changes, Snapshot};
use crate::key::{Key, KeyOwned};
use crate::record;
use crate::span::{Direction, Span};
use crate::table::{Place, Table};
use crate::watch::ReadSet;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// The rows at one moment, with the changes of the running transaction over them.
pub struct Reader {
    pub(crate) snapshot: Box<dyn Snapshot>,
    pub(crate) changes: Changes,
    /// The number of the last transaction whose changes are seen here.
    pub(crate) seen: u64,
    reads: RefCell<Option<ReadSet>>,
    /// Where keys are put together, so that a read need not allocate.
    scratch: Cell<Vec<u8>>,
}

impl Reader {
    pub(crate) fn new(snapshot: Box<dyn Snapshot>, seen: u64) -> Reader {
        let (changes, reads, scratch) = (Changes::new(), RefCell::new(None), Cell::new(Vec::with_capacity(128)));
        Reader { snapshot, changes, seen, reads, scratch }
    }

    /// The row, if there is one.
    pub fn get<V: DeserializeOwned>(&self, table: &Table<V>, place: Place<'_>, key: &(impl Key + ?Sized)) -> Option<V> {
        self.with_key(table, place, key, |key| self.raw_get(key).map(|bytes| record::decode(bytes, table.name())))
    }

    /// The row, shared with others who read the same: for records that are read by many calls and written by few.
    pub fn shared<V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        key: &(impl Key + ?Sized),
    ) -> Option<Arc<V>> {
        self.with_key(table, place, key, |key| self.raw_get(key).map(|bytes| table.decoded(key, bytes)))
    }

    /// Whether there is such a row.
    pub fn contains<V>(&self, table: &Table<V>, place: Place<'_>, key: &(impl Key + ?Sized)) -> bool {
        self.with_key(table, place, key, |key| self.raw_get(key).is_some())
    }

    /// At most `limit` rows of a span, in key order.
    pub fn range<K: KeyOwned, V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
        direction: Direction,
        limit: usize,
    ) -> Vec<(K, V)> {
        let mut rows = Vec::new();
        self.visit_up_to(table, place, span.into(), direction, limit, |key, value| {
            rows.push((decode_key(key, table.name()), record::decode(value, table.name())));
        });
        rows
    }

    /// The records alone, for tables whose records say what their keys are.
    pub fn values<V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
        direction: Direction,
        limit: usize,
    ) -> Vec<V> {
        let mut values = Vec::new();
        self.visit_up_to(table, place, span.into(), direction, limit, |_, value| {
            values.push(record::decode(value, table.name()));
        });
        values
    }

    /// At most `limit` keys of a span, in order. The records are not decoded.
    pub fn keys<K: KeyOwned, V>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
        direction: Direction,
        limit: usize,
    ) -> Vec<K> {
        let mut keys = Vec::new();
        self.visit_up_to(table, place, span.into(), direction, limit, |key, _| {
            keys.push(decode_key(key, table.name()));
        });
        keys
    }

    /// The row of a span with the smallest key.
    pub fn first<K: KeyOwned, V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
    ) -> Option<(K, V)> {
        self.range(table, place, span, Direction::Forward, 1).pop()
    }

    /// The row of a span with the largest key.
    pub fn last<K: KeyOwned, V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
    ) -> Option<(K, V)> {
        self.range(table, place, span, Direction::Backward, 1).pop()
    }

    /// Shows the keys (without table and place) and the encoded records of a span to `look`, until it breaks.
    pub fn visit<V>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
        direction: Direction,
        mut look: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) {
        let mut base = self.scratch.take();
        base.clear();
        table.prefix(place, &mut base);
        let (bounds, skip) = (span.into().bounds(&base), base.len());
        self.scratch.set(base);
        if let Some(reads) = &mut *self.reads.borrow_mut() {
            reads.add_prefix(bounds.common_prefix());
        }
        if bounds.is_empty() {
            return;
        }
        let (lower, upper) = (as_slices(&bounds.lower), as_slices(&bounds.upper));
        self.merge(lower, upper, direction, |key, value| look(&key[skip..], value));
    }

    /// Shows the records of a span to `look`, until it breaks.
    pub fn each<V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: impl Into<Span>,
        direction: Direction,
        mut look: impl FnMut(V) -> ControlFlow<()>,
    ) {
        self.visit(table, place, span, direction, |_, value| look(record::decode(value, table.name())));
    }

    /// All rows of a table in all places: (account, region, key, row). Account and region are empty where the table's
    /// scope has none. For starting up and for housekeeping.
    pub fn everywhere<K: KeyOwned, V: DeserializeOwned>(&self, table: &Table<V>) -> Vec<(String, String, K, V)> {
        let base = table.id().to_be_bytes();
        let bounds = Span::all().bounds(&base);
        if let Some(reads) = &mut *self.reads.borrow_mut() {
            reads.add_prefix(&base);
        }
        let mut rows = Vec::new();
        self.merge(as_slices(&bounds.lower), as_slices(&bounds.upper), Direction::Forward, |key, value| {
            let mut rest = &key[base.len()..];
            let (account, region) = table.take_place(&mut rest).unwrap_or_else(|| foreign_key(table.name()));
            rows.push((account, region, decode_key(rest, table.name()), record::decode(value, table.name())));
            ControlFlow::Continue(())
        });
        rows
    }

    /// From here on, notes what is read, for [`crate::Store::watch`].
    pub fn record_reads(&self) {
        *self.reads.borrow_mut() = Some(ReadSet::new(self.seen));
    }

    /// What has been read since [`Reader::record_reads`], which ends. Empty if it was not called.
    pub fn take_reads(&self) -> ReadSet {
        self.reads.borrow_mut().take().unwrap_or_else(|| ReadSet::new(self.seen))
    }

    /// Gives `then` the whole key. It may not read by key itself.
    pub(crate) fn with_key<V, R>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        key: &(impl Key + ?Sized),
        then: impl FnOnce(&[u8]) -> R,
    ) -> R {
        let mut whole = self.scratch.take();
        whole.clear();
        table.prefix(place, &mut whole);
        key.encode(&mut whole);
        let result = then(&whole);
        self.scratch.set(whole);
        result
    }

    pub(crate) fn raw_get(&self, key: &[u8]) -> Option<&[u8]> {
        if let Some(reads) = &mut *self.reads.borrow_mut() {
            reads.add_point(key);
        }
        match self.changes.get(key) {
            Some(change) => change.value.as_deref(),
            // No row has a key that is too long, and the engine need not be asked.
            None if key.len() > crate::MAX_KEY_BYTES => None,
            None => self.snapshot.get(key),
        }
    }

    fn visit_up_to<V>(
        &self,
        table: &Table<V>,
        place: Place<'_>,
        span: Span,
        direction: Direction,
        limit: usize,
        mut look: impl FnMut(&[u8], &[u8]),
    ) {
        let mut left = limit;
        if left == 0 {
            return;
        }
        self.visit(table, place, span, direction, |key, value| {
            look(key, value);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// Walks the snapshot and the changes over it as one. The bounds must not be empty or crossed.
    pub(crate) fn merge(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        direction: Direction,
        mut look: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) {
        let mut below = self.snapshot.range(lower, upper, direction).peekable();
        let above = self.changes.range::<[u8], _>((lower, upper));
        let above: &mut dyn Iterator<Item = _> = match direction {
            Direction::Forward => &mut { above },
            Direction::Backward => &mut above.rev(),
        };
        for (key, change) in above {
            // First what the snapshot has before this change, then the change in place of the snapshot's row.
            while let Some((old, value)) = below.next_if(|(old, _)| comes_before(old, key, direction)) {
                if look(old, value).is_break() {
                    return;
                }
            }
            let _replaced = below.next_if(|(old, _)| **old == **key);
            if let Some(value) = &change.value
                && look(key, value).is_break()
            {
                return;
            }
        }
        for (key, value) in below {
            if look(key, value).is_break() {
                return;
            }
        }
    }
}

fn comes_before(a: &[u8], b: &[u8], direction: Direction) -> bool {
    match direction {
        Direction::Forward => a < b,
        Direction::Backward => a > b,
    }
}

fn as_slices(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

fn decode_key<K: KeyOwned>(bytes: &[u8], table: &str) -> K {
    K::decode(bytes).unwrap_or_else(|| foreign_key(table))
}

fn foreign_key(table: &str) -> ! {
    panic!("a key of {table} was written as another type than it is read as")
}

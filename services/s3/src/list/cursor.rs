//! A walk over the rows of one bucket, which reads more at once the longer it goes straight on.

use super::Walk;
use crate::current::{OBJECTS, VERSIONS};
use crate::object::Object;
use crate::version::Version;
use kernel::Cx;
use std::collections::VecDeque;
use store::Span;

/// Where to go on.
#[derive(Clone, Debug)]
pub enum From {
    /// With the first row of this key, or of the next one.
    Key(Vec<u8>),
    /// Behind all rows of this key.
    After(Vec<u8>),
    /// Behind this row: (key, what follows it in the table's key).
    AfterRow(Vec<u8>, u64),
}

pub struct Row<V> {
    pub key: String,
    /// What follows the key in the table's key; 0 where nothing does.
    pub rest: u64,
    pub value: V,
}

/// Reads at most so many rows of a bucket.
type Read<V> = fn(&Cx, u64, &From, usize) -> Vec<Row<V>>;

pub struct Cursor<'c, 'k, V> {
    cx: &'c Cx<'k>,
    bucket: u64,
    read: Read<V>,
    ahead: VecDeque<Row<V>>,
    /// Where to read on. None: there is no more.
    next: Option<From>,
    batch: usize,
}

const FIRST_BATCH: usize = 2;
/// A page and the row behind it.
const LARGEST_BATCH: usize = super::MOST_KEYS + 1;

impl<'c, 'k, V> Cursor<'c, 'k, V> {
    pub fn new(cx: &'c Cx<'k>, bucket: u64, read: Read<V>, from: From) -> Self {
        Self { cx, bucket, read, ahead: VecDeque::new(), next: Some(from), batch: FIRST_BATCH }
    }

    fn fill(&mut self) {
        let Some(from) = self.next.take().filter(|_| self.ahead.is_empty()) else { return };
        self.ahead = (self.read)(self.cx, self.bucket, &from, self.batch).into();
        if self.ahead.len() == self.batch {
            self.next = self.ahead.back().map(|it| From::AfterRow(it.key.clone().into_bytes(), it.rest));
        }
        self.batch = (self.batch * 4).min(LARGEST_BATCH);
    }
}

impl<V> Walk for Cursor<'_, '_, V> {
    type Item = Row<V>;

    fn key(&mut self) -> Option<&str> {
        if self.ahead.is_empty() {
            self.fill();
        }
        self.ahead.front().map(|it| it.key.as_str())
    }

    fn take(&mut self) -> Row<V> {
        self.ahead.pop_front().expect("its key was just asked for")
    }

    fn seek(&mut self, from: From) {
        while self.ahead.front().is_some_and(|it| from.is_after(it)) {
            self.ahead.pop_front();
        }
        // What is ahead reaches as far as we read; only when all of it is passed do we jump.
        if self.ahead.is_empty() && self.next.is_some() {
            self.next = Some(from);
            self.batch = FIRST_BATCH;
        }
    }
}

impl From {
    fn is_after<V>(&self, row: &Row<V>) -> bool {
        match self {
            From::Key(key) => row.key.as_bytes() < key.as_slice(),
            From::After(key) => row.key.as_bytes() <= key.as_slice(),
            From::AfterRow(key, rest) => (row.key.as_bytes(), row.rest) <= (key.as_slice(), *rest),
        }
    }
}

pub fn read_objects(cx: &Cx, bucket: u64, from: &From, limit: usize) -> Vec<Row<Object>> {
    let span = Span::prefix(&bucket);
    let span = match from {
        From::Key(key) => span.from(&(bucket, key.as_slice())),
        From::After(key) | From::AfterRow(key, _) => span.after(&(bucket, key.as_slice())),
    };
    let rows = cx.rows::<(u64, String), Object>(&OBJECTS, span, limit).into_iter();
    rows.map(|((_, key), value)| Row { key, rest: 0, value }).collect()
}

pub fn read_versions(cx: &Cx, bucket: u64, from: &From, limit: usize) -> Vec<Row<Version>> {
    let rows = cx.rows::<(u64, String, u64), Version>(&VERSIONS, three_parts(bucket, from), limit).into_iter();
    rows.map(|((_, key, rest), value)| Row { key, rest, value }).collect()
}

/// The span of a table whose keys are (bucket, key, number).
pub fn three_parts(bucket: u64, from: &From) -> Span {
    let span = Span::prefix(&bucket);
    match from {
        From::Key(key) => span.from(&(bucket, key.as_slice(), 0u64)),
        From::After(key) => span.after(&(bucket, key.as_slice(), u64::MAX)),
        From::AfterRow(key, rest) => span.after(&(bucket, key.as_slice(), *rest)),
    }
}

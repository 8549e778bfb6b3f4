//! Spans: which keys of a table a range covers.

use crate::key::{Key, MAX_KEY_BYTES, put_beginning};
use std::ops::{Bound, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo};

/// The order in which a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// A set of neighbouring keys. `a..b` and its relatives convert into it: bounds may be whole keys or leading components.
#[derive(Clone, Debug)]
pub struct Span {
    /// What every key in the span begins with.
    under: Vec<u8>,
    lower: Bound<Vec<u8>>,
    upper: Bound<Vec<u8>>,
}

impl Span {
    /// All keys.
    pub fn all() -> Span {
        Span { under: Vec::new(), lower: Bound::Unbounded, upper: Bound::Unbounded }
    }

    /// The keys whose leading components are `prefix`.
    pub fn prefix<K: Key + ?Sized>(prefix: &K) -> Span {
        Span { under: prefix_bytes(prefix), lower: Bound::Unbounded, upper: Bound::Unbounded }
    }

    /// The keys whose leading components are `prefix` and whose next component is a text or byte string that begins with
    /// `beginning`, which must hold neither 0x00 nor 0x01 if that component is the key's last.
    pub fn beginning<K: Key + ?Sized>(prefix: &K, beginning: &[u8]) -> Span {
        let mut it = Span::prefix(prefix);
        put_beginning(beginning, &mut it.under);
        it
    }

    /// From this key on.
    pub fn from<K: Key + ?Sized>(mut self, key: &K) -> Span {
        self.lower = Bound::Included(key_bytes(key));
        self
    }

    /// After this whole key: where a page goes on.
    pub fn after<K: Key + ?Sized>(mut self, key: &K) -> Span {
        self.lower = Bound::Excluded(key_bytes(key));
        self
    }

    /// Up to this key, without it.
    pub fn before<K: Key + ?Sized>(mut self, key: &K) -> Span {
        self.upper = Bound::Excluded(key_bytes(key));
        self
    }

    /// Up to this whole key, with it.
    pub fn through<K: Key + ?Sized>(mut self, key: &K) -> Span {
        self.upper = Bound::Included(key_bytes(key));
        self
    }

    /// Up to the last key whose leading components are `prefix`.
    pub fn through_prefix<K: Key + ?Sized>(mut self, prefix: &K) -> Span {
        self.upper = end_of(prefix_bytes(prefix));
        self
    }

    /// The bounds in the engine's key space, for a table that begins with `base`.
    pub(crate) fn bounds(&self, base: &[u8]) -> Bounds {
        let under = [base, &self.under].concat();
        let lower = match &self.lower {
            Bound::Unbounded => Bound::Included(under.clone()),
            Bound::Included(it) => lower_bound(under.clone().max([base, it].concat()), Bound::Included),
            Bound::Excluded(it) => {
                let it = [base, it].concat();
                if it < under { Bound::Included(under.clone()) } else { lower_bound(it, Bound::Excluded) }
            }
        };
        let end = end_of(under.clone());
        let upper = match &self.upper {
            Bound::Unbounded => end,
            Bound::Included(it) => smaller(end, upper_bound([base, it].concat(), Bound::Included)),
            Bound::Excluded(it) => smaller(end, upper_bound([base, it].concat(), Bound::Excluded)),
        };
        Bounds { under, lower, upper }
    }
}

/// A span in the engine's key space.
pub(crate) struct Bounds {
    under: Vec<u8>,
    pub lower: Bound<Vec<u8>>,
    pub upper: Bound<Vec<u8>>,
}

impl Bounds {
    pub fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        }
    }

    /// What every key in the span begins with: what a watch has to look at.
    pub fn common_prefix(&self) -> &[u8] {
        match (&self.lower, &self.upper) {
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
                let common = common_length(a, b);
                if common > self.under.len() { &a[..common] } else { &self.under }
            }
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => &self.under,
        }
    }
}

pub(crate) fn common_length(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn key_bytes<K: Key + ?Sized>(key: &K) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    key.encode(&mut out);
    out
}

fn prefix_bytes<K: Key + ?Sized>(key: &K) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    key.encode_prefix(&mut out);
    out
}

/// The bound above all keys that begin with `prefix`.
fn end_of(mut prefix: Vec<u8>) -> Bound<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Bound::Excluded(prefix);
        }
    }
    Bound::Unbounded
}

/// No stored key is longer than the limit, so a longer bound may be cut there: keys not above the cut are below the bound.
fn lower_bound(mut key: Vec<u8>, kind: fn(Vec<u8>) -> Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    if key.len() <= MAX_KEY_BYTES {
        return kind(key);
    }
    key.truncate(MAX_KEY_BYTES);
    Bound::Excluded(key)
}

fn upper_bound(mut key: Vec<u8>, kind: fn(Vec<u8>) -> Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    if key.len() <= MAX_KEY_BYTES {
        return kind(key);
    }
    key.truncate(MAX_KEY_BYTES);
    Bound::Included(key)
}

fn smaller(end: Bound<Vec<u8>>, given: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    match (&end, &given) {
        (Bound::Excluded(a), Bound::Included(b)) if a <= b => end,
        (Bound::Excluded(a), Bound::Excluded(b)) if a < b => end,
        _ => given,
    }
}

impl From<RangeFull> for Span {
    fn from(_: RangeFull) -> Span {
        Span::all()
    }
}

impl<K: Key> From<Range<K>> for Span {
    fn from(it: Range<K>) -> Span {
        Span::all().from(&it.start).before(&it.end)
    }
}

impl<K: Key> From<RangeInclusive<K>> for Span {
    fn from(it: RangeInclusive<K>) -> Span {
        Span::all().from(it.start()).through(it.end())
    }
}

impl<K: Key> From<RangeFrom<K>> for Span {
    fn from(it: RangeFrom<K>) -> Span {
        Span::all().from(&it.start)
    }
}

impl<K: Key> From<RangeTo<K>> for Span {
    fn from(it: RangeTo<K>) -> Span {
        Span::all().before(&it.end)
    }
}

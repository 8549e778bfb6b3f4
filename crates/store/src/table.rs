//! Tables: a name, a scope and the type of the records.

use crate::decoded::Decoded;
use crate::key::{Part, PartOwned};
use crate::record;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Where a table's rows live: the prefix is added by the store, so that no service can forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One set of rows for each account and region.
    Regional,
    /// One set of rows for each account.
    Account,
    /// One set of rows.
    Partition,
}

/// The account (12 digits) and region (`eu-west-1`) that a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    pub account: &'a str,
    pub region: &'a str,
}

impl Place<'static> {
    /// For tables of the whole partition, which ask for neither.
    pub const PARTITION: Place<'static> = Place { account: "", region: "" };
}

/// A table of `V`. Declare it as a `static`; say what its key is in a comment.
///
/// Rows are found by the number that [`Table::id`] makes of the name, so a name must never change once it has rows.
pub struct Table<V> {
    name: &'static str,
    scope: Scope,
    id: u32,
    checked: AtomicBool,
    record: PhantomData<fn() -> V>,
    decoded: Decoded<V>,
}

impl<V> Table<V> {
    pub const fn regional(name: &'static str) -> Table<V> {
        Table::new(name, Scope::Regional)
    }

    pub const fn account(name: &'static str) -> Table<V> {
        Table::new(name, Scope::Account)
    }

    pub const fn partition(name: &'static str) -> Table<V> {
        Table::new(name, Scope::Partition)
    }

    const fn new(name: &'static str, scope: Scope) -> Table<V> {
        let id = hash(name);
        Table { name, scope, id, checked: AtomicBool::new(false), record: PhantomData, decoded: Decoded::new() }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The first four bytes of the table's keys: a hash of the name.
    ///
    /// # Panics
    /// If another table of this program has the same hash: a programmer's error, seen at the first use.
    pub fn id(&self) -> u32 {
        if !self.checked.load(Ordering::Relaxed) {
            self.check();
        }
        self.id
    }

    /// Appends what all keys of this table in this place begin with.
    pub(crate) fn prefix(&self, place: Place<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id().to_be_bytes());
        match self.scope {
            Scope::Regional => {
                place.account.put(out);
                place.region.put(out);
            }
            Scope::Account => place.account.put(out),
            Scope::Partition => {}
        }
    }

    /// Takes the account and region off the front of a key that follows the table's number.
    pub(crate) fn take_place(&self, key: &mut &[u8]) -> Option<(String, String)> {
        Some(match self.scope {
            Scope::Regional => (String::take(key)?, String::take(key)?),
            Scope::Account => (String::take(key)?, String::new()),
            Scope::Partition => (String::new(), String::new()),
        })
    }

    /// The record of these bytes, which are those of the row `key` at some moment. Who asked for the same bytes before
    /// has decoded them.
    pub(crate) fn decoded(&self, key: &[u8], bytes: &[u8]) -> Arc<V>
    where
        V: DeserializeOwned,
    {
        self.decoded.get(key, bytes).unwrap_or_else(|| {
            let record = Arc::new(record::decode(bytes, self.name));
            self.decoded.put(key, bytes, &record);
            record
        })
    }

    #[cold]
    fn check(&self) {
        static NAMES: Mutex<BTreeMap<u32, &'static str>> = Mutex::new(BTreeMap::new());
        let other = *NAMES.lock().unwrap_or_else(|it| it.into_inner()).entry(self.id).or_insert(self.name);
        assert!(other == self.name, "the tables {other:?} and {:?} have the same number: rename one", self.name);
        self.checked.store(true, Ordering::Relaxed);
    }
}

/// The table of the tables' names, which [`hash`] never gives.
pub(crate) const NAMES_ID: u32 = 0;

/// FNV-1a: good enough for a few hundred names, and `const`.
const fn hash(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    if hash == NAMES_ID { 1 } else { hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(table: &Table<u8>, account: &str, region: &str) -> Vec<u8> {
        let mut out = Vec::new();
        table.prefix(Place { account, region }, &mut out);
        out
    }

    #[test]
    fn the_scope_says_which_places_share_rows() {
        static REGIONAL: Table<u8> = Table::regional("test.regional");
        static ACCOUNT: Table<u8> = Table::account("test.account");
        static PARTITION: Table<u8> = Table::partition("test.partition");
        assert_ne!(prefix(&REGIONAL, "1", "a"), prefix(&REGIONAL, "1", "b"));
        assert_eq!(prefix(&ACCOUNT, "1", "a"), prefix(&ACCOUNT, "1", "b"));
        assert_ne!(prefix(&ACCOUNT, "1", "a"), prefix(&ACCOUNT, "2", "a"));
        assert_eq!(prefix(&PARTITION, "1", "a"), prefix(&PARTITION, "2", "b"));
    }

    #[test]
    #[should_panic(expected = "rename one")]
    fn two_names_with_one_number_are_refused() {
        // FNV-1a's shortest known pairs of colliding words.
        static ONE: Table<u8> = Table::partition("costarring");
        static OTHER: Table<u8> = Table::partition("liquid");
        ONE.id();
        OTHER.id();
    }
}

//! What takes longer than a request: the rows of tables and indexes that are gone, and those of an index that is new.

use crate::change::{self, COLLECTIONS, COUNTERS, INDEXED, ITEMS};
use crate::history::{BEFORE, CHANGES, TICKS};
use crate::schema::{SCHEMAS, Schema};
use crate::ttl::{ASKED, EXPIRING};
use items::packed::Packed;
use kernel::{Cx, Job};
use model::Result;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use store::{Direction, Key, KeyOwned, Span, Table};

/// Deletes what was kept under a number that no table or index has any more.
pub static SWEEP: Job<u64> = Job::new("dynamodb.sweep");
/// Gives a new index its rows.
pub static BACKFILL: Job<Backfill> = Job::new("dynamodb.backfill");

#[derive(Serialize, Deserialize)]
pub struct Backfill {
    table: String,
    index: u64,
    /// After this item: (hash, sort key).
    after: Option<(u128, Vec<u8>)>,
}

/// Rows in one transaction, so that no other call waits long; and bytes, for items may be large.
const PAGE: usize = 500;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

pub fn abandon(cx: &mut Cx, number: u64) {
    cx.delete(&COUNTERS, &number);
    cx.delete(&ASKED, &number);
    cx.delete(&TICKS, &number);
    cx.at(cx.now(), &SWEEP, &number);
}

/// A page of each table at a time, until they are all empty.
pub fn run(cx: &mut Cx, number: u64) -> Result<()> {
    let most = [
        clear::<(u64, u128, Vec<u8>), _>(cx, &ITEMS, number),
        clear::<(u64, u128, Vec<u8>), _>(cx, &INDEXED, number),
        clear::<(u64, u128), _>(cx, &COLLECTIONS, number),
        clear::<(u64, i64, u128, Vec<u8>), _>(cx, &EXPIRING, number),
        clear::<(u64, u128, Vec<u8>), _>(cx, &BEFORE, number),
        clear::<(u64, u64), _>(cx, &CHANGES, number),
    ];
    if most.contains(&PAGE) {
        cx.at(cx.now(), &SWEEP, &number);
    }
    Ok(())
}

/// How many rows it deleted.
fn clear<K: Key + KeyOwned, V>(cx: &mut Cx, table: &Table<V>, number: u64) -> usize {
    let keys: Vec<K> = cx.keys(table, Span::prefix(&number), PAGE);
    for key in &keys {
        cx.delete(table, key);
    }
    keys.len()
}

pub fn backfill_later(cx: &mut Cx, schema: &Schema, index: u64) {
    cx.at(cx.now(), &BACKFILL, &Backfill { table: schema.name.clone(), index, after: None });
}

/// A page of items. Those that change meanwhile are indexed as they change.
pub fn backfill(cx: &mut Cx, it: Backfill) -> Result<()> {
    let Some(mut schema) = cx.get(&SCHEMAS, it.table.as_str()) else { return Ok(()) };
    let Some(at) = schema.indexes.iter().position(|index| index.number == it.index) else { return Ok(()) };
    let mut span = Span::prefix(&schema.number);
    if let Some((hash, sort)) = it.after {
        span = span.after(&(schema.number, hash, sort));
    }
    let (mut items, mut bytes, mut more) = (Vec::new(), 0, false);
    cx.visit(&ITEMS, span, Direction::Forward, |packed: Packed| {
        if items.len() == PAGE || bytes > PAGE_BYTES {
            more = true;
            return ControlFlow::Break(());
        }
        let item = packed.unpack();
        bytes += item.size();
        items.push(item);
        ControlFlow::Continue(())
    });
    for item in &items {
        change::backfill(cx, &schema, &schema.indexes[at], item);
    }
    let last = items.last().and_then(|item| crate::key::ItemKey::of(&schema.key, item));
    if let Some(last) = last.filter(|_| more) {
        cx.at(cx.now(), &BACKFILL, &Backfill { after: Some((last.hash, last.sort)), ..it });
        return Ok(());
    }
    schema.indexes[at].backfilling = false;
    cx.put(&SCHEMAS, it.table.as_str(), &schema);
    Ok(())
}

//! The one way by which an item changes, whoever changes it. It keeps the rows of indexes and what is counted in step
//! with the items; whatever is to learn of changes hooks in here.

use crate::history;
use crate::key::{self, ItemKey};
use crate::schema::{Index, Schema, Scope};
use crate::stream;
use crate::ttl;
use items::attribute::Document;
use items::packed::Packed;
use items::stream::Cause;
use kernel::Cx;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use store::Table;

/// Every item. Key: (table's number, hash of the partition key, sort key).
pub static ITEMS: Table<Packed> = Table::regional("dynamodb.item");
/// Where the items of an index are. Key: (index's number, hash of its partition key, its sort key and the item's teller).
pub static INDEXED: Table<ByteBuf> = Table::regional("dynamodb.indexed");
/// What a table or index holds. Key: its number.
pub static COUNTERS: Table<Counter> = Table::regional("dynamodb.counter");
/// Bytes under one partition key, for tables with local indexes alone. Key: (table's number, hash).
pub static COLLECTIONS: Table<u64> = Table::regional("dynamodb.collection");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    pub items: u64,
    pub bytes: u64,
}

/// An item and its rows in local indexes may have this much under one partition key. ("Item collections".)
const LARGEST_COLLECTION: u64 = 10 * 1024 * 1024 * 1024;

/// The item collection would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

pub fn read(cx: &Cx, schema: &Schema, key: &ItemKey) -> Option<Document> {
    cx.get(&ITEMS, &key.row(schema.number)).map(|it| it.unpack())
}

/// # Errors
/// The collection would become too large. Nothing is written then.
pub fn apply(
    cx: &mut Cx,
    schema: &Schema,
    key: &ItemKey,
    old: Option<&Document>,
    new: Option<&Document>,
    cause: Cause,
) -> Result<(), TooLarge> {
    if old == new {
        return Ok(());
    }
    if schema.has_locals() {
        note_collection(cx, schema, key, old, new)?;
    }
    history::note(cx, schema, key, old);
    match new {
        Some(item) => cx.put(&ITEMS, &key.row(schema.number), &Packed::new(item)),
        None => cx.delete(&ITEMS, &key.row(schema.number)),
    }
    count(cx, schema.number, old.map(Document::size), new.map(Document::size));
    for index in &schema.indexes {
        reindex(cx, schema, index, key, old, new);
    }
    ttl::note(cx, schema, key, old, new);
    stream::append(cx, schema, old, new, cause);
    Ok(())
}

/// Adds an item that was there before its index.
pub fn backfill(cx: &mut Cx, schema: &Schema, index: &Index, item: &Document) {
    let Some(key) = ItemKey::of(&schema.key, item) else { return };
    let Some(row) = key::index_row(index, item, &key) else { return };
    if !cx.has(&INDEXED, &row.row(index.number)) {
        cx.put(&INDEXED, &row.row(index.number), &key.pack());
        count(cx, index.number, None, Some(index.projected_size(schema, item)));
    }
}

fn reindex(cx: &mut Cx, schema: &Schema, index: &Index, key: &ItemKey, old: Option<&Document>, new: Option<&Document>) {
    let row = |it: Option<&Document>| it.and_then(|it| key::index_row(index, it, key));
    let (mut before, after) = (row(old), row(new));
    // The backfill may not have come to this item yet.
    if index.backfilling {
        before = before.filter(|it| cx.has(&INDEXED, &it.row(index.number)));
    }
    if before != after {
        if let Some(row) = &before {
            cx.delete(&INDEXED, &row.row(index.number));
        }
        if let Some(row) = &after {
            cx.put(&INDEXED, &row.row(index.number), &key.pack());
        }
    }
    let size = |it: Option<&Document>| it.map(|it| index.projected_size(schema, it));
    count(cx, index.number, before.and_then(|_| size(old)), after.and_then(|_| size(new)));
}

/// Sizes of what was there and of what is there now.
fn count(cx: &mut Cx, number: u64, old: Option<usize>, new: Option<usize>) {
    if old == new {
        return;
    }
    let mut counter = cx.get(&COUNTERS, &number).unwrap_or_default();
    counter.items = (counter.items + u64::from(new.is_some())).saturating_sub(u64::from(old.is_some()));
    counter.bytes = (counter.bytes + new.unwrap_or(0) as u64).saturating_sub(old.unwrap_or(0) as u64);
    cx.put(&COUNTERS, &number, &counter);
}

fn note_collection(
    cx: &mut Cx,
    schema: &Schema,
    key: &ItemKey,
    old: Option<&Document>,
    new: Option<&Document>,
) -> Result<(), TooLarge> {
    let size = |item: Option<&Document>| item.map_or(0, |it| collection_bytes(schema, it, key)) as u64;
    let row = (schema.number, key.hash);
    let (removed, added) = (size(old), size(new));
    let bytes = (cx.get(&COLLECTIONS, &row).unwrap_or(0) + added).saturating_sub(removed);
    if bytes > LARGEST_COLLECTION && added > removed {
        return Err(TooLarge);
    }
    if bytes == 0 {
        cx.delete(&COLLECTIONS, &row);
    } else {
        cx.put(&COLLECTIONS, &row, &bytes);
    }
    Ok(())
}

/// Of an item in its table and in the local indexes.
fn collection_bytes(schema: &Schema, item: &Document, key: &ItemKey) -> usize {
    let indexed =
        schema.indexes.iter().filter(|it| it.scope == Scope::Local && key::index_row(it, item, key).is_some());
    item.size() + indexed.map(|it| it.projected_size(schema, item)).sum::<usize>()
}

//! What items were before they changed, so that a table can be had as it was.
//!
//! Only a table that somebody may want back has a history: one with point-in-time recovery, and one that is being backed up
//! or restored from. Each change leaves the image before it under a *tick*: the milliseconds, and a count within them, so
//! that the changes of a table have one order. An item was at a tick what the first change after it found; what never
//! changed since is what it is. So a page of a table as it was costs what a page of it costs now, and stays the same however
//! often its items change meanwhile.

use crate::change::ITEMS;
use crate::key::ItemKey;
use crate::schema::{SCHEMAS, Schema, take_number};
use crate::settings::SETTINGS;
use crate::sweep;
use items::attribute::Document;
use items::packed::Packed;
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use store::{Span, Table};

/// Images. Key: (history's number, hash of the partition key, sort key and tick).
pub static BEFORE: Table<Before> = Table::regional("dynamodb.before");
/// Where they are, in the order of time. Key: (history's number, tick).
pub static CHANGES: Table<ByteBuf> = Table::regional("dynamodb.change");
/// The latest tick. Key: history's number.
pub static TICKS: Table<u64> = Table::regional("dynamodb.tick");
/// Who reads the items under a number and wants them to stay. Key: (their number, the reader's number).
static READERS: Table<()> = Table::regional("dynamodb.reader");
/// Deletes what is older than a table's history goes back.
pub static FORGET: Job<Forgetting> = Job::new("dynamodb.forget-changes");

#[derive(Serialize, Deserialize)]
pub struct Before {
    /// None if there was no item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Packed>,
}

#[derive(Serialize, Deserialize)]
pub struct Forgetting {
    table: String,
    history: u64,
}

/// A moment in the history of a table.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Moment {
    history: u64,
    /// Changes from this tick on came after it.
    tick: u64,
}

/// Part of the items under a number.
pub struct Page {
    pub items: Vec<(ItemKey, Document)>,
    /// The key with which it ended, unless it was the last page.
    pub last: Option<ItemKey>,
}

/// Rows in one transaction, and their bytes, so that no other call waits long.
const PAGE: usize = 200;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

const TICKS_PER_MS: u64 = 1 << 20;
const DAY_MS: i64 = 86_400_000;

/// A change that is about to be made.
pub fn note(cx: &mut Cx, schema: &Schema, key: &ItemKey, old: Option<&Document>) {
    let Some(history) = schema.history else { return };
    let tick = next_tick(cx, history);
    cx.put(&TICKS, &history, &tick);
    cx.put(&CHANGES, &(history, tick), &key.pack());
    cx.put(&BEFORE, &(history, key.hash, with_tick(key, tick)), &Before { image: old.map(Packed::new) });
}

fn next_tick(cx: &Cx, history: u64) -> u64 {
    let now = first_tick(cx.now().0);
    cx.get(&TICKS, &history).map_or(now, |last| now.max(last + 1))
}

fn first_tick(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0) * TICKS_PER_MS
}

/// Sort keys say where they end, so ticks of one item stand together, in their order.
fn with_tick(key: &ItemKey, tick: u64) -> Vec<u8> {
    [key.sort.as_slice(), &tick.to_be_bytes()].concat()
}

fn without_tick(hash: u128, mut sort: Vec<u8>) -> (ItemKey, u64) {
    let tick = sort.split_off(sort.len() - size_of::<u64>());
    let tick = u64::from_be_bytes(tick.try_into().expect("a tick has eight bytes"));
    (ItemKey { hash, sort }, tick)
}

/// After every change that was made, and before every one to come.
pub fn now(cx: &Cx, schema: &Schema) -> Option<Moment> {
    let history = schema.history?;
    Some(Moment { history, tick: next_tick(cx, history) })
}

/// The end of a millisecond: what changed in it has changed.
pub fn at(cx: &Cx, schema: &Schema, ms: i64) -> Option<Moment> {
    let now = now(cx, schema)?;
    Some(Moment { tick: first_tick(ms + 1).min(now.tick), ..now })
}

/// A table keeps its history as long as somebody may want it. Writes the table.
pub fn settle(cx: &mut Cx, schema: &mut Schema) {
    let is_recoverable = cx.get(&SETTINGS, &schema.number).is_some_and(|it| it.recovery.is_some());
    match schema.history {
        None if is_recoverable || is_read(cx, schema.number) => {
            let history = take_number(cx);
            schema.history = Some(history);
            ask(cx, &schema.name, history, cx.now().0 + DAY_MS);
        }
        Some(history) if !is_recoverable && !is_read(cx, schema.number) => {
            schema.history = None;
            sweep::abandon(cx, history);
        }
        None | Some(_) => {}
    }
    cx.put(&SCHEMAS, schema.name.as_str(), schema);
}

pub fn read_by(cx: &mut Cx, number: u64, reader: u64) {
    cx.put(&READERS, &(number, reader), &());
}

pub fn no_longer_read_by(cx: &mut Cx, number: u64, reader: u64) {
    cx.delete(&READERS, &(number, reader));
}

/// Whether somebody needs the items under a number.
pub fn is_read(cx: &Cx, number: u64) -> bool {
    !cx.keys::<(u64, u64), _>(&READERS, Span::prefix(&number), 1).is_empty()
}

/// The items under a number, as they are or as they were.
pub fn page(cx: &Cx, number: u64, past: Option<Moment>, after: Option<&ItemKey>) -> Page {
    let mut span = Span::prefix(&number);
    if let Some(after) = after {
        span = span.after(&after.row(number));
    }
    let rows: Vec<((u64, u128, Vec<u8>), Packed)> = cx.rows(&ITEMS, span, PAGE);
    let is_whole = rows.len() < PAGE;
    let mut present = rows.into_iter().map(|((_, hash, sort), it)| (ItemKey { hash, sort }, it)).peekable();
    let mut changed = past.and_then(|it| next_changed(cx, it, after));
    let (mut items, mut bytes, mut seen) = (Vec::new(), 0, 0);
    let mut last = after.cloned();
    loop {
        // Behind the last row of a page that is not whole, what changed may stand between rows that were not read.
        let ends = (present.peek().is_none() && !is_whole) || seen == PAGE || bytes > PAGE_BYTES;
        if ends {
            return Page { items, last };
        }
        let is_changed = match (present.peek(), &changed) {
            (None, None) => return Page { items, last: None },
            (Some((key, _)), Some((other, _))) => other <= key,
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        let (key, image) = if is_changed {
            let (key, before) = changed.take().expect("it was looked at");
            let there = present.next_if(|(it, _)| *it == key).map(|(_, it)| it);
            changed = past.and_then(|it| next_changed(cx, it, Some(&key)));
            (key, before.map_or(there, |it| it.image))
        } else {
            let (key, it) = present.next().expect("it was looked at");
            (key, Some(it))
        };
        seen += 1;
        last = Some(key.clone());
        if let Some(image) = image {
            let item = image.unpack();
            bytes += item.size();
            items.push((key, item));
        }
    }
}

/// The next item that ever changed, and what the first change after the moment found.
fn next_changed(cx: &Cx, past: Moment, after: Option<&ItemKey>) -> Option<(ItemKey, Option<Before>)> {
    let mut span = Span::prefix(&past.history);
    if let Some(after) = after {
        span = span.after(&(past.history, after.hash, with_tick(after, u64::MAX)));
    }
    let keys: Vec<(u64, u128, Vec<u8>)> = cx.keys(&BEFORE, span, 1);
    let (_, hash, sort) = keys.into_iter().next()?;
    let (key, _) = without_tick(hash, sort);
    let of_key = Span::prefix(&past.history).from(&(past.history, hash, with_tick(&key, past.tick))).through(&(
        past.history,
        hash,
        with_tick(&key, u64::MAX),
    ));
    let before = cx.range(&BEFORE, of_key, 1).into_iter().next();
    Some((key, before))
}

fn ask(cx: &mut Cx, table: &str, history: u64, due: i64) {
    cx.at(Timestamp(due), &FORGET, &Forgetting { table: table.to_owned(), history });
}

/// Once a day, and at once again as long as there is much.
pub fn forget(cx: &mut Cx, it: Forgetting) -> Result<()> {
    let schema = cx.get(&SCHEMAS, it.table.as_str()).filter(|schema| schema.history == Some(it.history));
    let Some(schema) = schema else { return Ok(()) };
    let now = cx.now().0;
    let days = cx.get(&SETTINGS, &schema.number).and_then(|it| it.recovery).map_or(LONGEST_DAYS, |it| it.days);
    let kept_since = first_tick(now - days * DAY_MS);
    let span = Span::prefix(&it.history).before(&(it.history, kept_since));
    let rows: Vec<((u64, u64), ByteBuf)> = cx.rows(&CHANGES, span, PAGE);
    let count = rows.len();
    for ((history, tick), place) in rows {
        let key = ItemKey::unpack(place);
        cx.delete(&CHANGES, &(history, tick));
        cx.delete(&BEFORE, &(history, key.hash, with_tick(&key, tick)));
    }
    ask(cx, &it.table, it.history, if count == PAGE { now } else { now + DAY_MS });
    Ok(())
}

/// Of point-in-time recovery.
pub const LONGEST_DAYS: i64 = 35;

/// How far back a table can be had that has had point-in-time recovery since then.
pub fn earliest(now: i64, since: i64, days: i64) -> i64 {
    since.max(now - days * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_the_order_of_keys_and_come_back() {
        let key = |sort: &[u8]| ItemKey { hash: 7, sort: sort.to_vec() };
        let (a, b) = (key(&[0; 8]), key(&[]));
        for it in [&a, &b] {
            let sort = with_tick(it, 5);
            assert!(sort < with_tick(it, 6));
            assert_eq!(without_tick(7, sort), (it.clone(), 5));
        }
    }
}

//! Time to live: items that are deleted when a time is over that they name themselves.
//!
//! AWS takes up to some days for that; here it happens in that second, as the clock goes.

use crate::change::{self, ITEMS};
use crate::failure::invalid;
use crate::key::ItemKey;
use crate::schema::{self, SCHEMAS, Schema};
use api::dynamodb::{
    DescribeTimeToLive, DescribeTimeToLiveOutput, TimeToLiveDescription, UpdateTimeToLive, UpdateTimeToLiveOutput,
};
use items::attribute::{Attribute, Document};
use items::packed::Packed;
use items::stream::Cause;
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use store::{Direction, Span, Table};

/// When items expire. Key: (table's number, seconds since 1970, hash of the partition key, sort key).
pub static EXPIRING: Table<()> = Table::regional("dynamodb.expiring");
/// When the next job for a table is due, in seconds. Key: the table's number.
pub static ASKED: Table<i64> = Table::regional("dynamodb.expiry-asked");
/// Deletes what has expired.
pub static EXPIRE: Job<Expiry> = Job::new("dynamodb.expire");
/// Looks at the items that were there before their table had a time to live.
pub static LOOK: Job<Look> = Job::new("dynamodb.look-for-expiry");

#[derive(Serialize, Deserialize)]
pub struct Expiry {
    table: String,
    number: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Look {
    table: String,
    number: u64,
    attribute: String,
    /// After this item: (hash, sort key).
    after: Option<(u128, Vec<u8>)>,
}

/// Rows in one transaction, so that no other call waits long.
const PAGE: usize = 300;
/// What says that it expired longer ago was not meant so. ("Using time to live (TTL) in DynamoDB": five years.)
const OLDEST_SECONDS: i64 = 5 * 365 * 86_400;

pub fn update(cx: &mut Cx, input: UpdateTimeToLive) -> Result<UpdateTimeToLiveOutput> {
    let mut schema = schema::by_name(cx, &input.table_name)?;
    let wanted = &input.time_to_live_specification;
    match (&schema.ttl, wanted.enabled) {
        (Some(name), _) if *name != wanted.attribute_name => {
            return Err(invalid(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {name}"
            ))
            .into());
        }
        (Some(_), true) => return Err(invalid("TimeToLive is already enabled").into()),
        (None, false) => return Err(invalid("TimeToLive is already disabled").into()),
        (None, true) => {
            schema.ttl = Some(wanted.attribute_name.clone());
            let (table, number, attribute) = (schema.name.clone(), schema.number, wanted.attribute_name.clone());
            cx.at(cx.now(), &LOOK, &Look { table, number, attribute, after: None });
        }
        // The rows of what would expire stay until the job finds that nobody wants it.
        (Some(_), false) => schema.ttl = None,
    }
    cx.put(&SCHEMAS, schema.name.as_str(), &schema);
    Ok(UpdateTimeToLiveOutput { time_to_live_specification: Some(input.time_to_live_specification) })
}

pub fn describe(cx: &Cx, input: DescribeTimeToLive) -> Result<DescribeTimeToLiveOutput> {
    let schema = schema::by_name(cx, &input.table_name)?;
    let status = if schema.ttl.is_some() { "ENABLED" } else { "DISABLED" };
    let described = TimeToLiveDescription { time_to_live_status: Some(status.to_owned()), attribute_name: schema.ttl };
    Ok(DescribeTimeToLiveOutput { time_to_live_description: Some(described) })
}

/// Keeps the rows in step with an item.
pub fn note(cx: &mut Cx, schema: &Schema, key: &ItemKey, old: Option<&Document>, new: Option<&Document>) {
    let Some(attribute) = &schema.ttl else { return };
    let time = |it: Option<&Document>| it.and_then(|it| expiry(cx, attribute, it));
    let (before, after) = (time(old), time(new));
    if before == after {
        return;
    }
    if let Some(time) = before {
        cx.delete(&EXPIRING, &(schema.number, time, key.hash, &key.sort));
    }
    if let Some(time) = after {
        cx.put(&EXPIRING, &(schema.number, time, key.hash, &key.sort), &());
        ask(cx, schema, time);
    }
}

/// In seconds since 1970. Whatever is no whole number has no meaning.
fn expiry(cx: &Cx, attribute: &str, item: &Document) -> Option<i64> {
    let Attribute::N(number) = item.get(attribute)? else { return None };
    let time = number.to_integer()?;
    let sensible = (cx.now().0 / 1_000 - OLDEST_SECONDS)..=i64::MAX / 1_000;
    sensible.contains(&time).then_some(time)
}

/// One job for a table, due when its first item expires.
fn ask(cx: &mut Cx, schema: &Schema, time: i64) {
    if cx.get(&ASKED, &schema.number).is_some_and(|it| it <= time) {
        return;
    }
    cx.put(&ASKED, &schema.number, &time);
    cx.at(Timestamp(time * 1_000), &EXPIRE, &Expiry { table: schema.name.clone(), number: schema.number });
}

pub fn expire(cx: &mut Cx, it: Expiry) -> Result<()> {
    let now = cx.now().0 / 1_000;
    let span = Span::prefix(&it.number).through_prefix(&(it.number, now));
    let due: Vec<(u64, i64, u128, Vec<u8>)> = cx.keys(&EXPIRING, span, PAGE);
    let schema = cx.get(&SCHEMAS, it.table.as_str()).filter(|schema| schema.number == it.number);
    for (number, time, hash, sort) in &due {
        cx.delete(&EXPIRING, &(*number, *time, *hash, sort));
        let key = ItemKey { hash: *hash, sort: sort.clone() };
        let Some(schema) = &schema else { continue };
        let Some(item) = change::read(cx, schema, &key) else { continue };
        // Its time to live may have been switched off, and even on again for another attribute.
        let still = schema.ttl.as_ref().and_then(|attribute| expiry(cx, attribute, &item));
        if still == Some(*time) {
            change::apply(cx, schema, &key, Some(&item), None, Cause::Expiry)
                .expect("a collection does not grow as items go");
        }
    }
    cx.delete(&ASKED, &it.number);
    let next: Vec<(u64, i64, u128, Vec<u8>)> = cx.keys(&EXPIRING, Span::prefix(&it.number), 1);
    if let (Some((_, time, ..)), Some(schema)) = (next.first(), &schema) {
        ask(cx, schema, *time);
    }
    Ok(())
}

/// A page of items. Those that change meanwhile are noted as they change.
pub fn look(cx: &mut Cx, it: Look) -> Result<()> {
    let schema = cx.get(&SCHEMAS, it.table.as_str());
    let Some(schema) = schema.filter(|schema| schema.number == it.number && schema.ttl.as_ref() == Some(&it.attribute))
    else {
        return Ok(());
    };
    let mut span = Span::prefix(&schema.number);
    if let Some((hash, sort)) = &it.after {
        span = span.after(&(schema.number, *hash, sort));
    }
    let mut items = Vec::new();
    cx.visit(&ITEMS, span, Direction::Forward, |packed: Packed| {
        items.push(packed.unpack());
        if items.len() == PAGE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    for item in &items {
        let Some(key) = ItemKey::of(&schema.key, item) else { continue };
        note(cx, &schema, &key, None, Some(item));
    }
    if let Some(last) = items.last().filter(|_| items.len() == PAGE).and_then(|item| ItemKey::of(&schema.key, item)) {
        cx.at(cx.now(), &LOOK, &Look { after: Some((last.hash, last.sort)), ..it });
    }
    Ok(())
}

//! Streams of a table: enabled, disabled, and written to. DynamoDB Streams reads them.

use crate::failure::{Invalid, invalid, invalid_value};
use crate::schema::{Schema, StreamOf, take_number};
use api::dynamodb::StreamSpecification;
use items::attribute::Document;
use items::packed::Packed;
use items::stream::{
    Cause, Kind, NEXT_SEQUENCES, RECORDS, RETENTION_MS, Record, SHARD_MS, STREAMS, Shard, Stream, View,
};
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Span;

/// Deletes what is older than a day; and the stream with its last record, once it was disabled.
pub static TRIM: Job<Trimming> = Job::new("dynamodb.trim-stream");

/// Closes the open shard and begins its child.
pub static ROTATE: Job<Trimming> = Job::new("dynamodb.rotate-shard");

#[derive(Serialize, Deserialize)]
pub struct Trimming {
    table: String,
    label: String,
}

/// Records deleted in one transaction, so that no other call waits long.
const PAGE: usize = 500;

/// What a request asks of a table's stream.
///
/// # Errors
/// A view without a stream, or a stream without one.
pub fn wanted(given: &StreamSpecification) -> Result<Option<View>, Invalid> {
    match (given.stream_enabled, given.stream_view_type.as_deref()) {
        (true, Some(name)) => Ok(View::named(name)),
        (true, None) => Err(invalid_value("StreamViewType must be specified when StreamEnabled is true")),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(invalid_value("StreamViewType cannot be specified when StreamEnabled is false")),
    }
}

/// # Errors
/// The table has one, or has none to be disabled.
pub fn change(cx: &mut Cx, schema: &mut Schema, view: Option<View>) -> Result<(), Invalid> {
    match (&schema.stream, view) {
        (Some(_), Some(_)) => Err(invalid(format!("Table already has an enabled stream: TableName: {}", schema.name))),
        (None, None) => Err(invalid(format!("Table has no stream to be disabled: TableName: {}", schema.name))),
        (None, Some(view)) => {
            enable(cx, schema, view);
            Ok(())
        }
        (Some(_), None) => {
            disable(cx, schema);
            Ok(())
        }
    }
}

pub fn enable(cx: &mut Cx, schema: &mut Schema, view: View) {
    let label = label(cx.now());
    let stream = Stream {
        table: schema.name.clone(),
        label: label.clone(),
        number: take_number(cx),
        view,
        hash: schema.key.hash.name.clone(),
        sort: schema.key.sort.as_ref().map(|it| it.name.clone()),
        created_at: cx.now().0,
        ended_at: None,
        oldest: 0,
        shards: vec![Shard { began_at: cx.now().0, first: 0, parent: None }],
    };
    cx.put(&STREAMS, &(&stream.table, &stream.label), &stream);
    let rotation = Trimming { table: stream.table.clone(), label: label.clone() };
    cx.at(Timestamp(cx.now().0 + SHARD_MS), &ROTATE, &rotation);
    schema.stream = Some(StreamOf { label, number: stream.number, view });
    ask(cx, &stream, cx.now().0);
}

/// Its records can be read for another day.
pub fn disable(cx: &mut Cx, schema: &mut Schema) {
    let Some(of) = schema.stream.take() else { return };
    let Some(mut stream) = cx.get(&STREAMS, &(&schema.name, &of.label)) else { return };
    stream.ended_at = Some(cx.now().0);
    cx.put(&STREAMS, &(&stream.table, &stream.label), &stream);
}

/// A change of an item, in the transaction that makes it.
pub fn append(cx: &mut Cx, schema: &Schema, old: Option<&Document>, new: Option<&Document>, cause: Cause) {
    let Some(StreamOf { number, view, .. }) = schema.stream else { return };
    let (kind, item) = match (old, new) {
        (None, Some(new)) => (Kind::Insert, new),
        (Some(_), Some(new)) => (Kind::Modify, new),
        (Some(old), None) => (Kind::Remove, old),
        (None, None) => return,
    };
    let sequence = cx.get(&NEXT_SEQUENCES, &number).unwrap_or(0);
    let keys = crate::key::part(item, schema.key.names());
    let (old, new) = (old.filter(|_| view.has_old()), new.filter(|_| view.has_new()));
    let bytes = keys.size() + old.map_or(0, Document::size) + new.map_or(0, Document::size);
    let record = Record {
        sequence,
        at: cx.now().0,
        kind,
        keys: Packed::new(&keys),
        new: new.map(Packed::new),
        old: old.map(Packed::new),
        bytes: bytes as u64,
        cause,
    };
    cx.put(&NEXT_SEQUENCES, &number, &(sequence + 1));
    cx.put(&RECORDS, &(number, sequence), &record);
}

fn ask(cx: &mut Cx, stream: &Stream, oldest: i64) {
    let job = Trimming { table: stream.table.clone(), label: stream.label.clone() };
    cx.at(Timestamp(oldest + RETENTION_MS + 1), &TRIM, &job);
}

pub fn rotate(cx: &mut Cx, it: Trimming) -> Result<()> {
    let Some(mut stream) = cx.get(&STREAMS, &(&it.table, &it.label)) else { return Ok(()) };
    if stream.ended_at.is_some() {
        return Ok(());
    }
    let now = cx.now().0;
    stream.shards = stream.shards();
    let parent = stream.shards.last().map(|it| it.began_at);
    let first = cx.get(&NEXT_SEQUENCES, &stream.number).unwrap_or(0);
    stream.shards.push(Shard { began_at: now, first, parent });
    // A shard is gone with its records, a day after it was closed.
    while stream.shards.get(1).is_some_and(|next| next.began_at < now - RETENTION_MS) {
        stream.shards.remove(0);
    }
    cx.put(&STREAMS, &(&it.table, &it.label), &stream);
    cx.at(Timestamp(now + SHARD_MS), &ROTATE, &it);
    Ok(())
}

pub fn trim(cx: &mut Cx, it: Trimming) -> Result<()> {
    let Some(mut stream) = cx.get(&STREAMS, &(&it.table, &it.label)) else { return Ok(()) };
    let kept_since = cx.now().0 - RETENTION_MS;
    let records: Vec<Record> = cx.range(&RECORDS, Span::prefix(&stream.number), PAGE);
    let count = records.len();
    let mut oldest = None;
    for record in records {
        if record.at >= kept_since {
            oldest = Some(record.at);
            break;
        }
        cx.delete(&RECORDS, &(stream.number, record.sequence));
        stream.oldest = record.sequence + 1;
    }
    if oldest.is_none() && count < PAGE && stream.ended_at.is_some_and(|it| it < kept_since) {
        cx.delete(&STREAMS, &(&it.table, &it.label));
        crate::policy::forget(cx, &format!("{}/stream/{}", it.table, it.label));
        cx.delete(&NEXT_SEQUENCES, &stream.number);
        return Ok(());
    }
    cx.put(&STREAMS, &(&it.table, &it.label), &stream);
    // A full page of what was too old: go on at once. With nothing left, look again in a day.
    let next = oldest.unwrap_or(if count == PAGE { kept_since - 1 } else { stream.ended_at.unwrap_or(cx.now().0) });
    ask(cx, &stream, next);
    Ok(())
}

/// `2025-09-06T12:00:00.000`
fn label(time: Timestamp) -> String {
    let text = Timestamp(time.0 / 1_000 * 1_000).iso_8601();
    format!("{}.{:03}", text.trim_end_matches('Z'), time.0.rem_euclid(1_000))
}

pub fn arn(cx: &Cx, table: &str, label: &str) -> String {
    cx.arn("dynamodb", &format!("table/{table}/stream/{label}"))
}

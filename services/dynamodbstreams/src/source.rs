//! A stream as a source of events: what an event source mapping reads, and what a function sees.

use crate::iterator::Position;
use api::dynamodbstreams::{DescribeStream, GetRecords, GetShardIterator, Record, Shard as ShardShape, error};
use items::stream::{RETENTION_MS, sequence_number, sequence_of};
use kernel::Cx;
use kernel::source::{Entry, Kind, Page, Read, Shard, Source, Stream};
use model::typed::Typed;
use model::{Result, Timestamp};
use serde_json::{Value as Json, json};

pub static SOURCE: Source = Source {
    service: "dynamodb",
    name: "DynamoDB",
    operations: &["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"],
    data: "dynamodb",
    kind: Kind::Stream(Stream {
        starts: &[TRIM_HORIZON, "LATEST"],
        batch_info: "DDBStreamBatchInfo",
        retention_ms: RETENTION_MS,
        shards,
        position,
        read,
    }),
};

const TRIM_HORIZON: &str = "TRIM_HORIZON";

fn shards(cx: &mut Cx, arn: &str) -> Result<Vec<Shard>> {
    let (mut shards, mut start) = (Vec::new(), None);
    loop {
        let input =
            DescribeStream { stream_arn: arn.to_owned(), exclusive_start_shard_id: start, ..DescribeStream::default() };
        let description = cx.call(input)?.stream_description.unwrap_or_default();
        let shard = |it: ShardShape| Shard { id: it.shard_id.unwrap_or_default(), parent: it.parent_shard_id };
        shards.extend(description.shards.unwrap_or_default().into_iter().map(shard));
        start = description.last_evaluated_shard_id;
        if start.is_none() {
            return Ok(shards);
        }
    }
}

/// The sequence number of the record that is to be read next.
fn position(cx: &mut Cx, arn: &str, shard: &str, start: &str) -> Result<String> {
    let input = GetShardIterator {
        stream_arn: arn.to_owned(),
        shard_id: shard.to_owned(),
        shard_iterator_type: start.to_owned(),
        ..GetShardIterator::default()
    };
    let iterator = cx.call(input)?.shard_iterator.unwrap_or_default();
    Ok(sequence_number(Position::read(&iterator)?.sequence))
}

fn read(cx: &mut Cx, it: &Read) -> Result<Page> {
    let Some(from) = it.position.as_deref().and_then(sequence_of) else { return read_from_horizon(cx, it) };
    match page(cx, it, from) {
        // A day was too long: what is left is read.
        Err(why) if why.is(&error::TRIMMED_DATA_ACCESS) => read_from_horizon(cx, it),
        other => other,
    }
}

fn read_from_horizon(cx: &mut Cx, it: &Read) -> Result<Page> {
    let horizon = position(cx, &it.arn, &it.shard, TRIM_HORIZON)?;
    page(cx, it, sequence_of(&horizon).unwrap_or_default())
}

fn page(cx: &mut Cx, it: &Read, from: u64) -> Result<Page> {
    let position = Position { arn: it.arn.clone(), shard: it.shard.clone(), sequence: from, given_at: cx.now().0 };
    let output = cx.call(GetRecords { shard_iterator: position.token(), limit: Some(it.limit as i64) })?;
    let entries: Vec<Entry> =
        output.records.unwrap_or_default().into_iter().map(|record| entry(record, &it.arn)).collect();
    let next = match &output.next_shard_iterator {
        Some(token) => sequence_number(Position::read(token)?.sequence),
        None => entries.last().map_or_else(|| sequence_number(from), |it| it.next.clone()),
    };
    Ok(Page { entries, next, is_end: output.next_shard_iterator.is_none() })
}

/// As the Lambda developer guide shows it (Using AWS Lambda with Amazon DynamoDB).
fn entry(mut record: Record, arn: &str) -> Entry {
    let identity = record.user_identity.take();
    let data = record.dynamodb.clone().unwrap_or_default();
    let number = data.sequence_number.clone().unwrap_or_default();
    let mut event = model::wire::document_to_json(&record.into_value());
    event["eventSourceARN"] = json!(arn);
    if let Some(identity) = identity {
        event["userIdentity"] = json!({ "type": identity.type_, "principalId": identity.principal_id });
    }
    Entry {
        next: sequence_number(sequence_of(&number).map_or(0, |it| it + 1)),
        sequence_number: number,
        key: event["dynamodb"].get("Keys").map(Json::to_string).unwrap_or_default(),
        at: data.approximate_creation_date_time.unwrap_or(Timestamp(0)),
        event,
    }
}

//! Records of a shard, in the order of the changes.

use crate::iterator::{Position, stream_of, trimmed};
use crate::stream::{VALIDATION, extent};
use api::dynamodbstreams::{GetRecords, GetRecordsOutput, Identity, Record as RecordShape, StreamRecord};
use items::packed::Packed;
use items::stream::{Cause, RECORDS, Record, Stream, sequence_number};
use items::wire;
use kernel::Cx;
use model::{Result, Timestamp};
use std::ops::ControlFlow;
use store::{Direction, Span};

/// Of one answer: records, and their bytes.
const MOST_RECORDS: i64 = 1_000;
const LARGEST_ANSWER: u64 = 1024 * 1024;

pub fn get(cx: &Cx, input: GetRecords) -> Result<GetRecordsOutput> {
    let limit = input.limit.unwrap_or(MOST_RECORDS);
    if limit > MOST_RECORDS {
        return Err(VALIDATION.with(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000"
        )));
    }
    let position = Position::read(&input.shard_iterator)?;
    position.check(cx)?;
    let stream = stream_of(cx, &position)?;
    if position.sequence < stream.oldest {
        return Err(trimmed());
    }
    let shard = extent(cx, &stream, &position.shard).ok_or_else(trimmed)?;
    let (mut records, mut bytes, mut next) = (Vec::new(), 0, position.sequence);
    let mut span = Span::prefix(&stream.number).from(&(stream.number, position.sequence));
    if let Some(end) = shard.end {
        span = span.before(&(stream.number, end));
    }
    cx.visit(&RECORDS, span, Direction::Forward, |record: Record| {
        if records.len() as i64 == limit || (!records.is_empty() && bytes + record.bytes > LARGEST_ANSWER) {
            return ControlFlow::Break(());
        }
        bytes += record.bytes;
        next = record.sequence + 1;
        records.push(shown(cx, &stream, record));
        ControlFlow::Continue(())
    });
    // A shard that is closed and read has no more.
    let is_read = shard.end.is_some_and(|end| next >= end);
    let next = Position { sequence: next, given_at: cx.now().0, ..position };
    Ok(GetRecordsOutput { records: Some(records), next_shard_iterator: (!is_read).then(|| next.token()) })
}

fn shown(cx: &Cx, stream: &Stream, record: Record) -> RecordShape {
    let image = |it: Option<Packed>| it.map(|it| wire::into_value(it.unpack()));
    let of_service =
        || Identity { principal_id: Some("dynamodb.amazonaws.com".to_owned()), type_: Some("Service".to_owned()) };
    RecordShape {
        event_id: Some(format!("{:016x}{:016x}", stream.number, record.sequence)),
        event_name: Some(record.kind.name().to_owned()),
        event_version: Some("1.1".to_owned()),
        event_source: Some("aws:dynamodb".to_owned()),
        aws_region: Some(cx.region().to_owned()),
        dynamodb: Some(StreamRecord {
            // Whole seconds, as AWS gives them.
            approximate_creation_date_time: Some(Timestamp(record.at / 1_000 * 1_000)),
            keys: image(Some(record.keys)),
            new_image: image(record.new),
            old_image: image(record.old),
            sequence_number: Some(sequence_number(record.sequence)),
            size_bytes: Some(record.bytes as i64),
            stream_view_type: Some(stream.view.name().to_owned()),
        }),
        user_identity: (record.cause == Cause::Expiry).then(of_service),
    }
}

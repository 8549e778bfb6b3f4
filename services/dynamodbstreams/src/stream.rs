//! Streams: list, describe.

use api::dynamodbstreams::{
    DescribeStream, DescribeStreamOutput, KeySchemaElement, ListStreams, ListStreamsOutput, SequenceNumberRange, Shard,
    Stream as StreamShape, StreamDescription, error,
};
use items::stream::{NEXT_SEQUENCES, STREAMS, Stream, sequence_number};
use kernel::Cx;
use model::{Error, ErrorShape, Result, Timestamp};
use store::Span;

pub const VALIDATION: ErrorShape = ErrorShape::sender("ValidationException");
/// Of one answer of ListStreams.
const MOST_LISTED: i64 = 100;

pub fn list(cx: &Cx, input: ListStreams) -> Result<ListStreamsOutput> {
    let limit = input.limit.unwrap_or(MOST_LISTED).min(MOST_LISTED) as usize;
    let mut span = match &input.table_name {
        Some(table) => Span::prefix(table.as_str()),
        None => Span::all(),
    };
    if let Some(start) = &input.exclusive_start_stream_arn {
        span = span.after(&parse(start)?);
    }
    let mut found: Vec<Stream> = cx.range(&STREAMS, span, limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let shown = |it: &Stream| StreamShape {
        stream_arn: Some(arn_of(cx, it)),
        table_name: Some(it.table.clone()),
        stream_label: Some(it.label.clone()),
    };
    Ok(ListStreamsOutput {
        last_evaluated_stream_arn: found.last().filter(|_| more).map(|it| arn_of(cx, it)),
        streams: Some(found.iter().map(shown).collect()),
    })
}

pub fn describe(cx: &Cx, input: DescribeStream) -> Result<DescribeStreamOutput> {
    let stream = find(cx, &input.stream_arn)?;
    // The one shard has no parent and no children.
    let is_beyond = input.exclusive_start_shard_id.is_some() || input.shard_filter.is_some();
    let shards = if is_beyond { Vec::new() } else { vec![shard(cx, &stream)] };
    let element =
        |name: &String, kind: &str| KeySchemaElement { attribute_name: name.clone(), key_type: kind.to_owned() };
    let keys = std::iter::once(element(&stream.hash, "HASH")).chain(stream.sort.iter().map(|it| element(it, "RANGE")));
    let description = StreamDescription {
        stream_arn: Some(input.stream_arn),
        stream_label: Some(stream.label.clone()),
        stream_status: Some(if stream.ended_at.is_some() { "DISABLED" } else { "ENABLED" }.to_owned()),
        stream_view_type: Some(stream.view.name().to_owned()),
        creation_request_date_time: Some(Timestamp(stream.created_at)),
        table_name: Some(stream.table.clone()),
        key_schema: Some(keys.collect()),
        shards: Some(shards),
        last_evaluated_shard_id: None,
    };
    Ok(DescribeStreamOutput { stream_description: Some(description) })
}

fn shard(cx: &Cx, stream: &Stream) -> Shard {
    // Of an open shard the last record is not looked at, so that who waits for shards is not woken by records.
    let last = |_| sequence_number(next_sequence(cx, stream).saturating_sub(1));
    Shard {
        shard_id: Some(shard_id(stream)),
        sequence_number_range: Some(SequenceNumberRange {
            starting_sequence_number: Some(sequence_number(0)),
            ending_sequence_number: stream.ended_at.map(last),
        }),
        parent_shard_id: None,
    }
}

/// `shardId-00001757160000000-0000002a`, of the length that AWS gives them.
pub fn shard_id(stream: &Stream) -> String {
    format!("shardId-{:020}-{:08x}", stream.created_at, stream.number)
}

/// Of the record that is to come.
pub fn next_sequence(cx: &Cx, stream: &Stream) -> u64 {
    cx.get(&NEXT_SEQUENCES, &stream.number).unwrap_or(0)
}

pub fn find(cx: &Cx, arn: &str) -> Result<Stream> {
    let (table, label) = parse(arn)?;
    cx.get(&STREAMS, &(&table, &label)).ok_or_else(|| missing(arn))
}

pub fn missing(arn: &str) -> Error {
    error::RESOURCE_NOT_FOUND.with(format!("Requested resource not found: Stream: {arn} not found"))
}

fn arn_of(cx: &Cx, stream: &Stream) -> String {
    cx.arn("dynamodb", &format!("table/{}/stream/{}", stream.table, stream.label))
}

/// (table, label)
fn parse(arn: &str) -> Result<(String, String)> {
    let resource = arn.strip_prefix("arn:").and_then(|it| it.splitn(5, ':').nth(4));
    let named = resource.and_then(|it| it.strip_prefix("table/")?.split_once("/stream/"));
    let (table, label) = named.ok_or_else(|| VALIDATION.with("Invalid StreamArn"))?;
    Ok((table.to_owned(), label.to_owned()))
}

//! Streams: list, describe.

use api::dynamodbstreams::{
    DescribeStream, DescribeStreamOutput, KeySchemaElement, ListStreams, ListStreamsOutput, SequenceNumberRange, Shard,
    Stream as StreamShape, StreamDescription, error,
};
use items::stream::{NEXT_SEQUENCES, POLICIES, STREAMS, Stream, policy_key, sequence_number};
use kernel::{Cx, ResourcePolicy};
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
    let mut shards = shards(cx, &stream);
    if let Some(filter) = &input.shard_filter {
        let parent = filter.shard_id.as_deref();
        shards.retain(|it| it.parent_shard_id.as_deref() == parent && parent.is_some());
    }
    if let Some(start) = &input.exclusive_start_shard_id {
        let behind = shards.iter().position(|it| it.shard_id.as_ref() == Some(start)).map_or(shards.len(), |it| it + 1);
        shards.drain(..behind);
    }
    let limit = input.limit.unwrap_or(MOST_LISTED).clamp(1, MOST_LISTED) as usize;
    let more = shards.len() > limit;
    shards.truncate(limit);
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
        last_evaluated_shard_id: shards.last().filter(|_| more).and_then(|it| it.shard_id.clone()),
        shards: Some(shards),
    };
    Ok(DescribeStreamOutput { stream_description: Some(description) })
}

/// As DescribeStream shows them. Of the open one the last record is not looked at, so that who waits for shards is not
/// woken by records.
fn shards(cx: &Cx, stream: &Stream) -> Vec<Shard> {
    let all = stream.shards();
    let shown = |(at, it): (usize, &items::stream::Shard)| {
        let end = match all.get(at + 1) {
            Some(next) => Some(next.first),
            None => stream.ended_at.map(|_| next_sequence(cx, stream)),
        };
        Shard {
            shard_id: Some(shard_id(stream, it.began_at)),
            sequence_number_range: Some(SequenceNumberRange {
                starting_sequence_number: Some(sequence_number(it.first)),
                // Of an empty shard there is no last record: it ends where it begins.
                ending_sequence_number: end.map(|end| sequence_number(end.saturating_sub(1).max(it.first))),
            }),
            parent_shard_id: it.parent.map(|began_at| shard_id(stream, began_at)),
        }
    };
    all.iter().enumerate().map(shown).collect()
}

/// `shardId-00000001757160000000-0000002a`, of the length that AWS gives them.
fn shard_id(stream: &Stream, began_at: i64) -> String {
    format!("shardId-{began_at:020}-{:08x}", stream.number)
}

/// What a shard has of its stream's records.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub first: u64,
    /// Before this one; none as long as the shard is open.
    pub end: Option<u64>,
}

/// The shard of a stream with this id.
pub fn extent(cx: &Cx, stream: &Stream, id: &str) -> Option<Extent> {
    let all = stream.shards();
    let at = all.iter().position(|it| shard_id(stream, it.began_at) == id)?;
    let closed = || stream.ended_at.map(|_| next_sequence(cx, stream));
    Some(Extent { first: all[at].first, end: all.get(at + 1).map(|it| it.first).or_else(closed) })
}

/// Of the record that is to come.
pub fn next_sequence(cx: &Cx, stream: &Stream) -> u64 {
    cx.get(&NEXT_SEQUENCES, &stream.number).unwrap_or(0)
}

/// For the door.
pub fn policy_of(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    cx.get(&POLICIES, policy_key(arn)?).map(ResourcePolicy::new)
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

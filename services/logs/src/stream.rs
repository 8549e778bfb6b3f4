//! Log streams: create, describe, delete.

use crate::event::POSITIONS;
use crate::group::{self, DESCRIBE_LIMIT, Group};
use crate::read::Window;
use crate::sweep;
use api::logs::{
    CreateLogStream, CreateLogStreamOutput, DeleteLogStream, DeleteLogStreamOutput, DescribeLogStreams,
    DescribeLogStreamsOutput, LogStream, error,
};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every stream. Key: (group's store, name).
pub static STREAMS: Table<Stream> = Table::regional("logs.stream");
/// The name of a stream that exists; events of others are not shown. Key: stream's number.
pub static NAMES: Table<String> = Table::regional("logs.stream-name");
/// Streams by their latest event, those without any first. Key: (group's store, milliseconds since 1970, name).
pub static BY_LAST_EVENT: Table<u64> = Table::regional("logs.stream-by-last-event");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    pub name: String,
    /// What the keys of its events' positions begin with; no other stream ever had it.
    pub number: u64,
    /// Milliseconds since 1970, like the others.
    pub created_at: i64,
    pub last_event_at: Option<i64>,
    pub last_ingested_at: Option<i64>,
    /// The number that its group will give to the next event after the last one here.
    pub next_sequence: u64,
}

pub fn create(cx: &mut Cx, input: CreateLogStream) -> Result<CreateLogStreamOutput> {
    let group = group::by_name(cx, &input.log_group_name)?;
    let name = input.log_stream_name;
    if cx.has(&STREAMS, &(group.store, name.as_str())) {
        return Err(error::RESOURCE_ALREADY_EXISTS.with("The specified log stream already exists"));
    }
    let (number, created_at) = (group::take_number(cx), cx.now().0);
    let stream = Stream { name, number, created_at, last_event_at: None, last_ingested_at: None, next_sequence: 0 };
    cx.put(&NAMES, &number, &stream.name);
    store(cx, &group, None, &stream);
    Ok(CreateLogStreamOutput {})
}

pub fn describe(cx: &Cx, input: DescribeLogStreams) -> Result<DescribeLogStreamsOutput> {
    let group = group::of_input(cx, &input.log_group_name, &input.log_group_identifier)?;
    let limit = input.limit.unwrap_or(DESCRIBE_LIMIT) as usize;
    let after = input.next_token.as_deref().map(group::read_token).transpose()?;
    let descending = input.descending == Some(true);
    let by_last_event = input.order_by.as_deref() == Some("LastEventTime");
    let mut streams = match (by_last_event, input.log_stream_name_prefix) {
        (true, Some(_)) => {
            return Err(error::INVALID_PARAMETER.with("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        (true, None) => in_order_of_events(cx, &group, after.as_deref(), descending, limit + 1)?,
        (false, prefix) => {
            let prefix = prefix.unwrap_or_default();
            let span = Span::beginning(&group.store, prefix.as_bytes());
            let at = after.as_deref().map(|name| (group.store, name));
            page(cx, &STREAMS, span, at, descending, limit + 1)
        }
    };
    let more = streams.len() > limit;
    streams.truncate(limit);
    let last = streams.last().filter(|_| more);
    let next_token = last.map(|it| match by_last_event {
        true => group::token(&format!("{}:{}", it.last_event_at.unwrap_or(0), it.name)),
        false => group::token(&it.name),
    });
    let described = streams.into_iter().map(|it| described(cx, &group, it));
    Ok(DescribeLogStreamsOutput { log_streams: Some(described.collect()), next_token })
}

pub fn delete(cx: &mut Cx, input: DeleteLogStream) -> Result<DeleteLogStreamOutput> {
    let group = group::by_name(cx, &input.log_group_name)?;
    let stream = by_name(cx, &group, &input.log_stream_name)?;
    // All deletions are blocked (PutLogGroupDeletionProtection in the API reference).
    if group.protected {
        return Err(error::VALIDATION.with(
            "Cannot delete log stream of a log group with deletion protection enabled. Disable deletion protection first.",
        ));
    }
    cx.delete(&STREAMS, &(group.store, stream.name.as_str()));
    cx.delete(&BY_LAST_EVENT, &(group.store, stream.last_event_at.unwrap_or(0), stream.name.as_str()));
    cx.delete(&NAMES, &stream.number);
    sweep::abandon_stream(cx, group.store, stream.number);
    Ok(DeleteLogStreamOutput {})
}

pub fn by_name(cx: &Cx, group: &Group, name: &str) -> Result<Stream> {
    let stream = cx.get(&STREAMS, &(group.store, name));
    stream.ok_or_else(|| error::RESOURCE_NOT_FOUND.with("The specified log stream does not exist."))
}

/// Writes a stream and its place among those of its group, whose latest event was at `before`.
pub fn store(cx: &mut Cx, group: &Group, before: Option<i64>, stream: &Stream) {
    let name = stream.name.as_str();
    let (old, new) = (before.unwrap_or(0), stream.last_event_at.unwrap_or(0));
    if old != new {
        cx.delete(&BY_LAST_EVENT, &(group.store, old, name));
    }
    if old != new || stream.last_ingested_at.is_none() {
        cx.put(&BY_LAST_EVENT, &(group.store, new, name), &stream.number);
    }
    cx.put(&STREAMS, &(group.store, name), stream);
}

/// Fifty-six digits, as long as AWS's. Nobody has to send it back any more (PutLogEvents in the API reference).
pub fn sequence_token(stream: &Stream) -> String {
    format!("49{:027}{:027}", stream.number, stream.next_sequence)
}

fn in_order_of_events(
    cx: &Cx,
    group: &Group,
    after: Option<&str>,
    descending: bool,
    limit: usize,
) -> Result<Vec<Stream>> {
    let read = |it: &str| {
        let (time, name) = it.split_once(':')?;
        Some((time.parse::<i64>().ok()?, name.to_owned()))
    };
    let at = after.map(|it| read(it).ok_or_else(group::invalid_token)).transpose()?;
    let at = at.as_ref().map(|(time, name)| (group.store, *time, name.as_str()));
    let numbers: Vec<u64> = page(cx, &BY_LAST_EVENT, Span::prefix(&group.store), at, descending, limit);
    let names = numbers.iter().filter_map(|number| cx.get(&NAMES, number));
    Ok(names.filter_map(|name| cx.get(&STREAMS, &(group.store, name.as_str()))).collect())
}

/// The rows that follow `at` in either direction.
fn page<V: serde::de::DeserializeOwned>(
    cx: &Cx,
    table: &Table<V>,
    span: Span,
    at: Option<impl store::Key>,
    descending: bool,
    limit: usize,
) -> Vec<V> {
    match (at, descending) {
        (None, false) => cx.range(table, span, limit),
        (None, true) => cx.range_back(table, span, limit),
        (Some(at), false) => cx.range(table, span.after(&at), limit),
        (Some(at), true) => cx.range_back(table, span.before(&at), limit),
    }
}

fn described(cx: &Cx, group: &Group, stream: Stream) -> LogStream {
    let first = cx.range(&POSITIONS, Window::new(cx, group, stream.number, None, None).span(), 1);
    LogStream {
        upload_sequence_token: Some(sequence_token(&stream)),
        creation_time: Some(stream.created_at),
        first_event_timestamp: first.first().map(|it| it.timestamp),
        last_event_timestamp: stream.last_event_at,
        last_ingestion_time: stream.last_ingested_at,
        arn: Some(format!("{}:log-stream:{}", group::arn_of(cx, &group.name), stream.name)),
        // Always zero on AWS since 2019 (LogStream in the API reference).
        stored_bytes: Some(0),
        log_stream_name: Some(stream.name),
    }
}

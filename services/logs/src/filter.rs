//! FilterLogEvents: the events of a group, or of some of its streams, in order of time.

use crate::event::{EVENTS, Event, Position, size};
use crate::group::{self, Group};
use crate::merge::Merge;
use crate::pattern::Pattern;
use crate::read::{self, MOST_BYTES, MOST_EVENTS};
use crate::stream::{self, NAMES, STREAMS, Stream};
use api::logs::{FilterLogEvents, FilterLogEventsOutput, FilteredLogEvent, error};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;
use store::Span;

/// Events that one call looks at; a call that found less than its limit by then answers with a token, as AWS's do.
const MOST_LOOKED_AT: usize = 100_000;
/// Events read together.
const PAGE: usize = 500;
/// Streams whose names are read together.
const NAMES_PAGE: usize = 1_000;

pub fn filter(cx: &Cx, input: FilterLogEvents) -> Result<FilterLogEventsOutput> {
    if input.start_from_head == Some(false) {
        return Err(group::unsupported("startFromHead false"));
    }
    let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())
        .map_err(|it| error::INVALID_PARAMETER.with(it.to_string()))?;
    let group = group::of_input(cx, &input.log_group_name, &input.log_group_identifier)?;
    let from = match &input.next_token {
        Some(token) => parse(token)?,
        None => Position { timestamp: input.start_time.unwrap_or(0), sequence: 0 },
    };
    let first = Position { timestamp: read::first_time(cx, &group, None), sequence: 0 };
    let through = input.end_time.unwrap_or(i64::MAX);
    let streams = match (input.log_stream_names, input.log_stream_name_prefix) {
        (None, None) => Streams::whole_group(from.max(first), through),
        (Some(names), None) => Streams::merged(cx, named(cx, &group, &names)?, from.max(first), through),
        (None, Some(prefix)) => Streams::merged(cx, beginning(cx, &group, &prefix), from.max(first), through),
        (Some(_), Some(_)) => {
            return Err(error::INVALID_PARAMETER
                .with("LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters."));
        }
    };
    let limit = input.limit.unwrap_or(MOST_EVENTS) as usize;
    let (events, next) = matching(cx, &group, &pattern, streams, limit);
    let next_token = next.map(|it| format!("{:028}{:028}", it.timestamp, it.sequence));
    // Empty since 2020 (FilterLogEvents in the API reference).
    Ok(FilterLogEventsOutput { events: Some(events), searched_log_streams: Some(Vec::new()), next_token })
}

/// As many matching events as an answer holds, and where to go on.
fn matching(
    cx: &Cx,
    group: &Group,
    pattern: &Pattern,
    mut streams: Streams,
    limit: usize,
) -> (Vec<FilteredLogEvent>, Option<Position>) {
    let (mut found, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
    while let Some((position, event)) = streams.next(cx, group) {
        let full = found.len() == limit || bytes + size(&event.message) > MOST_BYTES && !found.is_empty();
        if full || looked_at == MOST_LOOKED_AT {
            return (found, Some(position));
        }
        looked_at += 1;
        if !pattern.matches(&event.message) {
            continue;
        }
        // Events of a stream that was deleted wait for the job that sweeps them away.
        let Some(name) = streams.name(cx, event.stream) else { continue };
        bytes += size(&event.message);
        found.push(FilteredLogEvent {
            log_stream_name: Some(name),
            timestamp: Some(position.timestamp),
            ingestion_time: Some(event.ingested_at),
            event_id: Some(format!("{:020}{:018}{:018}", position.timestamp, group.store, position.sequence)),
            message: Some(event.message),
        });
    }
    (found, None)
}

/// What is read: the group in its own order of time, or some streams merged.
struct Streams {
    names: BTreeMap<u64, Option<String>>,
    source: Source,
}

enum Source {
    Group { from: Position, through: i64, read: std::vec::IntoIter<((u64, i64, u64), Event)>, last_page: bool },
    Merged(Merge),
}

impl Streams {
    fn whole_group(from: Position, through: i64) -> Streams {
        let read = Vec::new().into_iter();
        Streams { names: BTreeMap::new(), source: Source::Group { from, through, read, last_page: false } }
    }

    fn merged(cx: &Cx, streams: Vec<Stream>, from: Position, through: i64) -> Streams {
        let merge = Merge::new(cx, streams.iter().map(|it| it.number), from, through);
        let names = streams.into_iter().map(|it| (it.number, Some(it.name))).collect();
        Streams { names, source: Source::Merged(merge) }
    }

    fn next(&mut self, cx: &Cx, group: &Group) -> Option<(Position, Event)> {
        match &mut self.source {
            Source::Merged(merge) => {
                let position = merge.next(cx)?;
                let key = (group.store, position.timestamp, position.sequence);
                Some((position, cx.get(&EVENTS, &key).expect("POSITIONS points at an event")))
            }
            Source::Group { from, through, read, last_page } => {
                if read.len() == 0 && !*last_page {
                    let span = Span::prefix(&group.store)
                        .from(&(group.store, from.timestamp, from.sequence))
                        .through_prefix(&(group.store, *through));
                    let rows: Vec<((u64, i64, u64), Event)> = cx.rows(&EVENTS, span, PAGE);
                    *last_page = rows.len() < PAGE;
                    *read = rows.into_iter();
                }
                let ((_, timestamp, sequence), event) = read.next()?;
                *from = Position { timestamp, sequence: sequence + 1 };
                Some((Position { timestamp, sequence }, event))
            }
        }
    }

    fn name(&mut self, cx: &Cx, number: u64) -> Option<String> {
        self.names.entry(number).or_insert_with(|| cx.get(&NAMES, &number)).clone()
    }
}

fn named(cx: &Cx, group: &Group, names: &[String]) -> Result<Vec<Stream>> {
    let names: std::collections::BTreeSet<&String> = names.iter().collect();
    names.into_iter().map(|name| stream::by_name(cx, group, name)).collect()
}

fn beginning(cx: &Cx, group: &Group, prefix: &str) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    loop {
        let mut span = Span::beginning(&group.store, prefix.as_bytes());
        if let Some(last) = streams.last() {
            span = span.after(&(group.store, last.name.as_str()));
        }
        let page = cx.range(&STREAMS, span, NAMES_PAGE);
        let whole = page.len();
        streams.extend(page);
        if whole < NAMES_PAGE {
            return streams;
        }
    }
}

fn parse(token: &str) -> Result<Position> {
    let read = || {
        let (timestamp, sequence) = token.split_at_checked(28)?;
        Some(Position { timestamp: timestamp.parse().ok()?, sequence: sequence.parse().ok()? })
    };
    read().ok_or_else(group::invalid_token)
}

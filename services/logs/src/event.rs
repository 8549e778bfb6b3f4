//! Events: PutLogEvents, and the two tables that hold them.
//!
//! An event is written once and never moves. It stands in its group's order of time, so reading a group scans no streams,
//! and its position stands in its stream's, so reading a stream scans no group. What every append rewrites are two
//! small rows, so an append costs the same at a million events as at ten.

use crate::group::{self, Group};
use crate::retention;
use crate::stream::{self, Stream};
use api::logs::{InputLogEvent, PutLogEvents, PutLogEventsOutput, RejectedLogEventsInfo, error};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every event. Key: (group's store, timestamp, sequence).
pub static EVENTS: Table<Event> = Table::regional("logs.event");
/// Where a stream's events are in `EVENTS`. Key: (stream's number, timestamp, sequence).
pub static POSITIONS: Table<Position> = Table::regional("logs.position");
/// What appends change of a group. Key: group's store.
pub static TALLIES: Table<Tally> = Table::regional("logs.tally");

/// The appends of the last minute, so that a live tail finds what is new without searching. Key: (group's store, the
/// first event's sequence).
pub static ARRIVALS: Table<Arrival> = Table::regional("logs.arrival");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The number of its stream.
    pub stream: u64,
    /// Milliseconds since 1970.
    pub ingested_at: i64,
    pub message: String,
}

/// Unique in a group. The order is that of time, and for equal times that of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub sequence: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    pub bytes: i64,
    pub next_sequence: u64,
    /// When the job that deletes expired events is due, in milliseconds since 1970.
    pub expiry_due: Option<i64>,
}

/// One append. Its events have consecutive sequences.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arrival {
    /// The number of its stream.
    pub stream: u64,
    /// The times of the first and the last event, and of the append, in milliseconds since 1970.
    pub first: i64,
    pub last: i64,
    pub at: i64,
    pub count: u64,
}

/// A live tail that is slower than this misses what came.
const ARRIVALS_KEPT_MS: i64 = 60 * 1000;
/// Old arrivals deleted by each append: more than it adds, so that they do not pile up.
const ARRIVALS_DROPPED: usize = 2;

/// Limits of PutLogEvents in the API reference. The number of events, 10,000, is in the model.
const LARGEST_BATCH_BYTES: i64 = 1_048_576;
const BYTES_PER_EVENT: i64 = 26;
const OLDEST_MS: i64 = 14 * 24 * 60 * 60 * 1000;
const NEWEST_MS: i64 = 2 * 60 * 60 * 1000;
const LONGEST_SPAN_MS: i64 = 24 * 60 * 60 * 1000;

pub fn put(cx: &mut Cx, input: PutLogEvents) -> Result<PutLogEventsOutput> {
    if input.entity.is_some() {
        return Err(group::unsupported("entity"));
    }
    let events = input.log_events;
    check(&events)?;
    let group = group::by_name(cx, &input.log_group_name)?;
    let mut stream = stream::by_name(cx, &group, &input.log_stream_name)?;
    let (accepted, rejected) = accept(&group, &events, cx.now().0);
    let events = &events[accepted];
    if let (Some(first), Some(last)) = (events.first(), events.last()) {
        if last.timestamp - first.timestamp > LONGEST_SPAN_MS {
            return Err(error::INVALID_PARAMETER
                .with("The batch of log events in a single PutLogEvents request cannot span more than 24 hours."));
        }
        append(cx, &group, &mut stream, events);
    }
    let next_sequence_token = Some(stream::sequence_token(&stream));
    Ok(PutLogEventsOutput { next_sequence_token, rejected_log_events_info: rejected, rejected_entity_info: None })
}

/// What an event counts, in bytes.
pub fn size(message: &str) -> i64 {
    message.len() as i64 + BYTES_PER_EVENT
}

fn check(events: &[InputLogEvent]) -> Result<()> {
    let bytes: i64 = events.iter().map(|it| size(&it.message)).sum();
    if bytes > LARGEST_BATCH_BYTES {
        return Err(error::INVALID_PARAMETER
            .with(format!("Upload too large: {bytes} bytes exceeds limit of {LARGEST_BATCH_BYTES}")));
    }
    if !events.is_sorted_by_key(|it| it.timestamp) {
        return Err(error::INVALID_PARAMETER
            .with("Log events in a single PutLogEvents request must be in chronological order."));
    }
    Ok(())
}

/// Which of the events, in order of time, are kept, and what is said of the others.
fn accept(
    group: &Group,
    events: &[InputLogEvent],
    now: i64,
) -> (std::ops::Range<usize>, Option<RejectedLogEventsInfo>) {
    let too_old = events.partition_point(|it| it.timestamp < now - OLDEST_MS);
    let expired = group.expired_through(now).map_or(0, |through| events.partition_point(|it| it.timestamp <= through));
    let too_new = events.partition_point(|it| it.timestamp <= now + NEWEST_MS);
    let index = |it: usize, rejected: bool| rejected.then_some(it as i64);
    let first = too_old.max(expired);
    if first == 0 && too_new == events.len() {
        return (0..events.len(), None);
    }
    let rejected = RejectedLogEventsInfo {
        too_new_log_event_start_index: index(too_new, too_new < events.len()),
        too_old_log_event_end_index: index(too_old, too_old > 0),
        // An event that is too old for any group is not called expired as well.
        expired_log_event_end_index: index(expired, expired > too_old),
    };
    (first..too_new.max(first), Some(rejected))
}

fn append(cx: &mut Cx, group: &Group, stream: &mut Stream, events: &[InputLogEvent]) {
    let mut tally = cx.get(&TALLIES, &group.store).unwrap_or_default();
    let ingested_at = cx.now().0;
    let first_sequence = tally.next_sequence;
    for it in events {
        let position = Position { timestamp: it.timestamp, sequence: tally.next_sequence };
        tally.next_sequence += 1;
        tally.bytes += size(&it.message);
        let event = Event { stream: stream.number, ingested_at, message: it.message.clone() };
        cx.put(&EVENTS, &(group.store, position.timestamp, position.sequence), &event);
        cx.put(&POSITIONS, &(stream.number, position.timestamp, position.sequence), &position);
    }
    let (first, last) = (events[0].timestamp, events[events.len() - 1].timestamp);
    let arrival = Arrival { stream: stream.number, first, last, at: ingested_at, count: events.len() as u64 };
    note(cx, group.store, first_sequence, &arrival);
    retention::ask(cx, group, &mut tally, first);
    cx.put(&TALLIES, &group.store, &tally);
    let before = stream.last_event_at;
    stream.last_event_at = Some(before.map_or(last, |it| it.max(last)));
    stream.last_ingested_at = Some(ingested_at);
    stream.next_sequence = tally.next_sequence;
    stream::store(cx, group, before, stream);
}

fn note(cx: &mut Cx, store: u64, first_sequence: u64, arrival: &Arrival) {
    let oldest: Vec<((u64, u64), Arrival)> = cx.rows(&ARRIVALS, Span::prefix(&store), ARRIVALS_DROPPED);
    for (key, _) in oldest.into_iter().filter(|(_, it)| it.at < arrival.at - ARRIVALS_KEPT_MS) {
        cx.delete(&ARRIVALS, &key);
    }
    cx.put(&ARRIVALS, &(store, first_sequence), arrival);
}

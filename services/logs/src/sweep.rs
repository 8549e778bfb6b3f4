//! Cleaning up what was kept under numbers that no group or stream has any more, page by page.

use crate::event::{ARRIVALS, EVENTS, Event, POSITIONS, Position, TALLIES, size};
use crate::stream::{BY_LAST_EVENT, NAMES, STREAMS, Stream};
use kernel::{Cx, Job};
use model::Result;
use serde::{Deserialize, Serialize};
use store::Span;

pub static GROUP: Job<AbandonedGroup> = Job::new("logs.sweep-group");
pub static STREAM: Job<AbandonedStream> = Job::new("logs.sweep-stream");

#[derive(Serialize, Deserialize)]
pub struct AbandonedGroup {
    store: u64,
}

#[derive(Serialize, Deserialize)]
pub struct AbandonedStream {
    store: u64,
    number: u64,
}

/// Rows deleted in one transaction, so that no other call waits long.
const PAGE: usize = 500;

pub fn abandon_group(cx: &mut Cx, store: u64) {
    cx.delete(&TALLIES, &store);
    cx.at(cx.now(), &GROUP, &AbandonedGroup { store });
}

pub fn abandon_stream(cx: &mut Cx, store: u64, number: u64) {
    cx.at(cx.now(), &STREAM, &AbandonedStream { store, number });
}

/// First the events, then the streams.
pub fn group(cx: &mut Cx, it: AbandonedGroup) -> Result<()> {
    let events: Vec<((u64, i64, u64), Event)> = cx.rows(&EVENTS, Span::prefix(&it.store), PAGE);
    for ((store, timestamp, sequence), event) in &events {
        cx.delete(&EVENTS, &(*store, *timestamp, *sequence));
        cx.delete(&POSITIONS, &(event.stream, *timestamp, *sequence));
    }
    let arrivals: Vec<(u64, u64)> = cx.keys(&ARRIVALS, Span::prefix(&it.store), PAGE);
    arrivals.iter().for_each(|key| cx.delete(&ARRIVALS, key));
    let streams: Vec<Stream> = match events.len() {
        PAGE => Vec::new(),
        _ => cx.range(&STREAMS, Span::prefix(&it.store), PAGE),
    };
    for stream in &streams {
        let name = stream.name.as_str();
        cx.delete(&STREAMS, &(it.store, name));
        cx.delete(&BY_LAST_EVENT, &(it.store, stream.last_event_at.unwrap_or(0), name));
        cx.delete(&NAMES, &stream.number);
    }
    if [events.len(), arrivals.len(), streams.len()].contains(&PAGE) {
        cx.at(cx.now(), &GROUP, &it);
    }
    Ok(())
}

pub fn stream(cx: &mut Cx, it: AbandonedStream) -> Result<()> {
    let positions: Vec<Position> = cx.range(&POSITIONS, Span::prefix(&it.number), PAGE);
    let mut bytes = 0;
    for Position { timestamp, sequence } in &positions {
        let key = (it.store, *timestamp, *sequence);
        bytes += cx.get(&EVENTS, &key).map_or(0, |event| size(&event.message));
        cx.delete(&EVENTS, &key);
        cx.delete(&POSITIONS, &(it.number, *timestamp, *sequence));
    }
    if let Some(mut tally) = cx.get(&TALLIES, &it.store) {
        tally.bytes -= bytes;
        cx.put(&TALLIES, &it.store, &tally);
    }
    if positions.len() == PAGE {
        cx.at(cx.now(), &STREAM, &it);
    }
    Ok(())
}

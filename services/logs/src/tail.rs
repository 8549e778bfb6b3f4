//! StartLiveTail: what comes into some groups, told every second for as long as somebody listens.

use crate::event::{ARRIVALS, Arrival, EVENTS, Event, POSITIONS, Position, TALLIES};
use crate::group::{self, Group};
use crate::pattern::Pattern;
use crate::resource;
use crate::stream::NAMES;
use api::logs::{
    LiveTailSessionLogEvent, LiveTailSessionMetadata, LiveTailSessionStart, LiveTailSessionUpdate, StartLiveTail,
    StartLiveTailOutput, StartLiveTailResponseStream, error,
};
use kernel::{Cloud, Cx, Sink, Streamed};
use model::{Error, ErrorShape, Result, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::Span;

/// Not in the list of errors that the operation states: it ends streams.
const SESSION_TIMEOUT: ErrorShape = ErrorShape::sender("SessionTimeoutException");

const SECOND_MS: i64 = 1_000;
/// StartLiveTail in the API reference.
const LONGEST_SESSION_MS: i64 = 3 * 60 * 60 * 1000;
const MOST_EVENTS: usize = 500;
/// Of one account at once (CloudWatch Logs quotas, in the user guide).
const MOST_SESSIONS: usize = 15;
/// Appends looked at for one update of one group; what is beyond them comes with the next.
const MOST_ARRIVALS: usize = 5_000;

pub async fn start(cloud: Cloud, input: StartLiveTail) -> Result<Streamed<StartLiveTailOutput>> {
    let session = cloud.read(|cx| Session::new(cx, &input))?;
    let seat = Seat::take(&cloud)?;
    let start = LiveTailSessionStart {
        request_id: Some(cloud.caller().request_id.clone()),
        session_id: Some(cloud.kernel().entropy.uuid()),
        log_group_identifiers: Some(input.log_group_identifiers),
        log_stream_names: input.log_stream_names,
        log_stream_name_prefixes: input.log_stream_name_prefixes,
        log_event_filter_pattern: input.log_event_filter_pattern,
    };
    Ok(Streamed::new(StartLiveTailOutput::default(), move |sink| session.tell(cloud, start, sink, seat)))
}

struct Session {
    groups: Vec<Followed>,
    streams: Streams,
    pattern: Pattern,
}

struct Followed {
    /// As the session named it.
    identifier: String,
    store: u64,
    /// Events before this number came before the session, or have been told.
    next_sequence: u64,
}

enum Streams {
    All,
    Named(Vec<String>),
    Beginning(Vec<String>),
}

impl Session {
    fn new(cx: &Cx, input: &StartLiveTail) -> Result<Session> {
        let pattern = Pattern::parse(input.log_event_filter_pattern.as_deref().unwrap_or_default())
            .map_err(|it| error::INVALID_PARAMETER.with(it.to_string()))?;
        let streams = match (&input.log_stream_names, &input.log_stream_name_prefixes) {
            (None, None) => Streams::All,
            (Some(names), None) => Streams::Named(names.clone()),
            (None, Some(prefixes)) => Streams::Beginning(prefixes.clone()),
            (Some(_), Some(_)) => {
                return Err(invalid("LogStreamNames and LogStreamNamePrefixes are mutually exclusive parameters."));
            }
        };
        if !matches!(streams, Streams::All) && input.log_group_identifiers.len() > 1 {
            return Err(invalid("Log streams can be specified for a session of one log group only."));
        }
        let mut groups: Vec<Followed> = Vec::new();
        for identifier in &input.log_group_identifiers {
            let (arn, name) = resource::followed(cx, identifier)?;
            let (group, next_sequence) = cx.look_in_place_of(&arn, |cx| {
                let group: Group = group::by_name(cx, name)?;
                let tally = cx.get(&TALLIES, &group.store).unwrap_or_default();
                Ok::<_, Error>((group, tally.next_sequence))
            })?;
            if groups.iter().all(|it| it.store != group.store) {
                groups.push(Followed { identifier: identifier.clone(), store: group.store, next_sequence });
            }
        }
        Ok(Session { groups, streams, pattern })
    }

    async fn tell(mut self, cloud: Cloud, start: LiveTailSessionStart, sink: Sink, _seat: Seat) -> Result<()> {
        let began = cloud.now().0;
        let event =
            StartLiveTailResponseStream { session_start: Some(start), ..StartLiveTailResponseStream::default() };
        sink.send(event).await;
        let mut due = began;
        loop {
            // A reader that was slow is told what is new now, not second by second what is past.
            due = (due + SECOND_MS).max(cloud.now().0);
            tokio::select! {
                () = cloud.sleep_until(Timestamp(due)) => {}
                () = cloud.stopping() => return Ok(()),
            }
            if cloud.now().0 - began >= LONGEST_SESSION_MS {
                return Err(SESSION_TIMEOUT.with("The live tail session timed out after three hours."));
            }
            let update = Some(cloud.read(|cx| self.update(cx)));
            sink.send(StartLiveTailResponseStream { session_update: update, ..StartLiveTailResponseStream::default() })
                .await;
        }
    }

    fn update(&mut self, cx: &Cx) -> LiveTailSessionUpdate {
        let mut found = Vec::new();
        for group in &mut self.groups {
            let place = group.identifier.clone();
            cx.look_in_place_of(&place, |cx| group.follow(cx, &self.streams, &self.pattern, &mut found));
        }
        let sampled = found.len() > MOST_EVENTS;
        if sampled {
            let all = found.len();
            let mut number = 0;
            // Evenly, in their order.
            found.retain(|_| {
                number += 1;
                number * MOST_EVENTS / all > (number - 1) * MOST_EVENTS / all
            });
        }
        LiveTailSessionUpdate {
            session_metadata: Some(LiveTailSessionMetadata { sampled: Some(sampled) }),
            session_results: Some(found),
        }
    }
}

impl Followed {
    fn follow(&mut self, cx: &Cx, streams: &Streams, pattern: &Pattern, found: &mut Vec<LiveTailSessionLogEvent>) {
        let span = Span::prefix(&self.store).from(&(self.store, self.next_sequence));
        let arrivals: Vec<((u64, u64), Arrival)> = cx.rows(&ARRIVALS, span, MOST_ARRIVALS);
        let mut names: BTreeMap<u64, Option<String>> = BTreeMap::new();
        for ((store, first_sequence), arrival) in arrivals {
            self.next_sequence = first_sequence + arrival.count;
            let name = names.entry(arrival.stream).or_insert_with(|| cx.get(&NAMES, &arrival.stream));
            let Some(name) = name.as_ref().filter(|it| streams.have(it)) else { continue };
            for at in arrival.positions(cx, first_sequence) {
                let event: Option<Event> = cx.get(&EVENTS, &(store, at.timestamp, at.sequence));
                let Some(event) = event.filter(|it| pattern.matches(&it.message)) else { continue };
                found.push(LiveTailSessionLogEvent {
                    log_stream_name: Some(name.clone()),
                    log_group_identifier: Some(self.identifier.clone()),
                    message: Some(event.message),
                    timestamp: Some(at.timestamp),
                    ingestion_time: Some(event.ingested_at),
                });
            }
        }
    }
}

impl Arrival {
    /// Of its events, as far as they are still there.
    fn positions(&self, cx: &Cx, first_sequence: u64) -> Vec<Position> {
        let sequences = first_sequence..first_sequence + self.count;
        let span = Span::prefix(&self.stream).from(&(self.stream, self.first, first_sequence)).through(&(
            self.stream,
            self.last,
            sequences.end - 1,
        ));
        let mut positions: Vec<Position> = cx.range(&POSITIONS, span, usize::MAX);
        // Others may have come to the same stream with times in between.
        positions.retain(|it| sequences.contains(&it.sequence));
        positions
    }
}

impl Streams {
    fn have(&self, name: &str) -> bool {
        match self {
            Streams::All => true,
            Streams::Named(names) => names.iter().any(|it| it == name),
            Streams::Beginning(prefixes) => prefixes.iter().any(|it| name.starts_with(it.as_str())),
        }
    }
}

/// The sessions that are open, by account.
#[derive(Default)]
struct Sessions(Mutex<BTreeMap<String, usize>>);

/// One of them, until it is dropped.
struct Seat {
    sessions: Arc<Sessions>,
    account: String,
}

impl Seat {
    fn take(cloud: &Cloud) -> Result<Seat> {
        let (sessions, account) = (cloud.kernel().memory::<Sessions>(), cloud.caller().account().to_owned());
        let mut open = sessions.0.lock().expect("no panic while a session is counted");
        let count = open.entry(account.clone()).or_default();
        if *count >= MOST_SESSIONS {
            return Err(error::LIMIT_EXCEEDED.with("The maximum number of concurrent live tail sessions is reached."));
        }
        *count += 1;
        drop(open);
        Ok(Seat { sessions, account })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.sessions.0.lock().expect("no panic while a session is counted");
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
        }
    }
}

fn invalid(sentence: &str) -> Error {
    error::INVALID_PARAMETER.with(sentence)
}

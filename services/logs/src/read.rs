//! GetLogEvents: the events of one stream, forwards or backwards.
//!
//! A token is a place between two events. `f/…` reads on after it, `b/…` reads back before it; at the end of the stream
//! the same token comes back, so that a reader can wait there for more.

use crate::event::{EVENTS, Event, POSITIONS, Position, size};
use crate::group::{self, Group};
use crate::stream;
use api::logs::{GetLogEvents, GetLogEventsOutput, OutputLogEvent};
use kernel::Cx;
use model::Result;
use store::Span;

/// Limits of GetLogEvents and FilterLogEvents in the API reference.
pub const MOST_EVENTS: i64 = 10_000;
pub const MOST_BYTES: i64 = 1_048_576;
/// Positions read together.
const PAGE: usize = 500;

/// Where a token points, and which way it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    After(Position),
    Before(Position),
}

pub fn get(cx: &Cx, input: GetLogEvents) -> Result<GetLogEventsOutput> {
    let group = group::of_input(cx, &input.log_group_name, &input.log_group_identifier)?;
    let stream = stream::by_name(cx, &group, &input.log_stream_name)?;
    let limit = input.limit.unwrap_or(MOST_EVENTS) as usize;
    let token = input.next_token.as_deref().map(Token::parse).transpose()?;
    // The end is exclusive here, and inclusive in FilterLogEvents.
    let through = input.end_time.map(|it| it - 1);
    let window = Window::new(cx, &group, stream.number, input.start_time, through);
    let (events, positions) = match (token, input.start_from_head.unwrap_or(false)) {
        (Some(Token::After(at)), _) => take(cx, &group, Way::Forward, window.after(at), limit),
        (None, true) => take(cx, &group, Way::Forward, window, limit),
        (Some(Token::Before(at)), _) => take(cx, &group, Way::Backward, window.before(at), limit),
        (None, false) => take(cx, &group, Way::Backward, window, limit),
    };
    let (backward, forward) = match (positions.first(), positions.last(), token) {
        (Some(first), Some(last), _) => (*first, *last),
        (_, _, Some(Token::After(at))) => (next(at), at),
        (_, _, Some(Token::Before(at))) => (at, previous(at)),
        (_, _, None) => {
            let start = Position { timestamp: input.start_time.unwrap_or(0), sequence: 0 };
            (start, previous(start))
        }
    };
    Ok(GetLogEventsOutput {
        events: Some(events),
        next_forward_token: Some(Token::After(forward).text()),
        next_backward_token: Some(Token::Before(backward).text()),
    })
}

/// The part of a stream that is read, both ends included.
#[derive(Clone, Copy)]
pub struct Window {
    stream: u64,
    first: Position,
    last: Position,
}

impl Window {
    /// What is not expired, from one time through another.
    pub fn new(cx: &Cx, group: &Group, stream: u64, from: Option<i64>, through: Option<i64>) -> Window {
        let first = Position { timestamp: first_time(cx, group, from), sequence: 0 };
        let last = Position { timestamp: through.unwrap_or(i64::MAX), sequence: u64::MAX };
        Window { stream, first, last }
    }

    pub fn span(self) -> Span {
        Span::prefix(&self.stream).from(&(self.stream, self.first.timestamp, self.first.sequence)).through(&(
            self.stream,
            self.last.timestamp,
            self.last.sequence,
        ))
    }

    fn after(self, at: Position) -> Window {
        Window { first: self.first.max(next(at)), ..self }
    }

    fn before(self, at: Position) -> Window {
        Window { last: self.last.min(previous(at)), ..self }
    }
}

/// The first time that a reader may see.
pub fn first_time(cx: &Cx, group: &Group, from: Option<i64>) -> i64 {
    let kept = group.expired_through(cx.now().0).map_or(i64::MIN, |through| through + 1);
    from.unwrap_or(i64::MIN).max(kept)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward,
    Backward,
}

/// As many events as an answer holds, in order of time either way, and where they are.
fn take(cx: &Cx, group: &Group, way: Way, mut window: Window, limit: usize) -> (Vec<OutputLogEvent>, Vec<Position>) {
    let (mut events, mut positions, mut bytes) = (Vec::new(), Vec::new(), 0);
    'pages: while events.len() < limit {
        let most = PAGE.min(limit - events.len());
        let page = match way {
            Way::Forward => cx.range(&POSITIONS, window.span(), most),
            Way::Backward => cx.range_back(&POSITIONS, window.span(), most),
        };
        let Some(last) = page.last() else { break };
        window = match way {
            Way::Forward => window.after(*last),
            Way::Backward => window.before(*last),
        };
        for position in page {
            let key = (group.store, position.timestamp, position.sequence);
            let event: Event = cx.get(&EVENTS, &key).expect("POSITIONS points at an event");
            bytes += size(&event.message);
            if bytes > MOST_BYTES && !events.is_empty() {
                break 'pages;
            }
            positions.push(position);
            events.push(output(position, event));
        }
    }
    if way == Way::Backward {
        events.reverse();
        positions.reverse();
    }
    (events, positions)
}

fn output(position: Position, event: Event) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: Some(position.timestamp),
        message: Some(event.message),
        ingestion_time: Some(event.ingested_at),
    }
}

fn next(it: Position) -> Position {
    Position { timestamp: it.timestamp, sequence: it.sequence.saturating_add(1) }
}

fn previous(it: Position) -> Position {
    match it.sequence.checked_sub(1) {
        Some(sequence) => Position { timestamp: it.timestamp, sequence },
        None => Position { timestamp: it.timestamp - 1, sequence: u64::MAX },
    }
}

impl Token {
    /// `f/` or `b/`, fifty-six digits, `/s`: the form of AWS's, though nobody has to read it.
    fn text(self) -> String {
        match self {
            Token::After(it) => format!("f/{:028}{:028}/s", it.timestamp, it.sequence),
            Token::Before(it) => format!("b/{:028}{:028}/s", it.timestamp, it.sequence),
        }
    }

    fn parse(text: &str) -> Result<Token> {
        let read = || {
            let (way, rest) = text.split_at_checked(2)?;
            let (timestamp, sequence) = rest.strip_suffix("/s")?.split_at_checked(28)?;
            let position = Position { timestamp: timestamp.parse().ok()?, sequence: sequence.parse().ok()? };
            match way {
                "f/" => Some(Token::After(position)),
                "b/" => Some(Token::Before(position)),
                _ => None,
            }
        };
        read().ok_or_else(group::invalid_token)
    }
}

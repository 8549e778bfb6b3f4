//! A sandbox's log stream in CloudWatch Logs, written as the function's role.
//!
//! Lines are put together until an invocation ends or some time has passed, then written by a task of their own, in
//! order. A role that may not write logs has none, as on AWS.

use super::report;
use crate::function::{Function, Logging};
use crate::task;
use api::logs::{CreateLogGroup, CreateLogStream, InputLogEvent, PutLogEvents};
use kernel::{Cloud, Principal};
use model::{Error, Result, Timestamp};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// What Invoke gives of the log (LogType in the API reference).
const TAIL_BYTES: usize = 4096;
/// How long a line may wait for others.
const PROMPT_MS: i64 = 100;
/// PutLogEvents in the API reference: events and bytes of a batch, what an event counts beside its text, and a day and
/// a text that one event may hold.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
const EVENT_BYTES: usize = 26;
const LONGEST_BATCH_MS: i64 = 24 * 3600 * 1000;
const LONGEST_EVENT: usize = 256 * 1024 - EVENT_BYTES;
/// What may wait to be written. A function that prints faster loses lines, and the log says how many.
const MOST_WAITING: usize = 32 * 1024 * 1024;
/// Writing is tried again so often when the store is in trouble.
const ATTEMPTS: u32 = 5;
const WAIT_MS: i64 = 200;

pub struct Log {
    cloud: Cloud,
    group: String,
    stream: String,
    /// The version that writes here.
    version: String,
    logging: Logging,
    items: mpsc::UnboundedSender<Item>,
    /// Bytes that wait to be written.
    waiting: Arc<AtomicUsize>,
    tail: Mutex<Tail>,
}

enum Item {
    Line(InputLogEvent),
    /// An invocation is over.
    End,
}

/// The end of what the current invocation has logged.
#[derive(Default)]
struct Tail {
    request_id: String,
    bytes: VecDeque<u8>,
    /// Lines that found no room.
    lost: u64,
}

impl Log {
    /// Starts the task that writes. It ends with the log. Without a session nothing is written.
    pub fn open(cloud: &Cloud, session: Option<Principal>, function: &Function, stream: String) -> Arc<Log> {
        let (items, mut queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let group = function.log_group.clone();
        if let Some(session) = session {
            let cloud = cloud.acting_as(session);
            let mut writer =
                Writer { cloud, group: group.clone(), stream: stream.clone(), waiting: waiting.clone(), exists: false };
            tokio::spawn(async move {
                while let Err(panic) = kernel::panic::caught_async(writer.run(&mut queue)).await {
                    task::pause(&writer.cloud, "a log writer", &panic).await;
                }
            });
        }
        let (version, logging) = (function.version.clone(), function.logging.clone());
        Arc::new(Log { cloud: cloud.clone(), group, stream, version, logging, items, waiting, tail: Mutex::default() })
    }

    pub fn group(&self) -> &str {
        &self.group
    }

    pub fn stream(&self) -> &str {
        &self.stream
    }

    pub fn logging(&self) -> &Logging {
        &self.logging
    }

    pub fn now(&self) -> Timestamp {
        self.cloud.now()
    }

    /// A line, without its end. Does not block.
    pub fn line(&self, text: &str) {
        let lost = {
            let mut tail = self.tail();
            tail.push(text);
            if self.waiting.load(Ordering::Relaxed) + text.len() > MOST_WAITING {
                tail.lost += 1;
                return;
            }
            std::mem::take(&mut tail.lost)
        };
        if lost > 0 {
            self.send(&format!("Niebla dropped {lost} lines that came faster than they could be written"));
        }
        let mut rest = text;
        while rest.len() > LONGEST_EVENT {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(LONGEST_EVENT));
            self.send(piece);
            rest = after;
        }
        self.send(rest);
    }

    /// An invocation begins, if it has not begun already.
    pub fn begin(&self, request_id: &str) {
        {
            let mut tail = self.tail();
            if tail.request_id == request_id {
                return;
            }
            // What the start has said stays: it is a part of this invocation.
            request_id.clone_into(&mut tail.request_id);
        }
        if let Some(line) = report::start(self.now(), &self.logging, request_id, &self.version) {
            self.line(&line);
        }
    }

    /// An invocation is over: the end of what it has logged.
    pub fn end(&self) -> Vec<u8> {
        // Without a writer nobody listens.
        let _ = self.items.send(Item::End);
        let mut tail = self.tail();
        tail.request_id.clear();
        std::mem::take(&mut tail.bytes).into()
    }

    fn send(&self, text: &str) {
        let event = InputLogEvent { timestamp: self.now().0, message: format!("{text}\n") };
        let size = event.message.len();
        // Counted before it can be written and counted off.
        self.waiting.fetch_add(size, Ordering::Relaxed);
        if self.items.send(Item::Line(event)).is_err() {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
        }
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    fn push(&mut self, line: &str) {
        self.bytes.extend(line.as_bytes());
        self.bytes.push_back(b'\n');
        let excess = self.bytes.len().saturating_sub(TAIL_BYTES);
        self.bytes.drain(..excess);
    }
}

/// The task behind a log.
struct Writer {
    /// As the function's role.
    cloud: Cloud,
    group: String,
    stream: String,
    waiting: Arc<AtomicUsize>,
    /// The stream was made.
    exists: bool,
}

impl Writer {
    async fn run(&mut self, queue: &mut mpsc::UnboundedReceiver<Item>) {
        let mut carried = None;
        loop {
            let first = match carried.take() {
                Some(event) => event,
                None => match queue.recv().await {
                    Some(Item::Line(event)) => event,
                    Some(Item::End) => continue,
                    None => return,
                },
            };
            let (batch, next) = self.gather(first, queue).await;
            carried = next;
            let size = batch.iter().map(|it| it.message.len()).sum();
            self.write(batch).await;
            self.waiting.fetch_sub(size, Ordering::Relaxed);
        }
    }

    /// What is there until an invocation ends, the first line has waited for long enough, or a batch is full; and the
    /// line that does not fit into it: by its size, or because the clock was moved and its time is before the others' or
    /// more than a day after.
    async fn gather(
        &self,
        first: InputLogEvent,
        queue: &mut mpsc::UnboundedReceiver<Item>,
    ) -> (Vec<InputLogEvent>, Option<InputLogEvent>) {
        let deadline = Timestamp(self.cloud.now().0 + PROMPT_MS);
        let mut bytes = first.message.len() + EVENT_BYTES;
        let (begins_at, mut last) = (first.timestamp, first.timestamp);
        let mut batch = vec![first];
        while batch.len() < MOST_EVENTS {
            let item = tokio::select! {
                biased;
                item = queue.recv() => item,
                () = self.cloud.sleep_until(deadline) => return (batch, None),
            };
            match item {
                Some(Item::Line(event)) => {
                    bytes += event.message.len() + EVENT_BYTES;
                    let in_order = (last..=begins_at + LONGEST_BATCH_MS).contains(&event.timestamp);
                    if bytes > MOST_BYTES || !in_order {
                        return (batch, Some(event));
                    }
                    last = event.timestamp;
                    batch.push(event);
                }
                Some(Item::End) | None => return (batch, None),
            }
        }
        (batch, None)
    }

    async fn write(&mut self, batch: Vec<InputLogEvent>) {
        for attempt in 0..ATTEMPTS {
            match self.put(batch.clone()).await {
                Ok(()) => return,
                Err(error) if is_gone(&error) => self.exists = false,
                // Not allowed, or no such service: there are no logs then.
                Err(error) if error.shape().status < 500 || error.code() == "NotImplemented" => {
                    tracing::debug!("{}: {error}", self.group);
                    return;
                }
                Err(error) => {
                    tracing::warn!("{}: {error}", self.group);
                    let pause = Timestamp(self.cloud.now().0 + (WAIT_MS << attempt));
                    self.cloud.sleep_until(pause).await;
                }
            }
        }
        tracing::error!("{} lines of {} are lost", batch.len(), self.group);
    }

    async fn put(&mut self, log_events: Vec<InputLogEvent>) -> Result<()> {
        if !self.exists {
            self.make().await?;
            self.exists = true;
        }
        let input = PutLogEvents {
            log_group_name: self.group.clone(),
            log_stream_name: self.stream.clone(),
            log_events,
            ..PutLogEvents::default()
        };
        self.cloud.call(input).await.map(drop)
    }

    /// The stream, and where there is none the group: a role need not be allowed to make groups that exist.
    async fn make(&self) -> Result<()> {
        let stream = || CreateLogStream { log_group_name: self.group.clone(), log_stream_name: self.stream.clone() };
        match self.cloud.call(stream()).await {
            Err(error) if is_gone(&error) => {
                let group = CreateLogGroup { log_group_name: self.group.clone(), ..CreateLogGroup::default() };
                there(self.cloud.call(group).await.map(drop))?;
                there(self.cloud.call(stream()).await.map(drop))
            }
            other => there(other.map(drop)),
        }
    }
}

fn is_gone(error: &Error) -> bool {
    error.code() == "ResourceNotFoundException"
}

/// Somebody else was first.
fn there(made: Result<()>) -> Result<()> {
    match made {
        Err(error) if error.code() == "ResourceAlreadyExistsException" => Ok(()),
        other => other,
    }
}

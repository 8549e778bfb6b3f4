//! Working a batch off: the function is invoked until it is done with all records or they are given up.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>

use super::batch::Batch;
use super::checkpoint::{self, Window};
use super::discard::{self, Condition};
use super::lane::{Lane, Turn};
use crate::function::Function;
use crate::invoke::{self, Answer, Event};
use crate::mapping::batch::failures;
use crate::mapping::{poll, reader_of};
use crate::name;
use bytes::Bytes;
use kernel::source::Entry;
use model::Timestamp;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Records for one invocation: a batch, or what is left of one.
pub struct Part {
    pub entries: Vec<Entry>,
    /// The checkpoint after it.
    next: Option<String>,
    /// The function is to end its window.
    ends_window: bool,
    /// How often the function failed on it; halves have what the whole had.
    pub failures: i64,
    /// How often nothing came of it, for whatever reason.
    errors: u32,
}

/// What came of one invocation.
enum Outcome {
    Done,
    /// The function failed from this entry on.
    Failed {
        from: usize,
        answer: Answer,
    },
    /// The function was not reached.
    Trouble(String),
}

const CALL_FAILED: &str = "PROBLEM: Function call failed";

pub async fn work_off(lane: &Arc<Lane>, turn: &Turn, batch: Batch) {
    if batch.entries.is_empty() && !batch.ends_window {
        let moved = checkpoint::Lane { position: batch.next, is_done: batch.is_end, ..lane.so_far() };
        return lane.commit(moved, None).await;
    }
    let Batch { entries, next, ends_window, .. } = batch;
    let mut parts = vec![Part { entries, next, ends_window, failures: 0, errors: 0 }];
    while let Some(part) = parts.pop() {
        let Some(part) = give_up_old(lane, part).await else { continue };
        // On its own: a mapping that changes meanwhile does not cut the function off.
        let running = tokio::spawn(attempt(lane.clone(), turn.clone(), part));
        let (part, outcome) = match running.await {
            Ok(tried) => tried,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return,
            },
        };
        match outcome {
            Outcome::Done => {}
            Outcome::Failed { from, answer } => parts.extend(after_failure(lane, part, from, answer).await),
            Outcome::Trouble(why) => {
                tracing::debug!("{}: {why}", lane.reader.work.source);
                lane.reader.note(CALL_FAILED.to_owned()).await;
                parts.push(rested(lane, part).await);
            }
        }
    }
}

/// What is still to be done, the first part last.
async fn after_failure(lane: &Lane, mut part: Part, from: usize, answer: Answer) -> Vec<Part> {
    let settings = &lane.reader.settings;
    part.entries.drain(..from);
    if settings.bisects && part.entries.len() > 1 {
        // "Splitting batches doesn't consume the retry quota."
        return if from == 0 { halves(part) } else { vec![part] };
    }
    part.failures += 1;
    if settings.retries.is_none_or(|most| part.failures <= most) {
        return vec![rested(lane, part).await];
    }
    give_up(lane, &part, Condition::RetryAttemptsExhausted, Some(&answer)).await;
    Vec::new()
}

fn halves(mut part: Part) -> Vec<Part> {
    let second = part.entries.split_off(part.entries.len() / 2);
    let next = part.entries.last().map(|it| it.next.clone());
    let second = Part { entries: second, ..part };
    let first = Part { entries: part.entries, next, ends_window: false, failures: second.failures, errors: 0 };
    vec![second, first]
}

async fn rested(lane: &Lane, mut part: Part) -> Part {
    part.errors += 1;
    poll::pause(&lane.reader.cloud, part.errors).await;
    part
}

/// What is left without the records that are too old.
async fn give_up_old(lane: &Lane, mut part: Part) -> Option<Part> {
    let kept_ms = lane.reader.settings.longest_age.map_or(lane.reader.stream.retention_ms, |it| it * 1_000);
    let since = Timestamp(lane.reader.cloud.now().0 - kept_ms);
    let old = part.entries.partition_point(|it| it.at < since);
    if old == 0 {
        return Some(part);
    }
    let left = part.entries.split_off(old);
    let next = part.next.take();
    let of_old = if left.is_empty() { next.clone() } else { part.entries.last().map(|it| it.next.clone()) };
    let old = Part { next: of_old, ..part };
    give_up(lane, &old, Condition::RecordAgeExceeded, None).await;
    (!left.is_empty()).then_some(Part { entries: left, next, ..old })
}

async fn give_up(lane: &Lane, part: &Part, condition: Condition, answer: Option<&Answer>) {
    if !part.entries.is_empty() {
        discard::tell(lane, part, condition, answer).await;
    }
    // A window whose end the function does not take is over all the same.
    let window = lane.so_far().window.filter(|_| !part.ends_window);
    lane.commit(checkpoint::Lane { position: part.next.clone(), is_done: false, window }, None).await;
}

async fn attempt(lane: Arc<Lane>, turn: Turn, part: Part) -> (Part, Outcome) {
    let outcome = invoke(&lane, &part).await.unwrap_or_else(Outcome::Trouble);
    drop(turn);
    (part, outcome)
}

async fn invoke(lane: &Lane, part: &Part) -> Result<Outcome, String> {
    let reader = &lane.reader;
    let function = reader.cloud.read(|cx| reader_of(cx, &reader.work)).map(|(function, _)| function);
    let function = function.ok_or("The function or its role does not exist.")?;
    let so_far = lane.so_far();
    let window = window_of(lane, part, so_far.window.clone());
    let event = event(lane, part, window.as_ref(), &function);
    let answer = invoke::run(&reader.cloud, function, event).await.map_err(|it| it.to_string())?;
    let judged = judge(lane, part, &answer, window);
    let is_done = judged.as_ref().is_ok_and(|(done, _)| *done == part.entries.len());
    let (done, window) = judged.unwrap_or_else(|why| {
        tracing::debug!("{}: {why}", reader.work.source);
        (0, so_far.window)
    });
    let position = match done {
        _ if is_done => part.next.clone(),
        0 => so_far.position,
        _ => Some(part.entries[done - 1].next.clone()),
    };
    let result = if is_done { "OK" } else { CALL_FAILED };
    let moved = checkpoint::Lane { position, is_done: false, window };
    lane.write_down(moved, Some(result)).await.map_err(|it| it.to_string())?;
    Ok(if is_done { Outcome::Done } else { Outcome::Failed { from: done, answer } })
}

/// How many records the function is done with, and what it keeps of its window.
fn judge(lane: &Lane, part: &Part, answer: &Answer, window: Option<Window>) -> Result<(usize, Option<Window>), String> {
    if let Some(error) = &answer.error {
        return Err(format!("the function failed: {error}"));
    }
    let window = match window {
        Some(window) => kept(part, answer, window)?,
        None => None,
    };
    if !lane.reader.work.reports_failures {
        return Ok((part.entries.len(), window));
    }
    let name = |it: &Entry| (it.sequence_number.clone(), String::new());
    let failed = failures(&answer.payload, &part.entries.iter().map(name).collect::<Vec<_>>())?;
    // The lowest one counts, whatever the function did with those after it.
    let done = part.entries.iter().position(|it| failed.contains(&it.sequence_number));
    Ok((done.unwrap_or(part.entries.len()), window))
}

/// "If the response does not contain a `state` property, Lambda considers this a failed invocation."
fn kept(part: &Part, answer: &Answer, window: Window) -> Result<Option<Window>, String> {
    let answer: Json = serde_json::from_slice(&answer.payload).map_err(|it| it.to_string())?;
    let state = answer.get("state").ok_or("the answer has no state")?.to_string();
    Ok((!part.ends_window).then_some(Window { state, ..window }))
}

fn window_of(lane: &Lane, part: &Part, open: Option<Window>) -> Option<Window> {
    let size_ms = lane.reader.settings.tumbling * 1_000;
    let begin = || part.entries.first().filter(|_| size_ms > 0).map(|it| Window::at(it.at, size_ms));
    open.or_else(begin)
}

fn event(lane: &Lane, part: &Part, window: Option<&Window>, function: &Function) -> Event {
    let reader = &lane.reader;
    let mut event = json!({ "Records": part.entries.iter().map(|it| &it.event).collect::<Vec<_>>() });
    if let Some(window) = window {
        let end = window.start + reader.settings.tumbling * 1_000;
        let time = |it: i64| Timestamp(it).iso_8601();
        event["window"] = json!({ "start": time(window.start), "end": time(end) });
        event["state"] = serde_json::from_str(&window.state).expect("it was JSON when it was kept");
        event["shardId"] = json!(lane.place.shard);
        event["eventSourceARN"] = json!(reader.work.source);
        event["isFinalInvokeForWindow"] = json!(part.ends_window);
        event["isWindowTerminatedEarly"] = json!(part.ends_window && window.is_overgrown());
    }
    Event {
        payload: Bytes::from(event.to_string()),
        request_id: reader.cloud.kernel().entropy.uuid(),
        client_context: None,
        arn: name::with_qualifier(&function.arn, reader.work.qualifier.as_deref()),
    }
}

impl Lane {
    /// Moves the checkpoint. What is not written now is done again after the next attempt, or after a restart.
    async fn commit(&self, to: checkpoint::Lane, result: Option<&'static str>) {
        if let Err(why) = self.write_down(to, result).await {
            tracing::warn!("a checkpoint of {} is not written: {why}", self.reader.work.source);
            poll::pause(&self.reader.cloud, 1).await;
        }
    }

    async fn write_down(&self, to: checkpoint::Lane, result: Option<&'static str>) -> model::Result<()> {
        let place = self.place.clone();
        let change = move |cx: &mut kernel::Cx| {
            if let Some(result) = result {
                checkpoint::note_result(cx, &place.uuid, result);
            }
            checkpoint::put(cx, &place, to);
            Ok(())
        };
        self.reader.cloud.write(change).await
    }
}

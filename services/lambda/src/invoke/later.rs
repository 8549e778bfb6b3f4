//! Asynchronous invocations: a row, carried out later, retried as AWS does, and reported to where the function says.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use super::destination::{self, Condition, Ending};
use super::{Answer, Event, chance, run, target};
use crate::concurrency;
use crate::event_config::{self, EventConfig};
use crate::function::Function;
use crate::name;
use api::lambda::error;
use kernel::{Cloud, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};

/// What fails is put back by [`deliver`] itself, as the function's configuration says; the kernel repeats only what the
/// store did not take.
pub static INVOKE: Job<Queued> = Job::new("lambda.invoke");

/// A function that fails is invoked twice more: after one minute and after two.
const RETRIES: i64 = 2;
const WAITS_MS: [i64; 2] = [60_000, 120_000];
/// An event that finds no room comes again: after a second first, after five minutes at the latest, for six hours.
const FIRST_WAIT_MS: i64 = 1_000;
const LONGEST_WAIT_MS: i64 = 300_000;
const LONGEST_AGE_SECONDS: i64 = 6 * 3600;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queued {
    /// The function's name.
    function: String,
    #[serde(default)]
    qualifier: Option<String>,
    /// JSON.
    payload: String,
    request_id: String,
    client_context: Option<String>,
    /// Milliseconds since 1970.
    since: i64,
    /// How often it found no room.
    throttled: u32,
    /// How often the function worked on it.
    #[serde(default)]
    attempts: i64,
}

pub async fn queue(cloud: &Cloud, function: &Function, qualifier: Option<String>, event: Event) -> Result<()> {
    let queued = Queued {
        function: function.name.clone(),
        qualifier,
        payload: String::from_utf8_lossy(&event.payload).into_owned(),
        request_id: event.request_id,
        client_context: event.client_context,
        since: cloud.now().0,
        throttled: 0,
        attempts: 0,
    };
    put(cloud, cloud.now(), queued).await
}

pub async fn deliver(cloud: Cloud, mut queued: Queued) -> Result<()> {
    let looked = cloud.read(|cx| {
        let config = event_config::of(cx, &queued.function, queued.qualifier.as_deref());
        let target = target(cx, &queued.function, queued.qualifier.as_deref(), chance(cx));
        target.map(|it| (it, config, concurrency::reserved(cx, &queued.function)))
    });
    // It was deleted meanwhile: the event goes with it.
    let Ok((function, config, reserved)) = looked else { return Ok(()) };
    let longest_age = config.longest_age.unwrap_or(LONGEST_AGE_SECONDS) * 1000;
    if cloud.now().0 - queued.since > longest_age {
        return end(&cloud, &function, &config, &queued, Condition::EventAgeExceeded, None).await;
    }
    // "immediately sends any new events to your configured dead-letter queue or the on-failure event destination, without
    // any retries" (Configuring reserved concurrency in the developer guide).
    if reserved == Some(0) {
        return end(&cloud, &function, &config, &queued, Condition::RetriesExhausted, None).await;
    }
    let event = Event {
        payload: queued.payload.clone().into(),
        request_id: queued.request_id.clone(),
        client_context: queued.client_context.clone(),
        arn: name::with_qualifier(&function.arn, queued.qualifier.as_deref()),
    };
    let answer = match run(&cloud, function.clone(), event).await {
        Ok(answer) => answer,
        Err(why) => {
            if !why.is(&error::TOO_MANY_REQUESTS) {
                tracing::warn!("{}: {why}", queued.function);
            }
            return wait_for_room(&cloud, queued).await;
        }
    };
    queued.attempts += 1;
    if answer.error.is_none() {
        return end(&cloud, &function, &config, &queued, Condition::Success, Some(answer)).await;
    }
    if queued.attempts > config.retries.unwrap_or(RETRIES) {
        return end(&cloud, &function, &config, &queued, Condition::RetriesExhausted, Some(answer)).await;
    }
    let wait = WAITS_MS[(queued.attempts as usize - 1).min(WAITS_MS.len() - 1)];
    put(&cloud, Timestamp(cloud.now().0 + wait), queued).await
}

async fn wait_for_room(cloud: &Cloud, queued: Queued) -> Result<()> {
    let wait = (FIRST_WAIT_MS << queued.throttled.min(20)).min(LONGEST_WAIT_MS);
    put(cloud, Timestamp(cloud.now().0 + wait), Queued { throttled: queued.throttled + 1, ..queued }).await
}

async fn put(cloud: &Cloud, due: Timestamp, queued: Queued) -> Result<()> {
    cloud
        .write(move |cx| {
            cx.at(due, &INVOKE, &queued);
            Ok(())
        })
        .await
}

async fn end(
    cloud: &Cloud,
    function: &Function,
    config: &EventConfig,
    queued: &Queued,
    condition: Condition,
    answer: Option<Answer>,
) -> Result<()> {
    let ending = Ending {
        condition,
        request_id: &queued.request_id,
        qualifier: queued.qualifier.as_deref(),
        payload: &queued.payload,
        attempts: queued.attempts,
        answer: answer.as_ref(),
    };
    destination::tell(cloud, function, config, &ending).await;
    Ok(())
}

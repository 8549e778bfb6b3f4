//! Asynchronous invocations: a row, carried out later, retried as AWS does.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use super::{Event, run};
use crate::function::{FUNCTIONS, Function};
use api::lambda::error;
use kernel::{Cloud, Job, Retry};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};

/// A function that fails is invoked twice more: after one minute and after two.
pub static INVOKE: Job<Queued> =
    Job::new("lambda.invoke").retried(Retry { attempts: 3, first_wait_ms: 60_000, longest_wait_ms: 120_000 });

/// An event that finds no room comes again: after a second first, after five minutes at the latest, for six hours.
const FIRST_WAIT_MS: i64 = 1_000;
const LONGEST_WAIT_MS: i64 = 300_000;
const LONGEST_AGE_MS: i64 = 6 * 3600 * 1000;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queued {
    function: String,
    /// JSON.
    payload: String,
    request_id: String,
    client_context: Option<String>,
    /// Milliseconds since 1970.
    since: i64,
    /// How often it found no room.
    throttled: u32,
}

pub async fn queue(cloud: &Cloud, function: &Function, event: Event) -> Result<()> {
    let queued = Queued {
        function: function.name.clone(),
        payload: String::from_utf8_lossy(&event.payload).into_owned(),
        request_id: event.request_id,
        client_context: event.client_context,
        since: cloud.now().0,
        throttled: 0,
    };
    cloud
        .write(move |cx| {
            cx.at(cx.now(), &INVOKE, &queued);
            Ok(())
        })
        .await
}

pub async fn deliver(cloud: Cloud, queued: Queued) -> Result<()> {
    // It was deleted meanwhile: the event goes with it.
    let Some(function) = cloud.read(|cx| cx.get(&FUNCTIONS, &queued.function.as_str())) else { return Ok(()) };
    let event = Event {
        payload: queued.payload.clone().into(),
        request_id: queued.request_id.clone(),
        client_context: queued.client_context.clone(),
    };
    match run(&cloud, function, event).await {
        Ok(answer) => match answer.error {
            Some(error_type) => Err(error::SERVICE.with(format!("{}: {error_type}", queued.function))),
            None => Ok(()),
        },
        Err(error) if error.is(&error::TOO_MANY_REQUESTS) => again(&cloud, queued).await,
        Err(error) => Err(error),
    }
}

async fn again(cloud: &Cloud, queued: Queued) -> Result<()> {
    let wait = (FIRST_WAIT_MS << queued.throttled.min(20)).min(LONGEST_WAIT_MS);
    let due = Timestamp(cloud.now().0 + wait);
    if due.0 - queued.since > LONGEST_AGE_MS {
        tracing::warn!("an event for {} found no room for six hours and is dropped", queued.function);
        return Ok(());
    }
    let queued = Queued { throttled: queued.throttled + 1, ..queued };
    cloud
        .write(move |cx| {
            cx.at(due, &INVOKE, &queued);
            Ok(())
        })
        .await
}

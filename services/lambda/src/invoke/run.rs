//! One invocation: a sandbox is taken or started, the event handed over, what happens told in the log.

use super::log::Log;
use super::outcome::{self, Failure};
use super::pool::{Pools, Warm};
use super::report::{self, Figures};
use super::start;
use crate::function::{Function, version};
use crate::{concurrency, name, time};
use bytes::Bytes;
use kernel::driver::{self, InvokeResult, StartError};
use kernel::{Cloud, Principal};
use model::Result;
use std::sync::Arc;

/// What a function is invoked with.
#[derive(Clone, Debug)]
pub struct Event {
    pub payload: Bytes,
    pub request_id: String,
    /// JSON.
    pub client_context: Option<String>,
    /// As it was invoked: with the qualifier, if one was named.
    pub arn: String,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub payload: Bytes,
    /// The type of the error, if the payload is one.
    pub error: Option<String>,
    /// The last bytes of what was logged.
    pub log: Vec<u8>,
}

/// How an invocation ended, with what the log reports of it.
struct Ended {
    result: std::result::Result<Bytes, Failure>,
    figures: Figures,
}

/// Runs the function once, as nobody in particular: who may invoke it was decided before.
///
/// # Errors
/// Those of Invoke that are not the function's: too many at once, a role that cannot be assumed.
pub async fn run(cloud: &Cloud, function: Function, event: Event) -> Result<Answer> {
    let cloud = as_lambda(cloud, &function);
    let pools = cloud.kernel().memory::<Pools>();
    let _slot = pools.enter(&function, &cloud.read(concurrency::all))?;
    let warm = match pools.take(&function, cloud.now()) {
        Some(warm) => Ok(warm),
        None => start::sandbox(&cloud, &pools, &function, &event.request_id).await?,
    };
    match warm {
        Ok(warm) => invoke(&cloud, &pools, &function, event, warm).await,
        Err((log, error)) => Ok(not_started(&function, &event, &log, error)),
    }
}

/// In the function's place, as the service itself.
fn as_lambda(cloud: &Cloud, function: &Function) -> Cloud {
    let it = name::parse(&function.arn);
    let lambda = Principal::service(it.account.unwrap_or_default(), crate::function::LAMBDA);
    cloud.acting_as(lambda).in_region(it.region.unwrap_or_default())
}

async fn invoke(cloud: &Cloud, pools: &Pools, function: &Function, event: Event, mut warm: Warm) -> Result<Answer> {
    let log = warm.log.clone();
    log.begin(&event.request_id);
    let outcome = warm.sandbox.invoke(to_driver(cloud, function, &event)).await;
    let ended = Ended {
        result: match outcome.result {
            InvokeResult::Response(body) => Ok(body),
            InvokeResult::Error { error_type, body } => Err(Failure { error_type, body, said: None }),
            InvokeResult::TimedOut => Err(outcome::timed_out(&event.request_id, function.timeout)),
            InvokeResult::Exited(how) => Err(outcome::exited(&event.request_id, &how)),
        },
        figures: Figures {
            duration_ms: outcome.duration_ms,
            init_ms: (!std::mem::replace(&mut warm.used, true)).then(|| warm.sandbox.init_ms()),
            max_memory_mb: outcome.max_memory_mb,
        },
    };
    let answer = finish(function, &event, &log, ended);
    let current = cloud.read(|cx| version::current(cx, function)).is_some_and(|it| it.revision == warm.revision);
    if current && warm.sandbox.is_ready() {
        pools.put(function, warm, cloud.now());
    }
    Ok(answer)
}

/// The function could not even start: that is the answer to this event.
fn not_started(function: &Function, event: &Event, log: &Arc<Log>, error: StartError) -> Answer {
    log.begin(&event.request_id);
    let result = Err(outcome::not_started(&event.request_id, function.timeout, &error.why));
    let figures = Figures { duration_ms: error.duration_ms, init_ms: None, max_memory_mb: error.max_memory_mb };
    let ended = Ended { result, figures };
    finish(function, event, log, ended)
}

/// Tells the end in the log, in AWS's lines.
fn finish(function: &Function, event: &Event, log: &Arc<Log>, ended: Ended) -> Answer {
    let id = &event.request_id;
    let failure = ended.result.as_ref().err();
    if let Some(said) = failure.and_then(|it| it.said.as_ref()) {
        match said {
            outcome::Said::TimedOut(text) => log.line(&format!("{} {id} {text}", time::logged(log.now()))),
            outcome::Said::Exited(text) => {
                log.line(text);
                log.line("Runtime.ExitError");
            }
            outcome::Said::Unavailable(text) => log.line(text),
        }
    }
    for line in report::end(log.now(), function, id, &ended.figures, failure) {
        log.line(&line);
    }
    let tail = log.end();
    match ended.result {
        Ok(payload) => Answer { payload, error: None, log: tail },
        Err(it) => Answer { payload: it.body, error: Some(it.error_type), log: tail },
    }
}

fn to_driver(cloud: &Cloud, function: &Function, event: &Event) -> driver::Event {
    driver::Event {
        request_id: event.request_id.clone(),
        payload: event.payload.clone(),
        timeout_ms: function.timeout as u64 * 1000,
        function_arn: event.arn.clone(),
        trace_id: trace_id(cloud),
        client_context: event.client_context.clone(),
    }
}

/// Of a trace that nobody records (AWS X-Ray concepts: tracing header).
fn trace_id(cloud: &Cloud) -> String {
    let id = cloud.kernel().entropy.uuid().replace('-', "");
    let parent = cloud.kernel().entropy.uuid().replace('-', "");
    format!("Root=1-{:08x}-{};Parent={};Sampled=0", cloud.now().0 / 1000, &id[..24], &parent[..16])
}

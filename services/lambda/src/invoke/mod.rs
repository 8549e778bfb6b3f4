//! Invoke: one event to a function, now or later.

mod destination;
pub mod later;
mod log;
mod outcome;
pub mod pool;
mod report;
mod run;
mod start;

pub use destination::send;
pub use run::{Answer, Event, run};

use crate::function::{self, Function, unsupported};
use crate::{alias, name};
use api::lambda::{Invoke, InvokeAsync, InvokeAsyncOutput, InvokeOutput, error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use kernel::{Cloud, Cx};
use model::{Error, Result};
use policy::Context;

/// Lambda quotas in the developer guide: a payload that is answered, and one that is queued.
pub const MOST_SYNCHRONOUS: usize = 6 * 1024 * 1024;
const MOST_ASYNCHRONOUS: usize = 1024 * 1024;
/// Of the client context, in base64.
const MOST_CONTEXT: usize = 3583;

pub async fn invoke(cloud: Cloud, input: Invoke) -> Result<InvokeOutput> {
    refuse_unsupported(&input)?;
    let qualifier = name::qualifier(&input.function_name, input.qualifier.as_deref())?;
    let function = cloud.read(|cx| target(cx, &input.function_name, qualifier, chance(cx)))?;
    let kind = input.invocation_type.as_deref().unwrap_or("RequestResponse");
    let event = Event {
        payload: payload(input.payload, if kind == "Event" { MOST_ASYNCHRONOUS } else { MOST_SYNCHRONOUS })?,
        request_id: cloud.caller().request_id.clone(),
        client_context: input.client_context.as_deref().map(context).transpose()?,
        arn: name::with_qualifier(&function.arn, qualifier),
    };
    match kind {
        "DryRun" => Ok(InvokeOutput { status_code: Some(204), ..InvokeOutput::default() }),
        "Event" => {
            later::queue(&cloud, &function, qualifier.map(str::to_owned), event).await?;
            Ok(InvokeOutput { status_code: Some(202), ..InvokeOutput::default() })
        }
        _ => {
            let (version, wants_log) = (function.version.clone(), input.log_type.as_deref() == Some("Tail"));
            // On its own, so that a caller who goes away does not end the function.
            let running = tokio::spawn(async move { run(&cloud, function, event).await });
            let answer = running.await.map_err(|it| error::SERVICE.with(it.to_string()))??;
            Ok(InvokeOutput {
                status_code: Some(200),
                function_error: answer.error.map(|_| "Unhandled".to_owned()),
                log_result: wants_log.then(|| BASE64.encode(&answer.log)),
                payload: Some(answer.payload),
                executed_version: Some(version),
                ..InvokeOutput::default()
            })
        }
    }
}

/// There are no function URLs yet, through which an event could come.
pub fn conditions(_: &Cx, _: &Invoke, context: &mut Context) {
    context.insert("lambda:InvokedViaFunctionUrl", false);
}

/// The oldest way to invoke later, kept by AWS for those who still use it.
pub async fn invoke_async(cloud: Cloud, input: InvokeAsync) -> Result<InvokeAsyncOutput> {
    let invoke = Invoke {
        function_name: input.function_name,
        invocation_type: Some("Event".to_owned()),
        payload: Some(input.invoke_args),
        ..Invoke::default()
    };
    let output = self::invoke(cloud, invoke).await?;
    Ok(InvokeAsyncOutput { status: output.status_code })
}

/// The version that works on one event. An alias may have two, between which `chance`, from 0 to 1, decides.
fn target(cx: &Cx, text: &str, qualifier: Option<&str>, chance: f64) -> Result<Function> {
    let qualifier = name::qualifier(text, qualifier)?;
    let function = name::parse(text).function;
    match qualifier.and_then(|it| alias::of(cx, function, it)) {
        Some(alias) => function::by_name(cx, function, Some(alias.pick(chance))),
        None => function::by_name(cx, text, qualifier),
    }
}

/// From 0 to 1.
fn chance(cx: &Cx) -> f64 {
    f64::from(u32::from_be_bytes(cx.random_bytes())) / f64::from(u32::MAX)
}

/// JSON of any kind; nothing stands for an empty object.
fn payload(given: Option<Bytes>, most: usize) -> Result<Bytes> {
    let given = given.unwrap_or_default();
    if given.len() > most {
        let request = if most == MOST_SYNCHRONOUS { "InvokeFunction" } else { "InvokeAsync" };
        return Err(error::REQUEST_TOO_LARGE
            .with(format!("Request must be smaller than {most} bytes for the {request} operation")));
    }
    if given.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&given) {
        Ok(_) => Ok(given),
        Err(why) => Err(invalid(format!("Could not parse request body into json: {why}"))),
    }
}

fn context(base64: &str) -> Result<String> {
    if base64.len() > MOST_CONTEXT {
        return Err(invalid(format!("Client context must be no more than {MOST_CONTEXT} bytes")));
    }
    let text = BASE64.decode(base64).ok().and_then(|it| String::from_utf8(it).ok());
    let text = text.filter(|it| serde_json::from_str::<serde::de::IgnoredAny>(it).is_ok());
    text.ok_or_else(|| invalid("Client context must be a valid Base64-encoded JSON object.".to_owned()))
}

fn invalid(why: String) -> Error {
    error::INVALID_REQUEST_CONTENT.with(why).field("Type", "User".to_owned())
}

fn refuse_unsupported(input: &Invoke) -> Result<()> {
    if input.durable_execution_name.is_some() {
        return Err(unsupported("DurableExecutionName of Invoke"));
    }
    if input.tenant_id.is_some() {
        return Err(unsupported("TenantId of Invoke"));
    }
    Ok(())
}

//! How asynchronous events are retried, how old they may become, and who is told of their end.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>

use crate::function::{self, Function, unsupported};
use crate::name::{self, LATEST};
use crate::page;
use api::lambda::{
    DeleteFunctionEventInvokeConfig, DeleteFunctionEventInvokeConfigOutput, DestinationConfig,
    FunctionEventInvokeConfig, GetFunctionEventInvokeConfig, GetFunctionEventInvokeConfigOutput,
    ListFunctionEventInvokeConfigs, ListFunctionEventInvokeConfigsOutput, OnFailure, OnSuccess,
    PutFunctionEventInvokeConfig, PutFunctionEventInvokeConfigOutput, UpdateFunctionEventInvokeConfig,
    UpdateFunctionEventInvokeConfigOutput, error,
};
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every configuration. Key: (function's name, qualifier).
static CONFIGS: Table<EventConfig> = Table::regional("lambda.event-invoke-config");

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EventConfig {
    pub qualifier: String,
    /// After the first attempt.
    pub retries: Option<i64>,
    /// Seconds.
    pub longest_age: Option<i64>,
    /// ARNs.
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

/// AWS gives no more configurations at once.
const PAGE: usize = 50;

pub fn put(cx: &mut Cx, input: PutFunctionEventInvokeConfig) -> Result<PutFunctionEventInvokeConfigOutput> {
    let (function, qualifier) = of_named(cx, &input.function_name, input.qualifier.as_deref())?;
    let destinations = input.destination_config;
    if input.maximum_retry_attempts.is_none() && input.maximum_event_age_in_seconds.is_none() && destinations.is_none()
    {
        return Err(invalid("You must specify at least one of error handling or destination setting.".to_owned()));
    }
    let (on_success, on_failure) = destinations.map(arns).unwrap_or_default();
    let config = EventConfig {
        qualifier,
        retries: input.maximum_retry_attempts,
        longest_age: input.maximum_event_age_in_seconds,
        on_success,
        on_failure,
        modified_at: cx.now().0,
    };
    store(cx, &function, &config)?;
    Ok(function::reshaped(shown(&function, &config)))
}

pub fn update(cx: &mut Cx, input: UpdateFunctionEventInvokeConfig) -> Result<UpdateFunctionEventInvokeConfigOutput> {
    let (function, mut config) = existing(cx, &input.function_name, input.qualifier.as_deref())?;
    config.retries = input.maximum_retry_attempts.or(config.retries);
    config.longest_age = input.maximum_event_age_in_seconds.or(config.longest_age);
    if let Some(given) = input.destination_config {
        // An outcome that is not named keeps its destination; one without an ARN loses it.
        let (names_success, names_failure) = (given.on_success.is_some(), given.on_failure.is_some());
        let (on_success, on_failure) = arns(given);
        config.on_success = if names_success { on_success } else { config.on_success };
        config.on_failure = if names_failure { on_failure } else { config.on_failure };
    }
    config.modified_at = cx.now().0;
    store(cx, &function, &config)?;
    Ok(function::reshaped(shown(&function, &config)))
}

pub fn get(cx: &Cx, input: GetFunctionEventInvokeConfig) -> Result<GetFunctionEventInvokeConfigOutput> {
    let (function, config) = existing(cx, &input.function_name, input.qualifier.as_deref())?;
    Ok(function::reshaped(shown(&function, &config)))
}

pub fn delete(cx: &mut Cx, input: DeleteFunctionEventInvokeConfig) -> Result<DeleteFunctionEventInvokeConfigOutput> {
    let (function, config) = existing(cx, &input.function_name, input.qualifier.as_deref())?;
    cx.delete(&CONFIGS, &(function.name.as_str(), config.qualifier.as_str()));
    Ok(DeleteFunctionEventInvokeConfigOutput {})
}

pub fn list(cx: &Cx, input: ListFunctionEventInvokeConfigs) -> Result<ListFunctionEventInvokeConfigsOutput> {
    let function = function::unqualified(cx, &input.function_name)?;
    let limit = page::limit(input.max_items, PAGE);
    let name = function.name.as_str();
    let mut span = Span::prefix(&name);
    if let Some(after) = page::after(input.marker.as_deref())? {
        span = span.after(&(name, after.as_str()));
    }
    let mut found = cx.range(&CONFIGS, span, limit + 1);
    let next_marker = page::cut(&mut found, limit, |it| &it.qualifier);
    let configs = found.iter().map(|it| shown(&function, it)).collect();
    Ok(ListFunctionEventInvokeConfigsOutput { next_marker, function_event_invoke_configs: Some(configs) })
}

/// What holds for events to this qualifier.
pub fn of(cx: &Cx, function: &str, qualifier: Option<&str>) -> EventConfig {
    cx.get(&CONFIGS, &(function, qualifier.unwrap_or(LATEST))).unwrap_or_default()
}

/// The function is deleted, and all of its configurations with it.
pub fn forget(cx: &mut Cx, function: &str) {
    let keys: Vec<(String, String)> = cx.keys(&CONFIGS, Span::prefix(&function), usize::MAX);
    for (function, qualifier) in keys {
        cx.delete(&CONFIGS, &(function.as_str(), qualifier.as_str()));
    }
}

fn of_named(cx: &Cx, text: &str, qualifier: Option<&str>) -> Result<(Function, String)> {
    let qualifier = name::qualifier(text, qualifier)?;
    let function = function::by_name(cx, text, qualifier)?;
    Ok((function, qualifier.unwrap_or(LATEST).to_owned()))
}

fn existing(cx: &Cx, text: &str, qualifier: Option<&str>) -> Result<(Function, EventConfig)> {
    let (function, qualifier) = of_named(cx, text, qualifier)?;
    let found = cx.get(&CONFIGS, &(function.name.as_str(), qualifier.as_str())).ok_or_else(|| {
        error::RESOURCE_NOT_FOUND
            .with(format!("The function {}:{qualifier} doesn't have an EventInvokeConfig", function.arn))
            .field("Type", "User".to_owned())
    })?;
    Ok((function, found))
}

fn store(cx: &mut Cx, function: &Function, config: &EventConfig) -> Result<()> {
    for arn in [&config.on_success, &config.on_failure].into_iter().flatten() {
        check(cx, function, arn)?;
    }
    cx.put(&CONFIGS, &(function.name.as_str(), config.qualifier.as_str()), config);
    Ok(())
}

/// A queue or another function, to which the function's role may send.
fn check(cx: &mut Cx, function: &Function, arn: &str) -> Result<()> {
    let (service, operation) = match arn.split(':').nth(2).unwrap_or_default() {
        "sqs" if arn.ends_with(".fifo") => {
            return Err(invalid(format!("The destination ARN {arn} is invalid: it must be a standard queue.")));
        }
        "sqs" => ("sqs", "SendMessage"),
        "lambda" => ("lambda", "Invoke"),
        "sns" | "events" | "s3" => return Err(unsupported(&format!("the destination {arn}"))),
        _ => return Err(invalid(format!("The destination ARN {arn} is invalid."))),
    };
    let named = name::parse(arn);
    if service == "lambda" && name::with_qualifier(&function.arn, named.qualifier) == arn {
        return Err(invalid("You can't specify the function as a destination for itself.".to_owned()));
    }
    let may = match function::session_for(cx, function)? {
        Some(session) => cx.acting_as(session, |cx| Ok(cx.may(service, operation, arn)))?,
        None => false,
    };
    if !may {
        let action = if service == "lambda" { "InvokeFunction" } else { operation };
        return Err(invalid(format!(
            "The function's execution role does not have permissions to call {action} on {arn}"
        )));
    }
    Ok(())
}

fn arns(it: DestinationConfig) -> (Option<String>, Option<String>) {
    let set = |it: &String| !it.is_empty();
    let success = it.on_success.and_then(|it| it.destination).filter(set);
    (success, it.on_failure.and_then(|it| it.destination).filter(set))
}

fn shown(function: &Function, it: &EventConfig) -> FunctionEventInvokeConfig {
    FunctionEventInvokeConfig {
        last_modified: Some(Timestamp(it.modified_at)),
        function_arn: Some(format!("{}:{}", function.arn, it.qualifier)),
        maximum_retry_attempts: it.retries,
        maximum_event_age_in_seconds: it.longest_age,
        destination_config: Some(DestinationConfig {
            on_success: Some(OnSuccess { destination: it.on_success.clone() }),
            on_failure: Some(OnFailure { destination: it.on_failure.clone() }),
        }),
    }
}

fn invalid(why: String) -> Error {
    error::INVALID_PARAMETER_VALUE.with(why).field("Type", "User".to_owned())
}

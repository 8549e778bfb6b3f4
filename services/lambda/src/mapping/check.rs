//! What a mapping may be: a source that exists, a role that may read it, batches within AWS's bounds.

use super::Work;
use super::stream::StreamWork;
use crate::function::{self, Function, unsupported};
use api::lambda::{CreateEventSourceMapping, DestinationConfig, ScalingConfig, UpdateEventSourceMapping, error};
use kernel::source::{Kind, Queue, Source, Stream};
use kernel::{Cx, Principal};
use model::{Error, Result};

pub const REPORT_FAILURES: &str = "ReportBatchItemFailures";
/// The starting position at a shard's beginning.
pub const TRIM_HORIZON: &str = "TRIM_HORIZON";
/// Where nothing else is said.
const QUEUE_BATCH: i64 = 10;
const STREAM_BATCH: i64 = 100;
/// Seconds.
const LEAST_AGE: i64 = 60;
/// A larger batch has to be given time to become full.
const LARGEST_AT_ONCE: i64 = 10;
const BATCH_SIZES: std::ops::RangeInclusive<i64> = 1..=10_000;
/// Seconds.
const WINDOWS: std::ops::RangeInclusive<i64> = 0..=300;
const MOST_AT_ONCE: std::ops::RangeInclusive<i64> = 2..=1000;

/// A mapping reads and runs what lives in its own account and region.
pub fn at_home(cx: &Cx, arn: &str) -> Result<()> {
    let mut parts = arn.split(':').skip(3);
    let (Some(region), Some(account)) = (parts.next(), parts.next()) else { return Ok(()) };
    if arn.starts_with("arn:") && (region != cx.region() || account != cx.account()) {
        return Err(error::INVALID_PARAMETER_VALUE
            .with(format!("Niebla does not support event source mappings across accounts or regions yet: {arn}")));
    }
    Ok(())
}

/// What no source that there is so far can do.
pub fn refuse_unsupported(it: &CreateEventSourceMapping) -> Result<()> {
    refuse(&[
        ("KMSKeyArn", it.kms_key_arn.is_some()),
        ("MetricsConfig", it.metrics_config.is_some()),
        ("LoggingConfig", it.logging_config.is_some()),
        ("Topics", it.topics.is_some()),
        ("Queues", it.queues.is_some()),
        ("SourceAccessConfigurations", it.source_access_configurations.is_some()),
        ("SelfManagedEventSource", it.self_managed_event_source.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", it.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", it.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", it.document_db_event_source_config.is_some()),
        ("ProvisionedPollerConfig", it.provisioned_poller_config.is_some()),
    ])
}

pub fn refuse_unsupported_change(it: &UpdateEventSourceMapping) -> Result<()> {
    refuse(&[
        ("KMSKeyArn", it.kms_key_arn.is_some()),
        ("MetricsConfig", it.metrics_config.is_some()),
        ("LoggingConfig", it.logging_config.is_some()),
        ("SourceAccessConfigurations", it.source_access_configurations.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", it.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", it.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", it.document_db_event_source_config.is_some()),
        ("ProvisionedPollerConfig", it.provisioned_poller_config.is_some()),
    ])
}

/// What a request that makes or changes a mapping may say of streams alone.
macro_rules! of_streams {
    ($request:expr) => {
        [
            ("ParallelizationFactor", $request.parallelization_factor.is_some()),
            ("DestinationConfig", $request.destination_config.is_some()),
            ("MaximumRecordAgeInSeconds", $request.maximum_record_age_in_seconds.is_some()),
            ("BisectBatchOnFunctionError", $request.bisect_batch_on_function_error.is_some()),
            ("MaximumRetryAttempts", $request.maximum_retry_attempts.is_some()),
            ("TumblingWindowInSeconds", $request.tumbling_window_in_seconds.is_some()),
        ]
    };
}

pub fn creation(it: &CreateEventSourceMapping, source: &Source) -> Result<()> {
    let start = [
        ("StartingPosition", it.starting_position.is_some()),
        ("StartingPositionTimestamp", it.starting_position_timestamp.is_some()),
    ];
    fits(source, &[&start[..], &of_streams!(it)].concat(), &[("ScalingConfig", it.scaling_config.is_some())])
}

pub fn change(it: &UpdateEventSourceMapping, source: &Source) -> Result<()> {
    fits(source, &of_streams!(it), &[("ScalingConfig", it.scaling_config.is_some())])
}

/// Refuses what only the other kind of source can do.
fn fits(source: &Source, of_streams: &[(&str, bool)], of_queues: &[(&str, bool)]) -> Result<()> {
    let foreign = match &source.kind {
        Kind::Queue(_) => of_streams,
        Kind::Stream(_) => of_queues,
    };
    match foreign.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(invalid(format!("{name} is not valid for {} event sources.", source.name))),
        None => Ok(()),
    }
}

/// What a mapping on a stream has beside the others. (Lambda parameters for Amazon DynamoDB event source mappings in the
/// developer guide.)
pub fn stream_work(it: &CreateEventSourceMapping, source: &Source) -> Result<Option<StreamWork>> {
    let Kind::Stream(stream) = &source.kind else { return Ok(None) };
    let Some(starts_at) = it.starting_position.clone() else {
        return Err(invalid(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."
                .to_owned(),
        ));
    };
    if !stream.starts.contains(&starts_at.as_str()) {
        let arn = it.event_source_arn.as_deref().unwrap_or_default();
        return Err(invalid(format!("Unsupported starting position for arn type: {arn}")));
    }
    if it.starting_position_timestamp.is_some() {
        return Err(invalid(format!("StartingPositionTimestamp is not valid for {} event sources.", source.name)));
    }
    Ok(Some(StreamWork {
        starts_at,
        lanes: it.parallelization_factor.unwrap_or(1),
        bisects: it.bisect_batch_on_function_error.unwrap_or(false),
        retries: bounded(it.maximum_retry_attempts),
        longest_age: age(it.maximum_record_age_in_seconds)?,
        on_failure: on_failure(it.destination_config.as_ref())?,
        tumbling: it.tumbling_window_in_seconds.unwrap_or(0),
    }))
}

pub fn change_stream_work(to: &mut StreamWork, it: &UpdateEventSourceMapping) -> Result<()> {
    to.lanes = it.parallelization_factor.unwrap_or(to.lanes);
    to.bisects = it.bisect_batch_on_function_error.unwrap_or(to.bisects);
    to.tumbling = it.tumbling_window_in_seconds.unwrap_or(to.tumbling);
    if it.maximum_retry_attempts.is_some() {
        to.retries = bounded(it.maximum_retry_attempts);
    }
    if it.maximum_record_age_in_seconds.is_some() {
        to.longest_age = age(it.maximum_record_age_in_seconds)?;
    }
    if it.destination_config.is_some() {
        to.on_failure = on_failure(it.destination_config.as_ref())?;
    }
    Ok(())
}

/// -1 stands for no bound.
fn bounded(given: Option<i64>) -> Option<i64> {
    given.filter(|it| *it >= 0)
}

/// "The minimum valid value for maximum record age is 60s. Although values less than 60 and greater than -1 fall within
/// the parameter's absolute range, they are not allowed" (EventSourceMappingConfiguration in the API reference).
fn age(given: Option<i64>) -> Result<Option<i64>> {
    match bounded(given) {
        Some(it) if it < LEAST_AGE => {
            Err(invalid(format!("MaximumRecordAgeInSeconds must be -1 or at least {LEAST_AGE}.")))
        }
        other => Ok(other),
    }
}

fn on_failure(given: Option<&DestinationConfig>) -> Result<Option<String>> {
    let Some(given) = given else { return Ok(None) };
    if given.on_success.as_ref().is_some_and(|it| it.destination.is_some()) {
        return Err(invalid("OnSuccess destinations are not valid for event source mappings.".to_owned()));
    }
    let arn = given.on_failure.as_ref().and_then(|it| it.destination.clone());
    Ok(arn.filter(|it| !it.is_empty()))
}

/// A standard queue, to which the function's role may send.
pub fn destination(cx: &mut Cx, function: &Function, work: &Work) -> Result<()> {
    let Some(arn) = work.stream.as_ref().and_then(|it| it.on_failure.as_deref()) else { return Ok(()) };
    match arn.split(':').nth(2).unwrap_or_default() {
        "sqs" if !arn.ends_with(".fifo") => {}
        "sns" | "s3" => return Err(unsupported(&format!("the destination {arn}"))),
        _ => return Err(invalid(format!("The destination ARN {arn} is invalid."))),
    }
    let session = function::session_for(cx, function)?;
    let may = match session {
        Some(session) => cx.acting_as(session, |cx| Ok(cx.may("sqs", "SendMessage", arn)))?,
        None => false,
    };
    if !may {
        return Err(invalid(
            "The provided execution role does not have permissions to call SendMessage on SQS".to_owned(),
        ));
    }
    Ok(())
}

/// Who reads sources like this one.
pub fn source_of(cx: &Cx, arn: &str) -> Result<&'static Source> {
    let service = arn.split(':').nth(2).unwrap_or_default();
    let mut sources = cx.kernel().services.values().flat_map(|it| it.sources.iter());
    let found = sources.find(|it| it.service == service).copied();
    found.ok_or_else(|| invalid(format!("Unrecognized event source. Unsupported source arn : {arn}")))
}

pub fn reports_failures(types: Option<&[String]>) -> bool {
    types.unwrap_or_default().iter().any(|it| it == REPORT_FAILURES)
}

pub fn most_at_once(given: Option<&ScalingConfig>) -> Result<Option<i64>> {
    let given = given.and_then(|it| it.maximum_concurrency);
    match given {
        Some(it) if !MOST_AT_ONCE.contains(&it) => Err(invalid(format!(
            "MaximumConcurrency must be between {} and {}.",
            MOST_AT_ONCE.start(),
            MOST_AT_ONCE.end()
        ))),
        other => Ok(other),
    }
}

pub fn batch_size(source: &Source) -> i64 {
    match &source.kind {
        Kind::Queue(_) => QUEUE_BATCH,
        Kind::Stream(_) => STREAM_BATCH,
    }
}

pub fn batch(work: &Work, source: &Source) -> Result<()> {
    if !BATCH_SIZES.contains(&work.batch_size) {
        return Err(invalid(format!("Batch size must be between {} and {}.", BATCH_SIZES.start(), BATCH_SIZES.end())));
    }
    if !WINDOWS.contains(&work.window) {
        return Err(invalid(format!(
            "Maximum batch window in seconds must be between {} and {}.",
            WINDOWS.start(),
            WINDOWS.end()
        )));
    }
    match &source.kind {
        Kind::Queue(_) => batch_of_queue(work),
        Kind::Stream(_) => Ok(()),
    }
}

fn batch_of_queue(work: &Work) -> Result<()> {
    // A FIFO queue's batches are small, and nothing waits for them to become full (Creating and configuring an Amazon SQS
    // event source mapping in the developer guide).
    if work.source.ends_with(".fifo") && work.batch_size > LARGEST_AT_ONCE {
        return Err(invalid(format!("Batch size must be between {} and {LARGEST_AT_ONCE}.", BATCH_SIZES.start())));
    }
    if work.source.ends_with(".fifo") && work.window > 0 {
        return Err(invalid("Batching window is not supported for FIFO queues.".to_owned()));
    }
    if work.batch_size > LARGEST_AT_ONCE && work.window == 0 {
        return Err(invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
                .to_owned(),
        ));
    }
    Ok(())
}

/// The function's role has to be allowed to read.
pub fn reader(cx: &mut Cx, function: &Function, source: &'static Source, arn: &str) -> Result<()> {
    let mut services = cx.kernel().services.values();
    let service = services.find(|it| it.sources.iter().any(|it| it.service == source.service));
    let service = service.expect("the source was found there").name;
    match &source.kind {
        Kind::Queue(queue) => reader_of_queue(cx, function, (source, queue, service), arn),
        Kind::Stream(stream) => reader_of_stream(cx, function, (source, stream, service), arn),
    }
}

fn reader_of_stream(
    cx: &mut Cx,
    function: &Function,
    (source, stream, service): (&Source, &Stream, &str),
    arn: &str,
) -> Result<()> {
    let session = session(cx, function, arn)?;
    cx.acting_as(session, |cx| {
        if !source.operations.iter().all(|it| cx.may(service, it, arn)) {
            return Err(no_access(arn));
        }
        (stream.shards)(cx, arn).map_err(|_| invalid(format!("Stream not found: {arn}")))
    })?;
    Ok(())
}

/// Who reads a stream.
pub fn session(cx: &mut Cx, function: &Function, arn: &str) -> Result<Principal> {
    function::session_for(cx, function)?.ok_or_else(|| no_access(arn))
}

fn no_access(arn: &str) -> Error {
    invalid(format!(
        "Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
    ))
}

/// The function has to be done before its records show up again.
fn reader_of_queue(
    cx: &mut Cx,
    function: &Function,
    (source, queue, service): (&Source, &Queue, &str),
    arn: &str,
) -> Result<()> {
    let session = function::session_for(cx, function)?.ok_or_else(|| forbidden(source.operations[0], source))?;
    let hidden_for = cx.acting_as(session, |cx| {
        if let Some(operation) = source.operations.iter().find(|it| !cx.may(service, it, arn)) {
            return Err(forbidden(operation, source));
        }
        (queue.hidden_for)(cx, arn).map_err(|error| {
            let (operation, name) = (source.operations[0], source.name);
            let code = error.shape().query_code.unwrap_or(error.code());
            invalid(format!(
                "Error occurred while {operation}. {name} Error Code: {code}. {name} Error Message: {}",
                error.message()
            ))
        })
    })?;
    if hidden_for < function.timeout {
        return Err(invalid(format!(
            "Queue visibility timeout: {hidden_for} seconds is less than Function timeout: {} seconds",
            function.timeout
        )));
    }
    Ok(())
}

fn forbidden(operation: &str, source: &Source) -> Error {
    invalid(format!("The provided execution role does not have permissions to call {operation} on {}", source.name))
}

fn invalid(why: String) -> Error {
    error::INVALID_PARAMETER_VALUE.with(why).field("Type", "User".to_owned())
}

fn refuse(given: &[(&str, bool)]) -> Result<()> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(unsupported(&format!("{name} of event source mappings"))),
        None => Ok(()),
    }
}

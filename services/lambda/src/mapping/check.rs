//! What a mapping may be: a source that exists, a role that may read it, batches within AWS's bounds.

use super::Work;
use crate::function::{self, Function, unsupported};
use api::lambda::{CreateEventSourceMapping, ScalingConfig, UpdateEventSourceMapping, error};
use kernel::Cx;
use kernel::source::Source;
use model::{Error, Result};

pub const REPORT_FAILURES: &str = "ReportBatchItemFailures";
/// Where nothing else is said: the default for queues.
pub const BATCH_SIZE: i64 = 10;
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

pub fn creation(it: &CreateEventSourceMapping) -> Result<()> {
    refuse(&[
        ("KMSKeyArn", it.kms_key_arn.is_some()),
        ("MetricsConfig", it.metrics_config.is_some()),
        ("LoggingConfig", it.logging_config.is_some()),
        ("ParallelizationFactor", it.parallelization_factor.is_some()),
        ("StartingPosition", it.starting_position.is_some()),
        ("StartingPositionTimestamp", it.starting_position_timestamp.is_some()),
        ("DestinationConfig", it.destination_config.is_some()),
        ("MaximumRecordAgeInSeconds", it.maximum_record_age_in_seconds.is_some()),
        ("BisectBatchOnFunctionError", it.bisect_batch_on_function_error.is_some()),
        ("MaximumRetryAttempts", it.maximum_retry_attempts.is_some()),
        ("TumblingWindowInSeconds", it.tumbling_window_in_seconds.is_some()),
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

pub fn change(it: &UpdateEventSourceMapping) -> Result<()> {
    refuse(&[
        ("KMSKeyArn", it.kms_key_arn.is_some()),
        ("MetricsConfig", it.metrics_config.is_some()),
        ("LoggingConfig", it.logging_config.is_some()),
        ("ParallelizationFactor", it.parallelization_factor.is_some()),
        ("DestinationConfig", it.destination_config.is_some()),
        ("MaximumRecordAgeInSeconds", it.maximum_record_age_in_seconds.is_some()),
        ("BisectBatchOnFunctionError", it.bisect_batch_on_function_error.is_some()),
        ("MaximumRetryAttempts", it.maximum_retry_attempts.is_some()),
        ("TumblingWindowInSeconds", it.tumbling_window_in_seconds.is_some()),
        ("SourceAccessConfigurations", it.source_access_configurations.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", it.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", it.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", it.document_db_event_source_config.is_some()),
        ("ProvisionedPollerConfig", it.provisioned_poller_config.is_some()),
    ])
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

pub fn batch(work: &Work) -> Result<()> {
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

/// The function's role has to be allowed to read, and the function to be done before its records show up again.
pub fn reader(cx: &mut Cx, function: &Function, source: &Source, arn: &str) -> Result<()> {
    let session = function::session_for(cx, function)?.ok_or_else(|| forbidden(source.operations[0], source))?;
    let service = cx.kernel().services.values().find(|it| it.sources.iter().any(|it| it.service == source.service));
    let service = service.expect("the source was found there").name;
    let hidden_for = cx.acting_as(session, |cx| {
        if let Some(operation) = source.operations.iter().find(|it| !cx.may(service, it, arn)) {
            return Err(forbidden(operation, source));
        }
        (source.hidden_for)(cx, arn).map_err(|error| {
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

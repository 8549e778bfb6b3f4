//! What a function may be configured to, and what of AWS's is refused by name because it is not honoured yet.

use super::{Function, Logging, role};
use api::lambda::{
    CapacityProviderConfig, CreateFunction, DeadLetterConfig, EphemeralStorage, LoggingConfig, SnapStart,
    TracingConfig, UpdateFunctionCode, UpdateFunctionConfiguration, VpcConfig, error,
};
use kernel::Cx;
use model::{Error, ErrorShape, Result};

/// As the door words what the model forbids; these bounds the model does not have.
const VALIDATION: ErrorShape = ErrorShape::sender("ValidationException");

const LONGEST_NAME: usize = 64;
/// Seconds.
const LONGEST_TIMEOUT: i64 = 900;
/// MB.
const MEMORY: std::ops::RangeInclusive<i64> = 128..=10_240;
const EPHEMERAL_STORAGE: std::ops::RangeInclusive<i64> = 512..=10_240;

/// The families of runtimes that sandboxes can run.
const RUNTIMES: [&str; 3] = ["python", "nodejs", "provided"];

pub fn unsupported(what: &str) -> Error {
    error::INVALID_PARAMETER_VALUE.with(format!("Niebla does not support {what} yet."))
}

pub fn name(name: &str) -> Result<()> {
    if name.len() > LONGEST_NAME {
        return Err(out_of_bounds(name, "functionName", &format!("have length less than or equal to {LONGEST_NAME}")));
    }
    Ok(())
}

pub fn timeout(seconds: i64) -> Result<i64> {
    within(seconds, "timeout", 1..=LONGEST_TIMEOUT)
}

pub fn memory(mb: i64) -> Result<i64> {
    within(mb, "memorySize", MEMORY)
}

pub fn ephemeral_storage(given: &EphemeralStorage) -> Result<i64> {
    within(given.size, "ephemeralStorage.size", EPHEMERAL_STORAGE)
}

/// The model names the runtimes of AWS; of these, the machine can run some.
pub fn runtime(runtime: &str) -> Result<()> {
    if RUNTIMES.iter().any(|it| runtime.starts_with(it)) {
        return Ok(());
    }
    Err(error::INVALID_PARAMETER_VALUE.with(format!("The runtime {runtime} is not available in Niebla yet.")))
}

/// One of `x86_64` and `arm64`. What is written for the other processor would not start.
pub fn architecture(given: Option<&[String]>) -> Result<String> {
    let default = [DEFAULT_ARCHITECTURE.to_owned()];
    match given.unwrap_or(&default) {
        [one] if one == DEFAULT_ARCHITECTURE || one == OWN_ARCHITECTURE => Ok(one.clone()),
        [one] => Err(unsupported(&format!("the architecture {one} on this machine"))),
        _ => Err(out_of_bounds("", "architectures", "have length less than or equal to 1")),
    }
}

const DEFAULT_ARCHITECTURE: &str = "x86_64";
const OWN_ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

pub fn log_group(given: Option<&LoggingConfig>) -> Option<String> {
    given?.log_group.clone().filter(|it| !it.is_empty())
}

/// What is not named stays as it was; the levels of JSON are INFO unless they are named.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
pub fn logging(given: Option<&LoggingConfig>, before: &Logging) -> Result<Logging> {
    let Some(given) = given else { return Ok(before.clone()) };
    let (application, system) = (given.application_log_level.clone(), given.system_log_level.clone());
    let is_json = match given.log_format.as_deref() {
        Some(format) => format == "JSON",
        None => *before != Logging::Text,
    };
    if !is_json {
        if application.is_some() || system.is_some() {
            return Err(error::INVALID_PARAMETER_VALUE
                .with("ApplicationLogLevel or SystemLogLevel cannot be set for Text log format"));
        }
        return Ok(Logging::Text);
    }
    let (was_application, was_system) = match before {
        Logging::Json { application_level, system_level } => (application_level.as_str(), system_level.as_str()),
        Logging::Text => ("INFO", "INFO"),
    };
    Ok(Logging::Json {
        application_level: application.unwrap_or_else(|| was_application.to_owned()),
        system_level: system.unwrap_or_else(|| was_system.to_owned()),
    })
}

/// The queue for events that could not be worked on; an empty ARN takes it away.
pub fn dead_letters(cx: &mut Cx, function: &Function, given: Option<&DeadLetterConfig>) -> Result<Option<String>> {
    let Some(arn) = given.and_then(|it| it.target_arn.as_deref()).filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    let service = arn.split(':').nth(2).unwrap_or_default();
    if service != "sqs" {
        return Err(unsupported(&format!("DeadLetterConfig with the target {arn}")));
    }
    let session = role::session_for(cx, function)?;
    let may = match session {
        Some(session) => cx.acting_as(session, |cx| Ok(cx.may("sqs", "SendMessage", arn)))?,
        None => false,
    };
    if !may {
        return Err(error::INVALID_PARAMETER_VALUE
            .with("The provided execution role does not have permissions to call SendMessage on SQS"));
    }
    Ok(Some(arn.to_owned()))
}

pub fn creation(it: &CreateFunction) -> Result<()> {
    let code = &it.code;
    let package = it.package_type.as_deref().unwrap_or("Zip");
    refuse(&[
        ("PublishTo", it.publish_to.is_some()),
        ("PackageType Image", package != "Zip"),
        ("Code.ImageUri", code.image_uri.is_some()),
        ("Code.S3ObjectStorageMode", code.s3_object_storage_mode.is_some()),
        ("Code.SourceKMSKeyArn", code.source_kms_key_arn.is_some()),
        ("CodeSigningConfigArn", it.code_signing_config_arn.is_some()),
        ("ImageConfig", it.image_config.is_some()),
        ("TenancyConfig", it.tenancy_config.is_some()),
        ("CapacityProviderConfig", it.capacity_provider_config.is_some()),
        ("DurableConfig", it.durable_config.is_some()),
        ("RuntimeConfig", it.runtime_config.is_some()),
        ("AcceleratorConfig", it.accelerator_config.is_some()),
        ("VpcConfig", has_vpc(it.vpc_config.as_ref())),
        ("KMSKeyArn", is_set(it.kms_key_arn.as_deref())),
        ("TracingConfig Active", is_traced(it.tracing_config.as_ref())),
        ("Layers", has_some(it.layers.as_deref())),
        ("FileSystemConfigs", has_some(it.file_system_configs.as_deref())),
        ("SnapStart", is_snapped(it.snap_start.as_ref())),
    ])
}

pub fn configuration(it: &UpdateFunctionConfiguration) -> Result<()> {
    let capacity: &Option<CapacityProviderConfig> = &it.capacity_provider_config;
    refuse(&[
        ("ImageConfig", it.image_config.is_some()),
        ("CapacityProviderConfig", capacity.is_some()),
        ("DurableConfig", it.durable_config.is_some()),
        ("RuntimeConfig", it.runtime_config.is_some()),
        ("AcceleratorConfig", it.accelerator_config.is_some()),
        ("VpcConfig", has_vpc(it.vpc_config.as_ref())),
        ("KMSKeyArn", is_set(it.kms_key_arn.as_deref())),
        ("TracingConfig Active", is_traced(it.tracing_config.as_ref())),
        ("Layers", has_some(it.layers.as_deref())),
        ("FileSystemConfigs", has_some(it.file_system_configs.as_deref())),
        ("SnapStart", is_snapped(it.snap_start.as_ref())),
    ])
}

pub fn code(it: &UpdateFunctionCode) -> Result<()> {
    refuse(&[
        ("PublishTo", it.publish_to.is_some()),
        ("ImageUri", it.image_uri.is_some()),
        ("S3ObjectStorageMode", it.s3_object_storage_mode.is_some()),
        ("SourceKMSKeyArn", it.source_kms_key_arn.is_some()),
    ])
}

fn refuse(given: &[(&str, bool)]) -> Result<()> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(unsupported(&format!("{name} of functions"))),
        None => Ok(()),
    }
}

// What AWS takes for "not configured".

fn has_vpc(it: Option<&VpcConfig>) -> bool {
    it.is_some_and(|it| has_some(it.subnet_ids.as_deref()) || has_some(it.security_group_ids.as_deref()))
}

fn is_traced(it: Option<&TracingConfig>) -> bool {
    it.and_then(|it| it.mode.as_deref()).is_some_and(|it| it != "PassThrough")
}

fn is_snapped(it: Option<&SnapStart>) -> bool {
    it.and_then(|it| it.apply_on.as_deref()).is_some_and(|it| it != "None")
}

fn has_some<T>(it: Option<&[T]>) -> bool {
    it.is_some_and(|it| !it.is_empty())
}

fn is_set(it: Option<&str>) -> bool {
    it.is_some_and(|it| !it.is_empty())
}

fn within(value: i64, member: &str, bounds: std::ops::RangeInclusive<i64>) -> Result<i64> {
    if value > *bounds.end() {
        return Err(out_of_bounds(
            &value.to_string(),
            member,
            &format!("have value less than or equal to {}", bounds.end()),
        ));
    }
    if value < *bounds.start() {
        let rule = format!("have value greater than or equal to {}", bounds.start());
        return Err(out_of_bounds(&value.to_string(), member, &rule));
    }
    Ok(value)
}

fn out_of_bounds(value: &str, member: &str, rule: &str) -> Error {
    VALIDATION.with(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

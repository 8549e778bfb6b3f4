//! `AWS::Lambda::Function`.

use super::{number, retag, tags, text, texts, whole};
use crate::package;
use api::lambda::{
    CreateFunction, DeadLetterConfig, DeleteFunction, DeleteFunctionConcurrency, Environment, EphemeralStorage,
    FunctionCode, GetFunctionConcurrency, GetFunctionConfiguration, ListTags, LoggingConfig, PutFunctionConcurrency,
    TracingConfig, UpdateFunctionCode, UpdateFunctionConfiguration, error,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of, tags_of};
use model::Result;
use serde_json::{Value as Json, json};

pub static FUNCTION: ResourceType = ResourceType {
    name: "AWS::Lambda::Function",
    properties: &[
        "Architectures",
        "Code",
        "DeadLetterConfig",
        "Description",
        "Environment",
        "EphemeralStorage",
        "FunctionName",
        "Handler",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "ReservedConcurrentExecutions",
        "Role",
        "Runtime",
        "Tags",
        "Timeout",
        "TracingConfig",
    ],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

const LONGEST_NAME: usize = 64;

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let mut all_tags = tags(it);
    all_tags.extend(new.tags.iter().cloned());
    let output = cx.call(CreateFunction {
        function_name: text(it, "FunctionName").unwrap_or_else(|| new.name_of_at_most(LONGEST_NAME)),
        runtime: text(it, "Runtime"),
        role: text(it, "Role").unwrap_or_default(),
        handler: text(it, "Handler"),
        code: code(it)?,
        description: text(it, "Description"),
        timeout: number(it, "Timeout"),
        memory_size: number(it, "MemorySize"),
        package_type: text(it, "PackageType"),
        environment: environment(it),
        tracing_config: tracing(it),
        tags: Some(all_tags),
        architectures: texts(it, "Architectures"),
        ephemeral_storage: ephemeral_storage(it),
        logging_config: logging(it),
        dead_letter_config: dead_letters(it),
        ..CreateFunction::default()
    })?;
    let physical_id = output.function_name.unwrap_or_default();
    reserve(cx, &physical_id, it)?;
    Ok(Progress::Done { physical_id })
}

fn reserve(cx: &mut Cx, name: &str, from: &Properties) -> Result<()> {
    let function_name = name.to_owned();
    match number(from, "ReservedConcurrentExecutions") {
        Some(reserved_concurrent_executions) => {
            cx.call(PutFunctionConcurrency { function_name, reserved_concurrent_executions }).map(drop)
        }
        None => Ok(()),
    }
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (before, after, name) = (&change.before, &change.after, &change.physical_id);
    let differs = |names: &[&str]| names.iter().any(|it| before.get(*it) != after.get(*it));
    // The name of the file with inline code depends on the runtime.
    if differs(&["Code", "Runtime", "Architectures"]) {
        let code = code(after)?;
        cx.call(UpdateFunctionCode {
            function_name: name.clone(),
            zip_file: code.zip_file,
            s3_bucket: code.s3_bucket,
            s3_key: code.s3_key,
            s3_object_version: code.s3_object_version,
            s3_object_storage_mode: code.s3_object_storage_mode,
            source_kms_key_arn: code.source_kms_key_arn,
            image_uri: code.image_uri,
            architectures: texts(after, "Architectures"),
            ..UpdateFunctionCode::default()
        })?;
    }
    if differs(&CONFIGURATION) {
        // What the template no longer names goes back to its default.
        cx.call(UpdateFunctionConfiguration {
            function_name: name.clone(),
            role: text(after, "Role"),
            handler: text(after, "Handler"),
            description: Some(text(after, "Description").unwrap_or_default()),
            timeout: Some(number(after, "Timeout").unwrap_or(3)),
            memory_size: Some(number(after, "MemorySize").unwrap_or(128)),
            environment: Some(environment(after).unwrap_or_default()),
            runtime: text(after, "Runtime"),
            tracing_config: tracing(after),
            ephemeral_storage: Some(ephemeral_storage(after).unwrap_or(EphemeralStorage { size: 512 })),
            logging_config: Some(logging(after).unwrap_or_else(|| LoggingConfig {
                log_group: Some(format!("/aws/lambda/{name}")),
                log_format: Some("Text".to_owned()),
                ..LoggingConfig::default()
            })),
            dead_letter_config: Some(dead_letters(after).unwrap_or_default()),
            ..UpdateFunctionConfiguration::default()
        })?;
    }
    if differs(&["ReservedConcurrentExecutions"]) {
        cx.call(DeleteFunctionConcurrency { function_name: name.clone() })?;
        reserve(cx, name, after)?;
    }
    let arn = cx.arn("lambda", &format!("function:{name}"));
    retag(cx, &arn, change)?;
    Ok(Progress::Done { physical_id: name.clone() })
}

const CONFIGURATION: [&str; 11] = [
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
];

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteFunction { function_name: physical_id.clone(), ..DeleteFunction::default() })?;
    Ok(Progress::Done { physical_id })
}

/// The code is not told again: AWS's schema has it as write-only.
fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let function_name = existing.physical_id.clone();
    let input = GetFunctionConfiguration { function_name: function_name.clone(), ..Default::default() };
    let output = cx.call(input)?;
    let resource = output.function_arn.clone().unwrap_or_default();
    let mut properties = properties_of(output, FUNCTION.properties);
    let reserved = cx.call(GetFunctionConcurrency { function_name })?.reserved_concurrent_executions;
    properties.extend(reserved.map(|it| ("ReservedConcurrentExecutions".to_owned(), json!(it))));
    let tags = cx.call(ListTags { resource })?.tags.unwrap_or_default();
    properties.insert("Tags".to_owned(), tags_of(tags));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let function_name = existing.physical_id.clone();
    let input = GetFunctionConfiguration { function_name, ..GetFunctionConfiguration::default() };
    let arn = cx.call(input)?.function_arn.unwrap_or_default();
    Ok(Properties::from_iter([
        ("Arn".to_owned(), json!(arn)),
        ("FunctionName".to_owned(), json!(existing.physical_id)),
    ]))
}

fn code(from: &Properties) -> Result<FunctionCode> {
    let empty = Properties::new();
    let code = from.get("Code").and_then(Json::as_object).unwrap_or(&empty);
    let inline = text(code, "ZipFile").map(|it| inline(&it, text(from, "Runtime").as_deref().unwrap_or_default()));
    Ok(FunctionCode {
        zip_file: inline.transpose()?.map(Into::into),
        s3_bucket: text(code, "S3Bucket"),
        s3_key: text(code, "S3Key"),
        s3_object_version: text(code, "S3ObjectVersion"),
        s3_object_storage_mode: text(code, "S3ObjectStorageMode"),
        image_uri: text(code, "ImageUri"),
        source_kms_key_arn: text(code, "SourceKMSKeyArn"),
    })
}

/// Inline code becomes a file named `index` (AWS::Lambda::Function Code in the CloudFormation template reference).
fn inline(source: &str, runtime: &str) -> Result<Vec<u8>> {
    let file = match runtime {
        it if it.starts_with("python") => "index.py",
        it if it.starts_with("nodejs") => "index.js",
        _ => {
            return Err(error::INVALID_PARAMETER_VALUE.with(format!(
                "ZipFile can only be used when Runtime is set to a version of nodejs or python, not {runtime}."
            )));
        }
    };
    Ok(package::of_text(file, source))
}

fn environment(from: &Properties) -> Option<Environment> {
    let variables = from.get("Environment")?.get("Variables")?.as_object()?;
    let plain = |it: &Json| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    Some(Environment { variables: Some(variables.iter().map(|(name, it)| (name.clone(), plain(it))).collect()) })
}

fn ephemeral_storage(from: &Properties) -> Option<EphemeralStorage> {
    Some(EphemeralStorage { size: whole(from.get("EphemeralStorage")?.get("Size")?)? })
}

fn dead_letters(from: &Properties) -> Option<DeadLetterConfig> {
    Some(DeadLetterConfig { target_arn: text(from.get("DeadLetterConfig")?.as_object()?, "TargetArn") })
}

fn tracing(from: &Properties) -> Option<TracingConfig> {
    Some(TracingConfig { mode: text(from.get("TracingConfig")?.as_object()?, "Mode") })
}

fn logging(from: &Properties) -> Option<LoggingConfig> {
    let it = from.get("LoggingConfig")?.as_object()?;
    Some(LoggingConfig {
        log_format: text(it, "LogFormat"),
        application_log_level: text(it, "ApplicationLogLevel"),
        system_log_level: text(it, "SystemLogLevel"),
        log_group: text(it, "LogGroup"),
    })
}

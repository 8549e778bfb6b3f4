//! `AWS::Lambda::EventSourceMapping`.

use super::{flag, named, number, retag, tags, text, texts, whole};
use api::lambda::{
    CreateEventSourceMapping, DeleteEventSourceMapping, DestinationConfig, Filter, FilterCriteria,
    GetEventSourceMapping, ListTags, OnFailure, ScalingConfig, UpdateEventSourceMapping,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of, tags_of};
use model::Result;
use serde_json::{Value as Json, json};

pub static EVENT_SOURCE_MAPPING: ResourceType = ResourceType {
    name: "AWS::Lambda::EventSourceMapping",
    properties: &[
        "BatchSize",
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "Enabled",
        "EventSourceArn",
        "FilterCriteria",
        "FunctionName",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "ScalingConfig",
        "StartingPosition",
        "Tags",
        "TumblingWindowInSeconds",
    ],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let mut all_tags = tags(it);
    all_tags.extend(new.tags.iter().cloned());
    let output = cx.call(CreateEventSourceMapping {
        event_source_arn: text(it, "EventSourceArn"),
        function_name: text(it, "FunctionName").unwrap_or_default(),
        enabled: flag(it, "Enabled"),
        batch_size: number(it, "BatchSize"),
        maximum_batching_window_in_seconds: number(it, "MaximumBatchingWindowInSeconds"),
        scaling_config: scaling(it),
        filter_criteria: filters(it),
        function_response_types: texts(it, "FunctionResponseTypes"),
        starting_position: text(it, "StartingPosition"),
        parallelization_factor: number(it, "ParallelizationFactor"),
        destination_config: destinations(it),
        maximum_record_age_in_seconds: number(it, "MaximumRecordAgeInSeconds"),
        maximum_retry_attempts: number(it, "MaximumRetryAttempts"),
        bisect_batch_on_function_error: flag(it, "BisectBatchOnFunctionError"),
        tumbling_window_in_seconds: number(it, "TumblingWindowInSeconds"),
        tags: Some(all_tags),
        ..CreateEventSourceMapping::default()
    })?;
    Ok(Progress::Done { physical_id: output.uuid.unwrap_or_default() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (after, uuid) = (&change.after, &change.physical_id);
    let base = if after.contains_key("StartingPosition") { of_stream(after) } else { of_queue(after) };
    let output = cx.call(UpdateEventSourceMapping {
        uuid: uuid.clone(),
        function_name: text(after, "FunctionName"),
        enabled: Some(flag(after, "Enabled").unwrap_or(true)),
        maximum_batching_window_in_seconds: Some(number(after, "MaximumBatchingWindowInSeconds").unwrap_or(0)),
        filter_criteria: Some(filters(after).unwrap_or_default()),
        function_response_types: Some(texts(after, "FunctionResponseTypes").unwrap_or_default()),
        ..base
    })?;
    retag(cx, &output.event_source_mapping_arn.unwrap_or_default(), change)?;
    Ok(Progress::Done { physical_id: uuid.clone() })
}

// What the template no longer names goes back to its default.

fn of_queue(after: &Properties) -> UpdateEventSourceMapping {
    UpdateEventSourceMapping {
        batch_size: Some(number(after, "BatchSize").unwrap_or(10)),
        scaling_config: Some(scaling(after).unwrap_or_default()),
        ..UpdateEventSourceMapping::default()
    }
}

fn of_stream(after: &Properties) -> UpdateEventSourceMapping {
    UpdateEventSourceMapping {
        batch_size: Some(number(after, "BatchSize").unwrap_or(100)),
        parallelization_factor: Some(number(after, "ParallelizationFactor").unwrap_or(1)),
        destination_config: Some(destinations(after).unwrap_or_default()),
        maximum_record_age_in_seconds: Some(number(after, "MaximumRecordAgeInSeconds").unwrap_or(-1)),
        maximum_retry_attempts: Some(number(after, "MaximumRetryAttempts").unwrap_or(-1)),
        bisect_batch_on_function_error: Some(flag(after, "BisectBatchOnFunctionError").unwrap_or(false)),
        tumbling_window_in_seconds: Some(number(after, "TumblingWindowInSeconds").unwrap_or(0)),
        ..UpdateEventSourceMapping::default()
    }
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let uuid = existing.physical_id.clone();
    cx.call(DeleteEventSourceMapping { uuid: uuid.clone() })?;
    Ok(Progress::Done { physical_id: uuid })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let output = cx.call(GetEventSourceMapping { uuid: existing.physical_id.clone() })?;
    let enabled = matches!(output.state.as_deref(), Some("Enabled" | "Enabling" | "Creating" | "Updating"));
    let resource = output.event_source_mapping_arn.clone().unwrap_or_default();
    let function = named(existing, output.function_arn.clone());
    let mut properties = properties_of(output, EVENT_SOURCE_MAPPING.properties);
    properties.extend(function);
    properties.insert("Enabled".to_owned(), json!(enabled));
    let tags = cx.call(ListTags { resource })?.tags.unwrap_or_default();
    properties.insert("Tags".to_owned(), tags_of(tags));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let output = cx.call(GetEventSourceMapping { uuid: existing.physical_id.clone() })?;
    Ok(Properties::from_iter([
        ("Id".to_owned(), json!(existing.physical_id)),
        ("EventSourceMappingArn".to_owned(), json!(output.event_source_mapping_arn)),
    ]))
}

fn filters(from: &Properties) -> Option<FilterCriteria> {
    let filters = from.get("FilterCriteria")?.get("Filters")?.as_array()?;
    let filter = |it: &Json| Filter { pattern: it["Pattern"].as_str().map(str::to_owned) };
    Some(FilterCriteria { filters: Some(filters.iter().map(filter).collect()) })
}

fn destinations(from: &Properties) -> Option<DestinationConfig> {
    let destination = from.get("DestinationConfig")?.get("OnFailure").and_then(|it| it["Destination"].as_str());
    let on_failure = destination.map(|it| OnFailure { destination: Some(it.to_owned()) });
    Some(DestinationConfig { on_success: None, on_failure })
}

fn scaling(from: &Properties) -> Option<ScalingConfig> {
    let most = from.get("ScalingConfig")?.get("MaximumConcurrency").and_then(whole);
    Some(ScalingConfig { maximum_concurrency: most })
}

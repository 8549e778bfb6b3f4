//! `AWS::Logs::LogGroup` and `AWS::Logs::LogStream`.

use crate::group;
use api::logs::{
    CreateLogGroup, CreateLogStream, DeleteLogGroup, DeleteLogStream, DeleteRetentionPolicy, DescribeLogGroups,
    DescribeLogStreams, ListTagsForResource, PutLogGroupDeletionProtection, PutRetentionPolicy, TagResource,
    UntagResource, error,
};
use kernel::Cx;
use kernel::resource::{self, Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub static LOG_GROUP: ResourceType = ResourceType {
    name: "AWS::Logs::LogGroup",
    properties: &["DeletionProtectionEnabled", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"],
    create: create_group,
    update: update_group,
    delete: delete_group,
    attributes: group_attributes,
    read: Some(read_group),
};

pub static LOG_STREAM: ResourceType = ResourceType {
    name: "AWS::Logs::LogStream",
    properties: &["LogGroupName", "LogStreamName"],
    create: create_stream,
    update: |_, change| Ok(Progress::Done { physical_id: change.physical_id.clone() }),
    delete: delete_stream,
    attributes: |_, existing| Ok(Properties::from_iter([("LogStreamName".to_owned(), json!(existing.physical_id))])),
    read: Some(read_stream),
};

fn create_group(cx: &mut Cx, new: &New) -> Result<Progress> {
    let name = text(&new.properties, "LogGroupName").unwrap_or_else(|| new.generated_name.clone());
    let mut tags = tags_of(&new.properties);
    tags.extend(new.tags.iter().cloned());
    let tags = (!tags.is_empty()).then_some(tags);
    let log_group_class = text(&new.properties, "LogGroupClass");
    let deletion_protection_enabled = Some(is_protected(&new.properties));
    let log_group_name = name.clone();
    let input = CreateLogGroup { log_group_name, tags, log_group_class, deletion_protection_enabled, kms_key_id: None };
    cx.call(input)?;
    if let Some(retention_in_days) = days(&new.properties) {
        cx.call(PutRetentionPolicy { log_group_name: name.clone(), retention_in_days })?;
    }
    Ok(Progress::Done { physical_id: name })
}

fn update_group(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let log_group_name = change.physical_id.clone();
    if let Some(class) = text(&change.after, "LogGroupClass").filter(|it| it != "STANDARD") {
        return Err(group::unsupported(&format!("LogGroupClass {class}")));
    }
    match (days(&change.before), days(&change.after)) {
        (before, after) if before == after => {}
        (_, Some(retention_in_days)) => {
            cx.call(PutRetentionPolicy { log_group_name: log_group_name.clone(), retention_in_days })?;
        }
        (_, None) => {
            cx.call(DeleteRetentionPolicy { log_group_name: log_group_name.clone() })?;
        }
    }
    let deletion_protection_enabled = is_protected(&change.after);
    if is_protected(&change.before) != deletion_protection_enabled {
        let log_group_identifier = log_group_name.clone();
        cx.call(PutLogGroupDeletionProtection { log_group_identifier, deletion_protection_enabled })?;
    }
    let resource_arn = group::arn_of(cx, &log_group_name);
    let (mut before, mut after) = (tags_of(&change.before), tags_of(&change.after));
    before.extend(change.tags_before.iter().cloned());
    after.extend(change.tags.iter().cloned());
    before.retain(|key, _| !after.contains_key(key));
    if !before.is_empty() {
        let tag_keys = before.into_keys().collect();
        cx.call(UntagResource { resource_arn: resource_arn.clone(), tag_keys })?;
    }
    if !after.is_empty() {
        cx.call(TagResource { resource_arn, tags: after })?;
    }
    Ok(Progress::Done { physical_id: log_group_name })
}

fn delete_group(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteLogGroup { log_group_name: physical_id.clone() })?;
    Ok(Progress::Done { physical_id })
}

fn group_attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let arn = format!("{}:*", group::arn_of(cx, &existing.physical_id));
    Ok(Properties::from_iter([
        ("Arn".to_owned(), json!(arn)),
        ("LogGroupName".to_owned(), json!(existing.physical_id)),
    ]))
}

fn read_group(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let name = &existing.physical_id;
    let log_group_name_prefix = Some(name.clone());
    let output = cx.call(DescribeLogGroups { log_group_name_prefix, ..DescribeLogGroups::default() })?;
    // In the order of their names, so the one that is named so comes first.
    let found = output.log_groups.into_iter().flatten().next().filter(|it| it.log_group_name.as_ref() == Some(name));
    let group = found.ok_or_else(|| error::RESOURCE_NOT_FOUND.with("The specified log group does not exist."))?;
    let resource_arn = group::arn_of(cx, name);
    let tags = cx.call(ListTagsForResource { resource_arn })?.tags.unwrap_or_default();
    let mut properties = Properties::from_iter([
        ("LogGroupName".to_owned(), json!(name)),
        ("LogGroupClass".to_owned(), json!(group.log_group_class)),
        ("DeletionProtectionEnabled".to_owned(), json!(group.deletion_protection_enabled == Some(true))),
        ("Tags".to_owned(), resource::tags_of(tags)),
    ]);
    properties.extend(group.retention_in_days.map(|it| ("RetentionInDays".to_owned(), json!(it))));
    Ok(properties)
}

fn read_stream(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let (log_group_name, name) = (text(&existing.properties, "LogGroupName"), existing.physical_id.clone());
    let log_stream_name_prefix = Some(name.clone());
    let input = DescribeLogStreams { log_group_name, log_stream_name_prefix, ..DescribeLogStreams::default() };
    let mut found = cx.call(input)?.log_streams.into_iter().flatten();
    if !found.any(|it| it.log_stream_name.as_ref() == Some(&name)) {
        return Err(error::RESOURCE_NOT_FOUND.with("The specified log stream does not exist."));
    }
    let properties = existing.properties.iter().filter(|(key, _)| *key == "LogGroupName");
    let mut properties: Properties = properties.map(|(key, it)| (key.clone(), it.clone())).collect();
    properties.insert("LogStreamName".to_owned(), json!(name));
    Ok(properties)
}

fn create_stream(cx: &mut Cx, new: &New) -> Result<Progress> {
    let log_group_name = text(&new.properties, "LogGroupName").unwrap_or_default();
    let name = text(&new.properties, "LogStreamName").unwrap_or_else(|| new.generated_name.clone());
    cx.call(CreateLogStream { log_group_name, log_stream_name: name.clone() })?;
    Ok(Progress::Done { physical_id: name })
}

fn delete_stream(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let log_group_name = text(&existing.properties, "LogGroupName").unwrap_or_default();
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteLogStream { log_group_name, log_stream_name: physical_id.clone() })?;
    Ok(Progress::Done { physical_id })
}

fn text(properties: &Properties, name: &str) -> Option<String> {
    properties.get(name).and_then(Json::as_str).map(str::to_owned)
}

/// A truth, also where a template gives it as a text.
fn is_protected(properties: &Properties) -> bool {
    let value = properties.get("DeletionProtectionEnabled");
    value.is_some_and(|it| it.as_bool().unwrap_or(it == "true"))
}

/// A number, also where a template gives it as a text.
fn days(properties: &Properties) -> Option<i64> {
    let value = properties.get("RetentionInDays")?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn tags_of(properties: &Properties) -> BTreeMap<String, String> {
    let tags = properties.get("Tags").and_then(Json::as_array);
    let pair = |it: &Json| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned()));
    tags.into_iter().flatten().filter_map(pair).collect()
}

//! `AWS::SQS::Queue`.

use super::text_of;
use crate::queue::FIFO_SUFFIX;
use api::sqs::{CreateQueue, DeleteQueue, GetQueueAttributes, ListQueueTags, SetQueueAttributes, TagQueue, UntagQueue};
use kernel::Cx;
use kernel::resource::{self, Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub static QUEUE: ResourceType = ResourceType {
    name: "AWS::SQS::Queue",
    properties: &[
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "DelaySeconds",
        "FifoQueue",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "QueueName",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "Tags",
        "VisibilityTimeout",
    ],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

/// The properties that are attributes of the queue, by the same names, and what each goes back to when the template no
/// longer names it. A queue stays FIFO or not as long as it lives.
const ATTRIBUTES: [(&str, Option<&str>); 14] = [
    ("ContentBasedDeduplication", Some("false")),
    ("DeduplicationScope", Some("queue")),
    ("DelaySeconds", Some("0")),
    ("FifoQueue", None),
    ("FifoThroughputLimit", Some("perQueue")),
    ("KmsDataKeyReusePeriodSeconds", Some("300")),
    ("KmsMasterKeyId", Some("")),
    ("MaximumMessageSize", Some("1048576")),
    ("MessageRetentionPeriod", Some("345600")),
    ("ReceiveMessageWaitTimeSeconds", Some("0")),
    ("RedriveAllowPolicy", Some("")),
    ("RedrivePolicy", Some("")),
    ("SqsManagedSseEnabled", Some("true")),
    ("VisibilityTimeout", Some("30")),
];
/// Of a queue's name.
const LONGEST_NAME: usize = 80;

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let attributes = wanted(&new.properties);
    let name = match new.properties.get("QueueName").and_then(Json::as_str) {
        Some(name) => name.to_owned(),
        None if attributes.contains_key("FifoQueue") => {
            format!("{}{FIFO_SUFFIX}", new.name_of_at_most(LONGEST_NAME - FIFO_SUFFIX.len()))
        }
        None => new.name_of_at_most(LONGEST_NAME),
    };
    let mut tags = tags_of(&new.properties);
    tags.extend(new.tags.iter().cloned());
    let output = cx.call(CreateQueue { queue_name: name, attributes: Some(attributes), tags: Some(tags) })?;
    Ok(Progress::Done { physical_id: output.queue_url.unwrap_or_default() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let queue_url = change.physical_id.clone();
    let mut attributes = wanted(&change.after);
    // What the template no longer names goes back to its default.
    for (name, default) in ATTRIBUTES {
        if let Some(default) = default
            && change.before.contains_key(name)
            && !change.after.contains_key(name)
            && !(name == "SqsManagedSseEnabled" && attributes.contains_key("KmsMasterKeyId"))
        {
            attributes.insert(name.to_owned(), default.to_owned());
        }
    }
    if !attributes.is_empty() {
        cx.call(SetQueueAttributes { queue_url: queue_url.clone(), attributes })?;
    }
    let (mut before, mut after) = (tags_of(&change.before), tags_of(&change.after));
    before.extend(change.tags_before.iter().cloned());
    after.extend(change.tags.iter().cloned());
    before.retain(|key, _| !after.contains_key(key));
    if !before.is_empty() {
        cx.call(UntagQueue { queue_url: queue_url.clone(), tag_keys: before.into_keys().collect() })?;
    }
    if !after.is_empty() {
        cx.call(TagQueue { queue_url: queue_url.clone(), tags: after })?;
    }
    Ok(Progress::Done { physical_id: queue_url })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteQueue { queue_url: physical_id.clone() })?;
    Ok(Progress::Done { physical_id })
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let queue_url = existing.physical_id.clone();
    let output = cx.call(GetQueueAttributes {
        queue_url: queue_url.clone(),
        attribute_names: Some(vec!["QueueArn".to_owned()]),
    })?;
    let arn = output.attributes.and_then(|mut it| it.remove("QueueArn")).unwrap_or_default();
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    Ok(Properties::from_iter([
        ("Arn".to_owned(), json!(arn)),
        ("QueueName".to_owned(), json!(name)),
        ("QueueUrl".to_owned(), json!(queue_url)),
    ]))
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let queue_url = existing.physical_id.clone();
    let attribute_names = Some(vec!["All".to_owned()]);
    let output = cx.call(GetQueueAttributes { queue_url: queue_url.clone(), attribute_names })?;
    let found = output.attributes.unwrap_or_default();
    let tags = cx.call(ListQueueTags { queue_url })?.tags.unwrap_or_default();
    let mut properties: Properties = ATTRIBUTES
        .iter()
        .filter_map(|(name, _)| {
            // AWS gives FIFO attributes of FIFO queues alone.
            let value = found.get(*name).map(String::as_str).or(name.contains("Fifo").then_some("false"))?;
            let value = serde_json::from_str(value).ok().filter(Json::is_object).unwrap_or_else(|| json!(value));
            Some(((*name).to_owned(), value))
        })
        .collect();
    let name = found.get("QueueArn").and_then(|it| it.rsplit(':').next()).unwrap_or_default();
    properties.insert("QueueName".to_owned(), json!(name));
    properties.insert("Tags".to_owned(), resource::tags_of(tags));
    Ok(properties)
}

fn wanted(properties: &Properties) -> BTreeMap<String, String> {
    let named = ATTRIBUTES.iter().filter_map(|(name, _)| Some(((*name).to_owned(), text_of(properties.get(*name)?))));
    // A queue that is not FIFO does not know the attribute at all.
    named.filter(|(name, value)| !(name == "FifoQueue" && value == "false")).collect()
}

fn tags_of(properties: &Properties) -> BTreeMap<String, String> {
    let tags = properties.get("Tags").and_then(Json::as_array);
    let pair = |it: &Json| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned()));
    tags.into_iter().flatten().filter_map(pair).collect()
}

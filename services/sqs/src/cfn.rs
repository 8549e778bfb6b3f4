//! `AWS::SQS::Queue`.

use api::sqs::{CreateQueue, DeleteQueue, GetQueueAttributes, SetQueueAttributes, TagQueue, UntagQueue};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub static QUEUE: ResourceType = ResourceType {
    name: "AWS::SQS::Queue",
    properties: &[
        "DelaySeconds",
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
};

/// The properties that are attributes of the queue, by the same names.
const ATTRIBUTES: [&str; 8] = [
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let name = new.properties.get("QueueName").and_then(Json::as_str).unwrap_or(&new.generated_name);
    let mut tags = tags_of(&new.properties);
    tags.extend(new.tags.iter().cloned());
    let input =
        CreateQueue { queue_name: name.to_owned(), attributes: Some(wanted(&new.properties)), tags: Some(tags) };
    let output = cx.call(input)?;
    Ok(Progress::Done { physical_id: output.queue_url.unwrap_or_default() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let queue_url = change.physical_id.clone();
    let mut attributes = wanted(&change.after);
    // What the template no longer names goes back to its default.
    for (name, default) in DEFAULTS {
        if change.before.contains_key(name) && !change.after.contains_key(name) {
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

const DEFAULTS: [(&str, &str); 7] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("RedriveAllowPolicy", ""),
    ("RedrivePolicy", ""),
    ("VisibilityTimeout", "30"),
];

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

/// Texts stay, numbers become texts, policies become JSON.
fn wanted(properties: &Properties) -> BTreeMap<String, String> {
    let named = ATTRIBUTES.iter().filter_map(|name| Some(((*name).to_owned(), properties.get(*name)?)));
    named.map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

fn tags_of(properties: &Properties) -> BTreeMap<String, String> {
    let tags = properties.get("Tags").and_then(Json::as_array);
    let pair = |it: &Json| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned()));
    tags.into_iter().flatten().filter_map(pair).collect()
}

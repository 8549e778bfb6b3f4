//! A queue's attributes: their limits, defaults and sentences.

use crate::message;
use crate::queue;
use crate::redrive::{self, Redrive};
use api::sqs::{GetQueueAttributes, GetQueueAttributesOutput, SetQueueAttributes, SetQueueAttributesOutput, error};
use kernel::{Cx, ResourcePolicy};
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::Table;

/// The policies of queues, apart from the queues so that a queue without one costs the door next to nothing. Key: name.
static POLICIES: Table<String> = Table::regional("sqs.policy");

/// What can be set. Seconds and bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    pub delay: i64,
    pub maximum_message_size: i64,
    pub retention: i64,
    pub receive_wait: i64,
    pub visibility_timeout: i64,
    pub policy: Option<String>,
    pub redrive: Option<Redrive>,
    pub redrive_allow: Option<String>,
}

impl Default for Attributes {
    /// The defaults of CreateQueue in the SQS API reference.
    fn default() -> Self {
        Self {
            delay: 0,
            maximum_message_size: 1_048_576,
            retention: 345_600,
            receive_wait: 0,
            visibility_timeout: 30,
            policy: None,
            redrive: None,
            redrive_allow: None,
        }
    }
}

impl Attributes {
    /// As GetQueueAttributes gives them.
    pub fn listed(&self) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([
            ("DelaySeconds", self.delay.to_string()),
            ("MaximumMessageSize", self.maximum_message_size.to_string()),
            ("MessageRetentionPeriod", self.retention.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait.to_string()),
            ("VisibilityTimeout", self.visibility_timeout.to_string()),
            ("SqsManagedSseEnabled", "false".to_owned()),
        ]);
        all.extend(self.policy.clone().map(|it| ("Policy", it)));
        all.extend(self.redrive.as_ref().map(|it| ("RedrivePolicy", it.to_json())));
        all.extend(self.redrive_allow.clone().map(|it| ("RedriveAllowPolicy", it)));
        all
    }
}

pub fn get(cx: &Cx, input: GetQueueAttributes) -> Result<GetQueueAttributesOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let names = input.attribute_names.unwrap_or_default();
    let all = names.iter().any(|it| it == "All");
    let mut listed = queue.attributes.listed();
    listed.insert("QueueArn", queue::arn_of(cx, &queue.name));
    listed.insert("CreatedTimestamp", queue.created_at.to_string());
    listed.insert("LastModifiedTimestamp", queue.modified_at.to_string());
    if all || names.iter().any(|it| it.starts_with("ApproximateNumber")) {
        let counts = message::count(cx, &queue);
        listed.insert("ApproximateNumberOfMessages", counts.visible.to_string());
        listed.insert("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string());
        listed.insert("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string());
    }
    if let Some(unknown) = names.iter().find(|it| *it != "All" && !KNOWN.contains(&it.as_str())) {
        return Err(error::INVALID_ATTRIBUTE_NAME.with(format!("Unknown Attribute {unknown}.")));
    }
    let wanted = |name: &str| all || names.iter().any(|it| it == name);
    let attributes: BTreeMap<String, String> =
        listed.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(GetQueueAttributesOutput { attributes: (!attributes.is_empty()).then_some(attributes) })
}

pub fn set(cx: &mut Cx, input: SetQueueAttributes) -> Result<SetQueueAttributesOutput> {
    let mut queue = queue::by_url(cx, &input.queue_url)?;
    let before = queue.attributes.redrive.clone();
    queue.attributes = apply(cx, &queue.attributes, &input.attributes, &queue.name)?;
    queue.modified_at = queue::seconds(cx.now());
    queue::put(cx, &queue);
    redrive::note(cx, &queue, before);
    Ok(SetQueueAttributesOutput {})
}

/// For the door.
pub fn policy_of(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    cx.get(&POLICIES, &arn.rsplit(':').next()?).map(ResourcePolicy::new)
}

pub fn store_policy(cx: &mut Cx, name: &str, policy: Option<&String>) {
    match policy {
        Some(policy) => cx.put(&POLICIES, &name, policy),
        None => cx.delete(&POLICIES, &name),
    }
}

/// The attributes with `given` set; each checked as SQS checks it.
pub fn apply(cx: &mut Cx, base: &Attributes, given: &BTreeMap<String, String>, name: &str) -> Result<Attributes> {
    let mut it = base.clone();
    for (attribute, value) in given {
        match attribute.as_str() {
            "DelaySeconds" => it.delay = number(attribute, value, 0, 900)?,
            "MaximumMessageSize" => it.maximum_message_size = number(attribute, value, 1_024, 1_048_576)?,
            "MessageRetentionPeriod" => it.retention = number(attribute, value, 60, 1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => it.receive_wait = number(attribute, value, 0, 20)?,
            "VisibilityTimeout" => it.visibility_timeout = number(attribute, value, 0, 43_200)?,
            "Policy" => {
                it.policy = policy(value)?;
                store_policy(cx, name, it.policy.as_ref());
            }
            "RedrivePolicy" => it.redrive = redrive::parse(cx, value)?,
            "RedriveAllowPolicy" => it.redrive_allow = redrive::parse_allow(value)?,
            "SqsManagedSseEnabled" if value == "false" => {}
            "SqsManagedSseEnabled"
            | "KmsMasterKeyId"
            | "KmsDataKeyReusePeriodSeconds"
            | "FifoQueue"
            | "ContentBasedDeduplication"
            | "DeduplicationScope"
            | "FifoThroughputLimit" => {
                return Err(error::UNSUPPORTED_OPERATION
                    .with(format!("Niebla does not support the value {value} of the attribute {attribute} yet.")));
            }
            other => return Err(error::INVALID_ATTRIBUTE_NAME.with(format!("Unknown Attribute {other}."))),
        }
    }
    Ok(it)
}

const KNOWN: [&str; 22] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
    "All",
];

pub fn invalid(attribute: &str) -> Error {
    error::INVALID_ATTRIBUTE_VALUE.with(format!("Invalid value for the parameter {attribute}."))
}

fn number(attribute: &str, value: &str, least: i64, most: i64) -> Result<i64> {
    value.parse().ok().filter(|it| (least..=most).contains(it)).ok_or_else(|| invalid(attribute))
}

/// An empty text removes the policy.
fn policy(value: &str) -> Result<Option<String>> {
    if value.is_empty() {
        return Ok(None);
    }
    policy::Policy::parse(value, policy::Kind::Resource).map_err(|_| invalid("Policy"))?;
    Ok(Some(value.to_owned()))
}

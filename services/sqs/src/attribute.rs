//! A queue's attributes: their limits, defaults and sentences.

use crate::permission;
use crate::queue::{self, INVALID_PARAMETER_VALUE, Kind, Queue};
use crate::redrive::{self, Redrive};
use crate::stock;
use api::sqs::{GetQueueAttributes, GetQueueAttributesOutput, SetQueueAttributes, SetQueueAttributesOutput, error};
use kernel::{BoundPolicy, Cx};
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What can be set. Seconds and bytes. What a queue lacks is not written, because every call reads this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    pub delay: i64,
    pub maximum_message_size: i64,
    pub retention: i64,
    pub receive_wait: i64,
    pub visibility_timeout: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<BoundPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive: Option<Redrive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redrive_allow: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fifo: Option<Fifo>,
    #[serde(default, skip_serializing_if = "Encryption::is_default")]
    pub encryption: Encryption,
}

/// What only FIFO queues have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fifo {
    pub content_based_deduplication: bool,
    pub deduplication_scope: Scope,
    pub throughput_limit: ThroughputLimit,
}

/// Where a deduplication id has to be unique.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Scope {
    #[default]
    Queue,
    MessageGroup,
}

/// Kept and checked. Niebla throttles nobody, so it limits nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ThroughputLimit {
    #[default]
    PerQueue,
    PerMessageGroupId,
}

/// What the queue says of its encryption at rest. Nothing is encrypted: the messages lie in the data folder as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encryption {
    pub managed: bool,
    pub key: Option<String>,
    pub key_reuse: i64,
}

impl Default for Encryption {
    /// New queues have SSE-SQS (Server-side encryption at rest in the developer guide).
    fn default() -> Self {
        Self { managed: true, key: None, key_reuse: 300 }
    }
}

impl Encryption {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Attributes {
    /// The defaults of CreateQueue in the SQS API reference.
    pub fn new(kind: Kind) -> Self {
        Self {
            delay: 0,
            maximum_message_size: 1_048_576,
            retention: 345_600,
            receive_wait: 0,
            visibility_timeout: 30,
            policy: None,
            redrive: None,
            redrive_allow: None,
            fifo: (kind == Kind::Fifo).then(Fifo::default),
            encryption: Encryption::default(),
        }
    }

    pub fn kind(&self) -> Kind {
        if self.fifo.is_some() { Kind::Fifo } else { Kind::Standard }
    }

    /// As GetQueueAttributes gives them.
    pub fn listed(&self) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([
            ("DelaySeconds", self.delay.to_string()),
            ("MaximumMessageSize", self.maximum_message_size.to_string()),
            ("MessageRetentionPeriod", self.retention.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait.to_string()),
            ("VisibilityTimeout", self.visibility_timeout.to_string()),
            ("SqsManagedSseEnabled", self.encryption.managed.to_string()),
        ]);
        all.extend(self.policy.as_ref().map(|it| ("Policy", it.given().to_owned())));
        all.extend(self.redrive.as_ref().map(|it| ("RedrivePolicy", it.to_json())));
        all.extend(self.redrive_allow.clone().map(|it| ("RedriveAllowPolicy", it)));
        if let Some(key) = &self.encryption.key {
            all.insert("KmsMasterKeyId", key.clone());
            all.insert("KmsDataKeyReusePeriodSeconds", self.encryption.key_reuse.to_string());
        }
        if let Some(fifo) = &self.fifo {
            all.insert("FifoQueue", "true".to_owned());
            all.insert("ContentBasedDeduplication", fifo.content_based_deduplication.to_string());
            all.insert("DeduplicationScope", fifo.deduplication_scope.name().to_owned());
            all.insert("FifoThroughputLimit", fifo.throughput_limit.name().to_owned());
        }
        all
    }
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Queue => "queue",
            Scope::MessageGroup => "messageGroup",
        }
    }
}

impl ThroughputLimit {
    fn name(self) -> &'static str {
        match self {
            ThroughputLimit::PerQueue => "perQueue",
            ThroughputLimit::PerMessageGroupId => "perMessageGroupId",
        }
    }
}

pub fn get(cx: &Cx, input: GetQueueAttributes) -> Result<GetQueueAttributesOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let names = input.attribute_names.unwrap_or_default();
    if let Some(unknown) = names.iter().find(|it| !is_known(it)) {
        return Err(unknown_attribute(unknown));
    }
    let all = names.iter().any(|it| it == "All");
    let mut listed = queue.attributes.listed();
    listed.extend(queue.attributes.policy.as_ref().map(|it| ("Policy", it.shown(cx))));
    listed.insert("QueueArn", queue::arn_of(cx, &queue.name));
    listed.insert("CreatedTimestamp", queue.created_at.to_string());
    listed.insert("LastModifiedTimestamp", queue.modified_at.to_string());
    if all || names.iter().any(|it| it.starts_with("ApproximateNumber")) {
        let counts = stock::count(cx, &queue);
        listed.insert("ApproximateNumberOfMessages", counts.visible.to_string());
        listed.insert("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string());
        listed.insert("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string());
    }
    let wanted = |name: &str| all || names.iter().any(|it| it == name);
    let attributes: BTreeMap<String, String> =
        listed.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(GetQueueAttributesOutput { attributes: (!attributes.is_empty()).then_some(attributes) })
}

pub fn set(cx: &mut Cx, input: SetQueueAttributes) -> Result<SetQueueAttributesOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let attributes = apply(cx, &queue.attributes, &input.attributes, &queue.name)?;
    replace(cx, queue, attributes);
    Ok(SetQueueAttributesOutput {})
}

/// Gives a queue other attributes.
pub fn replace(cx: &mut Cx, mut queue: Arc<Queue>, attributes: Attributes) {
    let queue = Arc::make_mut(&mut queue);
    let before = std::mem::replace(&mut queue.attributes, attributes);
    queue.modified_at = queue::seconds(cx.now());
    permission::store(cx, &queue.name, queue.attributes.policy.as_ref());
    queue::put(cx, queue);
    redrive::note(cx, queue, before.redrive);
}

/// The attributes with `given` set; each checked as SQS checks it.
pub fn apply(cx: &Cx, base: &Attributes, given: &BTreeMap<String, String>, name: &str) -> Result<Attributes> {
    let mut it = base.clone();
    for (attribute, value) in given {
        match attribute.as_str() {
            "DelaySeconds" => it.delay = number(attribute, value, 0, 900)?,
            "MaximumMessageSize" => it.maximum_message_size = number(attribute, value, 1_024, 1_048_576)?,
            "MessageRetentionPeriod" => it.retention = number(attribute, value, 60, 1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => it.receive_wait = number(attribute, value, 0, 20)?,
            "VisibilityTimeout" => it.visibility_timeout = number(attribute, value, 0, 43_200)?,
            "Policy" => it.policy = permission::parse(cx, value)?,
            "RedrivePolicy" => it.redrive = redrive::parse(cx, value, name, it.kind())?,
            "RedriveAllowPolicy" => it.redrive_allow = redrive::parse_allow(value)?,
            "KmsDataKeyReusePeriodSeconds" => it.encryption.key_reuse = number(attribute, value, 60, 86_400)?,
            "KmsMasterKeyId" => set_key(&mut it.encryption, value),
            "SqsManagedSseEnabled" => set_managed(&mut it.encryption, truth(attribute, value)?)?,
            // FifoQueue can only say what the queue is anyhow (CreateQueue in the SQS API reference).
            "FifoQueue" if value == "true" && it.fifo.is_some() => {}
            "FifoQueue" if it.fifo.is_some() => return Err(invalid(attribute)),
            "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => match &mut it.fifo {
                Some(fifo) => set_fifo(fifo, attribute, value)?,
                None => return Err(for_fifo_only(attribute)),
            },
            other => return Err(unknown_attribute(other)),
        }
    }
    match &it.fifo {
        Some(Fifo {
            throughput_limit: ThroughputLimit::PerMessageGroupId, deduplication_scope: Scope::Queue, ..
        }) => Err(invalid("FifoThroughputLimit")),
        _ => Ok(it),
    }
}

fn set_fifo(fifo: &mut Fifo, attribute: &str, value: &str) -> Result<()> {
    match (attribute, value) {
        ("DeduplicationScope", "queue") => fifo.deduplication_scope = Scope::Queue,
        ("DeduplicationScope", "messageGroup") => fifo.deduplication_scope = Scope::MessageGroup,
        ("FifoThroughputLimit", "perQueue") => fifo.throughput_limit = ThroughputLimit::PerQueue,
        ("FifoThroughputLimit", "perMessageGroupId") => fifo.throughput_limit = ThroughputLimit::PerMessageGroupId,
        ("ContentBasedDeduplication", _) => fifo.content_based_deduplication = truth(attribute, value)?,
        _ => return Err(invalid(attribute)),
    }
    Ok(())
}

/// An empty text takes the key away.
fn set_key(encryption: &mut Encryption, key: &str) {
    encryption.key = (!key.is_empty()).then(|| key.to_owned());
    encryption.managed &= key.is_empty();
}

/// Follows the key in the order of the names, so a key of the same request is seen here.
fn set_managed(encryption: &mut Encryption, managed: bool) -> Result<()> {
    if managed && encryption.key.is_some() {
        return Err(error::INVALID_ATTRIBUTE_NAME.with(
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
        ));
    }
    encryption.managed = managed;
    Ok(())
}

const KNOWN: [&str; 22] = [
    "All",
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
];

pub fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

pub fn invalid(attribute: &str) -> Error {
    error::INVALID_ATTRIBUTE_VALUE.with(format!("Invalid value for the parameter {attribute}."))
}

fn unknown_attribute(name: &str) -> Error {
    error::INVALID_ATTRIBUTE_NAME.with(format!("Unknown Attribute {name}."))
}

fn for_fifo_only(attribute: &str) -> Error {
    if attribute == "ContentBasedDeduplication" {
        return unknown_attribute(attribute);
    }
    error::INVALID_ATTRIBUTE_NAME.with(format!("You can specify the {attribute} only when FifoQueue is set to true."))
}

fn number(attribute: &str, value: &str, least: i64, most: i64) -> Result<i64> {
    value.parse().ok().filter(|it| (least..=most).contains(it)).ok_or_else(|| invalid(attribute))
}

fn truth(attribute: &str, value: &str) -> Result<bool> {
    value.parse().map_err(|_| invalid(attribute))
}

/// As SQS refuses a parameter of a call.
pub fn refused(value: impl std::fmt::Display, parameter: &str, reason: &str) -> Error {
    INVALID_PARAMETER_VALUE.with(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

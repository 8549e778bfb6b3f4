//! Notifications: what happens to objects, told to queues and functions.
//!
//! The job that tells it stands in the transaction of the change, so neither is there without the other.
//!
//! Sources: "Amazon S3 Event Notifications" and "Event message structure" in the S3 User Guide.

use crate::bucket::{self, Bucket};
use crate::config::Kind;
use crate::current;
use crate::fault;
use crate::object::Object;
use crate::owner;
use crate::version::Marker;
use api::lambda::Invoke;
use api::s3::{
    FilterRule, GetBucketNotificationConfiguration, GetBucketNotificationConfigurationOutput,
    NotificationConfiguration, NotificationConfigurationFilter, PutBucketNotificationConfiguration,
    PutBucketNotificationConfigurationOutput,
};
use api::sqs::SendMessage;
use kernel::caller::Principal;
use kernel::{Cloud, Cx, Job};
use model::typed::Typed;
use model::{Error, Result, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::json;

static NOTIFICATIONS: Kind<NotificationConfiguration> = Kind::new("NotificationConfiguration", "", "");

pub static TELL: Job<Telling> = Job::new("s3.notify");

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Put,
    Post,
    Copy,
    CompleteMultipartUpload,
    Delete,
    DeleteMarkerCreated,
    TaggingPut,
    TaggingDelete,
    LifecycleDelete,
    LifecycleDeleteMarkerCreated,
    LifecycleTransition,
    RestorePost,
    RestoreCompleted,
    RestoreDelete,
}

/// An event on its way to who is told.
#[derive(Serialize, Deserialize)]
pub struct Telling {
    target: String,
    /// JSON.
    event: String,
    bucket: String,
    /// The bucket's owner.
    account: String,
}

/// The names that a configuration may use; an asterisk stands for all of a kind.
const EVENTS: [&str; 29] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectAnnotation:*",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:TestEvent",
];
/// What stands in a key of an event as it is; a space is a plus there.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/').remove(b' ');

impl Happened {
    /// As an event names it, without `s3:`.
    fn name(self) -> &'static str {
        match self {
            Happened::Put => "ObjectCreated:Put",
            Happened::Post => "ObjectCreated:Post",
            Happened::Copy => "ObjectCreated:Copy",
            Happened::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Happened::Delete => "ObjectRemoved:Delete",
            Happened::DeleteMarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
            Happened::TaggingPut => "ObjectTagging:Put",
            Happened::TaggingDelete => "ObjectTagging:Delete",
            Happened::LifecycleDelete => "LifecycleExpiration:Delete",
            Happened::LifecycleDeleteMarkerCreated => "LifecycleExpiration:DeleteMarkerCreated",
            Happened::LifecycleTransition => "LifecycleTransition",
            Happened::RestorePost => "ObjectRestore:Post",
            Happened::RestoreCompleted => "ObjectRestore:Completed",
            Happened::RestoreDelete => "ObjectRestore:Delete",
        }
    }

    /// "Event message structure" in the user guide.
    fn version(self) -> &'static str {
        match self {
            Happened::Put
            | Happened::Post
            | Happened::Copy
            | Happened::CompleteMultipartUpload
            | Happened::Delete
            | Happened::DeleteMarkerCreated
            | Happened::RestorePost
            | Happened::RestoreCompleted => "2.1",
            Happened::TaggingPut
            | Happened::TaggingDelete
            | Happened::LifecycleDelete
            | Happened::LifecycleDeleteMarkerCreated
            | Happened::LifecycleTransition
            | Happened::RestoreDelete => "2.3",
        }
    }

    fn is_end(self) -> bool {
        matches!(self, Happened::Delete | Happened::LifecycleDelete)
    }

    /// What an event tells beside the object.
    fn more(self, object: &Object) -> Option<(&'static str, serde_json::Value)> {
        let class = object.storage_class.name();
        match self {
            Happened::LifecycleTransition => {
                Some(("lifecycleEventData", json!({ "transitionEventData": { "destinationStorageClass": class } })))
            }
            Happened::RestoreCompleted => {
                let expiry = Timestamp(object.restore.map_or(0, |it| it.expires_at)).iso_8601();
                let told = json!({ "lifecycleRestorationExpiryTime": expiry, "lifecycleRestoreStorageClass": class });
                Some(("glacierEventData", json!({ "restoreEventData": told })))
            }
            _ => None,
        }
    }
}

/// One rule of a configuration, whatever it leads to.
struct Rule<'c> {
    id: &'c str,
    target: &'c str,
    events: &'c [String],
    filter: Option<&'c NotificationConfigurationFilter>,
}

pub fn put(cx: &mut Cx, input: PutBucketNotificationConfiguration) -> Result<PutBucketNotificationConfigurationOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut given = input.notification_configuration;
    if given.event_bridge_configuration.is_some() && cx.kernel().entry("events", "PutEvents").is_err() {
        return Err(fault::not_implemented("EventBridgeConfiguration"));
    }
    name_all(cx, &mut given);
    let rules = rules(&given);
    rules.iter().try_for_each(check)?;
    check_overlaps(&rules)?;
    if input.skip_destination_validation != Some(true) {
        for rule in &rules {
            try_target(cx, &bucket, rule.target)?;
        }
    }
    NOTIFICATIONS.put(cx, &bucket, given);
    Ok(PutBucketNotificationConfigurationOutput {})
}

pub fn get(cx: &Cx, input: GetBucketNotificationConfiguration) -> Result<GetBucketNotificationConfigurationOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let given = NOTIFICATIONS.of(cx, &bucket).unwrap_or_default();
    Ok(GetBucketNotificationConfigurationOutput::from_value(given.into_value()))
}

/// Something happened to an object of a bucket.
pub fn object(cx: &mut Cx, bucket: &Bucket, key: &str, happened: Happened, object: &Object) {
    // What is deleted is older than its end.
    let sequence = if happened.is_end() { current::sequence_at(cx.now()) } else { object.sequence };
    tell(cx, bucket, key, happened, || {
        let mut told = json!({ "key": encoded(key), "sequencer": sequencer(sequence.max(object.sequence)) });
        if !happened.is_end() {
            told["size"] = object.size.into();
            told["eTag"] = object.etag().trim_matches('"').into();
        }
        (told, bucket.told(object, key), happened.more(object))
    });
}

/// A delete marker was put on top, or a version is gone of which no more is known.
pub fn marker(cx: &mut Cx, bucket: &Bucket, key: &str, happened: Happened, marker: &Marker) {
    tell(cx, bucket, key, happened, || {
        let told = json!({ "key": encoded(key), "sequencer": sequencer(marker.sequence) });
        (told, Some(marker.version_id(key)), None)
    });
}

/// An object as an event tells it, its version id, and what else the event tells.
type Told = (serde_json::Value, Option<String>, Option<(&'static str, serde_json::Value)>);

fn tell(cx: &mut Cx, bucket: &Bucket, key: &str, happened: Happened, describe: impl FnOnce() -> Told) {
    let Some(given) = NOTIFICATIONS.of(cx, bucket) else { return };
    let (mut object, version_id, more) = describe();
    if let Some(id) = version_id {
        object["versionId"] = id.into();
    }
    for rule in rules(&given).iter().filter(|it| wants(it, happened, key)) {
        let mut event = record(cx, bucket, rule.id, happened, &object);
        if let Some((name, value)) = &more {
            event["Records"][0][*name] = value.clone();
        }
        let event = event.to_string();
        let telling =
            Telling { target: rule.target.to_owned(), event, bucket: bucket.arn(), account: bucket.account.clone() };
        cx.at(cx.now(), &TELL, &telling);
    }
}

/// As S3, for this bucket.
fn service(bucket_arn: &str, account: &str) -> Principal {
    Principal::service_for(account, "s3.amazonaws.com", bucket_arn)
}

pub async fn carry_out(cloud: Cloud, it: Telling) -> Result<()> {
    let region = it.target.split(':').nth(3).unwrap_or_default();
    let cloud = cloud.acting_as(service(&it.bucket, &it.account)).in_region(region);
    match service_of(&it.target) {
        "sqs" => {
            let input = message(&it.target, it.event);
            cloud.call(input).await.map(drop)
        }
        "lambda" => {
            let input = Invoke {
                function_name: it.target,
                invocation_type: Some("Event".to_owned()),
                payload: Some(it.event.into_bytes().into()),
                ..Invoke::default()
            };
            cloud.call(input).await.map(drop)
        }
        // A configuration names no others.
        _ => Ok(()),
    }
}

fn message(arn: &str, body: String) -> SendMessage {
    let mut parts = arn.split(':').skip(3);
    let [region, account, name] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let queue_url = format!("https://sqs.{region}.amazonaws.com/{account}/{name}");
    SendMessage { queue_url, message_body: body, ..SendMessage::default() }
}

fn service_of(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

/// S3 sends a queue a test event, and asks whether it may call a function.
fn try_target(cx: &mut Cx, bucket: &Bucket, target: &str) -> Result<()> {
    let principal = service(&bucket.arn(), &bucket.account);
    let (now, name, request_id) = (cx.now().iso_8601(), bucket.name.clone(), cx.request_id().to_owned());
    let tried = match service_of(target) {
        "sqs" => {
            let event = json!({
                "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": now, "Bucket": name, "RequestId": request_id,
                "HostId": request_id,
            });
            let input = message(target, event.to_string());
            cx.acting_as(principal, |cx| cx.in_place_of(target, |cx| cx.call(input).map(drop)))
        }
        "lambda" => cx.acting_as(principal, |cx| {
            let may = cx.look_in_place_of(target, |cx| cx.may("lambda", "Invoke", target));
            if may { Ok(()) } else { Err(fault::access_denied()) }
        }),
        // There are no topics here to be told.
        _ => Err(fault::access_denied()),
    };
    tried.map_err(|_| unreachable_target(target))
}

fn unreachable_target(target: &str) -> Error {
    let what = match service_of(target) {
        "sqs" => "Permissions on the destination queue do not allow S3 to publish notifications from this bucket",
        "lambda" => "Not authorized to invoke function",
        _ => "The destination does not exist",
    };
    fault::INVALID_ARGUMENT
        .with("Unable to validate the following destination configurations")
        .field("ArgumentName1", format!("{target}, null"))
        .field("ArgumentValue1", what)
}

/// Rules without a name get one.
fn name_all(cx: &Cx, given: &mut NotificationConfiguration) {
    let name = |id: &mut Option<String>| {
        if id.as_deref().is_none_or(str::is_empty) {
            *id = Some(cx.id());
        }
    };
    given.topic_configurations.iter_mut().flatten().for_each(|it| name(&mut it.id));
    given.queue_configurations.iter_mut().flatten().for_each(|it| name(&mut it.id));
    given.lambda_function_configurations.iter_mut().flatten().for_each(|it| name(&mut it.id));
}

fn rules(given: &NotificationConfiguration) -> Vec<Rule<'_>> {
    let topics = given.topic_configurations.iter().flatten().map(|it| (&it.id, &it.topic_arn, &it.events, &it.filter));
    let queues = given.queue_configurations.iter().flatten().map(|it| (&it.id, &it.queue_arn, &it.events, &it.filter));
    let functions = given.lambda_function_configurations.iter().flatten();
    let functions = functions.map(|it| (&it.id, &it.lambda_function_arn, &it.events, &it.filter));
    let all = topics.chain(queues).chain(functions);
    all.map(|(id, target, events, filter)| Rule {
        id: id.as_deref().unwrap_or_default(),
        target,
        events,
        filter: filter.as_ref(),
    })
    .collect()
}

fn check(rule: &Rule) -> Result<()> {
    if let Some(event) = rule.events.iter().find(|it| !EVENTS.contains(&it.as_str())) {
        return Err(fault::invalid_argument("The event is not supported for notifications", "Event", event.as_str()));
    }
    if !rule.target.starts_with("arn:aws:") || !matches!(service_of(rule.target), "sqs" | "sns" | "lambda") {
        return Err(fault::invalid_argument("The ARN could not be parsed", rule.target, "null"));
    }
    if service_of(rule.target) == "sqs" && rule.target.ends_with(".fifo") {
        return Err(fault::invalid_argument("FIFO SQS queues are not supported.", rule.target, "null"));
    }
    let mut seen = Vec::new();
    for FilterRule { name, .. } in filters(rule) {
        let name = name.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !matches!(name.as_str(), "prefix" | "suffix") {
            return Err(fault::invalid_argument(
                "filter rule name must be either prefix or suffix",
                "FilterRule.Name",
                name,
            ));
        }
        if seen.contains(&name) {
            return Err(fault::invalid_argument(
                format!("Cannot specify more than one {name} rule in a filter."),
                "FilterRule.Name",
                name,
            ));
        }
        seen.push(name);
    }
    Ok(())
}

/// An event of one key must lead to one rule alone.
fn check_overlaps(rules: &[Rule]) -> Result<()> {
    let kin = |a: &str, b: &str| match (a.strip_suffix('*'), b.strip_suffix('*')) {
        (None, None) => a == b,
        (Some(a), None) => b.starts_with(a),
        (None, Some(b)) => a.starts_with(b),
        (Some(a), Some(b)) => a == b,
    };
    for (at, one) in rules.iter().enumerate() {
        for other in &rules[at + 1..] {
            let events = one.events.iter().any(|a| other.events.iter().any(|b| kin(a, b)));
            let (a, b) = (affix(one, "prefix"), affix(other, "prefix"));
            let prefixes = a.starts_with(b) || b.starts_with(a);
            let (a, b) = (affix(one, "suffix"), affix(other, "suffix"));
            if events && prefixes && (a.ends_with(b) || b.ends_with(a)) {
                return Err(fault::INVALID_ARGUMENT.with("Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."));
            }
        }
    }
    Ok(())
}

fn wants(rule: &Rule, happened: Happened, key: &str) -> bool {
    let name = format!("s3:{}", happened.name());
    let fits = |it: &String| it.strip_suffix('*').map_or(*it == name, |kind| name.starts_with(kind));
    rule.events.iter().any(fits) && key.starts_with(affix(rule, "prefix")) && key.ends_with(affix(rule, "suffix"))
}

fn filters<'c>(rule: &Rule<'c>) -> impl Iterator<Item = &'c FilterRule> {
    rule.filter.and_then(|it| it.key.as_ref()).and_then(|it| it.filter_rules.as_ref()).into_iter().flatten()
}

fn affix<'c>(rule: &Rule<'c>, which: &str) -> &'c str {
    let named = |it: &&FilterRule| it.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(which));
    filters(rule).find(named).and_then(|it| it.value.as_deref()).unwrap_or_default()
}

fn record(cx: &Cx, bucket: &Bucket, rule: &str, happened: Happened, object: &serde_json::Value) -> serde_json::Value {
    let caller = cx.caller();
    let principal = match &caller.principal {
        Principal::User { .. } | Principal::Session { .. } => format!("AWS:{}", caller.principal.user_id()),
        other => other.user_id(),
    };
    // What S3 does by itself comes from no address.
    let source = match &caller.principal {
        Principal::Service { name, .. } => name,
        _ => &caller.source_ip,
    };
    json!({ "Records": [{
        "eventVersion": happened.version(),
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": cx.now().iso_8601(),
        "eventName": happened.name(),
        "userIdentity": { "principalId": principal },
        "requestParameters": { "sourceIPAddress": source },
        "responseElements": { "x-amz-request-id": cx.request_id(), "x-amz-id-2": cx.request_id() },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": { "principalId": owner::canonical_id(&bucket.account) },
                "arn": bucket.arn(),
            },
            "object": object,
        },
    }] })
}

fn sequencer(sequence: u64) -> String {
    format!("{sequence:018X}")
}

/// As a form encodes it.
fn encoded(key: &str) -> String {
    utf8_percent_encode(key, &PLAIN).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_in_a_form() {
        assert_eq!(encoded("red flower/ü+1.jpg"), "red+flower/%C3%BC%2B1.jpg");
    }
}

//! Queues: create, find, list, purge, delete.
//!
//! A queue's messages are kept under its `store`, a number that no other queue ever had. Purging or deleting a queue
//! gives the number up, so it costs the same for ten messages as for ten million; a job sweeps them away afterwards.

use crate::attribute::{self, Attributes};
use crate::move_task;
use crate::permission;
use crate::redrive;
use crate::sweep;
use crate::tag;
use api::sqs::{
    CreateQueue, CreateQueueOutput, DeleteQueue, DeleteQueueOutput, GetQueueUrl, GetQueueUrlOutput, ListQueues,
    ListQueuesOutput, PurgeQueue, PurgeQueueOutput, error,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::{Cx, Job, Switch, is_account};
use model::{ErrorShape, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Span, Table};

/// Every queue. Key: name.
pub static QUEUES: Table<Queue> = Table::regional("sqs.queue");
/// When a queue was deleted, in milliseconds, as long as that keeps its name taken. Key: name.
static DELETED: Table<i64> = Table::regional("sqs.deleted");
/// Takes the name of a deleted queue out of there again.
pub static FREE_NAME: Job<String> = Job::new("sqs.free-name");
/// Whether a deleted queue's name stays taken for a minute, as on AWS. Off, because tests delete and create.
pub static DELETED_RECENTLY: Switch = Switch { name: "sqs.queue-deleted-recently" };
/// The next queue's `store`. Key: ().
static NEXT_STORE: Table<u64> = Table::partition("sqs.next-store");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queue {
    pub name: String,
    /// What the keys of its messages begin with.
    pub store: u64,
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Seconds since 1970, as the attributes give them.
    pub created_at: i64,
    pub modified_at: i64,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged_at: Option<i64>,
    /// A standard queue that was sent a message of some group: a fair queue.
    #[serde(default)]
    pub fair: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Standard,
    Fifo,
}

impl Queue {
    pub fn kind(&self) -> Kind {
        self.attributes.kind()
    }
}

pub const INVALID_PARAMETER_VALUE: ErrorShape = ErrorShape::sender("InvalidParameterValue");
pub const MISSING_PARAMETER: ErrorShape = ErrorShape::sender("MissingParameter");

/// A name can be used again this long after its queue was deleted, and a queue be purged again.
const MINUTE_MS: i64 = 60_000;
/// What the name of a FIFO queue ends with, and no other.
pub const FIFO_SUFFIX: &str = ".fifo";
const LONGEST_NAME: usize = 80;

pub fn create(cx: &mut Cx, input: CreateQueue) -> Result<CreateQueueOutput> {
    let given = input.attributes.unwrap_or_default();
    let kind = kind_of(&input.queue_name, &given)?;
    let attributes = attribute::apply(cx, &Attributes::new(kind), &given, &input.queue_name)?;
    if let Some(existing) = cx.get(&QUEUES, &input.queue_name.as_str()) {
        same_as(&existing, &given, &attributes)?;
        return Ok(CreateQueueOutput { queue_url: Some(url_of(cx, &existing.name)) });
    }
    if let Some(deleted) = cx.get(&DELETED, &input.queue_name.as_str())
        && cx.now().0 - deleted < MINUTE_MS
        && cx.is_on(&DELETED_RECENTLY)
    {
        return Err(error::QUEUE_DELETED_RECENTLY.with(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        ));
    }
    let tags = input.tags.unwrap_or_default();
    tag::check(&tags, &input.queue_name)?;
    let (now, store) = (seconds(cx.now()), take_store(cx));
    let queue = Queue {
        name: input.queue_name,
        store,
        attributes,
        tags,
        created_at: now,
        modified_at: now,
        purged_at: None,
        fair: false,
    };
    permission::store(cx, &queue.name, queue.attributes.policy.as_ref());
    put(cx, &queue);
    redrive::note(cx, &queue, None);
    Ok(CreateQueueOutput { queue_url: Some(url_of(cx, &queue.name)) })
}

pub fn url(cx: &Cx, input: GetQueueUrl) -> Result<GetQueueUrlOutput> {
    let queue = by_name(cx, &input.queue_name)?;
    Ok(GetQueueUrlOutput { queue_url: Some(url_of(cx, &queue.name)) })
}

pub fn list(cx: &Cx, input: ListQueues) -> Result<ListQueuesOutput> {
    let limit = page_limit(input.max_results)?;
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let mut span = Span::beginning(&(), prefix.as_bytes());
    if let Some(token) = &input.next_token {
        span = span.after(&read_token(token)?.as_str());
    }
    let mut queues = cx.range(&QUEUES, span, limit + 1);
    let more = queues.len() > limit;
    queues.truncate(limit);
    // Without MaxResults AWS gives the first thousand and no token.
    let next = queues.last().filter(|_| more && input.max_results.is_some()).map(|it| token(&it.name));
    let urls: Vec<String> = queues.iter().map(|it| url_of(cx, &it.name)).collect();
    Ok(ListQueuesOutput { queue_urls: (!urls.is_empty()).then_some(urls), next_token: next })
}

pub fn delete(cx: &mut Cx, input: DeleteQueue) -> Result<DeleteQueueOutput> {
    let queue = by_url(cx, &input.queue_url)?;
    cx.delete(&QUEUES, &queue.name.as_str());
    if cx.is_on(&DELETED_RECENTLY) {
        cx.put(&DELETED, &queue.name.as_str(), &cx.now().0);
        cx.at(Timestamp(cx.now().0 + MINUTE_MS), &FREE_NAME, &queue.name);
    }
    permission::store(cx, &queue.name, None);
    redrive::forget(cx, &queue);
    move_task::forget(cx, &queue);
    sweep::abandon(cx, queue.store);
    Ok(DeleteQueueOutput {})
}

pub fn free_name(cx: &mut Cx, name: String) -> Result<()> {
    // It may have been taken and given up again since.
    let deleted = cx.get(&DELETED, &name.as_str());
    if deleted.is_some_and(|it| cx.now().0 - it >= MINUTE_MS) {
        cx.delete(&DELETED, &name.as_str());
    }
    Ok(())
}

pub fn purge(cx: &mut Cx, input: PurgeQueue) -> Result<PurgeQueueOutput> {
    let mut queue = Arc::unwrap_or_clone(by_url(cx, &input.queue_url)?);
    if queue.purged_at.is_some_and(|it| cx.now().0 - it < MINUTE_MS) {
        return Err(error::PURGE_QUEUE_IN_PROGRESS
            .with(format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", queue.name)));
    }
    sweep::abandon(cx, queue.store);
    queue.store = take_store(cx);
    queue.purged_at = Some(cx.now().0);
    put(cx, &queue);
    Ok(PurgeQueueOutput {})
}

pub fn put(cx: &mut Cx, queue: &Queue) {
    cx.put(&QUEUES, &queue.name.as_str(), queue);
}

/// The queue that a URL names, wherever the URL's host points.
pub fn by_url(cx: &Cx, url: &str) -> Result<Arc<Queue>> {
    let (_, name) = parse_url(url)?;
    by_name(cx, name)
}

pub fn by_name(cx: &Cx, name: &str) -> Result<Arc<Queue>> {
    cx.shared(&QUEUES, &name).ok_or_else(|| error::QUEUE_DOES_NOT_EXIST.with("The specified queue does not exist."))
}

/// What IAM is asked about.
pub fn arn(cx: &Cx, url: &str) -> Result<String> {
    let (account, name) = parse_url(url)?;
    Ok(cx.arn_of("sqs", cx.region(), account.unwrap_or(cx.account()), name))
}

pub fn named_arn(cx: &Cx, input: &GetQueueUrl) -> String {
    let account = input.queue_owner_aws_account_id.as_deref().unwrap_or(cx.account());
    cx.arn_of("sqs", cx.region(), account, &input.queue_name)
}

pub fn arn_of(cx: &Cx, name: &str) -> String {
    cx.arn("sqs", name)
}

/// Of an ARN of a queue, in whatever place.
pub fn name_of(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sqs", _, account, name] if is_account(account) && !name.is_empty() => Some(name),
        _ => None,
    }
}

/// `http://localhost:4566/000000000000/jobs`, on the host that the caller reached us by.
pub fn url_of(cx: &Cx, name: &str) -> String {
    let caller = &cx.caller().endpoint;
    let endpoint = if caller.is_empty() { &cx.kernel().settings.endpoint } else { caller };
    [endpoint, "/", cx.account(), "/", name].concat()
}

/// SQS words what is missing in its own way, and takes names that its model does not list: `ApproximateReceiveCount` in
/// `AttributeNames`. Everything else that the model bounds is checked where it is used.
pub fn invalid(_: &'static model::Service, violations: &model::Violations) -> Result<()> {
    match violations.missing() {
        Some(member) => Err(MISSING_PARAMETER.with(format!("The request must contain the parameter {member}."))),
        None => Ok(()),
    }
}

/// 1 to 1,000, as ListQueues and ListDeadLetterSourceQueues say it.
pub fn page_limit(given: Option<i64>) -> Result<usize> {
    match given.unwrap_or(1000) {
        limit @ 1..=1000 => Ok(limit as usize),
        other => Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value {other} for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000."
        ))),
    }
}

pub fn token(last: &str) -> String {
    BASE64.encode(last)
}

pub fn read_token(token: &str) -> Result<String> {
    let bytes = BASE64.decode(token).ok().and_then(|it| String::from_utf8(it).ok());
    bytes.ok_or_else(|| INVALID_PARAMETER_VALUE.with("Invalid or expired next token."))
}

/// Seconds of a time, as attributes give them.
pub fn seconds(time: Timestamp) -> i64 {
    time.0 / 1000
}

/// (account, name): the last two parts of the path, or a name alone.
fn parse_url(url: &str) -> Result<(Option<&str>, &str)> {
    let path = url.trim_end_matches('/');
    let (rest, name) = path.rsplit_once('/').unwrap_or(("", path));
    let account = rest.rsplit('/').next().filter(|it| is_account(it));
    if name.is_empty() || (account.is_none() && url.contains('/')) {
        return Err(error::INVALID_ADDRESS.with(format!("The address {url} is not valid for this endpoint.")));
    }
    Ok((account, name))
}

/// Checks the name, which says what the queue is, against the attribute FifoQueue.
fn kind_of(name: &str, given: &BTreeMap<String, String>) -> Result<Kind> {
    let valid = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    let fits = |stem: &str| !stem.is_empty() && name.len() <= LONGEST_NAME && stem.bytes().all(valid);
    match given.get("FifoQueue").map(String::as_str) {
        Some("true") if name.strip_suffix(FIFO_SUFFIX).is_some_and(fits) => Ok(Kind::Fifo),
        Some("true") => Err(INVALID_PARAMETER_VALUE.with(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length",
        )),
        // SQS knows the attribute as true or not at all.
        Some(_) => Err(error::INVALID_ATTRIBUTE_NAME.with("Unknown Attribute FifoQueue.")),
        None if fits(name) => Ok(Kind::Standard),
        None => Err(INVALID_PARAMETER_VALUE
            .with("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")),
    }
}

/// Creating a queue again is fine as long as nothing that is named differs.
fn same_as(existing: &Queue, given: &BTreeMap<String, String>, wanted: &Attributes) -> Result<()> {
    let (has, wants) = (existing.attributes.listed(), wanted.listed());
    for name in given.keys() {
        if has.get(name.as_str()) != wants.get(name.as_str()) {
            return Err(error::QUEUE_NAME_EXISTS.with(format!(
                "A queue already exists with the same name and a different value for attribute {name}"
            )));
        }
    }
    Ok(())
}

fn take_store(cx: &mut Cx) -> u64 {
    let number = cx.get(&NEXT_STORE, &()).unwrap_or(1);
    cx.put(&NEXT_STORE, &(), &(number + 1));
    number
}

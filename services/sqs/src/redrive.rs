//! Dead-letter queues: the redrive policy, who may name a queue as theirs, and the move itself.

use crate::attribute::{invalid, refused};
use crate::message::Stored;
use crate::queue::{self, Kind, QUEUES, Queue};
use crate::stock::{self, Arrival};
use api::sqs::{ListDeadLetterSourceQueues, ListDeadLetterSourceQueuesOutput};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{Span, Table};

/// Which queues name which as their dead-letter queue. Key: (target's name, source's name).
static SOURCES: Table<()> = Table::regional("sqs.redrive-source");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redrive {
    pub target_arn: String,
    pub most_receives: u32,
}

impl Redrive {
    pub fn to_json(&self) -> String {
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{}}}"#, self.target_arn, self.most_receives)
    }

    fn target(&self) -> &str {
        self.target_arn.rsplit(':').next().unwrap_or_default()
    }
}

pub fn list_sources(cx: &Cx, input: ListDeadLetterSourceQueues) -> Result<ListDeadLetterSourceQueuesOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let limit = queue::page_limit(input.max_results)?;
    let mut span = Span::prefix(&queue.name.as_str());
    if let Some(token) = &input.next_token {
        span = span.after(&(queue.name.as_str(), queue::read_token(token)?.as_str()));
    }
    let mut names: Vec<String> =
        cx.keys::<(String, String), _>(&SOURCES, span, limit + 1).into_iter().map(|it| it.1).collect();
    let more = names.len() > limit;
    names.truncate(limit);
    let next_token = names.last().filter(|_| more && input.max_results.is_some()).map(|it| queue::token(it));
    Ok(ListDeadLetterSourceQueuesOutput {
        queue_urls: names.iter().map(|it| queue::url_of(cx, it)).collect(),
        next_token,
    })
}

/// `{"deadLetterTargetArn": "…", "maxReceiveCount": 3}`; the count may be a text. An empty text takes the policy away.
pub fn parse(cx: &Cx, value: &str, source: &str, kind: Kind) -> Result<Option<Redrive>> {
    if value.is_empty() {
        return Ok(None);
    }
    let refused = |reason: &str| refused(value, "RedrivePolicy", reason);
    let json: Json = serde_json::from_str(value).unwrap_or_default();
    if !json.is_object() {
        return Err(refused("Redrive policy is not a valid JSON map."));
    }
    let count = match &json["maxReceiveCount"] {
        Json::Number(it) => it.as_i64(),
        Json::String(it) => it.parse().ok(),
        _ => return Err(refused("Redrive policy does not contain mandatory attribute: maxReceiveCount.")),
    };
    let Some(most_receives) = count.filter(|it| (1..=1_000).contains(it)) else {
        return Err(refused("Invalid value for maxReceiveCount."));
    };
    let Some(target_arn) = json["deadLetterTargetArn"].as_str() else {
        return Err(refused("Redrive policy does not contain mandatory attribute: deadLetterTargetArn."));
    };
    let Some(name) = queue::name_of(target_arn) else {
        return Err(refused("Invalid value for deadLetterTargetArn."));
    };
    if queue::arn_of(cx, name) != target_arn {
        return Err(refused("Dead-letter queue must be in the same account and region as the source."));
    }
    let Some(target) = cx.get(&QUEUES, &name) else {
        return Err(refused("Dead letter target does not exist."));
    };
    if target.kind() != kind {
        return Err(refused("Dead-letter queue must be same type of queue as the source."));
    }
    if !allows(&target, &queue::arn_of(cx, source)) {
        return Err(refused("The dead-letter queue's RedriveAllowPolicy does not allow this source."));
    }
    Ok(Some(Redrive { target_arn: target_arn.to_owned(), most_receives: most_receives as u32 }))
}

/// `{"redrivePermission": "allowAll" | "denyAll" | "byQueue", "sourceQueueArns": […]}`.
pub fn parse_allow(value: &str) -> Result<Option<String>> {
    if value.is_empty() {
        return Ok(None);
    }
    let json: Json = serde_json::from_str(value).map_err(|_| invalid("RedriveAllowPolicy"))?;
    let sources = json["sourceQueueArns"].as_array();
    let fits = match json["redrivePermission"].as_str() {
        Some("allowAll" | "denyAll") => sources.is_none(),
        Some("byQueue") => sources.is_some_and(|it| (1..=10).contains(&it.len()) && it.iter().all(Json::is_string)),
        _ => false,
    };
    if fits { Ok(Some(value.to_owned())) } else { Err(invalid("RedriveAllowPolicy")) }
}

/// Keeps the list of sources true after a queue's policy was set.
pub fn note(cx: &mut Cx, queue: &Queue, before: Option<Redrive>) {
    if let Some(before) = before {
        cx.delete(&SOURCES, &(before.target(), queue.name.as_str()));
    }
    if let Some(now) = &queue.attributes.redrive {
        cx.put(&SOURCES, &(now.target(), queue.name.as_str()), &());
    }
}

pub fn forget(cx: &mut Cx, queue: &Queue) {
    if let Some(redrive) = &queue.attributes.redrive {
        cx.delete(&SOURCES, &(redrive.target(), queue.name.as_str()));
    }
}

/// Whether a queue is the dead-letter queue of another one.
pub fn is_target(cx: &Cx, queue: &Queue) -> bool {
    !cx.keys::<(String, String), _>(&SOURCES, Span::prefix(&queue.name.as_str()), 1).is_empty()
}

/// The dead-letter queue of a message that has been received so often and may go there.
pub fn dead(cx: &Cx, queue: &Queue, receives: u32) -> Option<Queue> {
    let redrive = queue.attributes.redrive.as_ref().filter(|it| receives >= it.most_receives)?;
    let target = cx.get(&QUEUES, &redrive.target())?;
    allows(&target, &queue::arn_of(cx, &queue.name)).then_some(target)
}

/// Puts what was taken out of `queue` into `target`. Its id and the number of its receives stay; its age only in standard
/// queues (Setting up dead-letter queue retention in the developer guide).
pub fn bury(cx: &mut Cx, queue: &Queue, target: &Queue, stored: Stored, receives: (u32, Option<i64>)) {
    let mut stored = Stored { dead_letter_source: Some(queue::arn_of(cx, &queue.name)), ..stored };
    if target.kind() == Kind::Fifo {
        stored.sent_at = cx.now().0;
        stored.deduplication = Some(stored.id.clone());
    }
    let (receives, first_received_at) = receives;
    stock::put(cx, target, stored, Arrival { delay: target.attributes.delay, receives, first_received_at });
}

fn allows(target: &Queue, source_arn: &str) -> bool {
    let Some(text) = &target.attributes.redrive_allow else { return true };
    let json: Json = serde_json::from_str(text).unwrap_or_default();
    match json["redrivePermission"].as_str() {
        Some("denyAll") => false,
        Some("byQueue") => {
            json["sourceQueueArns"].as_array().is_some_and(|it| it.iter().any(|arn| arn.as_str() == Some(source_arn)))
        }
        _ => true,
    }
}

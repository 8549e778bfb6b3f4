//! Sources: what can be read as a stream by event source mappings. A service declares one, readers know none by name.

use crate::cloud::Cloud;
use crate::cx::Cx;
use crate::service::BoxFuture;
use model::Result;
use serde_json::Value as Json;

pub struct Source {
    /// The service in its ARNs: `sqs`.
    pub service: &'static str,
    /// As AWS's sentences name it: `SQS`.
    pub name: &'static str,
    /// The operations that a reader has to be allowed.
    pub operations: &'static [&'static str],
    /// The member of a record that filter patterns look into, where it is JSON: `body`.
    pub data: &'static str,
    /// Waits until there is at least one record or the wait is over; takes them for the reader.
    pub pull: fn(Cloud, Pull) -> BoxFuture<Result<Vec<Record>>>,
    /// Done with these; they are not given again.
    pub acknowledge: fn(Cloud, String, Vec<String>) -> BoxFuture<Result<()>>,
    /// How long taken records stay hidden, in seconds; a reader has to be done by then.
    pub hidden_for: fn(&mut Cx, &str) -> Result<i64>,
}

#[derive(Clone, Debug)]
pub struct Pull {
    pub arn: String,
    pub limit: i64,
    /// Seconds.
    pub wait: i64,
}

#[derive(Clone, Debug)]
pub struct Record {
    /// What `acknowledge` takes.
    pub token: String,
    /// How a partial batch response names it: the message id, the sequence number.
    pub identifier: String,
    /// Records of the same order are worked on one after the other: a message group of a FIFO queue.
    pub order: Option<String>,
    /// As the function sees it, in `Records`.
    pub event: Json,
}

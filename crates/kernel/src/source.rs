//! Sources: what event source mappings read. A service declares one, readers know none by name.
//!
//! A *queue* gives a record to one reader and forgets it when that reader is done with it. A *stream* is read by position,
//! shard by shard, and knows nothing of its readers: each keeps its own checkpoints.

use crate::cloud::Cloud;
use crate::cx::Cx;
use crate::service::BoxFuture;
use model::{Result, Timestamp};
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
    pub kind: Kind,
}

pub enum Kind {
    Queue(Queue),
    Stream(Stream),
}

pub struct Queue {
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
    /// How a partial batch response names it: the message id.
    pub identifier: String,
    /// Records of the same order are worked on one after the other: a message group of a FIFO queue.
    pub order: Option<String>,
    /// As the function sees it, in `Records`.
    pub event: Json,
}

/// What is asked of a stream is asked in a transaction, as the reader: a long poll then wakes when the shard changes.
pub struct Stream {
    /// Where reading may begin: `TRIM_HORIZON`.
    pub starts: &'static [&'static str],
    /// What a document about records that were given up calls the place where they are: `DDBStreamBatchInfo`.
    pub batch_info: &'static str,
    /// How long records are kept, in milliseconds.
    pub retention_ms: i64,
    /// Those of the stream with this ARN, parents before their children.
    pub shards: fn(&mut Cx, &str) -> Result<Vec<Shard>>,
    /// The position of one of `starts`, in the stream with this ARN and the shard with this id.
    pub position: fn(&mut Cx, &str, &str, &str) -> Result<String>,
    /// What there is from a position on, without waiting.
    pub read: fn(&mut Cx, &Read) -> Result<Page>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    pub id: String,
    /// Has to be read to its end first, so that records of one key stay in order.
    pub parent: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Read {
    pub arn: String,
    pub shard: String,
    /// Positions of one shard sort as texts. None: where the shard begins.
    pub position: Option<String>,
    pub limit: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Where reading goes on.
    pub next: String,
    /// The shard takes no more records, and this is its end.
    pub is_end: bool,
}

/// A record of a stream.
#[derive(Clone, Debug)]
pub struct Entry {
    /// How a partial batch response names it.
    pub sequence_number: String,
    /// Where reading goes on after it.
    pub next: String,
    /// Entries with the same key are worked on one after the other.
    pub key: String,
    /// When it came.
    pub at: Timestamp,
    /// As the function sees it, in `Records`.
    pub event: Json,
}

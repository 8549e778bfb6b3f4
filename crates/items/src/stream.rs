//! Streams of changes. A stream has one shard that is open; every four hours it is closed and a child follows it.

use crate::packed::Packed;
use serde::{Deserialize, Serialize};
use store::Table;

/// Every stream of which there may be records. Key: (table's name, label).
pub static STREAMS: Table<Stream> = Table::regional("dynamodb.stream");
/// What they hold. Key: (stream's number, sequence).
pub static RECORDS: Table<Record> = Table::regional("dynamodb.stream-record");
/// The sequence that the next record gets. Key: stream's number.
pub static NEXT_SEQUENCES: Table<u64> = Table::regional("dynamodb.stream-next");

/// The policies of tables and of streams, as they are evaluated. Key: [`policy_key`] of their ARN.
pub static POLICIES: Table<String> = Table::regional("dynamodb.policy");

/// Of a table's ARN, or of that of one of its indexes: its name. Of a stream's: `name/stream/label`.
pub fn policy_key(arn: &str) -> Option<&str> {
    let resource = arn.splitn(6, ':').nth(5)?.strip_prefix("table/")?;
    match resource.split_once('/') {
        None => Some(resource),
        Some((table, rest)) if rest.starts_with("index/") => Some(table),
        Some((_, rest)) => rest.strip_prefix("stream/").filter(|it| !it.contains('/')).map(|_| resource),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    pub table: String,
    /// The time of its beginning, which tells it from the table's other streams.
    pub label: String,
    pub number: u64,
    pub view: View,
    /// The names of the table's key attributes.
    pub hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Milliseconds since 1970, like all times here.
    pub created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Records before this one are gone.
    #[serde(default)]
    pub oldest: u64,
    /// From the oldest to the open one; a stream of before there were several has none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Shard>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// What tells it from the stream's other shards.
    pub began_at: i64,
    /// The sequence of its first record; it ends before that of the next shard.
    pub first: u64,
    /// When the shard before it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<i64>,
}

impl Stream {
    /// From the oldest to the open one.
    pub fn shards(&self) -> Vec<Shard> {
        match self.shards.is_empty() {
            true => vec![Shard { began_at: self.created_at, first: 0, parent: None }],
            false => self.shards.clone(),
        }
    }
}

/// What records show of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    KeysOnly,
    NewImage,
    OldImage,
    NewAndOldImages,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub sequence: u64,
    pub at: i64,
    pub kind: Kind,
    pub keys: Packed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Packed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Packed>,
    pub bytes: u64,
    pub cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Insert,
    Modify,
    Remove,
}

/// Who changed the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    Request,
    /// Its time to live was over.
    Expiry,
}

/// How long a shard takes records. (What AWS does, though no page of it promises it.)
pub const SHARD_MS: i64 = 4 * 3_600_000;
/// How long records are kept. ("Change data capture for DynamoDB Streams".)
pub const RETENTION_MS: i64 = 24 * 3_600_000;

impl View {
    const ALL: [View; 4] = [View::KeysOnly, View::NewImage, View::OldImage, View::NewAndOldImages];

    pub fn name(self) -> &'static str {
        match self {
            View::KeysOnly => "KEYS_ONLY",
            View::NewImage => "NEW_IMAGE",
            View::OldImage => "OLD_IMAGE",
            View::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    pub fn named(name: &str) -> Option<View> {
        View::ALL.into_iter().find(|it| it.name() == name)
    }

    pub fn has_new(self) -> bool {
        matches!(self, View::NewImage | View::NewAndOldImages)
    }

    pub fn has_old(self) -> bool {
        matches!(self, View::OldImage | View::NewAndOldImages)
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Insert => "INSERT",
            Kind::Modify => "MODIFY",
            Kind::Remove => "REMOVE",
        }
    }
}

/// As records give it: 21 digits, so that they sort as texts too.
pub fn sequence_number(sequence: u64) -> String {
    (FIRST_NUMBER + u128::from(sequence)).to_string()
}

/// What [`sequence_number`] wrote.
pub fn sequence_of(number: &str) -> Option<u64> {
    u64::try_from(number.parse::<u128>().ok()?.checked_sub(FIRST_NUMBER)?).ok()
}

const FIRST_NUMBER: u128 = 100_000_000_000_000_000_000;

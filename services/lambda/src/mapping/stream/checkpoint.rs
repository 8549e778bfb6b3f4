//! How far mappings have come in the shards that they read.
//!
//! A checkpoint moves in the transaction that follows a batch, when the function is done with it or it is given up. So a
//! crash gives the batch again and skips nothing.

use crate::mapping::MAPPINGS;
use kernel::Cx;
use kernel::source::Shard;
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// How far a shard was read. Key: (mapping's UUID, shard).
static CHECKPOINTS: Table<Checkpoint> = Table::regional("lambda.checkpoint");
/// Shards that were read to their end. Key: (mapping's UUID, shard).
static READ: Table<()> = Table::regional("lambda.shard-read");
/// What came of the last batch of a mapping. Key: UUID.
static RESULTS: Table<String> = Table::regional("lambda.mapping-result");

/// What a mapping says before its first batch.
const NOTHING_YET: &str = "No records processed";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Checkpoint {
    /// One for each batch that may be under way in the shard.
    lanes: Vec<Lane>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Where reading goes on; none where the shard begins.
    pub position: Option<String>,
    /// The shard is closed, and nothing is left of it.
    pub is_done: bool,
    /// The tumbling window that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Milliseconds since 1970.
    pub start: i64,
    /// What the function last returned: JSON.
    pub state: String,
}

/// Which lane of a shard, of how many.
#[derive(Clone, Debug)]
pub struct Place {
    pub uuid: String,
    pub shard: String,
    pub lane: usize,
    pub lanes: usize,
}

pub fn of(cx: &Cx, place: &Place) -> Lane {
    lanes(cx, place).swap_remove(place.lane)
}

/// Moves on. Of a mapping that is gone, or has other lanes by now, nothing is kept.
pub fn put(cx: &mut Cx, place: &Place, lane: Lane) {
    let Some(mapping) = cx.get(&MAPPINGS, place.uuid.as_str()) else { return };
    if mapping.work.stream.is_none_or(|it| it.lanes as usize != place.lanes) {
        return;
    }
    let mut lanes = lanes(cx, place);
    lanes[place.lane] = lane;
    let is_read = lanes.iter().all(|it| it.is_done);
    let key = (place.uuid.as_str(), place.shard.as_str());
    cx.put(&CHECKPOINTS, &key, &Checkpoint { lanes });
    if is_read {
        cx.put(&READ, &key, &());
    }
}

/// As many as the mapping has now. If it had another number before, all go on where the slowest was.
fn lanes(cx: &Cx, place: &Place) -> Vec<Lane> {
    let stored = cx.get(&CHECKPOINTS, &(place.uuid.as_str(), place.shard.as_str())).unwrap_or_default().lanes;
    if stored.len() == place.lanes {
        return stored;
    }
    let slowest = stored.into_iter().filter(|it| !it.is_done).min_by(|a, b| a.position.cmp(&b.position));
    vec![Lane { window: None, ..slowest.unwrap_or_default() }; place.lanes]
}

/// A new mapping reads a shard from this position on.
pub fn begin(cx: &mut Cx, uuid: &str, shard: &str, position: String, lanes: usize) {
    let lane = Lane { position: Some(position), ..Lane::default() };
    cx.put(&CHECKPOINTS, &(uuid, shard), &Checkpoint { lanes: vec![lane; lanes] });
}

pub fn is_read(cx: &Cx, uuid: &str, shard: &str) -> bool {
    cx.has(&READ, &(uuid, shard))
}

/// The mapping is deleted.
pub fn forget(cx: &mut Cx, uuid: &str) {
    forget_all_but(cx, uuid, &[]);
    cx.delete(&RESULTS, uuid);
}

/// Shards that the stream no longer has are forgotten.
pub fn forget_all_but(cx: &mut Cx, uuid: &str, shards: &[Shard]) {
    let gone = |(_, shard): &(String, String)| !shards.iter().any(|it| it.id == *shard);
    let keys: Vec<(String, String)> = cx.keys(&CHECKPOINTS, Span::prefix(&uuid), usize::MAX);
    for (_, shard) in keys.into_iter().filter(gone) {
        cx.delete(&CHECKPOINTS, &(uuid, shard.as_str()));
        cx.delete(&READ, &(uuid, shard.as_str()));
    }
}

pub fn result(cx: &Cx, uuid: &str) -> String {
    cx.get(&RESULTS, uuid).unwrap_or_else(|| NOTHING_YET.to_owned())
}

pub fn note_result(cx: &mut Cx, uuid: &str, result: &str) {
    if cx.has(&MAPPINGS, uuid) && cx.get(&RESULTS, uuid).as_deref() != Some(result) {
        cx.put(&RESULTS, uuid, &result.to_owned());
    }
}

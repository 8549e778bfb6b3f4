//! Retention: how long a group keeps its events, and the job that deletes those that are older.
//!
//! Readers do not see an expired event even before the job came by, so a long sleep of the machine shows nothing old.

use crate::event::{EVENTS, Event, POSITIONS, TALLIES, Tally, size};
use crate::group::{self, GROUPS, Group};
use api::logs::{
    DeleteRetentionPolicy, DeleteRetentionPolicyOutput, PutRetentionPolicy, PutRetentionPolicyOutput, error,
};
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Span;

/// Deletes a group's expired events; asks for itself again when the next one will be.
pub static EXPIRE: Job<Aging> = Job::new("logs.expire");

#[derive(Serialize, Deserialize)]
pub struct Aging {
    name: String,
    store: u64,
    /// The job that the group's tally does not know by this time has been replaced.
    due: i64,
}

/// The days that PutRetentionPolicy takes, in the API reference.
const DAYS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Rows deleted in one transaction, so that no other call waits long.
const PAGE: usize = 500;

pub fn put(cx: &mut Cx, input: PutRetentionPolicy) -> Result<PutRetentionPolicyOutput> {
    let mut group = group::by_name(cx, &input.log_group_name)?;
    let days = input.retention_in_days;
    if !DAYS.contains(&days) {
        return Err(error::INVALID_PARAMETER.with(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: {DAYS:?}"
        )));
    }
    group.retention_days = Some(days);
    group::put(cx, &group);
    let mut tally = cx.get(&TALLIES, &group.store).unwrap_or_default();
    if let Some(oldest) = oldest(cx, &group) {
        tally.expiry_due = None;
        ask(cx, &group, &mut tally, oldest);
        cx.put(&TALLIES, &group.store, &tally);
    }
    Ok(PutRetentionPolicyOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteRetentionPolicy) -> Result<DeleteRetentionPolicyOutput> {
    let mut group = group::by_name(cx, &input.log_group_name)?;
    group.retention_days = None;
    group::put(cx, &group);
    Ok(DeleteRetentionPolicyOutput {})
}

/// Asks for the job in time for an event of this time, unless it comes early enough anyway. The caller stores the tally.
pub fn ask(cx: &mut Cx, group: &Group, tally: &mut Tally, timestamp: i64) {
    let Some(kept_after) = group.expired_through(0) else { return };
    let due = (timestamp - kept_after).max(cx.now().0);
    if tally.expiry_due.is_some_and(|it| it <= due) {
        return;
    }
    tally.expiry_due = Some(due);
    cx.at(Timestamp(due), &EXPIRE, &Aging { name: group.name.clone(), store: group.store, due });
}

pub fn expire(cx: &mut Cx, it: Aging) -> Result<()> {
    let group = cx.get(&GROUPS, &it.name.as_str()).filter(|group| group.store == it.store);
    let (Some(group), Some(mut tally)) = (group, cx.get(&TALLIES, &it.store)) else { return Ok(()) };
    if tally.expiry_due != Some(it.due) {
        return Ok(());
    }
    tally.expiry_due = None;
    if let Some(through) = group.expired_through(cx.now().0) {
        let span = Span::prefix(&group.store).through_prefix(&(group.store, through));
        let expired: Vec<((u64, i64, u64), Event)> = cx.rows(&EVENTS, span, PAGE);
        for ((store, timestamp, sequence), event) in expired {
            cx.delete(&EVENTS, &(store, timestamp, sequence));
            cx.delete(&POSITIONS, &(event.stream, timestamp, sequence));
            tally.bytes -= size(&event.message);
        }
        if let Some(oldest) = oldest(cx, &group) {
            ask(cx, &group, &mut tally, oldest);
        }
    }
    cx.put(&TALLIES, &group.store, &tally);
    Ok(())
}

fn oldest(cx: &Cx, group: &Group) -> Option<i64> {
    let keys: Vec<(u64, i64, u64)> = cx.keys(&EVENTS, Span::prefix(&group.store), 1);
    keys.first().map(|(_, timestamp, _)| *timestamp)
}

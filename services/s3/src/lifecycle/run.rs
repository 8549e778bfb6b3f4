//! The daily run over a bucket: one pass over what its rules' prefixes hold, on snapshots, and batches of changes.
//!
//! What a snapshot shows is judged once more in the transaction that changes it, by the rules of that moment.

use super::rule::Standing;
use super::{Rules, midnight, of};
use crate::bucket::{self, Bucket, Versioning};
use crate::current::{self, By, age};
use crate::list::Walk;
use crate::list::cursor::From;
use crate::list::versions::{Both, Shown};
use crate::lock::Bypass;
use crate::notification::{self, Happened};
use crate::object::Object;
use crate::upload;
use crate::version::{Found, Marker, Version, Which};
use kernel::caller::Principal;
use kernel::{Cloud, Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Table;

/// Carries out a bucket's rules; asks for itself again at the next midnight.
pub static RUN: Job<Run> = Job::new("s3.lifecycle");
/// When the next run is due, in milliseconds since 1970. Key: bucket number.
static DUE: Table<i64> = Table::partition("s3.lifecycle-due");

#[derive(Clone, Serialize, Deserialize)]
pub struct Run {
    bucket: String,
    number: u64,
    /// A run that the bucket does not know by this time has been replaced.
    due: i64,
}

/// Versions looked at on one snapshot.
const PAGE: usize = 1000;
/// Versions changed in one transaction, so that no other call waits long.
const BATCH: usize = 100;
/// The same of uploads, which have up to 10,000 parts each.
const BATCH_OF_UPLOADS: usize = 10;

/// Asks for the run at the next midnight.
pub fn ask(cx: &mut Cx, bucket: &Bucket) {
    let due = midnight(cx.now().0 + 1);
    if cx.get(&DUE, &bucket.number) == Some(due) {
        return;
    }
    cx.put(&DUE, &bucket.number, &due);
    cx.at(Timestamp(due), &RUN, &Run { bucket: bucket.name.clone(), number: bucket.number, due });
}

pub fn forget(cx: &mut Cx, bucket: &Bucket) {
    cx.delete(&DUE, &bucket.number);
}

pub async fn run(cloud: Cloud, it: Run) -> Result<()> {
    let Some((bucket, rules)) = cloud.read(|cx| in_force(cx, &it)) else { return Ok(()) };
    let principal = Principal::service_for(&bucket.account, "s3.amazonaws.com", bucket.arn());
    let cloud = cloud.acting_as(principal).in_region(&bucket.region);
    for prefix in rules.prefixes() {
        objects(&cloud, &it, prefix.clone()).await?;
        uploads(&cloud, &it, prefix).await?;
    }
    cloud
        .write(move |cx| {
            if let Some((bucket, _)) = in_force(cx, &it) {
                forget(cx, &bucket);
                ask(cx, &bucket);
            }
            Ok(())
        })
        .await
}

/// The bucket and its rules, unless another run has taken this one's place.
fn in_force(cx: &Cx, it: &Run) -> Option<(Arc<Bucket>, Rules)> {
    let bucket = bucket::named(cx, &it.bucket).ok().filter(|bucket| bucket.number == it.number)?;
    let rules = of(cx, &bucket).filter(|_| cx.get(&DUE, &it.number) == Some(it.due))?;
    Some((bucket, rules))
}

async fn objects(cloud: &Cloud, it: &Run, prefix: String) -> Result<()> {
    let mut pass = Pass::new(prefix);
    while !pass.is_over() {
        let found = cloud.read(|cx| {
            let Some((bucket, rules)) = in_force(cx, it) else { return pass.end() };
            pass.look(cx, &bucket, &rules)
        });
        for batch in found.chunks(BATCH) {
            let (batch, it) = (batch.to_vec(), it.clone());
            cloud.write(move |cx| carry_out(cx, &it, batch)).await?;
        }
    }
    Ok(())
}

async fn uploads(cloud: &Cloud, it: &Run, prefix: String) -> Result<()> {
    let mut next = Some(From::Key(prefix.clone().into_bytes()));
    while let Some(from) = next.take() {
        let due: Vec<(String, u64)> = cloud.read(|cx| {
            let Some((bucket, rules)) = in_force(cx, it) else { return Vec::new() };
            let rows = upload::read(cx, bucket.number, &from, PAGE);
            let last = rows.last().filter(|_| rows.len() == PAGE);
            next = last.map(|it| From::AfterRow(it.key.clone().into_bytes(), it.rest));
            let own = rows.into_iter().take_while(|it| it.key.starts_with(&prefix));
            let is_due = |key: &str, begun: i64| rules.abortion(key, begun).is_some_and(|it| it.0 <= cx.now());
            own.filter(|it| is_due(&it.key, it.value.initiated_at)).map(|it| (it.key, it.rest)).collect()
        });
        for batch in due.chunks(BATCH_OF_UPLOADS) {
            let (batch, it) = (batch.to_vec(), it.clone());
            cloud
                .write(move |cx| {
                    let Some((bucket, _)) = in_force(cx, &it) else { return Ok(()) };
                    batch.iter().for_each(|(key, number)| upload::give_up(cx, &bucket, key, *number));
                    Ok(())
                })
                .await?;
        }
    }
    Ok(())
}

/// A version for which there is something to do.
#[derive(Clone)]
struct Due {
    key: String,
    which: Which,
    sequence: u64,
    standing: Standing,
}

/// The walk over all versions under a prefix, which goes on from snapshot to snapshot.
struct Pass {
    prefix: String,
    /// Where current objects and older versions go on.
    next: Option<(From, From)>,
    /// The key of the version before.
    key: Option<String>,
    /// When that version was made, which is when the next one of its key was replaced.
    since: i64,
    /// Older versions of the key so far.
    older: usize,
    /// The latest of its key is a delete marker; so far nothing that it hides was seen.
    marker: Option<Marker>,
}

impl Pass {
    fn new(prefix: String) -> Self {
        let from = From::Key(prefix.clone().into_bytes());
        Self { prefix, next: Some((from.clone(), from)), key: None, since: 0, older: 0, marker: None }
    }

    fn is_over(&self) -> bool {
        self.next.is_none()
    }

    fn end(&mut self) -> Vec<Due> {
        self.next = None;
        Vec::new()
    }

    fn look(&mut self, cx: &Cx, bucket: &Bucket, rules: &Rules) -> Vec<Due> {
        let mut due = Vec::new();
        let Some((current, old)) = self.next.take() else { return due };
        let mut walk = Both::new(cx, bucket, current, old, self.key.clone());
        for _ in 0..PAGE {
            if walk.key().is_none_or(|it| !it.starts_with(&self.prefix)) {
                self.leave(rules, cx.now().0, &mut due);
                return due;
            }
            let shown = walk.take();
            let behind = shown.key.clone().into_bytes();
            self.next = Some((From::After(behind.clone()), From::AfterRow(behind, age(shown.version.sequence()))));
            self.judge(shown, rules, cx.now().0, &mut due);
        }
        due
    }

    fn judge(&mut self, it: Shown, rules: &Rules, now: i64, due: &mut Vec<Due>) {
        if self.key.as_ref() != Some(&it.key) {
            self.leave(rules, now, due);
            self.key = Some(it.key.clone());
        }
        let standing = match it.is_latest {
            true => Standing::Current,
            false => Standing::Old { since: self.since, newer: self.older },
        };
        self.older = if it.is_latest { 0 } else { self.older + 1 };
        self.marker = None;
        let concerned = match &it.version {
            Version::Object(object) => {
                self.since = object.modified_at;
                let verdict = rules.judge(&it.key, object, standing, now);
                verdict.ends || verdict.moves_to.is_some()
            }
            Version::Marker(marker) => {
                self.since = marker.modified_at;
                self.marker = Some(*marker).filter(|_| it.is_latest);
                !it.is_latest && rules.marker_ends(&it.key, marker, standing, now)
            }
        };
        if concerned {
            due.push(Due::of(it.key, &it.version, standing));
        }
    }

    /// The last version of a key has been seen.
    fn leave(&mut self, rules: &Rules, now: i64, due: &mut Vec<Due>) {
        let (Some(key), Some(marker)) = (self.key.take(), self.marker.take()) else { return };
        if rules.marker_ends(&key, &marker, Standing::Current, now) {
            due.push(Due::of(key, &Version::Marker(marker), Standing::Current));
        }
    }
}

impl Due {
    fn of(key: String, version: &Version, standing: Standing) -> Self {
        let sequence = version.sequence();
        let which = if version.is_null() { Which::Null } else { Which::Number(sequence) };
        Self { key, which, sequence, standing }
    }
}

fn carry_out(cx: &mut Cx, it: &Run, batch: Vec<Due>) -> Result<()> {
    let Some((bucket, rules)) = in_force(cx, it) else { return Ok(()) };
    for due in batch {
        let Some(Found { version, is_current }) = current::find(cx, &bucket, &due.key, due.which) else { continue };
        if version.sequence() != due.sequence {
            continue;
        }
        match version {
            Version::Object(object) if is_current == matches!(due.standing, Standing::Current) => {
                change(cx, &bucket, &rules, &due, *object);
            }
            Version::Object(_) => {}
            Version::Marker(marker) => drop_marker(cx, &bucket, &rules, &due, &marker),
        }
    }
    Ok(())
}

fn change(cx: &mut Cx, bucket: &Bucket, rules: &Rules, due: &Due, mut object: Object) {
    let verdict = rules.judge(&due.key, &object, due.standing, cx.now().0);
    let is_current = matches!(due.standing, Standing::Current);
    // Who is hidden behind a delete marker changes class as well; who goes for good does not.
    let stays = !verdict.ends || (is_current && bucket.versioning != Versioning::Never);
    if let Some(class) = verdict.moves_to.filter(|_| stays) {
        object.storage_class = class;
        current::amend(cx, bucket, &due.key, &object, is_current);
        notification::object(cx, bucket, &due.key, Happened::LifecycleTransition, &object);
    }
    // What is locked outlives its rules ("Object Lock considerations" in the user guide).
    let arn = format!("{}/{}", bucket.arn(), due.key);
    let locked = !is_current && object.locks.check_deletable(cx, &arn, Bypass::No).is_err();
    match (verdict.ends && !locked, is_current) {
        (false, _) => {}
        (true, true) => drop(current::delete(cx, bucket, &due.key, Some(object), By::Lifecycle)),
        (true, false) => drop(current::delete_version(cx, bucket, &due.key, due.which, By::Lifecycle)),
    }
}

fn drop_marker(cx: &mut Cx, bucket: &Bucket, rules: &Rules, due: &Due, marker: &Marker) {
    let hides_nothing = || current::is_alone(cx, bucket, &due.key);
    let may = matches!(due.standing, Standing::Old { .. }) || hides_nothing();
    if may && rules.marker_ends(&due.key, marker, due.standing, cx.now().0) {
        current::delete_version(cx, bucket, &due.key, due.which, By::Lifecycle);
    }
}

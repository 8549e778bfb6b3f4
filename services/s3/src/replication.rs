//! Replication: copies of new versions in other buckets, of any region and account.
//!
//! A replica has the version id, the ETag and the time of what it is a copy of, and shares its bytes.
//!
//! Source: "Replicating objects within and across Regions" in the S3 User Guide.

mod check;
mod rule;
mod run;

pub use run::{REPLICATE, replicate};

use crate::bucket::{self, Bucket};
use crate::config::Kind;
use crate::encryption::Encryption;
use crate::object::Object;
use crate::version::Marker;
use api::s3::{
    DeleteBucketReplication, DeleteBucketReplicationOutput, GetBucketReplication, GetBucketReplicationOutput,
    PutBucketReplication, PutBucketReplicationOutput, ReplicationConfiguration,
};
use kernel::Cx;
use model::Result;
use run::{Task, What};
use serde::{Deserialize, Serialize};

static REPLICATION: Kind<ReplicationConfiguration> = Kind::new(
    "ReplicationConfiguration",
    "ReplicationConfigurationNotFoundError",
    "The replication configuration was not found",
);

/// What replication has to do with an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replication {
    /// It is a copy itself.
    Replica,
    /// The buckets that get a copy, by name.
    To(Vec<(String, Status)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Pending,
    Completed,
    Failed,
}

impl Replication {
    /// `x-amz-replication-status`: of several targets, the one that is worst off says it.
    pub fn header(&self) -> String {
        let targets = match self {
            Replication::Replica => return "REPLICA".to_owned(),
            Replication::To(targets) => targets,
        };
        let any = |status: Status| targets.iter().any(|it| it.1 == status);
        match () {
            () if any(Status::Failed) => "FAILED",
            () if any(Status::Pending) => "PENDING",
            () => "COMPLETED",
        }
        .to_owned()
    }
}

pub fn put(cx: &mut Cx, input: PutBucketReplication) -> Result<PutBucketReplicationOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut given = input.replication_configuration;
    check::check(cx, &bucket, &given)?;
    for rule in given.rules.iter_mut().filter(|it| it.id.as_deref().is_none_or(str::is_empty)) {
        rule.id = Some(cx.id());
    }
    REPLICATION.put(cx, &bucket, given);
    bucket.replicates = true;
    bucket::put(cx, &bucket);
    Ok(PutBucketReplicationOutput {})
}

pub fn get(cx: &Cx, input: GetBucketReplication) -> Result<GetBucketReplicationOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(GetBucketReplicationOutput { replication_configuration: Some(REPLICATION.get(cx, &bucket)?) })
}

pub fn delete(cx: &mut Cx, input: DeleteBucketReplication) -> Result<DeleteBucketReplicationOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    REPLICATION.delete(cx, &bucket);
    bucket.replicates = false;
    bucket::put(cx, &bucket);
    Ok(DeleteBucketReplicationOutput {})
}

/// A new object, or one whose tags have changed, is about to be written: notes where its copies go. The bucket's row says
/// whether any do, so that others cost no look. Replicas, archived objects and those under keys of KMS
/// stay where they are.
pub fn begin(cx: &mut Cx, bucket: &Bucket, key: &str, object: &mut Object) {
    let stays = || {
        object.null
            || object.is_archived()
            || object.replication == Some(Replication::Replica)
            // Which rules would have to ask for, and cannot here.
            || matches!(object.encryption, Encryption::Kms(_))
    };
    if !bucket.replicates || stays() {
        return;
    }
    let Some(given) = REPLICATION.of(cx, bucket) else { return };
    let targets = rule::targets(&given, key, Some(&object.tags));
    if targets.is_empty() {
        return;
    }
    for target in &targets {
        ask(cx, bucket, key, object.sequence, target.bucket(), What::Object);
    }
    let pending = targets.iter().map(|it| (it.bucket().to_owned(), Status::Pending)).collect();
    object.replication = Some(Replication::To(pending));
}

/// The same for a delete marker.
pub fn begin_marker(cx: &mut Cx, bucket: &Bucket, key: &str, marker: &Marker) {
    if !bucket.replicates || marker.null {
        return;
    }
    let Some(given) = REPLICATION.of(cx, bucket) else { return };
    for target in rule::targets(&given, key, None) {
        ask(cx, bucket, key, marker.sequence, target.bucket(), What::Marker);
    }
}

fn ask(cx: &mut Cx, bucket: &Bucket, key: &str, sequence: u64, to: &str, what: What) {
    let (from, number) = (bucket.name.clone(), bucket.number);
    let task = Task { from, number, key: key.to_owned(), sequence, to: to.to_owned(), what };
    cx.at(cx.now(), &REPLICATE, &task);
}

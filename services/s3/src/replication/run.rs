//! Copies are made one by one, as the role of the configuration.

use super::rule::{Target, targets};
use super::{REPLICATION, Replication, Status};
use crate::body;
use crate::bucket::{self, Bucket, Versioning};
use crate::current;
use crate::fault;
use crate::lock::Locks;
use crate::object::{Content, Object, StorageClass};
use crate::part::{self, Part};
use crate::version::{Found, Version, Which};
use api::s3::ReplicationConfiguration;
use kernel::caller::Principal;
use kernel::{Cx, Job};
use model::{Error, Result};
use serde::{Deserialize, Serialize};

/// Makes a copy, or brings one's tags up to date.
pub static REPLICATE: Job<Task> = Job::new("s3.replicate");

#[derive(Serialize, Deserialize)]
pub struct Task {
    pub from: String,
    pub number: u64,
    pub key: String,
    pub sequence: u64,
    /// The bucket that gets the copy.
    pub to: String,
    pub what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    Object,
    Marker,
}

const SERVICE: &str = "s3.amazonaws.com";

/// What is not allowed fails, and the object says so.
pub fn replicate(cx: &mut Cx, it: Task) -> Result<()> {
    let Ok(bucket) = bucket::named(cx, &it.from) else { return Ok(()) };
    let Some(given) = REPLICATION.of(cx, &bucket).filter(|_| bucket.number == it.number) else { return Ok(()) };
    let found = current::find(cx, &bucket, &it.key, Which::Number(it.sequence));
    let Some(Found { version, is_current }) = found else { return Ok(()) };
    let tags = match &version {
        Version::Object(object) => Some(&object.tags),
        Version::Marker(_) => None,
    };
    let rules = targets(&given, &it.key, tags);
    let Some(target) = rules.iter().find(|target| target.bucket() == it.to) else { return Ok(()) };
    let outcome = copy(cx, &bucket, &given, target, &it.key, &version);
    if let Err(why) = &outcome {
        tracing::warn!(bucket = bucket.name, key = it.key, to = it.to, "a version is not replicated: {why}");
    }
    if let Version::Object(object) = version {
        note(cx, &bucket, &it, *object, is_current, outcome.is_ok());
    }
    Ok(())
}

fn note(cx: &mut Cx, bucket: &Bucket, it: &Task, mut object: Object, is_current: bool, done: bool) {
    let Some(Replication::To(targets)) = &mut object.replication else { return };
    let status = if done { Status::Completed } else { Status::Failed };
    targets.iter_mut().filter(|target| target.0 == it.to).for_each(|target| target.1 = status);
    current::amend(cx, bucket, &it.key, &object, is_current);
}

fn copy(
    cx: &mut Cx,
    bucket: &Bucket,
    given: &ReplicationConfiguration,
    target: &Target,
    key: &str,
    version: &Version,
) -> Result<()> {
    let to = bucket::named(cx, target.bucket())?;
    let owner = target.0.destination.account.as_ref();
    if to.versioning != Versioning::Enabled || owner.is_some_and(|it| *it != to.account) {
        return Err(fault::access_denied());
    }
    let session = session(cx, bucket, &given.role)?;
    cx.acting_as(session, |cx| match version {
        Version::Object(object) => {
            admit(cx, bucket, &to, target, key, object)?;
            place(cx, &to, target, key, object)
        }
        Version::Marker(_) => {
            cx.require_of("s3", "s3:ReplicateDelete", &format!("{}/{key}", to.arn()), |_| {})?;
            current::insert(cx, &to, key, version);
            Ok(())
        }
    })
}

/// "Setting up permissions for live replication" in the user guide.
fn admit(cx: &Cx, bucket: &Bucket, to: &Bucket, target: &Target, key: &str, object: &Object) -> Result<()> {
    let (from, to) = (format!("{}/{key}", bucket.arn()), format!("{}/{key}", to.arn()));
    cx.require_of("s3", "s3:GetReplicationConfiguration", &bucket.arn(), |_| {})?;
    cx.require_of("s3", "s3:GetObjectVersionForReplication", &from, |_| {})?;
    cx.require_of("s3", "s3:ReplicateObject", &to, |_| {})?;
    if !object.tags.is_empty() {
        cx.require_of("s3", "s3:GetObjectVersionTagging", &from, |_| {})?;
        cx.require_of("s3", "s3:ReplicateTags", &to, |_| {})?;
    }
    if target.0.destination.access_control_translation.is_some() {
        cx.require_of("s3", "s3:ObjectOwnerOverrideToBucketOwner", &to, |_| {})?;
    }
    Ok(())
}

fn place(cx: &mut Cx, to: &Bucket, target: &Target, key: &str, object: &Object) -> Result<()> {
    // A copy that is there already gets the tags of now.
    if let Some(Found { version: Version::Object(mut copy), is_current }) =
        current::find(cx, to, key, Which::Number(object.sequence))
    {
        copy.tags = object.tags.clone();
        current::amend(cx, to, key, &copy, is_current);
        return Ok(());
    }
    let storage_class = match target.0.destination.storage_class.as_deref() {
        None => object.storage_class,
        wanted => StorageClass::of(wanted)?,
    };
    let copy = Object {
        content: share(cx, object.content)?,
        storage_class,
        // Nothing is locked in a bucket without locks, and who is given a copy has it alone.
        locks: if to.lock.is_some() { object.locks } else { Locks::default() },
        acl: object.acl.clone().filter(|_| target.0.destination.access_control_translation.is_none()),
        replication: Some(Replication::Replica),
        restore: None,
        ..object.clone()
    };
    current::insert(cx, to, key, &Version::Object(Box::new(copy)));
    Ok(())
}

/// The same bytes once more.
fn share(cx: &mut Cx, content: Content) -> Result<Content> {
    let upload = match content {
        Content::Body(id) => return body::share_as_it_is(cx, id).map(Content::Body),
        Content::Parts(upload) => upload,
    };
    let number = bucket::take_number(cx);
    for it in part::all(cx, upload) {
        let shared = Part { body: body::share_as_it_is(cx, it.body)?, ..it };
        part::put(cx, number, &shared);
    }
    Ok(Content::Parts(number))
}

/// Who copies. Trust is looked at anew each time: it may have been withdrawn.
fn session(cx: &mut Cx, bucket: &Bucket, role: &str) -> Result<Principal> {
    let service = Principal::service_for(&bucket.account, SERVICE, bucket.arn());
    let trusted = cx.acting_as(service, |cx| Ok(cx.may("sts", "AssumeRole", role)))?;
    let found = cx.role(role).filter(|_| trusted);
    let found = found.ok_or_else(|| -> Error { fault::access_denied() })?;
    Ok(Principal::Session {
        account: found.account,
        path: found.path,
        role: found.name,
        role_id: found.id,
        session: "s3-replication".to_owned(),
    })
}

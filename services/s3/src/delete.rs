//! DeleteObject, DeleteObjects.

use crate::access;
use crate::bucket::{self, Bucket};
use crate::condition;
use crate::current::{self, By, Deleted};
use crate::fault;
use crate::lock::Bypass;
use crate::object;
use crate::payer;
use crate::version::{self, Version, Which};
use api::s3::{
    DeleteObject, DeleteObjectOutput, DeleteObjects, DeleteObjectsOutput, DeletedObject, Error as Failure,
    ObjectIdentifier,
};
use kernel::Cx;
use model::Result;

/// Keys in one DeleteObjects.
const MOST_KEYS: usize = 1000;

/// What to delete.
struct Target<'t> {
    key: &'t str,
    version_id: Option<&'t str>,
    if_match: Option<&'t str>,
    bypass: Bypass,
}

/// What came of it.
#[derive(Default)]
struct Done {
    /// A delete marker was put or deleted.
    marker: bool,
    /// Of what was deleted, or of the marker that was put.
    version_id: Option<String>,
}

pub fn delete(cx: &mut Cx, input: DeleteObject) -> Result<DeleteObjectOutput> {
    refuse_of_directory_buckets(input.if_match_last_modified_time.is_some(), input.if_match_size.is_some())?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let bypass = Bypass::check(input.bypass_governance_retention, &bucket)?;
    let (version_id, if_match) = (input.version_id.as_deref(), input.if_match.as_deref());
    let target = Target { key: &input.key, version_id, if_match, bypass };
    let done = one(cx, &bucket, &target)?;
    Ok(DeleteObjectOutput {
        delete_marker: done.marker.then_some(true),
        version_id: done.version_id,
        request_charged: payer::charged(cx, &bucket),
    })
}

/// Each key succeeds or fails for itself, and is allowed or denied for itself.
pub fn delete_all(cx: &mut Cx, input: DeleteObjects) -> Result<DeleteObjectsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > MOST_KEYS {
        return Err(fault::malformed_xml());
    }
    let bypass = Bypass::check(input.bypass_governance_retention, &bucket)?;
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for it in input.delete.objects {
        match listed(cx, &bucket, &it, bypass) {
            Ok(_) if quiet => {}
            Ok(done) => deleted.push(entry(it, done)),
            Err(error) => errors.push(Failure {
                key: Some(it.key),
                version_id: it.version_id,
                code: Some(error.code().to_owned()),
                message: Some(error.message().to_owned()),
            }),
        }
    }
    let some = |it: Vec<DeletedObject>| (!it.is_empty()).then_some(it);
    Ok(DeleteObjectsOutput {
        deleted: some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        request_charged: payer::charged(cx, &bucket),
    })
}

fn listed(cx: &mut Cx, bucket: &Bucket, it: &ObjectIdentifier, bypass: Bypass) -> Result<Done> {
    refuse_of_directory_buckets(it.last_modified_time.is_some(), it.size.is_some())?;
    let action = access::deleting(it.version_id.as_deref());
    let version_id = it.version_id.clone();
    cx.require_of("s3", action, &format!("{}/{}", bucket.arn(), it.key), |context| {
        access::version_key(version_id.as_deref(), context);
    })?;
    let target = Target { key: &it.key, version_id: it.version_id.as_deref(), if_match: it.e_tag.as_deref(), bypass };
    one(cx, bucket, &target)
}

fn one(cx: &mut Cx, bucket: &Bucket, target: &Target) -> Result<Done> {
    let key = target.key;
    object::check_key(key)?;
    if let Some(text) = target.version_id {
        let which = version::read_id(key, text)?;
        if let Some(wanted) = target.if_match {
            let found = current::find(cx, bucket, key, which).map(|it| it.version);
            check(wanted, key, found.and_then(|it| if let Version::Object(it) = it { Some(it.etag()) } else { None }))?;
        }
        check_locks(cx, bucket, target, which)?;
        // Deleting what is not there is no error.
        let before = current::delete_version(cx, bucket, key, which, By::Request);
        let marker = matches!(before, Some(Version::Marker(_)));
        return Ok(Done { marker, version_id: Some(text.to_owned()) });
    }
    let before = current::get(cx, bucket, key);
    if let Some(wanted) = target.if_match {
        check(wanted, key, before.as_ref().map(|it| it.etag()))?;
    }
    Ok(match current::delete(cx, bucket, key, before, By::Request) {
        Deleted::Object => Done::default(),
        Deleted::Marked(marker) => Done { marker: true, version_id: Some(marker.version_id(key)) },
    })
}

fn check_locks(cx: &Cx, bucket: &Bucket, target: &Target, which: Which) -> Result<()> {
    if bucket.lock.is_none() {
        return Ok(());
    }
    match current::find(cx, bucket, target.key, which).map(|it| it.version) {
        Some(Version::Object(object)) => {
            object.locks.check_deletable(cx, &format!("{}/{}", bucket.arn(), target.key), target.bypass)
        }
        Some(Version::Marker(_)) | None => Ok(()),
    }
}

fn check(wanted: &str, key: &str, etag: Option<String>) -> Result<()> {
    match etag {
        None => Err(object::no_such_key(key)),
        Some(etag) if condition::lists(wanted, &etag) => Ok(()),
        Some(_) => Err(condition::failed("If-Match")),
    }
}

fn refuse_of_directory_buckets(time: bool, size: bool) -> Result<()> {
    match (time, size) {
        (true, _) => Err(fault::not_implemented("x-amz-if-match-last-modified-time")),
        (_, true) => Err(fault::not_implemented("x-amz-if-match-size")),
        (false, false) => Ok(()),
    }
}

fn entry(it: ObjectIdentifier, done: Done) -> DeletedObject {
    DeletedObject {
        delete_marker: done.marker.then_some(true),
        delete_marker_version_id: done.version_id.filter(|_| done.marker),
        key: Some(it.key),
        version_id: it.version_id,
    }
}

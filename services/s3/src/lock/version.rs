//! The locks of one version: PutObjectRetention, PutObjectLegalHold and their kin.

use super::{Bypass, LegalHold, Locks, Mode, Retention, check_future, missing};
use crate::bucket::{self, Bucket};
use crate::current;
use crate::fault;
use crate::object::Object;
use crate::version;
use api::s3::{
    GetObjectLegalHold, GetObjectLegalHoldOutput, GetObjectRetention, GetObjectRetentionOutput, ObjectLockLegalHold,
    ObjectLockRetention, PutObjectLegalHold, PutObjectLegalHoldOutput, PutObjectRetention, PutObjectRetentionOutput,
};
use kernel::Cx;
use model::{Error, Result, Timestamp};
use std::sync::Arc;

pub fn put_retention(cx: &mut Cx, input: PutObjectRetention) -> Result<PutObjectRetentionOutput> {
    let given = input.retention.ok_or_else(fault::malformed_xml)?;
    fault::refuse("EventHold", given.event_hold.as_ref())?;
    fault::refuse("EventHoldDuration", given.event_hold_duration.as_ref())?;
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (mut object, is_current) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let wanted = read(given, cx.now())?;
    let arn = format!("{}/{}", bucket.arn(), input.key);
    object.locks.check_change(cx, wanted, &arn, Bypass::of(input.bypass_governance_retention))?;
    object.locks.retention = wanted;
    current::amend(cx, &bucket, &input.key, &object, is_current);
    Ok(PutObjectRetentionOutput::default())
}

pub fn get_retention(cx: &Cx, input: GetObjectRetention) -> Result<GetObjectRetentionOutput> {
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (object, _) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let Retention { mode, until } = object.locks.retention.ok_or_else(|| unlocked(&input.key))?;
    let (mode, retain_until_date) = (Some(mode.name().to_owned()), Some(Timestamp(until)));
    let retention = ObjectLockRetention { mode, retain_until_date, ..ObjectLockRetention::default() };
    Ok(GetObjectRetentionOutput { retention: Some(retention) })
}

pub fn put_legal_hold(cx: &mut Cx, input: PutObjectLegalHold) -> Result<PutObjectLegalHoldOutput> {
    let given = input.legal_hold.and_then(|it| it.status).ok_or_else(fault::malformed_xml)?;
    let legal_hold = LegalHold::named(&given).ok_or_else(fault::malformed_xml)?;
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (mut object, is_current) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    object.locks.legal_hold = Some(legal_hold);
    current::amend(cx, &bucket, &input.key, &object, is_current);
    Ok(PutObjectLegalHoldOutput::default())
}

pub fn get_legal_hold(cx: &Cx, input: GetObjectLegalHold) -> Result<GetObjectLegalHoldOutput> {
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (object, _) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let hold = object.locks.legal_hold.ok_or_else(|| unlocked(&input.key))?;
    Ok(GetObjectLegalHoldOutput { legal_hold: Some(ObjectLockLegalHold { status: Some(hold.name().to_owned()) }) })
}

/// What reads tell of an object's locks: what the caller may ask for by itself too.
pub fn told(cx: &Cx, bucket: &Bucket, key: &str, object: &Object) -> Locks {
    if object.locks.is_none() {
        return object.locks;
    }
    let arn = format!("{}/{key}", bucket.arn());
    let may = |operation: &str| cx.may("s3", operation, &arn);
    Locks {
        retention: object.locks.retention.filter(|_| may("GetObjectRetention")),
        legal_hold: object.locks.legal_hold.filter(|_| may("GetObjectLegalHold")),
    }
}

impl Locks {
    /// A retention may always be longer; what is less of it needs to bypass governance, and compliance stays what it is.
    fn check_change(&self, cx: &Cx, wanted: Option<Retention>, arn: &str, bypass: Bypass) -> Result<()> {
        match (self.retention, wanted) {
            (Some(before), Some(wanted)) if before.mode == wanted.mode && before.until <= wanted.until => Ok(()),
            (Some(_), _) => self.check_retention(cx, arn, bypass),
            (None, _) => Ok(()),
        }
    }
}

/// A bucket with Object Lock.
fn of(cx: &Cx, name: &str, expected_owner: Option<&str>) -> Result<Arc<Bucket>> {
    let bucket = bucket::of(cx, name, expected_owner)?;
    if bucket.lock.is_some() { Ok(bucket) } else { Err(missing()) }
}

/// None: the retention is to go.
fn read(given: ObjectLockRetention, now: Timestamp) -> Result<Option<Retention>> {
    match (given.mode.as_deref(), given.retain_until_date) {
        (None, None) => Ok(None),
        (Some(mode), Some(until)) => {
            let retention = Retention { mode: Mode::named(mode).ok_or_else(fault::malformed_xml)?, until: until.0 };
            check_future(retention, now, "RetainUntilDate")?;
            Ok(Some(retention))
        }
        (Some(_), None) | (None, Some(_)) => Err(fault::malformed_xml()),
    }
}

fn unlocked(key: &str) -> Error {
    fault::NO_SUCH_LOCK.with("The specified object does not have a ObjectLock configuration").field("Key", key)
}

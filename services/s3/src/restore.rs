//! RestoreObject: copies of what lies in an archive, for some days.
//!
//! Whether a copy is there follows from the time alone; the jobs only tell it and clear up.
//!
//! Source: "Working with archived objects" in the S3 User Guide, RestoreObject in the API Reference.

use crate::bucket;
use crate::current;
use crate::fault;
use crate::lifecycle::days_after;
use crate::notification::{self, Happened};
use crate::object::{Object, StorageClass};
use crate::payer;
use crate::version::{self, Found, Version, Which, http_date};
use api::s3::{RestoreObject, RestoreObjectOutput, RestoreRequest, RestoreStatus};
use kernel::caller::Principal;
use kernel::{Cx, Job};
use model::{Error, ErrorShape, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// A copy comes, or goes.
pub static TURN: Job<Turn> = Job::new("s3.restore");

/// A copy of an archived object, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    pub ready_at: i64,
    pub expires_at: i64,
}

#[derive(Serialize, Deserialize)]
pub struct Turn {
    bucket: String,
    number: u64,
    key: String,
    sequence: u64,
    null: bool,
    /// At these times, unless another request has changed them.
    times: Restore,
    to: Turned,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Turned {
    There,
    Gone,
}

const RESTORE_ALREADY_IN_PROGRESS: ErrorShape = ErrorShape::sender("RestoreAlreadyInProgress").status(409);
const HOUR_MS: i64 = 3_600_000;
const LONGEST_DAYS: i64 = 2_147_483_647;

impl Restore {
    pub fn is_there(self, now: Timestamp) -> bool {
        self.ready_at <= now.0 && now.0 < self.expires_at
    }

    /// `x-amz-restore`
    pub fn header(self, now: Timestamp) -> Option<String> {
        if now.0 < self.ready_at {
            return Some("ongoing-request=\"true\"".to_owned());
        }
        let expiry = http_date(Timestamp(self.expires_at));
        self.is_there(now).then(|| format!("ongoing-request=\"false\", expiry-date=\"{expiry}\""))
    }

    /// As listings tell it to who asks.
    pub fn status(self, now: Timestamp) -> Option<RestoreStatus> {
        let underway = now.0 < self.ready_at;
        (underway || self.is_there(now)).then(|| RestoreStatus {
            is_restore_in_progress: Some(underway),
            restore_expiry_date: Some(Timestamp(self.expires_at)).filter(|_| !underway),
        })
    }
}

pub fn restore(cx: &mut Cx, input: RestoreObject) -> Result<RestoreObjectOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let request = input.restore_request.ok_or_else(fault::malformed_xml)?;
    refuse(&request)?;
    let (mut object, is_current) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let delay = delay(&object, &request)?;
    let days = match request.days {
        Some(days @ 1..=LONGEST_DAYS) => days,
        Some(_) => return Err(fault::INVALID_ARGUMENT.with("Restoration days should be at least 1")),
        None => return Err(fault::malformed_xml()),
    };
    let now = cx.now();
    let (before, ready_at) = (object.restore, now.0 + delay);
    let times = match before {
        Some(before) if before.is_there(now) => Restore { expires_at: days_after(now.0, days), ..before },
        // A faster tier speeds up what is under way, and changes nothing else.
        Some(before) if now.0 < before.ready_at && ready_at < before.ready_at => Restore { ready_at, ..before },
        Some(before) if now.0 < before.ready_at => {
            return Err(RESTORE_ALREADY_IN_PROGRESS.with("Object restore is already in progress"));
        }
        _ => Restore { ready_at, expires_at: days_after(ready_at, days) },
    };
    object.restore = Some(times);
    current::amend(cx, &bucket, &input.key, &object, is_current);
    notification::object(cx, &bucket, &input.key, Happened::RestorePost, &object);
    let (due, to) =
        if times.is_there(now) { (times.expires_at, Turned::Gone) } else { (times.ready_at, Turned::There) };
    let (number, sequence, null) = (bucket.number, object.sequence, object.null);
    let request_charged = payer::charged(cx, &bucket);
    let turn = Turn { bucket: bucket.name.clone(), number, key: input.key, sequence, null, times, to };
    cx.at(Timestamp(due), &TURN, &turn);
    Ok(RestoreObjectOutput { request_charged, ..RestoreObjectOutput::default() })
}

/// The copy is there, or its time is over.
pub fn turn(cx: &mut Cx, it: Turn) -> Result<()> {
    let Ok(bucket) = bucket::named(cx, &it.bucket) else { return Ok(()) };
    let which = if it.null { Which::Null } else { Which::Number(it.sequence) };
    let found = current::find(cx, &bucket, &it.key, which).filter(|_| bucket.number == it.number);
    let Some(Found { version: Version::Object(mut object), is_current }) = found else { return Ok(()) };
    if object.sequence != it.sequence || object.restore != Some(it.times) {
        return Ok(());
    }
    let happened = match it.to {
        Turned::There => Happened::RestoreCompleted,
        Turned::Gone => Happened::RestoreDelete,
    };
    if it.to == Turned::Gone {
        object.restore = None;
        current::amend(cx, &bucket, &it.key, &object, is_current);
    }
    let principal = Principal::service_for(&bucket.account, "s3.amazonaws.com", bucket.arn());
    cx.acting_as(principal, |cx| {
        notification::object(cx, &bucket, &it.key, happened, &object);
        Ok(())
    })?;
    if it.to == Turned::There {
        cx.at(Timestamp(it.times.expires_at), &TURN, &Turn { to: Turned::Gone, ..it });
    }
    Ok(())
}

/// What S3 Select did is no longer offered to new customers.
fn refuse(request: &RestoreRequest) -> Result<()> {
    fault::refuse("Type", request.type_.as_ref())?;
    fault::refuse("SelectParameters", request.select_parameters.as_ref())?;
    fault::refuse("OutputLocation", request.output_location.as_ref())
}

/// How long a tier takes, at most ("Archive retrieval options").
fn delay(object: &Object, request: &RestoreRequest) -> Result<i64> {
    let of_job = request.glacier_job_parameters.as_ref().map(|it| it.tier.as_str());
    let tier = of_job.or(request.tier.as_deref()).unwrap_or("Standard");
    match (object.storage_class, tier) {
        (StorageClass::Glacier, "Expedited") => Ok(HOUR_MS / 12),
        (StorageClass::Glacier, "Standard") => Ok(5 * HOUR_MS),
        (StorageClass::DeepArchive, "Standard") => Ok(12 * HOUR_MS),
        (StorageClass::Glacier, "Bulk") => Ok(12 * HOUR_MS),
        (StorageClass::DeepArchive, "Bulk") => Ok(48 * HOUR_MS),
        (StorageClass::DeepArchive, _) => {
            Err(fault::INVALID_ARGUMENT.with("Retrieval option is not supported by this storage class"))
        }
        (StorageClass::Glacier, _) => Err(fault::malformed_xml()),
        // Its archive tiers are opt-in, and no bucket has them.
        (StorageClass::IntelligentTiering, _) => {
            Err(fault::OBJECT_ALREADY_IN_ACTIVE_TIER_ERROR
                .with("This action is not allowed against this storage tier."))
        }
        (class, _) => Err(not_archived(class)),
    }
}

fn not_archived(class: StorageClass) -> Error {
    fault::INVALID_OBJECT_STATE
        .with("Restore is not allowed for the object's current storage class")
        .field("StorageClass", class.name())
}

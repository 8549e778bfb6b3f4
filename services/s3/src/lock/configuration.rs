//! The lock of a bucket, and how long it keeps what comes without instructions.

use super::{Mode, Retention};
use crate::bucket::{self, Bucket, Versioning};
use crate::fault;
use api::s3::{
    DefaultRetention, GetObjectLockConfiguration, GetObjectLockConfigurationOutput, ObjectLockConfiguration,
    ObjectLockRule, PutObjectLockConfiguration, PutObjectLockConfigurationOutput,
};
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// It stands in the row of a bucket with Object Lock, which keeps it for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<ByDefault>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ByDefault {
    mode: Mode,
    period: Period,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Period {
    Days(i64),
    Years(i64),
}

/// "Locking objects with Object Lock" in the user guide: a hundred years.
const MOST_DAYS: i64 = 36_500;
const MOST_YEARS: i64 = 100;
/// As S3 counts them.
const DAYS_OF_YEAR: i64 = 365;
const MILLISECONDS_OF_DAY: i64 = 24 * 60 * 60 * 1000;

impl Rule {
    pub fn retains(&self) -> bool {
        self.default.is_some()
    }

    /// Of a version that comes to be now.
    pub fn retention(&self, now: Timestamp) -> Option<Retention> {
        let ByDefault { mode, period } = self.default.as_ref()?;
        let days = match period {
            Period::Days(days) => *days,
            Period::Years(years) => years * DAYS_OF_YEAR,
        };
        Some(Retention { mode: *mode, until: now.0 + days * MILLISECONDS_OF_DAY })
    }
}

pub fn put(cx: &mut Cx, input: PutObjectLockConfiguration) -> Result<PutObjectLockConfigurationOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    // Whoever enabled Object Lock for a bucket that there was had to bring one, until November 2023.
    fault::refuse("x-amz-bucket-object-lock-token", input.token.as_ref())?;
    let rule = read(input.object_lock_configuration)?;
    if bucket.versioning != Versioning::Enabled {
        return Err(fault::INVALID_BUCKET_STATE
            .with("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"));
    }
    bucket.lock = Some(rule);
    bucket::put(cx, &bucket);
    Ok(PutObjectLockConfigurationOutput::default())
}

pub fn get(cx: &Cx, input: GetObjectLockConfiguration) -> Result<GetObjectLockConfigurationOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let rule = bucket.lock.as_ref().ok_or_else(|| missing(&bucket))?;
    let default = rule.default.as_ref().map(|it| {
        let (days, years) = match it.period {
            Period::Days(days) => (Some(days), None),
            Period::Years(years) => (None, Some(years)),
        };
        let mode = Some(it.mode.name().to_owned());
        ObjectLockRule {
            default_retention: Some(DefaultRetention { mode, days, years, ..DefaultRetention::default() }),
        }
    });
    let configuration = ObjectLockConfiguration { object_lock_enabled: Some("Enabled".to_owned()), rule: default };
    Ok(GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) })
}

fn read(given: Option<ObjectLockConfiguration>) -> Result<Rule> {
    let given = given.ok_or_else(fault::malformed_xml)?;
    if given.object_lock_enabled.as_deref() != Some("Enabled") {
        return Err(fault::malformed_xml());
    }
    let Some(rule) = given.rule else { return Ok(Rule { default: None }) };
    let given = rule.default_retention.ok_or_else(fault::malformed_xml)?;
    fault::refuse("DefaultEventHold", given.default_event_hold.as_ref())?;
    let mode = given.mode.as_deref().and_then(Mode::named).ok_or_else(fault::malformed_xml)?;
    let period = match (given.days, given.years) {
        (Some(days), None) => Period::Days(within(days, MOST_DAYS, "Days")?),
        (None, Some(years)) => Period::Years(within(years, MOST_YEARS, "Years")?),
        (Some(_), Some(_)) | (None, None) => return Err(fault::malformed_xml()),
    };
    Ok(Rule { default: Some(ByDefault { mode, period }) })
}

fn within(given: i64, most: i64, name: &str) -> Result<i64> {
    let wrong = |sentence: &str| Err(fault::invalid_argument(sentence, name, given.to_string()));
    match given {
        ..=0 => wrong("Default retention period must be a positive integer value."),
        given if given > most => wrong("Default retention period too large."),
        given => Ok(given),
    }
}

fn missing(bucket: &Bucket) -> Error {
    fault::LOCK_CONFIGURATION_NOT_FOUND
        .with("Object Lock configuration does not exist for this bucket")
        .field("BucketName", bucket.name.as_str())
}

//! Object Lock: versions that nobody deletes before their time has come, or while they are held.
//!
//! Sources: "Locking objects with Object Lock" and its pages in the S3 User Guide, PutObjectRetention and PutObjectLegalHold
//! in the API Reference.

pub mod configuration;
pub mod version;

use crate::bucket::Bucket;
use crate::fault;
use configuration::Rule;
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// What keeps a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// None: it was never held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<LegalHold>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub mode: Mode,
    /// Milliseconds since 1970.
    pub until: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Who is allowed to may bypass it.
    Governance,
    /// Nobody may.
    Compliance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegalHold {
    On,
    Off,
}

/// What the headers of a request that makes an object say.
#[derive(Clone, Debug)]
pub struct Asked {
    pub mode: Option<String>,
    pub until: Option<Timestamp>,
    pub legal_hold: Option<String>,
    pub event_hold: Option<String>,
    pub event_hold_days: Option<i64>,
    pub event_hold_years: Option<i64>,
}

/// Whether a request says that it means to bypass governance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    Asked,
    No,
}

const BYPASS_HEADER: &str = "x-amz-bypass-governance-retention";

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Governance => "GOVERNANCE",
            Mode::Compliance => "COMPLIANCE",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Mode::Governance, Mode::Compliance].into_iter().find(|it| it.name() == name)
    }
}

impl LegalHold {
    pub fn name(self) -> &'static str {
        match self {
            LegalHold::On => "ON",
            LegalHold::Off => "OFF",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [LegalHold::On, LegalHold::Off].into_iter().find(|it| it.name() == name)
    }
}

impl Bypass {
    pub fn of(header: Option<bool>) -> Self {
        if header == Some(true) { Bypass::Asked } else { Bypass::No }
    }

    /// The header, where a bucket has nothing that could be bypassed.
    pub fn check(header: Option<bool>, bucket: &Bucket) -> Result<Self> {
        match header {
            Some(given) if bucket.lock.is_none() => Err(fault::invalid_argument(
                "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
                BYPASS_HEADER,
                given.to_string(),
            )),
            header => Ok(Self::of(header)),
        }
    }
}

impl Retention {
    fn is_over(self, now: Timestamp) -> bool {
        self.until <= now.0
    }
}

impl Locks {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The bucket's retention, for a version that comes to be now without one of its own.
    pub fn or_default(self, bucket: &Bucket, now: Timestamp) -> Self {
        let by_default = || bucket.lock.as_ref().and_then(|it| it.retention(now));
        Self { retention: self.retention.or_else(by_default), ..self }
    }

    /// # Errors
    /// A version with these locks may not be deleted for good.
    pub fn check_deletable(&self, cx: &Cx, arn: &str, bypass: Bypass) -> Result<()> {
        if self.legal_hold == Some(LegalHold::On) {
            return Err(protected());
        }
        self.check_retention(cx, arn, bypass)
    }

    fn check_retention(&self, cx: &Cx, arn: &str, bypass: Bypass) -> Result<()> {
        match self.retention.filter(|it| !it.is_over(cx.now())) {
            None => Ok(()),
            Some(Retention { mode: Mode::Governance, .. }) if bypass == Bypass::Asked => {
                cx.require_of("s3", "s3:BypassGovernanceRetention", arn, |_| {})
            }
            Some(_) => Err(protected()),
        }
    }
}

impl Asked {
    /// What the request says itself; the bucket's default comes to it when the version comes to be.
    pub fn settle(&self, cx: &Cx, bucket: &Bucket) -> Result<Locks> {
        let retention = self.retention(cx.now())?;
        let legal_hold = self.legal_hold.as_deref().map(|given| {
            let sentence = "Legal Hold must be either of 'ON' or 'OFF'";
            LegalHold::named(given)
                .ok_or_else(|| fault::invalid_argument(sentence, "x-amz-object-lock-legal-hold", given))
        });
        let locks = Locks { retention, legal_hold: legal_hold.transpose()? };
        if !locks.is_none() && bucket.lock.is_none() {
            return Err(missing());
        }
        fault::refuse("x-amz-object-lock-event-hold", self.event_hold.as_ref())?;
        fault::refuse("x-amz-object-lock-event-hold-duration-days", self.event_hold_days.as_ref())?;
        fault::refuse("x-amz-object-lock-event-hold-duration-years", self.event_hold_years.as_ref())?;
        Ok(locks)
    }

    fn retention(&self, now: Timestamp) -> Result<Option<Retention>> {
        let alone = |missing: &str| {
            let sentence = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
            Err(fault::INVALID_ARGUMENT.with(sentence).field("ArgumentName", missing))
        };
        match (self.mode.as_deref(), self.until) {
            (None, None) => Ok(None),
            (Some(_), None) => alone("x-amz-object-lock-retain-until-date"),
            (None, Some(_)) => alone("x-amz-object-lock-mode"),
            (Some(mode), Some(until)) => {
                let unknown = || fault::invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode);
                let retention = Retention { mode: Mode::named(mode).ok_or_else(unknown)?, until: until.0 };
                check_future(retention, now, "x-amz-object-lock-retain-until-date")?;
                Ok(Some(retention))
            }
        }
    }
}

/// # Errors
/// A body that is to be locked in this bucket came without anything that says whether it is right.
pub fn check_digest(bucket: &Bucket, locks: &Locks, has_digest: bool) -> Result<()> {
    let is_locked = !locks.is_none() || bucket.lock.as_ref().is_some_and(Rule::retains);
    if has_digest || !is_locked {
        return Ok(());
    }
    Err(fault::INVALID_REQUEST.with(
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    ))
}

fn check_future(retention: Retention, now: Timestamp, argument: &str) -> Result<()> {
    if !retention.is_over(now) {
        return Ok(());
    }
    let sentence = "The retain until date must be in the future!";
    Err(fault::invalid_argument(sentence, argument, Timestamp(retention.until).iso_8601()))
}

fn protected() -> Error {
    fault::ACCESS_DENIED.with("Access Denied because object protected by object lock.")
}

fn missing() -> Error {
    fault::INVALID_REQUEST.with("Bucket is missing Object Lock Configuration")
}

/// What an input that makes an object says of its locks.
macro_rules! asked {
    ($input:expr) => {
        $crate::lock::Asked {
            mode: $input.object_lock_mode.clone(),
            until: $input.object_lock_retain_until_date,
            legal_hold: $input.object_lock_legal_hold_status.clone(),
            event_hold: $input.object_lock_event_hold.clone(),
            event_hold_days: $input.object_lock_event_hold_duration_days,
            event_hold_years: $input.object_lock_event_hold_duration_years,
        }
    };
}

pub(crate) use asked;

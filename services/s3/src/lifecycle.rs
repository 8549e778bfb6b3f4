//! Lifecycles: what a bucket's rules are, and what they say of its objects.
//!
//! Source: "Managing the lifecycle of objects" in the S3 User Guide.

mod check;
mod rule;
mod run;

pub use rule::Rules;
pub use run::{RUN, run};

use crate::bucket::{self, Bucket};
use crate::config::Kind;
use crate::fault;
use crate::object::Object;
use api::s3::{
    DeleteBucketLifecycle, DeleteBucketLifecycleOutput, GetBucketLifecycleConfiguration,
    GetBucketLifecycleConfigurationOutput, PutBucketLifecycleConfiguration, PutBucketLifecycleConfigurationOutput,
};
use kernel::Cx;
use model::{Result, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// As it is told: a header says how small objects fare.
static LIFECYCLE: Kind<GetBucketLifecycleConfigurationOutput> = Kind::new(
    "GetBucketLifecycleConfigurationOutput",
    "NoSuchLifecycleConfiguration",
    "The lifecycle configuration does not exist",
);

/// Since September 2024 no object under 128 KiB changes its class by itself.
const USUAL_MINIMUM: &str = "all_storage_classes_128K";
const DAY_MS: i64 = 86_400_000;

pub fn put(cx: &mut Cx, input: PutBucketLifecycleConfiguration) -> Result<PutBucketLifecycleConfigurationOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut rules = input.lifecycle_configuration.ok_or_else(fault::malformed_xml)?.rules;
    check::check(&rules)?;
    for rule in rules.iter_mut().filter(|it| it.id.as_deref().is_none_or(str::is_empty)) {
        rule.id = Some(cx.id());
    }
    let minimum = Some(input.transition_default_minimum_object_size.unwrap_or_else(|| USUAL_MINIMUM.to_owned()));
    let kept = GetBucketLifecycleConfigurationOutput {
        rules: Some(rules),
        transition_default_minimum_object_size: minimum.clone(),
    };
    LIFECYCLE.put(cx, &bucket, kept);
    bucket.has_lifecycle = true;
    bucket::put(cx, &bucket);
    run::ask(cx, &bucket);
    Ok(PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size: minimum })
}

pub fn get(cx: &Cx, input: GetBucketLifecycleConfiguration) -> Result<GetBucketLifecycleConfigurationOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    LIFECYCLE.get(cx, &bucket)
}

pub fn delete(cx: &mut Cx, input: DeleteBucketLifecycle) -> Result<DeleteBucketLifecycleOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    LIFECYCLE.delete(cx, &bucket);
    bucket.has_lifecycle = false;
    bucket::put(cx, &bucket);
    run::forget(cx, &bucket);
    Ok(DeleteBucketLifecycleOutput {})
}

/// The bucket goes.
pub fn forget(cx: &mut Cx, bucket: &Bucket) {
    run::forget(cx, bucket);
}

/// The rules that are enabled. The bucket's row says whether there are any, so that others cost no look.
pub fn of(cx: &Cx, bucket: &Bucket) -> Option<Rules> {
    let kept = LIFECYCLE.of(cx, bucket).filter(|_| bucket.has_lifecycle)?;
    Some(Rules::of(kept.rules.unwrap_or_default(), kept.transition_default_minimum_object_size.as_deref()))
}

/// The header `x-amz-expiration` of a current object.
pub fn expiration(cx: &Cx, bucket: &Bucket, key: &str, object: &Object) -> Option<String> {
    if !bucket.has_lifecycle {
        return None;
    }
    let (time, rule) = of(cx, bucket)?.expiration(key, object)?;
    let rule = utf8_percent_encode(&rule, NON_ALPHANUMERIC);
    Some(format!("expiry-date=\"{}\", rule-id=\"{rule}\"", crate::version::http_date(time)))
}

/// When an upload that began at `initiated_at` is given up, and by which rule.
pub fn abortion(cx: &Cx, bucket: &Bucket, key: &str, initiated_at: i64) -> Option<(Timestamp, String)> {
    if !bucket.has_lifecycle {
        return None;
    }
    of(cx, bucket)?.abortion(key, initiated_at)
}

/// Times are rounded up to the next midnight, UTC.
pub fn midnight(milliseconds: i64) -> i64 {
    milliseconds.saturating_add(DAY_MS - 1).div_euclid(DAY_MS) * DAY_MS
}

/// The midnight behind so many days.
pub fn days_after(milliseconds: i64, days: i64) -> i64 {
    midnight(milliseconds.saturating_add(days.saturating_mul(DAY_MS)).min(i64::MAX - DAY_MS))
}

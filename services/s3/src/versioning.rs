//! Whether a bucket keeps versions.

use crate::bucket::{self, Versioning};
use crate::fault;
use api::s3::{GetBucketVersioning, GetBucketVersioningOutput, PutBucketVersioning, PutBucketVersioningOutput};
use kernel::Cx;
use model::Result;

pub fn put(cx: &mut Cx, input: PutBucketVersioning) -> Result<PutBucketVersioningOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let configuration = input.versioning_configuration;
    if configuration.mfa_delete.as_deref() == Some("Enabled") || input.mfa.is_some() {
        return Err(fault::not_implemented("MfaDelete"));
    }
    if bucket.replicates && configuration.status.as_deref() != Some("Enabled") {
        return Err(fault::INVALID_BUCKET_STATE.with(
            "A replication configuration is present on this bucket, so the versioning state cannot be changed.",
        ));
    }
    bucket.versioning = match configuration.status.as_deref() {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") if bucket.lock.is_some() => {
            return Err(fault::INVALID_BUCKET_STATE.with(
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            ));
        }
        Some("Suspended") => Versioning::Suspended,
        _ => {
            return Err(fault::ILLEGAL_VERSIONING.with("The Versioning element must be specified"));
        }
    };
    bucket::put(cx, &bucket);
    Ok(PutBucketVersioningOutput {})
}

pub fn get(cx: &Cx, input: GetBucketVersioning) -> Result<GetBucketVersioningOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let status = match bucket.versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some("Enabled"),
        Versioning::Suspended => Some("Suspended"),
    };
    Ok(GetBucketVersioningOutput { status: status.map(str::to_owned), mfa_delete: None })
}

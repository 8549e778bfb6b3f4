//! Transfer acceleration: endpoints of their own, `photos.s3-accelerate.amazonaws.com`, for buckets that have it.
//!
//! Source: "Configuring fast, secure file transfers using Amazon S3 Transfer Acceleration" in the S3 User Guide.

use crate::bucket::{self, Bucket};
use crate::fault;
use api::s3::{
    GetBucketAccelerateConfiguration, GetBucketAccelerateConfigurationOutput, PutBucketAccelerateConfiguration,
    PutBucketAccelerateConfigurationOutput,
};
use kernel::Cx;
use model::Result;

/// The label of S3's in the host.
const LABEL: &str = ".s3-accelerate.";

pub fn put(cx: &mut Cx, input: PutBucketAccelerateConfiguration) -> Result<PutBucketAccelerateConfigurationOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let status = input.accelerate_configuration.status.ok_or_else(fault::malformed_xml)?;
    if bucket.name.contains('.') {
        return Err(fault::INVALID_REQUEST
            .with("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"));
    }
    bucket.accelerates = Some(status == "Enabled");
    bucket::put(cx, &bucket);
    Ok(PutBucketAccelerateConfigurationOutput {})
}

/// A bucket that never had it says nothing.
pub fn get(cx: &Cx, input: GetBucketAccelerateConfiguration) -> Result<GetBucketAccelerateConfigurationOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let status = bucket.accelerates.map(|on| if on { "Enabled" } else { "Suspended" });
    Ok(GetBucketAccelerateConfigurationOutput { status: status.map(str::to_owned), request_charged: None })
}

/// Refuses requests by such an endpoint to a bucket that has none.
pub fn check(cx: &Cx, bucket: &Bucket) -> Result<()> {
    if !cx.caller().endpoint.contains(LABEL) || bucket.accelerates == Some(true) {
        return Ok(());
    }
    let sentence = match bucket.accelerates {
        None => "S3 Transfer Acceleration is not configured on this bucket",
        Some(_) => "S3 Transfer Acceleration is disabled on this bucket",
    };
    Err(fault::INVALID_REQUEST.with(sentence))
}

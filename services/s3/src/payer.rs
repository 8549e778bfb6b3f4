//! Request payment: who pays for requests of other accounts, and that they have to say that they do.
//!
//! Source: "Using Requester Pays general purpose buckets for storage transfers and usage" in the S3 User Guide.

use crate::bucket::{self, Bucket};
use crate::fault;
use api::s3::{
    GetBucketRequestPayment, GetBucketRequestPaymentOutput, PutBucketRequestPayment, PutBucketRequestPaymentOutput,
};
use kernel::Cx;
use kernel::caller::Principal;
use model::Result;

const REQUESTER: &str = "Requester";
/// What the header says of who agrees, and the answer of who was charged.
const AGREED: &str = "requester";

pub fn put(cx: &mut Cx, input: PutBucketRequestPayment) -> Result<PutBucketRequestPaymentOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    bucket.requester_pays = input.request_payment_configuration.payer == REQUESTER;
    bucket::put(cx, &bucket);
    Ok(PutBucketRequestPaymentOutput {})
}

pub fn get(cx: &Cx, input: GetBucketRequestPayment) -> Result<GetBucketRequestPaymentOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let payer = if bucket.requester_pays { REQUESTER } else { "BucketOwner" };
    Ok(GetBucketRequestPaymentOutput { payer: Some(payer.to_owned()) })
}

/// Refuses who would have to pay and did not agree to. The anonymous cannot.
pub fn check(cx: &Cx, bucket: &Bucket, payer: Option<&str>) -> Result<()> {
    if !is_stranger(cx, bucket) {
        return Ok(());
    }
    let agreed = payer == Some(AGREED) && cx.caller().principal != Principal::Anonymous;
    if agreed { Ok(()) } else { Err(fault::access_denied()) }
}

/// The header `x-amz-request-charged`.
pub fn charged(cx: &Cx, bucket: &Bucket) -> Option<String> {
    is_stranger(cx, bucket).then(|| AGREED.to_owned())
}

fn is_stranger(cx: &Cx, bucket: &Bucket) -> bool {
    bucket.requester_pays
        && match &cx.caller().principal {
            Principal::Service { .. } => false,
            other => other.account() != bucket.account,
        }
}

//! The list of a bucket: with CreateBucket, GetBucketAcl, PutBucketAcl.

use super::Acl;
use super::asked::{Of, asked_with_write, check_public, not_supported, of_document};
use super::ownership::{Ownership, no_lists};
use crate::bucket;
use crate::fault;
use api::s3::{CreateBucket, GetBucketAcl, GetBucketAclOutput, PutBucketAcl, PutBucketAclOutput};
use kernel::Cx;
use model::{Error, ErrorShape, Result};

const BLOCKED: ErrorShape = ErrorShape::sender("InvalidBucketAclWithBlockPublicAccessError");
const MISSING_HEADER: ErrorShape = ErrorShape::sender("MissingSecurityHeader");

/// The ownership and the list of a bucket that is made for an account.
pub fn of_new(input: &CreateBucket, account: &str) -> Result<(Ownership, Option<Box<Acl>>)> {
    let ownership = match input.object_ownership.as_deref() {
        None => Ownership::Enforced,
        Some(name) => Ownership::named(name)
            .ok_or_else(|| fault::invalid_argument("Invalid x-amz-object-ownership", "x-amz-object-ownership", name))?,
    };
    let acl = asked_with_write!(input).acl(Of::Bucket, account, account)?;
    if ownership.is_enforced() && acl != Acl::private(account) {
        return Err(no_lists());
    }
    // What blocks public access is there from the beginning.
    if acl.is_public() {
        return Err(BLOCKED.with("Bucket cannot have public ACLs set with BlockPublicAccess enabled"));
    }
    Ok((ownership, acl.kept(account)))
}

pub fn put(cx: &mut Cx, input: PutBucketAcl) -> Result<PutBucketAclOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    if bucket.ownership.is_enforced() {
        return Err(not_supported());
    }
    let asked = asked_with_write!(input);
    let acl = match (input.access_control_policy, asked.is_none()) {
        (Some(document), true) => of_document(document, &bucket.account)?,
        (None, false) => asked.acl(Of::Bucket, &bucket.account, &bucket.account)?,
        (given, _) => return Err(unclear(given.is_some())),
    };
    check_public(cx, &bucket, &acl)?;
    bucket.acl = acl.kept(&bucket.account);
    bucket::put(cx, &bucket);
    Ok(PutBucketAclOutput {})
}

pub fn get(cx: &Cx, input: GetBucketAcl) -> Result<GetBucketAclOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let acl = bucket.acl.as_deref().cloned().unwrap_or_else(|| Acl::private(&bucket.account));
    Ok(GetBucketAclOutput { owner: Some(acl.owner_told()), grants: Some(acl.grants_told()) })
}

/// Both a document and headers, or neither.
pub fn unclear(has_document: bool) -> Error {
    if has_document {
        return fault::INVALID_REQUEST.with("This request does not support content");
    }
    MISSING_HEADER.with("Your request was missing a required header").field("MissingHeaderName", "x-amz-acl")
}

//! Who owns the objects of a bucket: PutBucketOwnershipControls and its kin.

use super::Acl;
use crate::bucket::{self, Bucket};
use crate::fault;
use api::s3::{
    DeleteBucketOwnershipControls, DeleteBucketOwnershipControlsOutput, GetBucketOwnershipControls,
    GetBucketOwnershipControlsOutput, OwnershipControls, OwnershipControlsRule, PutBucketOwnershipControls,
    PutBucketOwnershipControlsOutput,
};
use kernel::Cx;
use model::{Error, ErrorShape, Result};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ownership {
    /// The bucket's owner has everything, and there are no lists. Every bucket begins so, since April 2023.
    #[default]
    Enforced,
    /// Whoever writes an object has it, unless it is written with the canned list `bucket-owner-full-control`.
    Preferred,
    /// Whoever writes an object has it.
    Writer,
    /// The same where the setting was deleted.
    Unset,
}

const NOT_FOUND: ErrorShape = ErrorShape::sender("OwnershipControlsNotFoundError").status(404);

impl Ownership {
    pub fn is_enforced(&self) -> bool {
        *self == Self::Enforced
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Ownership::Enforced => Some("BucketOwnerEnforced"),
            Ownership::Preferred => Some("BucketOwnerPreferred"),
            Ownership::Writer => Some("ObjectWriter"),
            Ownership::Unset => None,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Enforced, Self::Preferred, Self::Writer].into_iter().find(|it| it.name() == Some(name))
    }
}

pub fn put(cx: &mut Cx, input: PutBucketOwnershipControls) -> Result<PutBucketOwnershipControlsOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let [rule] = input.ownership_controls.rules.as_slice() else { return Err(fault::malformed_xml()) };
    let wanted = Ownership::named(&rule.object_ownership).ok_or_else(fault::malformed_xml)?;
    let lets_in = bucket.acl.as_deref().is_some_and(|it| *it != Acl::private(&bucket.account));
    if wanted.is_enforced() && lets_in {
        return Err(no_lists());
    }
    bucket.ownership = wanted;
    bucket::put(cx, &bucket);
    Ok(PutBucketOwnershipControlsOutput {})
}

pub fn get(cx: &Cx, input: GetBucketOwnershipControls) -> Result<GetBucketOwnershipControlsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let name = bucket.ownership.name().ok_or_else(|| missing(&bucket))?;
    let rules = vec![OwnershipControlsRule { object_ownership: name.to_owned() }];
    Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
}

pub fn delete(cx: &mut Cx, input: DeleteBucketOwnershipControls) -> Result<DeleteBucketOwnershipControlsOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    bucket.ownership = Ownership::Unset;
    bucket::put(cx, &bucket);
    Ok(DeleteBucketOwnershipControlsOutput {})
}

pub fn no_lists() -> Error {
    fault::INVALID_BUCKET_ACL.with("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
}

fn missing(bucket: &Bucket) -> Error {
    NOT_FOUND.with("The bucket ownership controls were not found").field("BucketName", bucket.name.as_str())
}

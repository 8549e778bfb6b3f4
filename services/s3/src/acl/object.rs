//! The list of a version of an object: GetObjectAcl, PutObjectAcl.

use super::Acl;
use super::asked::{Of, asked_with_write, check_public, not_supported, of_document};
use super::bucket::unclear;
use crate::bucket::{self, Bucket};
use crate::current;
use crate::object::Object;
use crate::version;
use api::s3::{GetObjectAcl, GetObjectAclOutput, PutObjectAcl, PutObjectAclOutput};
use kernel::Cx;
use model::Result;

pub fn put(cx: &mut Cx, input: PutObjectAcl) -> Result<PutObjectAclOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (mut object, is_current) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    if bucket.ownership.is_enforced() {
        return Err(not_supported());
    }
    let owner = of(&bucket, &object).owner;
    let asked = asked_with_write!(input);
    let acl = match (input.access_control_policy, asked.is_none()) {
        (Some(document), true) => of_document(document, &owner)?,
        (None, false) => asked.acl(Of::Object, &owner, &bucket.account)?,
        (given, _) => return Err(unclear(given.is_some())),
    };
    check_public(cx, &bucket, &acl)?;
    object.acl = acl.kept(&bucket.account);
    current::amend(cx, &bucket, &input.key, &object, is_current);
    Ok(PutObjectAclOutput::default())
}

pub fn get(cx: &Cx, input: GetObjectAcl) -> Result<GetObjectAclOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (object, _) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let acl = of(&bucket, &object);
    Ok(GetObjectAclOutput {
        owner: Some(acl.owner_told()),
        grants: Some(acl.grants_told()),
        ..GetObjectAclOutput::default()
    })
}

/// Where lists are off, everything is the bucket owner's, whatever it was before.
fn of(bucket: &Bucket, object: &Object) -> Acl {
    let own = object.acl.as_deref().filter(|_| !bucket.ownership.is_enforced());
    own.cloned().unwrap_or_else(|| Acl::private(&bucket.account))
}

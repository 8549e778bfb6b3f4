//! Owners: accounts as S3 names them, and what `BucketOwnerEnforced`, the setting of every bucket, says of ACLs.

use crate::fault;
use api::s3::Owner;
use model::Result;
use sha2::{Digest, Sha256};
use std::fmt::Write;

const ENFORCED: &str = "BucketOwnerEnforced";

/// The canonical user id of an account: 64 hexadecimal digits that say nothing.
pub fn canonical_id(account: &str) -> String {
    let hash = Sha256::digest(format!("canonical user of {account}"));
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// Since November 2025 S3 gives no display names.
pub fn of(account: &str) -> Owner {
    Owner { display_name: None, id: Some(canonical_id(account)) }
}

/// The ACL and the grants of a request that makes a bucket: its ownership setting lets no other than `private` pass.
pub fn check_new_bucket(ownership: Option<&str>, acl: Option<&str>, grants: &[Option<&String>]) -> Result<()> {
    if let Some(other) = ownership.filter(|it| *it != ENFORCED) {
        return Err(fault::not_implemented(&format!("x-amz-object-ownership: {other}")));
    }
    if acl.is_some_and(|it| it != "private") || grants.iter().any(Option::is_some) {
        return Err(fault::INVALID_BUCKET_ACL
            .with("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"));
    }
    Ok(())
}

/// The ACL and the grants of a request that makes an object.
#[derive(Clone, Debug)]
pub struct Asked {
    pub canned: Option<String>,
    pub grants: [Option<String>; 4],
}

impl Asked {
    /// "Controlling ownership of objects" in the user guide.
    pub fn check(&self) -> Result<()> {
        let canned = self.canned.as_deref();
        if canned.is_some_and(|it| it != "bucket-owner-full-control") || self.grants.iter().any(Option::is_some) {
            return Err(fault::ACCESS_CONTROL_LIST_NOT_SUPPORTED.with("The bucket does not allow ACLs"));
        }
        Ok(())
    }
}

macro_rules! asked {
    ($input:expr) => {
        $crate::owner::Asked {
            canned: $input.acl.clone(),
            grants: [
                $input.grant_full_control.clone(),
                $input.grant_read.clone(),
                $input.grant_read_acp.clone(),
                $input.grant_write_acp.clone(),
            ],
        }
    };
}

pub(crate) use asked;

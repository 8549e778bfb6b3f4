//! Owners: accounts as S3 names them.

use api::s3::Owner;
use sha2::{Digest, Sha256};
use std::fmt::Write;

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

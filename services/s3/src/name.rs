//! Names of buckets.
//!
//! Source: "General purpose bucket naming rules" in the S3 User Guide.

use crate::fault;
use model::{Error, Result};

const SHORTEST: usize = 3;
const LONGEST: usize = 63;
const RESERVED_BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
/// Of aliases of access points, directory buckets, table buckets and buckets in the namespace of an account.
const RESERVED_ENDS: [&str; 6] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an"];

/// Whether a new bucket may be called so.
pub fn check(name: &str) -> Result<()> {
    let reserved =
        RESERVED_BEGINNINGS.iter().any(|it| name.starts_with(it)) || RESERVED_ENDS.iter().any(|it| name.ends_with(it));
    if is_name(name) && !reserved { Ok(()) } else { Err(invalid(name)) }
}

/// Whether a bucket could be called so.
pub fn is_name(name: &str) -> bool {
    let letter = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let bytes = name.as_bytes();
    (SHORTEST..=LONGEST).contains(&bytes.len())
        && bytes.iter().all(|it| letter(*it) || matches!(it, b'.' | b'-'))
        && bytes.first().is_some_and(|it| letter(*it))
        && bytes.last().is_some_and(|it| letter(*it))
        && !name.contains("..")
        && !is_address(name)
}

pub fn invalid(name: &str) -> Error {
    fault::INVALID_BUCKET_NAME.with("The specified bucket is not valid.").field("BucketName", name)
}

/// `192.168.5.4`
fn is_address(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|it| (1..=3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        let longest = "a".repeat(63);
        for good in ["abc", "my-bucket", "my.bucket.2", "1-2", &longest, "a--b", "192.168.5.4.5"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        let bad = [
            "ab",
            &too_long,
            "Bucket",
            "my_bucket",
            "-abc",
            "abc-",
            ".abc",
            "abc.",
            "a..b",
            "192.168.5.4",
            "xn--abc",
            "sthree-abc",
            "amzn-s3-demo-abc",
            "abc-s3alias",
            "abc--ol-s3",
            "abc.mrap",
            "abc--x-s3",
            "abc--table-s3",
            "abc-111122223333-us-east-1-an",
            "bücket",
            "a b",
            "a/b",
            "",
        ];
        for bad in bad {
            assert_eq!(check(bad).map_err(|it| it.code()), Err("InvalidBucketName"), "{bad}");
        }
    }
}

//! Checksums in the inputs and outputs of S3's operations, where each algorithm has a member of its own.

use crate::fault;
pub use ::checksum::*;
use kernel::Body;
use model::Result;

/// The checksum that comes behind a body.
pub fn announced(body: &Body) -> Option<Algorithm> {
    body.announced().and_then(Algorithm::of_header)
}

/// The one checksum that a request gives, in the right form.
pub fn only(given: Vec<(Algorithm, String)>, announced: Option<Algorithm>) -> Result<Option<(Algorithm, String)>> {
    let mut given = given.into_iter();
    let Some((algorithm, value)) = given.next() else { return Ok(None) };
    if given.next().is_some() || announced.is_some() {
        return Err(fault::INVALID_REQUEST
            .with("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."));
    }
    if !is_well_formed(algorithm, &value) {
        return Err(invalid_value(algorithm));
    }
    Ok(Some((algorithm, value)))
}

/// The checksums that an input holds, each in a member of its own.
macro_rules! given {
    ($input:expr) => {{
        use $crate::checksum::Algorithm::*;
        let all = [
            (Crc32, &$input.checksum_crc32),
            (Crc32c, &$input.checksum_crc32_c),
            (Crc64Nvme, &$input.checksum_crc64_nvme),
            (Sha1, &$input.checksum_sha1),
            (Sha256, &$input.checksum_sha256),
            (Sha512, &$input.checksum_sha512),
            (Md5, &$input.checksum_md5),
            (XxHash64, &$input.checksum_xxhash64),
            (XxHash3, &$input.checksum_xxhash3),
            (XxHash128, &$input.checksum_xxhash128),
        ];
        all.into_iter().filter_map(|(algorithm, it)| it.clone().map(|it| (algorithm, it))).collect::<Vec<_>>()
    }};
}

/// Puts a checksum into its member of an output.
macro_rules! tell {
    ($output:expr, $algorithm:expr, $value:expr) => {{
        use $crate::checksum::Algorithm::*;
        let value = Some($value);
        match $algorithm {
            Crc32 => $output.checksum_crc32 = value,
            Crc32c => $output.checksum_crc32_c = value,
            Crc64Nvme => $output.checksum_crc64_nvme = value,
            Sha1 => $output.checksum_sha1 = value,
            Sha256 => $output.checksum_sha256 = value,
            Sha512 => $output.checksum_sha512 = value,
            Md5 => $output.checksum_md5 = value,
            XxHash64 => $output.checksum_xxhash64 = value,
            XxHash3 => $output.checksum_xxhash3 = value,
            XxHash128 => $output.checksum_xxhash128 = value,
        }
    }};
}

pub(crate) use {given, tell};

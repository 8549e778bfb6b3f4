//! The checksums that an uploader may send: `x-amz-checksum-…`, in a header or in the trailer of a chunked body.
//!
//! Source: "Checking object integrity" in the S3 User Guide.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A checksum under way.
pub struct Checksum {
    /// As messages name it: `CRC32`.
    pub name: &'static str,
    state: State,
}

enum State {
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// By the name of its header; `None` for one that we do not know.
    pub fn of_header(header: &str) -> Option<Self> {
        let crc = crc_fast::Digest::new;
        let (name, state) = match header.trim().to_ascii_lowercase().as_str() {
            "x-amz-checksum-crc32" => ("CRC32", State::Crc32(crc(CrcAlgorithm::Crc32IsoHdlc))),
            "x-amz-checksum-crc32c" => ("CRC32C", State::Crc32(crc(CrcAlgorithm::Crc32Iscsi))),
            "x-amz-checksum-crc64nvme" => ("CRC64NVME", State::Crc64(crc(CrcAlgorithm::Crc64Nvme))),
            "x-amz-checksum-sha1" => ("SHA1", State::Sha1(Sha1::new())),
            "x-amz-checksum-sha256" => ("SHA256", State::Sha256(Sha256::new())),
            _ => return None,
        };
        Some(Self { name, state })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc32(it) | State::Crc64(it) => it.update(bytes),
            State::Sha1(it) => it.update(bytes),
            State::Sha256(it) => it.update(bytes),
        }
    }

    /// In Base64, the most significant byte first, as headers hold it.
    pub fn finish(self) -> String {
        match self.state {
            State::Crc32(it) => STANDARD.encode((it.finalize() as u32).to_be_bytes()),
            State::Crc64(it) => STANDARD.encode(it.finalize().to_be_bytes()),
            State::Sha1(it) => STANDARD.encode(it.finalize()),
            State::Sha256(it) => STANDARD.encode(it.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_each_algorithm_are_right() {
        // The catalogue of CRC algorithms gives the first three for "123456789".
        for (header, expected) in [
            ("x-amz-checksum-crc32", STANDARD.encode(0xCBF4_3926_u32.to_be_bytes())),
            ("X-Amz-Checksum-CRC32C", STANDARD.encode(0xE306_9283_u32.to_be_bytes())),
            ("x-amz-checksum-crc64nvme", STANDARD.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes())),
            ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=".to_owned()),
            ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=".to_owned()),
        ] {
            let mut checksum = Checksum::of_header(header).expect("known");
            checksum.update(b"12345");
            checksum.update(b"6789");
            let name = checksum.name;
            assert_eq!(checksum.finish(), expected, "{name}");
        }
        assert!(Checksum::of_header("x-amz-checksum-xxhash3").is_none());
    }
}

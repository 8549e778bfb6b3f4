//! The checksums that senders give of bodies, and that S3 keeps of objects and parts: computed, compared, put together.
//! Pure.
//!
//! Source: "Checking object integrity for data uploads in Amazon S3" in the S3 User Guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use md5::{Digest as _, Md5};
use model::{Error, ErrorShape, Result};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use xxhash_rust::xxh3::Xxh3;
use xxhash_rust::xxh64::Xxh64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Sha512,
    Md5,
    XxHash64,
    XxHash3,
    XxHash128,
}

/// What a checksum of several parts was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The bytes of the object.
    #[default]
    FullObject,
    /// The checksums of its parts.
    Composite,
}

/// As the object's headers state it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    pub algorithm: Algorithm,
    #[serde(default)]
    pub kind: Kind,
    /// In Base64; a composite one with `-` and the count of its parts behind.
    pub value: String,
}

/// What S3 computes for objects that come without a checksum.
pub const DEFAULT: Algorithm = Algorithm::Crc64Nvme;

const BAD_DIGEST: ErrorShape = ErrorShape::sender("BadDigest");
const INVALID_DIGEST: ErrorShape = ErrorShape::sender("InvalidDigest");
const INVALID_REQUEST: ErrorShape = ErrorShape::sender("InvalidRequest");

const ALL: [Algorithm; 10] = [
    Algorithm::Crc32,
    Algorithm::Crc32c,
    Algorithm::Crc64Nvme,
    Algorithm::Sha1,
    Algorithm::Sha256,
    Algorithm::Sha512,
    Algorithm::Md5,
    Algorithm::XxHash64,
    Algorithm::XxHash3,
    Algorithm::XxHash128,
];

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
            Algorithm::Md5 => "MD5",
            Algorithm::XxHash64 => "XXHASH64",
            Algorithm::XxHash3 => "XXHASH3",
            Algorithm::XxHash128 => "XXHASH128",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|it| it.name() == name)
    }

    /// `x-amz-checksum-crc32`
    pub fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    /// By the name of its header, in small letters.
    pub fn of_header(header: &str) -> Option<Self> {
        let name = header.strip_prefix("x-amz-checksum-")?;
        ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(name))
    }

    /// In bytes.
    pub fn length(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme | Algorithm::XxHash64 | Algorithm::XxHash3 => 8,
            Algorithm::Md5 | Algorithm::XxHash128 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }

    /// Whether the checksum of a whole can be made of those of its parts.
    fn combined(self) -> Option<CrcAlgorithm> {
        match self {
            Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1
            | Algorithm::Sha256
            | Algorithm::Sha512
            | Algorithm::Md5
            | Algorithm::XxHash64
            | Algorithm::XxHash3
            | Algorithm::XxHash128 => None,
        }
    }

    /// What the parts of an upload make if its creator does not say.
    pub fn usual_kind(self) -> Kind {
        if self == Algorithm::Crc64Nvme { Kind::FullObject } else { Kind::Composite }
    }

    /// CRC64NVME gives full-object checksums alone; what is no CRC gives composite ones alone.
    pub fn takes(self, kind: Kind) -> bool {
        match kind {
            Kind::FullObject => self.combined().is_some(),
            Kind::Composite => self != Algorithm::Crc64Nvme,
        }
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::FullObject => "FULL_OBJECT",
            Kind::Composite => "COMPOSITE",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Kind::FullObject, Kind::Composite].into_iter().find(|it| it.name() == name)
    }
}

/// A checksum under way.
pub struct Hasher {
    algorithm: Algorithm,
    state: State,
}

enum State {
    Crc(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Box<Sha512>),
    Md5(Md5),
    XxHash64(Box<Xxh64>),
    XxHash3(Box<Xxh3>),
}

impl Hasher {
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Crc64Nvme => {
                State::Crc(crc_fast::Digest::new(algorithm.combined().expect("it is a CRC")))
            }
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::new(Sha512::new())),
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::XxHash64 => State::XxHash64(Box::new(Xxh64::new(0))),
            Algorithm::XxHash3 | Algorithm::XxHash128 => State::XxHash3(Box::new(Xxh3::new())),
        };
        Self { algorithm, state }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(it) => it.update(bytes),
            State::Sha1(it) => it.update(bytes),
            State::Sha256(it) => it.update(bytes),
            State::Sha512(it) => it.update(bytes),
            State::Md5(it) => it.update(bytes),
            State::XxHash64(it) => it.update(bytes),
            State::XxHash3(it) => it.update(bytes),
        }
    }

    /// In Base64, the most significant byte first, as headers hold it.
    pub fn finish(self) -> Checksum {
        let algorithm = self.algorithm;
        let value = match self.state {
            State::Crc(it) => crc_text(algorithm, it.finalize()),
            State::Sha1(it) => BASE64.encode(it.finalize()),
            State::Sha256(it) => BASE64.encode(it.finalize()),
            State::Sha512(it) => BASE64.encode(it.finalize()),
            State::Md5(it) => BASE64.encode(it.finalize()),
            State::XxHash64(it) => BASE64.encode(it.digest().to_be_bytes()),
            State::XxHash3(it) if algorithm == Algorithm::XxHash3 => BASE64.encode(it.digest().to_be_bytes()),
            State::XxHash3(it) => BASE64.encode(it.digest128().to_be_bytes()),
        };
        Checksum { algorithm, kind: Kind::FullObject, value }
    }
}

/// The checksum of the checksums of parts: `…-3`.
pub fn composite<'p>(algorithm: Algorithm, parts: impl Iterator<Item = &'p str>) -> Checksum {
    let (mut hasher, mut count) = (Hasher::new(algorithm), 0);
    for part in parts {
        hasher.update(&BASE64.decode(part).expect("a checksum of ours is Base64"));
        count += 1;
    }
    let whole = hasher.finish();
    Checksum { kind: Kind::Composite, value: format!("{}-{count}", whole.value), ..whole }
}

/// The checksum of the parts' bytes, of (checksum, length) of each.
///
/// # Panics
/// If the algorithm does not [take](Algorithm::takes) that kind.
pub fn full<'p>(algorithm: Algorithm, parts: impl Iterator<Item = (&'p str, u64)>) -> Checksum {
    let crc = algorithm.combined().expect("the upload was checked when it was made");
    let mut whole = crc_fast::Digest::new(crc).finalize();
    for (part, length) in parts {
        let bytes = BASE64.decode(part).expect("a checksum of ours is Base64");
        let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        whole = crc_fast::checksum_combine(crc, whole, number, length);
    }
    Checksum { algorithm, kind: Kind::FullObject, value: crc_text(algorithm, whole) }
}

fn crc_text(algorithm: Algorithm, crc: u64) -> String {
    BASE64.encode(&crc.to_be_bytes()[8 - algorithm.length()..])
}

pub fn is_well_formed(algorithm: Algorithm, value: &str) -> bool {
    BASE64.decode(value).is_ok_and(|it| it.len() == algorithm.length())
}

pub fn invalid_value(algorithm: Algorithm) -> Error {
    INVALID_REQUEST.with(format!("Value for {} header is invalid.", algorithm.header()))
}

pub fn wrong(algorithm: Algorithm) -> Error {
    BAD_DIGEST.with(format!("The {} you specified did not match the calculated checksum.", algorithm.name()))
}

pub fn wrong_md5() -> Error {
    BAD_DIGEST.with("The Content-MD5 you specified did not match what we received.")
}

/// The 16 bytes of a Content-MD5.
pub fn read_md5(text: &str) -> Result<[u8; 16]> {
    let bytes = BASE64.decode(text).ok().and_then(|it| it.try_into().ok());
    bytes.ok_or_else(|| INVALID_DIGEST.with("The Content-MD5 you specified was invalid.").field("Content-MD5", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish().value
    }

    #[test]
    fn the_check_values_of_each_algorithm_are_right() {
        // The catalogue of CRC algorithms gives the first three for "123456789".
        for (algorithm, expected) in [
            (Algorithm::Crc32, BASE64.encode(0xCBF4_3926_u32.to_be_bytes())),
            (Algorithm::Crc32c, BASE64.encode(0xE306_9283_u32.to_be_bytes())),
            (Algorithm::Crc64Nvme, BASE64.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes())),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE=".to_owned()),
            (Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=".to_owned()),
            (Algorithm::Md5, "JfnnlDI7RTiF9RgfG2JNCw==".to_owned()),
        ] {
            assert_eq!(of(algorithm, b"123456789"), expected, "{}", algorithm.name());
        }
        for algorithm in ALL {
            assert!(is_well_formed(algorithm, &of(algorithm, b"x")), "{}", algorithm.name());
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::of_header(&algorithm.header()), Some(algorithm));
        }
    }

    #[test]
    fn a_whole_has_the_checksum_that_its_parts_make() {
        let whole: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts: Vec<(String, u64)> =
                whole.chunks(3_333).map(|it| (of(algorithm, it), it.len() as u64)).collect();
            let made = full(algorithm, parts.iter().map(|(value, length)| (value.as_str(), *length)));
            assert_eq!(made.value, of(algorithm, &whole), "{}", algorithm.name());
        }
    }

    #[test]
    fn a_composite_one_tells_how_many_parts_it_was_made_of() {
        let parts = [of(Algorithm::Sha256, b"a"), of(Algorithm::Sha256, b"b")];
        let made = composite(Algorithm::Sha256, parts.iter().map(String::as_str));
        assert!(made.value.ends_with("-2") && made.kind == Kind::Composite);
    }
}

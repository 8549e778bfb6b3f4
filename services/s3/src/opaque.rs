//! Version ids and upload ids: numbers in texts that say nothing, and that fit one key of one bucket alone.

use base64::Engine;
use base64::alphabet::Alphabet;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};
use md5::{Digest, Md5};
use std::sync::LazyLock;

/// As version ids of AWS look.
static ALPHABET: LazyLock<GeneralPurpose> = LazyLock::new(|| {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
    GeneralPurpose::new(&Alphabet::new(letters).expect("64 different letters"), NO_PAD)
});

/// Of all these texts.
const LENGTH: usize = 32;

/// What kind of number it is, so that no upload id is taken for a version id.
#[derive(Clone, Copy)]
pub enum Kind {
    Version,
    Upload,
}

/// What a text turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    Number(u64),
    /// It could be one, but not of this key.
    Foreign,
    Malformed,
}

pub fn seal(kind: Kind, bucket: u64, key: &str, number: u64) -> String {
    let seal = digest(kind, bucket, key, number);
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&seal);
    bytes[16..].copy_from_slice(&masked(number, &seal).to_be_bytes());
    ALPHABET.encode(bytes)
}

pub fn open(kind: Kind, bucket: u64, key: &str, text: &str) -> Opened {
    if text.len() != LENGTH {
        return Opened::Malformed;
    }
    let Ok(bytes) = ALPHABET.decode(text) else { return Opened::Malformed };
    let Ok(bytes): Result<[u8; 24], _> = bytes.try_into() else { return Opened::Malformed };
    let (seal, number) = bytes.split_at(16);
    let seal: [u8; 16] = seal.try_into().expect("16 of 24 bytes");
    let number = masked(u64::from_be_bytes(number.try_into().expect("8 of 24 bytes")), &seal);
    if digest(kind, bucket, key, number) == seal { Opened::Number(number) } else { Opened::Foreign }
}

fn masked(number: u64, seal: &[u8; 16]) -> u64 {
    number ^ u64::from_be_bytes(*seal.first_chunk().expect("8 of 16 bytes"))
}

fn digest(kind: Kind, bucket: u64, key: &str, number: u64) -> [u8; 16] {
    let mut hash = Md5::new();
    hash.update([kind as u8]);
    hash.update(bucket.to_be_bytes());
    hash.update(number.to_be_bytes());
    hash.update(key);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_for_its_own_key_alone() {
        let text = seal(Kind::Version, 3, "a/b", 17);
        assert_eq!(text.len(), LENGTH);
        assert_eq!(open(Kind::Version, 3, "a/b", &text), Opened::Number(17));
        assert_eq!(open(Kind::Version, 3, "a/c", &text), Opened::Foreign);
        assert_eq!(open(Kind::Version, 4, "a/b", &text), Opened::Foreign);
        assert_eq!(open(Kind::Upload, 3, "a/b", &text), Opened::Foreign);
        for malformed in ["", "null", "é", &text[1..], &format!("{}!", &text[1..])] {
            assert_eq!(open(Kind::Version, 3, "a/b", malformed), Opened::Malformed, "{malformed}");
        }
    }
}

//! Encryption at rest: small things under a key, and bodies of any length in segments, of which each can be read by
//! itself. Pure: whoever calls brings keys and randomness.
//!
//! AES-256-GCM throughout. A body has a key of its own, so the number of a segment is nonce enough; a bit of it marks the
//! last segment, so that a body that was cut short does not open.

mod body;
mod layers;

pub use layers::{Keys, Opening, Seal};

use body::{Sealer, Segments, sealed_length};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// What is added to each sealed piece.
pub const TAG_BYTES: usize = 16;
pub const KEY_BYTES: usize = 32;
pub const NONCE_BYTES: usize = NONCE_LEN;

pub struct Key(LessSafeKey);

impl Key {
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("the key has its length")))
    }

    /// `nonce`, and `data` sealed. The same nonce must never be used twice with a key; random ones are good for 2³²
    /// times. `context` is not in the result and must be the same to open it.
    pub fn seal(&self, nonce: [u8; NONCE_BYTES], data: &[u8], context: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(NONCE_BYTES + data.len() + TAG_BYTES);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(data);
        let tag = self.seal_in_place(nonce, context, &mut out[NONCE_BYTES..]);
        out.extend_from_slice(&tag);
        out
    }

    /// None: it was sealed with another key or context, or is not what was sealed.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, data) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let mut data = data.to_vec();
        let length = self.open_in_place(*nonce, context, &mut data)?;
        data.truncate(length);
        Some(data)
    }

    fn seal_in_place(&self, nonce: [u8; NONCE_BYTES], context: &[u8], data: &mut [u8]) -> [u8; TAG_BYTES] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(context), data);
        tag.expect("a piece is far below the cipher's limit").as_ref().try_into().expect("a tag has its length")
    }

    /// The length of what stands at the beginning of `sealed` then.
    fn open_in_place(&self, nonce: [u8; NONCE_BYTES], context: &[u8], sealed: &mut [u8]) -> Option<usize> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(context), sealed).ok().map(|it| it.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_what_was_sealed() {
        let (key, other) = (Key::new(&[1; 32]), Key::new(&[2; 32]));
        let sealed = key.seal([7; 12], b"a data key", b"context");
        assert_eq!(key.open(&sealed, b"context").as_deref(), Some(b"a data key".as_slice()));
        assert!(key.open(&sealed, b"another").is_none());
        assert!(other.open(&sealed, b"context").is_none());
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(key.open(&broken, b"context").is_none(), "byte {at}");
            assert!(key.open(&sealed[..at], b"context").is_none(), "the first {at} bytes");
        }
    }
}

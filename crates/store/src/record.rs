//! Records on disk: MessagePack with field names, so that an optional field can be added without a migration.
//!
//! `benches/records.rs` compares it with CBOR, which takes the same room and longer to write. A `Vec<u8>` field needs
//! `serde_bytes` or is written number by number, as serde does with all vectors.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most records are smaller: they are written without growing the buffer.
const USUAL_BYTES: usize = 512;

/// # Panics
/// If the type cannot be written at all (a map without a length): a programmer's error.
pub(crate) fn encode<V: Serialize>(value: &V) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    rmp_serde::encode::write_named(&mut bytes, value).expect("records are plain data");
    bytes
}

/// # Panics
/// If the row was written by an incompatible type. The call that asked ends, and nothing else does.
pub(crate) fn decode<V: DeserializeOwned>(bytes: &[u8], table: &str) -> V {
    match rmp_serde::from_slice(bytes) {
        Ok(it) => it,
        Err(error) => panic!("a row of {table} cannot be read: {error}"),
    }
}

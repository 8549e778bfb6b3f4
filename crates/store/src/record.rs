//! Records on disk: MessagePack with field names, so that an optional field can be added without a migration.
//!
//! `benches/records.rs` compares it with CBOR.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// # Panics
/// If the type cannot be written at all (a map without a length): a programmer's error.
pub(crate) fn encode<V: Serialize>(value: &V) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("records are plain data")
}

/// # Panics
/// If the row was written by an incompatible type. The call that asked ends, and nothing else does.
pub(crate) fn decode<V: DeserializeOwned>(bytes: &[u8], table: &str) -> V {
    match rmp_serde::from_slice(bytes) {
        Ok(it) => it,
        Err(error) => panic!("a row of {table} cannot be read: {error}"),
    }
}

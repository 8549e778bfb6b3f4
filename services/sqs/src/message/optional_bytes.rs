//! The record of optional bytes: as bytes, where a list of numbers would take twice the room.

use serde::{Deserialize, Deserializer, Serializer, de};
use std::fmt;

pub fn serialize<S: Serializer>(it: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    match it {
        Some(bytes) => to.serialize_bytes(bytes),
        None => to.serialize_none(),
    }
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    Ok(Option::<Bytes>::deserialize(from)?.map(|it| it.0))
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        struct Visit;
        impl de::Visitor<'_> for Visit {
            type Value = Bytes;

            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, it: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(it.to_vec()))
            }
        }
        from.deserialize_bytes(Visit)
    }
}

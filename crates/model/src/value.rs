//! Values of any modelled shape: what the codecs read and write, and what the door checks.

use bytes::Bytes;

/// Milliseconds since 1970-01-01T00:00:00Z. Finer fractions are dropped, as AWS does in its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A value of a shape. Numbers keep the widest form; the shape says which of them it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// An element of a sparse list or map, or `null` inside a document.
    #[default]
    Null,
    Bool(bool),
    /// byte, short, integer, long.
    Integer(i64),
    /// float, double; also NaN and the infinities.
    Float(f64),
    String(String),
    Blob(Bytes),
    Timestamp(Timestamp),
    List(Vec<Value>),
    /// In the order received; keys are unique.
    Map(Vec<(String, Value)>),
    /// Only members that are present, named as in the model. Also unions: exactly one member.
    Structure(Vec<(&'static str, Value)>),
    /// In an answer: JSON that its maker wrote, of the shape that belongs there. The JSON codec copies it; for everybody
    /// else [`crate::wire::plain`] reads it.
    Json(Bytes),
}

impl Value {
    /// The member of a structure, or the entry of a map.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Structure(members) => members.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
            Value::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

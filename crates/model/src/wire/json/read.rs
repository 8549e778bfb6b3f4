//! JSON → values, straight from the bytes.
//!
//! `serde_json` refuses nesting beyond 128 levels and skips unknown members without recursion, so depth is bounded.

use std::cell::RefCell;
use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::shape::{Kind, Member, Service, ShapeId, Structure};
use crate::value::Value;
use crate::wire::{Decoded, Part, Problem, timestamp, unique_keys};

/// Padding is optional, as it is for AWS.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads a value of the shape. Members that the shape does not know are skipped; nulls are absent members.
pub fn read(service: &Service, shape: ShapeId, json: &[u8]) -> Result<Value, String> {
    read_body(service, shape, json, Part::Whole).map_err(|problem| problem.0)
}

/// Free JSON as a value without a shape.
pub fn document_from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(it) => Value::Bool(*it),
        serde_json::Value::Number(it) => match it.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(it) => Value::String(it.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(document_from_json).collect()),
        serde_json::Value::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), document_from_json(value))).collect())
        }
    }
}

/// The same, for the members alone that stand in the body.
pub(crate) fn read_body(service: &Service, shape: ShapeId, json: &[u8], part: Part) -> Decoded<Value> {
    let problem = RefCell::new(None);
    let seed = Seed { service, kind: &service.shape(shape).kind, sparse: false, part, problem: &problem };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let result = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match result {
        Ok(Value::Null) if !matches!(service.shape(shape).kind, Kind::Document) => {
            Err(Problem::new("Expected a value"))
        }
        Ok(value) => Ok(value),
        Err(error) => Err(problem.into_inner().unwrap_or_else(|| Problem(error.to_string()))),
    }
}

/// Reads one value of a kind.
#[derive(Clone, Copy)]
struct Seed<'a> {
    service: &'a Service,
    kind: &'a Kind,
    sparse: bool,
    part: Part,
    /// The first mismatch in AWS's words: `serde_json` would add a position to them.
    problem: &'a RefCell<Option<Problem>>,
}

impl<'a> Seed<'a> {
    fn of(self, member: &Member) -> Seed<'a> {
        let shape = self.service.shape(member.shape);
        Seed { kind: &shape.kind, sparse: shape.sparse, part: Part::Whole, ..self }
    }

    fn fail<T, E: serde::de::Error>(&self, message: impl Into<String>) -> Result<T, E> {
        *self.problem.borrow_mut() = Some(Problem(message.into()));
        Err(E::custom("mismatch"))
    }

    fn mismatch<E: serde::de::Error>(&self, found: &str) -> Result<Value, E> {
        self.fail(format!("{found} cannot be converted to {}", java_name(self.kind)))
    }

    fn text<E: serde::de::Error>(&self, text: &str) -> Result<Value, E> {
        match self.kind {
            Kind::Blob => match BASE64.decode(text) {
                Ok(bytes) => Ok(Value::Blob(Bytes::from(bytes))),
                Err(_) => self.fail("Invalid base64 in a binary value"),
            },
            Kind::Timestamp => match timestamp::read(text) {
                Ok(timestamp) => Ok(Value::Timestamp(timestamp)),
                Err(problem) => self.fail(problem.0),
            },
            Kind::Float | Kind::Double => match text {
                "NaN" => Ok(Value::Float(f64::NAN)),
                "Infinity" => Ok(Value::Float(f64::INFINITY)),
                "-Infinity" => Ok(Value::Float(f64::NEG_INFINITY)),
                _ => self.mismatch("STRING_VALUE"),
            },
            Kind::String | Kind::Enum(_) | Kind::Document => Ok(Value::String(text.to_owned())),
            Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_) => self.fail("Unexpected field type"),
            Kind::Bool | Kind::Integer | Kind::Long => self.mismatch("STRING_VALUE"),
        }
    }
}

fn java_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::String | Kind::Enum(_) => "String",
        Kind::Bool => "Boolean",
        Kind::Integer => "Integer",
        Kind::Long => "Long",
        Kind::Float => "Float",
        Kind::Double => "Double",
        Kind::Blob => "Blob",
        Kind::Timestamp => "Timestamp",
        Kind::Document => "Document",
        Kind::List { .. } => "List",
        Kind::Map { .. } => "Map",
        Kind::Structure(_) => "Structure",
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(java_name(self.kind))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        match self.kind {
            Kind::Bool | Kind::Document => Ok(Value::Bool(value)),
            _ => self.mismatch(if value { "TRUE_VALUE" } else { "FALSE_VALUE" }),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        match self.kind {
            Kind::Integer if i32::try_from(value).is_err() => self.mismatch("NUMBER_VALUE"),
            Kind::Integer | Kind::Long | Kind::Document => Ok(Value::Integer(value)),
            Kind::Float | Kind::Double => Ok(Value::Float(value as f64)),
            Kind::Timestamp => self.visit_f64(value as f64),
            _ => self.mismatch("NUMBER_VALUE"),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        match self.kind {
            Kind::Float | Kind::Double | Kind::Document => Ok(Value::Float(value)),
            Kind::Timestamp => match timestamp::from_seconds(value) {
                Some(timestamp) => Ok(Value::Timestamp(timestamp)),
                None => self.mismatch("NUMBER_VALUE"),
            },
            // 1.0 and 1e3 are integers too.
            Kind::Integer if value.fract() == 0.0 && value.abs() < 2_147_483_648.0 => Ok(Value::Integer(value as i64)),
            Kind::Long if value.fract() == 0.0 && value.abs() < 9e18 => Ok(Value::Integer(value as i64)),
            _ => self.mismatch("NUMBER_VALUE"),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let seed = match self.kind {
            Kind::List { member } => self.of(member),
            Kind::Document => self,
            _ => return self.fail("Start of list found where not expected"),
        };
        let keep_nulls = self.sparse || matches!(self.kind, Kind::Document);
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(seed)? {
            if value != Value::Null || keep_nulls {
                list.push(value);
            }
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        match self.kind {
            Kind::Structure(structure) => self.structure(structure, map),
            Kind::Map { value, .. } => self.entries(self.of(value), self.sparse, map),
            Kind::Document => self.entries(self, true, map),
            _ => self.fail("Start of structure or map found where not expected."),
        }
    }
}

impl Seed<'_> {
    fn structure<'de, A: MapAccess<'de>>(self, structure: &Structure, mut map: A) -> Result<Value, A::Error> {
        let mut members: Vec<(&'static str, Value)> = Vec::with_capacity(structure.members.len().min(8));
        let mut next = 0;
        while let Some(found) = map.next_key_seed(Key { structure, next })? {
            let Some(index) = found.filter(|index| self.reads(&structure.members[*index])) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let member = &structure.members[index];
            next = index + 1;
            let value = map.next_value_seed(self.of(member))?;
            if value == Value::Null {
                continue;
            }
            match members.iter_mut().find(|(name, _)| std::ptr::eq(*name, member.name)) {
                Some(slot) => slot.1 = value,
                None => members.push((member.name, value)),
            }
        }
        if structure.union && members.len() > 1 {
            return self.fail("A union has exactly one member");
        }
        Ok(Value::Structure(members))
    }

    fn reads(&self, member: &Member) -> bool {
        self.part.holds(member.location)
    }

    fn entries<'de, A: MapAccess<'de>>(self, seed: Seed, keep_nulls: bool, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(seed)?;
            if value != Value::Null || keep_nulls {
                entries.push((key, value));
            }
        }
        Ok(Value::Map(unique_keys(entries)))
    }
}

/// Finds a member by its name on the wire. Senders keep the model's order, so the search begins after the last found.
struct Key<'a> {
    structure: &'a Structure,
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a member's name")
    }
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let members = &self.structure.members;
        let is = |index: &usize| members[*index].wire.name.unwrap_or(members[*index].name) == key;
        Ok((self.next..members.len()).find(is).or_else(|| (0..self.next).find(is)))
    }
}

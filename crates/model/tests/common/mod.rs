//! What several tests of this crate need.
#![allow(dead_code, reason = "each test uses a part")]

use model::shape::{Kind, Member, Service, ShapeId};
use model::{Timestamp, Value};

/// Only the order of members and entries differs between equal values.
pub fn normal(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(normal).collect()),
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), normal(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(entries)
        }
        Value::Structure(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (*name, normal(value))).collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Structure(members)
        }
        other => other.clone(),
    }
}

/// NaN equals NaN here.
pub fn same(a: &Value, b: &Value) -> bool {
    format!("{:?}", normal(a)) == format!("{:?}", normal(b))
}

/// A value as the protocol cases write it: blobs as text, timestamps in seconds, odd floats by name.
pub fn from_case(service: &Service, shape: ShapeId, json: &serde_json::Value) -> Value {
    match (&service.shape(shape).kind, json) {
        (_, serde_json::Value::Null) => Value::Null,
        (Kind::Structure(structure), serde_json::Value::Object(given)) => {
            let member = |name: &str| structure.member(name).unwrap_or_else(|| panic!("no member {name}"));
            let value = |(name, json): (&String, &serde_json::Value)| {
                let member = member(name);
                (member.name, member_from_case(service, member, json))
            };
            Value::Structure(given.iter().map(value).filter(|(_, value)| *value != Value::Null).collect())
        }
        (Kind::List { member }, serde_json::Value::Array(items)) => {
            Value::List(items.iter().map(|item| member_from_case(service, member, item)).collect())
        }
        (Kind::Map { value, .. }, serde_json::Value::Object(given)) => {
            Value::Map(given.iter().map(|(key, item)| (key.clone(), member_from_case(service, value, item))).collect())
        }
        (Kind::Blob, serde_json::Value::String(text)) => Value::Blob(text.clone().into()),
        (Kind::Timestamp, serde_json::Value::Number(number)) => {
            Value::Timestamp(Timestamp((number.as_f64().expect("a number") * 1000.0).round() as i64))
        }
        (Kind::Float | Kind::Double, serde_json::Value::String(text)) => Value::Float(text.parse().expect("a float")),
        (Kind::Float | Kind::Double, number) => Value::Float(number.as_f64().expect("a number")),
        (_, json) => model::wire::document_from_json(json),
    }
}

fn member_from_case(service: &Service, member: &Member, json: &serde_json::Value) -> Value {
    if member.jsonvalue && !json.is_string() {
        return Value::String(json.to_string());
    }
    from_case(service, member.shape, json)
}

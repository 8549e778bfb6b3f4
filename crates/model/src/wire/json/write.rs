//! Values → JSON, straight into the body.

use base64::Engine as _;

use super::read::{BASE64, read};
use crate::shape::{Kind, Member, Service, ShapeId, Structure, TimestampFormat};
use crate::value::Value;
use crate::wire::Part;
use crate::wire::timestamp::format_timestamp;

/// Writes a value of the shape.
pub fn write(service: &Service, shape: ShapeId, value: &Value, out: &mut Vec<u8>) {
    write_shape(service, shape, None, value, out);
}

/// Writes the members alone that stand in the body.
pub(crate) fn write_body(service: &Service, shape: ShapeId, value: &Value, out: &mut Vec<u8>, part: Part) {
    match (&service.shape(shape).kind, value) {
        (Kind::Structure(structure), Value::Structure(members)) => {
            write_structure(service, structure, members, out, |member| part.holds(member.location));
        }
        _ => write(service, shape, value, out),
    }
}

/// A value without a shape as free JSON.
pub fn document_to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(it) => (*it).into(),
        Value::Integer(it) => (*it).into(),
        Value::Float(it) => (*it).into(),
        Value::String(it) => it.as_str().into(),
        Value::Blob(it) => BASE64.encode(it).into(),
        Value::Timestamp(it) => (it.0 as f64 / 1000.0).into(),
        Value::List(items) => items.iter().map(document_to_json).collect(),
        Value::Map(entries) => {
            serde_json::Value::Object(entries.iter().map(|(key, it)| (key.clone(), document_to_json(it))).collect())
        }
        Value::Structure(members) => serde_json::Value::Object(
            members.iter().map(|(key, it)| ((*key).to_owned(), document_to_json(it))).collect(),
        ),
        Value::Json(it) => serde_json::from_slice(it).expect("it was written as JSON"),
    }
}

/// A text with its quotes. Most have nothing to be escaped, which a look at whole words of bytes tells at once.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    let is_escaped = |it: &u8| *it < 0x20 || *it == b'"' || *it == b'\\';
    if text.as_bytes().iter().fold(false, |any, it| any | is_escaped(it)) {
        return serde_json::to_writer(out, text).expect("a vector takes all");
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Bytes in base64, with quotes.
pub fn write_blob(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = BASE64.encode_slice(bytes, &mut out[start..]).expect("the room is four thirds");
    out.truncate(start + written);
    out.push(b'"');
}

/// What a value that holds JSON somewhere says, without it: for whoever looks into an answer.
pub fn plain(service: &Service, shape: ShapeId, value: Value) -> Value {
    match (value, &service.shape(shape).kind) {
        (Value::Json(it), _) => read(service, shape, &it).expect("it was written for this shape"),
        (Value::Structure(mut members), Kind::Structure(structure)) => {
            let mut next = 0;
            for (name, value) in &mut members {
                let Some(member) = structure.find(name, &mut next) else { continue };
                *value = plain(service, member.shape, std::mem::take(value));
            }
            Value::Structure(members)
        }
        (Value::List(items), Kind::List { member }) => {
            Value::List(items.into_iter().map(|it| plain(service, member.shape, it)).collect())
        }
        (Value::Map(entries), Kind::Map { value: member, .. }) => {
            Value::Map(entries.into_iter().map(|(key, it)| (key, plain(service, member.shape, it))).collect())
        }
        (other, _) => other,
    }
}

fn write_shape(service: &Service, id: ShapeId, format: Option<TimestampFormat>, value: &Value, out: &mut Vec<u8>) {
    match (value, &service.shape(id).kind) {
        (Value::Structure(members), Kind::Structure(structure)) => {
            write_structure(service, structure, members, out, |_| true);
        }
        (Value::List(items), Kind::List { member }) => {
            list(items, out, |item, out| write_member(service, member, item, out));
        }
        (Value::Map(entries), Kind::Map { value, .. }) => {
            let entries = entries.iter().map(|(key, it)| (key.as_str(), it));
            map(entries, out, |item, out| write_member(service, value, item, out));
        }
        (Value::Timestamp(_), _) => {
            let format = format.or(service.shape(id).wire.timestamp_format);
            write_scalar(value, format.unwrap_or(TimestampFormat::UnixTimestamp), out);
        }
        _ => write_free(value, out),
    }
}

fn write_member(service: &Service, member: &Member, value: &Value, out: &mut Vec<u8>) {
    write_shape(service, member.shape, member.wire.timestamp_format, value, out);
}

fn write_structure(
    service: &Service,
    structure: &Structure,
    members: &[(&'static str, Value)],
    out: &mut Vec<u8>,
    stands_here: impl Fn(&Member) -> bool,
) {
    out.push(b'{');
    let empty = out.len();
    let mut next = 0;
    for (name, value) in members {
        let Some(member) = structure.find(name, &mut next).filter(|member| stands_here(member)) else { continue };
        if *value == Value::Null {
            continue;
        }
        if out.len() > empty {
            out.push(b',');
        }
        write_text(member.wire.name.unwrap_or(member.name), out);
        out.push(b':');
        write_member(service, member, value, out);
    }
    out.push(b'}');
}

/// A value without a shape.
pub fn write_free(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::List(items) => list(items, out, write_free),
        Value::Map(entries) => map(entries.iter().map(|(key, it)| (key.as_str(), it)), out, write_free),
        Value::Structure(members) => map(members.iter().map(|(name, it)| (*name, it)), out, write_free),
        Value::Json(it) => out.extend_from_slice(it),
        _ => write_scalar(value, TimestampFormat::UnixTimestamp, out),
    }
}

fn list(items: &[Value], out: &mut Vec<u8>, mut write: impl FnMut(&Value, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

fn map<'v>(
    entries: impl Iterator<Item = (&'v str, &'v Value)>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(&Value, &mut Vec<u8>),
) {
    out.push(b'{');
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

fn write_scalar(value: &Value, format: TimestampFormat, out: &mut Vec<u8>) {
    match value {
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Integer(it) => serde_json::to_writer(out, it).expect("a vector takes all"),
        Value::Float(it) if it.is_finite() => serde_json::to_writer(out, it).expect("a vector takes all"),
        Value::Float(it) => write_text(float_name(*it), out),
        Value::String(it) => write_text(it, out),
        Value::Blob(it) => write_blob(it, out),
        Value::Timestamp(it) if format == TimestampFormat::UnixTimestamp => {
            out.extend_from_slice(format_timestamp(*it, format).as_bytes());
        }
        Value::Timestamp(it) => write_text(&format_timestamp(*it, format), out),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Structure(_) | Value::Json(_) => {
            out.extend_from_slice(b"null");
        }
    }
}

/// The names that JSON and XML give to the floats that are no numbers.
pub(crate) fn float_name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

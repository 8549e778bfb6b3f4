//! Values → XML.

use base64::Engine as _;

use super::{element_name, flattened_name};
use crate::shape::{Kind, Member, Service, ShapeId, Structure, TimestampFormat, Wire};
use crate::value::Value;
use crate::wire::Names;
use crate::wire::json::{BASE64, float_name, plain};
use crate::wire::timestamp::{format_timestamp, iso8601};

pub(crate) struct Writer<'a> {
    service: &'a Service,
    names: Names,
    /// S3 and EC2 print `.000Z` even where there are no milliseconds.
    always_millis: bool,
    pub(crate) out: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(service: &'a Service, names: Names, always_millis: bool) -> Self {
        Writer { service, names, always_millis, out: Vec::with_capacity(512) }
    }

    pub(crate) fn declaration(&mut self) {
        self.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    pub(crate) fn open(&mut self, name: &str, namespace: Option<&str>) {
        self.raw("<");
        self.raw(name);
        if let Some(uri) = namespace {
            self.attribute("xmlns", uri);
        }
        self.raw(">");
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.raw("</");
        self.raw(name);
        self.raw(">");
    }

    pub(crate) fn text_element(&mut self, name: &str, text: &str) {
        self.open(name, None);
        self.text(text);
        self.close(name);
    }

    /// An element with the value of a shape. `wire` states the namespace.
    pub(crate) fn element(&mut self, name: &str, wire: &Wire, shape: ShapeId, value: &Value) {
        self.start(name, wire, shape, value);
        let open = self.out.len();
        self.raw(">");
        self.content(shape, wire.timestamp_format, value);
        if self.out.len() == open + 1 {
            self.out.truncate(open);
            self.raw("/>");
        } else {
            self.close(name);
        }
    }

    /// The start of such an element: namespace and attributes too.
    pub(crate) fn open_for(&mut self, name: &str, wire: &Wire, shape: ShapeId, value: &Value) {
        self.start(name, wire, shape, value);
        self.raw(">");
    }

    fn start(&mut self, name: &str, wire: &Wire, shape: ShapeId, value: &Value) {
        self.raw("<");
        self.raw(name);
        if let Some((uri, prefix)) = wire.xml_namespace {
            match prefix {
                Some(prefix) => self.attribute(&format!("xmlns:{prefix}"), uri),
                None => self.attribute("xmlns", uri),
            }
        }
        self.attributes(shape, value);
    }

    /// The members of a structure that are elements, all of them or those that `stands_here` names.
    pub(crate) fn members(
        &mut self,
        structure: &Structure,
        members: &[(&'static str, Value)],
        stands_here: impl Fn(&Member) -> bool,
    ) {
        let mut next = 0;
        for (name, value) in members {
            let Some(member) = structure.find(name, &mut next) else { continue };
            if *value != Value::Null && !member.wire.xml_attribute && stands_here(member) {
                self.member(member, value);
            }
        }
    }

    fn member(&mut self, member: &Member, value: &Value) {
        let service = self.service;
        match (value, &service.shape(member.shape).kind) {
            (Value::List(items), Kind::List { member: item }) if member.wire.flattened => {
                let name = flattened_name(service, self.names, member);
                items.iter().for_each(|value| self.element(name, &item.wire, item.shape, value));
            }
            (Value::Map(entries), Kind::Map { key, value }) if member.wire.flattened => {
                let name = flattened_name(service, self.names, member);
                entries.iter().for_each(|entry| self.entry(name, key, value, entry));
            }
            _ => self.element(element_name(service, self.names, member), &member.wire, member.shape, value),
        }
    }

    fn content(&mut self, shape: ShapeId, format: Option<TimestampFormat>, value: &Value) {
        let service = self.service;
        match (value, &service.shape(shape).kind) {
            (Value::Structure(members), Kind::Structure(structure)) => self.members(structure, members, |_| true),
            (Value::List(items), Kind::List { member }) => {
                let name = self.names.of(&member.wire).unwrap_or("member");
                items.iter().for_each(|item| self.element(name, &member.wire, member.shape, item));
            }
            (Value::Map(entries), Kind::Map { key, value }) => {
                entries.iter().for_each(|entry| self.entry("entry", key, value, entry));
            }
            (Value::Json(_), _) => self.content(shape, format, &plain(service, shape, value.clone())),
            (Value::Timestamp(it), _)
                if self.always_millis && matches!(format, None | Some(TimestampFormat::Iso8601)) =>
            {
                self.raw(&iso8601(*it, true));
            }
            _ => {
                let text = scalar_text(value, format.unwrap_or(TimestampFormat::Iso8601));
                self.text(&text);
            }
        }
    }

    fn entry(&mut self, name: &str, key: &Member, value: &Member, entry: &(String, Value)) {
        self.open(name, None);
        let key_value = Value::String(entry.0.clone());
        self.element(self.names.of(&key.wire).unwrap_or("key"), &key.wire, key.shape, &key_value);
        self.element(self.names.of(&value.wire).unwrap_or("value"), &value.wire, value.shape, &entry.1);
        self.close(name);
    }

    fn attributes(&mut self, shape: ShapeId, value: &Value) {
        let (Value::Structure(members), Some(structure)) = (value, self.service.structure(shape)) else { return };
        let mut next = 0;
        for (name, value) in members {
            let Some(member) = structure.find(name, &mut next) else { continue };
            if member.wire.xml_attribute {
                let text = scalar_text(value, TimestampFormat::Iso8601);
                self.attribute(self.names.of(&member.wire).unwrap_or(member.name), &text);
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.raw(" ");
        self.raw(name);
        self.raw("=\"");
        self.text(value);
        self.raw("\"");
    }

    pub(crate) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Escapes what XML would take for markup, and line ends that a parser would change.
    pub(crate) fn text(&mut self, text: &str) {
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escape = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\r' => "&#xD;",
                b'\n' => "&#xA;",
                b'\t' => "&#x9;",
                _ => continue,
            };
            self.raw(&text[from..at]);
            self.raw(escape);
            from = at + 1;
        }
        self.raw(&text[from..]);
    }
}

/// A scalar as XML, forms, headers and queries print it.
pub(crate) fn scalar_text(value: &Value, format: TimestampFormat) -> std::borrow::Cow<'_, str> {
    match value {
        Value::String(it) => it.as_str().into(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Integer(it) => it.to_string().into(),
        Value::Float(it) if it.is_finite() => serde_json::Number::from_f64(*it).expect("finite").to_string().into(),
        Value::Float(it) => float_name(*it).into(),
        Value::Blob(it) => BASE64.encode(it).into(),
        Value::Timestamp(it) => format_timestamp(*it, format).into(),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Structure(_) | Value::Json(_) => "".into(),
    }
}

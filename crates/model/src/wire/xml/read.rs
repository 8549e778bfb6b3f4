//! XML → values, event by event.

use base64::Engine as _;
use bytes::Bytes;
use quick_xml::Reader as Events;
use quick_xml::events::{BytesStart, Event};

use super::{element_name, flattened_name};
use crate::shape::{Kind, Member, Service, ShapeId, Structure};
use crate::value::Value;
use crate::wire::json::BASE64;
use crate::wire::{Decoded, MAX_DEPTH, Names, Problem, timestamp, unique_keys};

pub(crate) struct Reader<'a, 'x> {
    service: &'a Service,
    names: Names,
    events: Events<&'x [u8]>,
    depth: usize,
    has_root: bool,
}

impl<'a, 'x> Reader<'a, 'x> {
    pub(crate) fn new(service: &'a Service, names: Names, xml: &'x [u8]) -> Decoded<Self> {
        let xml = std::str::from_utf8(xml).map_err(|_| Problem::new("The XML is not UTF-8"))?;
        let mut events = Events::from_str(xml);
        events.config_mut().expand_empty_elements = true;
        Ok(Reader { service, names, events, depth: 0, has_root: false })
    }

    /// The next element within the current one; none when the current one ends.
    pub(crate) fn child(&mut self) -> Decoded<Option<BytesStart<'x>>> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.has_root = true;
                    return Ok(Some(start));
                }
                Event::End(_) => return Ok(None),
                Event::Eof if !self.has_root => return Ok(None),
                Event::Eof => return Err(Problem::new("The XML ends within an element")),
                _ => {}
            }
        }
    }

    pub(crate) fn skip(&mut self, start: &BytesStart) -> Decoded<()> {
        let end = start.to_end().into_owned();
        self.events.read_to_end(end.name()).map(drop).map_err(malformed)
    }

    /// The value of an element that has just begun; its end is taken too.
    pub(crate) fn value(&mut self, start: &BytesStart, shape: ShapeId) -> Decoded<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::new("The XML is nested too deep"));
        }
        let service = self.service;
        let value = match &service.shape(shape).kind {
            Kind::Structure(structure) => self.structure(start, structure)?,
            Kind::List { member } => self.list(member)?,
            Kind::Map { key, value } => self.map(key, value)?,
            kind => scalar(kind, &self.text()?)?,
        };
        self.depth -= 1;
        Ok(value)
    }

    pub(crate) fn structure(&mut self, start: &BytesStart, structure: &Structure) -> Decoded<Value> {
        let mut members = self.attributes(start, structure)?;
        let mut next = 0;
        while let Some(start) = self.child()? {
            let Some(index) = self.find(structure, &start, next) else {
                self.skip(&start)?;
                continue;
            };
            next = index;
            let member = &structure.members[index];
            let value = self.member(&start, member, &mut members)?;
            put(&mut members, member.name, value);
        }
        Ok(Value::Structure(finish_maps(members)))
    }

    /// The text of the current element, to its end.
    pub(crate) fn text(&mut self) -> Decoded<String> {
        let mut text = String::new();
        loop {
            match self.event()? {
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(reference) => text.push(resolve(&reference)?),
                Event::End(_) => return Ok(text),
                Event::Eof => return Err(Problem::new("The XML ends within an element")),
                Event::Start(_) => return Err(Problem::new("An element stands where text is expected")),
                _ => {}
            }
        }
    }

    fn find(&self, structure: &Structure, start: &BytesStart, from: usize) -> Option<usize> {
        let name = start.local_name();
        let is = |index: &usize| {
            let member = &structure.members[*index];
            let expected = element_name(self.service, self.names, member);
            let local = expected.rsplit(':').next().unwrap_or(expected);
            !member.wire.xml_attribute && local == name.as_ref()
        };
        (from..structure.members.len()).find(is).or_else(|| (0..from).find(is))
    }

    /// A flattened list or map comes one item at a time; what came before is taken out of `members` and put back longer.
    fn member(&mut self, start: &BytesStart, member: &Member, members: &mut [(&str, Value)]) -> Decoded<Value> {
        let service = self.service;
        let shape = service.shape(member.shape);
        if !member.wire.flattened {
            return self.value(start, member.shape);
        }
        let before = members.iter_mut().find(|(name, _)| *name == member.name).map(|(_, value)| value);
        debug_assert_eq!(element_name(service, self.names, member), flattened_name(service, self.names, member));
        match &shape.kind {
            Kind::List { member: item } => {
                let mut items = match before.map(|value| std::mem::replace(value, Value::Null)) {
                    Some(Value::List(items)) => items,
                    _ => Vec::new(),
                };
                items.push(self.value(start, item.shape)?);
                Ok(Value::List(items))
            }
            Kind::Map { key, value } => {
                let mut entries = match before.map(|value| std::mem::replace(value, Value::Null)) {
                    Some(Value::Map(entries)) => entries,
                    _ => Vec::new(),
                };
                entries.extend(self.entry(key, value)?);
                Ok(Value::Map(entries))
            }
            _ => self.value(start, member.shape),
        }
    }

    fn list(&mut self, member: &Member) -> Decoded<Value> {
        let mut items = Vec::new();
        while let Some(start) = self.child()? {
            items.push(self.value(&start, member.shape)?);
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, key: &Member, value: &Member) -> Decoded<Value> {
        let mut entries = Vec::new();
        while self.child()?.is_some() {
            entries.extend(self.entry(key, value)?);
        }
        Ok(Value::Map(unique_keys(entries)))
    }

    fn entry(&mut self, key: &Member, value: &Member) -> Decoded<Option<(String, Value)>> {
        let key_name = self.names.of(&key.wire).unwrap_or("key");
        let value_name = self.names.of(&value.wire).unwrap_or("value");
        let (mut found_key, mut found_value) = (None, None);
        while let Some(start) = self.child()? {
            if start.local_name().as_ref() == key_name {
                found_key = Some(self.text()?);
            } else if start.local_name().as_ref() == value_name {
                found_value = Some(self.value(&start, value.shape)?);
            } else {
                self.skip(&start)?;
            }
        }
        Ok(found_key.zip(found_value))
    }

    fn attributes(&self, start: &BytesStart, structure: &Structure) -> Decoded<Vec<(&'static str, Value)>> {
        let mut found = Vec::new();
        for member in structure.members.iter().filter(|member| member.wire.xml_attribute) {
            let name = self.names.of(&member.wire).unwrap_or(member.name);
            for attribute in start.attributes() {
                let attribute = attribute.map_err(|error| Problem(format!("The XML is not well-formed: {error}")))?;
                if attribute.key.as_ref() == name {
                    let text = quick_xml::escape::unescape(&attribute.value)
                        .map_err(|error| Problem(format!("The XML is not well-formed: {error}")))?;
                    found.push((member.name, scalar(&self.service.shape(member.shape).kind, &text)?));
                }
            }
        }
        Ok(found)
    }

    fn event(&mut self) -> Decoded<Event<'x>> {
        self.events.read_event().map_err(malformed)
    }
}

fn malformed(error: quick_xml::Error) -> Problem {
    Problem(format!("The XML is not well-formed: {error}"))
}

/// Entities that a document declares itself are not honoured: only XML's own five, and characters by number.
fn resolve(reference: &quick_xml::events::BytesRef) -> Decoded<char> {
    if let Some(character) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(character);
    }
    match &*reference.xml10_content() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(Problem(format!("The XML refers to an unknown entity {other:?}"))),
    }
}

fn put(members: &mut Vec<(&'static str, Value)>, name: &'static str, value: Value) {
    match members.iter_mut().find(|(it, _)| *it == name) {
        Some(slot) => slot.1 = value,
        None => members.push((name, value)),
    }
}

fn finish_maps(members: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let finish = |value| match value {
        Value::Map(entries) => Value::Map(unique_keys(entries)),
        other => other,
    };
    members.into_iter().map(|(name, value)| (name, finish(value))).collect()
}

/// A scalar from its text in XML, forms, headers and queries. Lists, maps and structures have none.
pub(crate) fn scalar(kind: &Kind, text: &str) -> Decoded<Value> {
    let wrong = |what: &str| Problem(format!("{text:?} is not {what}"));
    Ok(match kind {
        Kind::String | Kind::Enum(_) | Kind::Document => Value::String(text.to_owned()),
        Kind::Bool => match text.trim() {
            "true" | "True" | "TRUE" | "1" => Value::Bool(true),
            "false" | "False" | "FALSE" | "0" => Value::Bool(false),
            _ => return Err(wrong("true or false")),
        },
        Kind::Integer => Value::Integer(i64::from(text.trim().parse::<i32>().map_err(|_| wrong("a valid integer"))?)),
        Kind::Long => Value::Integer(text.trim().parse().map_err(|_| wrong("a valid long"))?),
        Kind::Float | Kind::Double => Value::Float(text.trim().parse().map_err(|_| wrong("a valid number"))?),
        Kind::Blob => Value::Blob(Bytes::from(BASE64.decode(text.trim()).map_err(|_| wrong("valid base64"))?)),
        Kind::Timestamp => Value::Timestamp(timestamp::read(text)?),
        Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_) => return Err(wrong("a scalar")),
    })
}

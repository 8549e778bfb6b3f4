//! Requests and answers → values.

use std::borrow::Cow;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};

use super::{name_of, unwrapped};
use crate::shape::{Kind, Location, Member, Operation, Protocol, Service, ShapeId, Structure};
use crate::value::Value;
use crate::wire::json::BASE64;
use crate::wire::xml::{Reader, scalar};
use crate::wire::{Decoded, HttpRequest, HttpResponse, Names, Part, Problem, event_stream, form, json, route};

type Members = Vec<(&'static str, Value)>;

pub(crate) fn decode_request(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    request: &HttpRequest,
) -> Decoded<Value> {
    let Some((input, structure)) = operation.input.and_then(|id| service.structure(id).map(|it| (id, it))) else {
        return Ok(Value::Structure(Vec::new()));
    };
    let mut members = Vec::new();
    let labels = route::labels(operation.uri, &request.path).unwrap_or_default();
    let query: Vec<(Cow<str>, Cow<str>)> = form::pairs(&request.query).collect();
    let known = Sieve::of(&request.headers);
    for member in &structure.members {
        let kind = &service.shape(member.shape).kind;
        let value = match member.location {
            Location::Uri => {
                let label = labels.iter().find(|(name, _)| *name == name_of(member));
                label.map(|(_, text)| scalar(kind, text)).transpose()?
            }
            Location::QueryString => from_query(service, operation, member, &query)?,
            Location::Header | Location::Headers => from_headers(service, member, &request.headers, &known)?,
            Location::StatusCode | Location::Body => None,
        };
        members.extend(value.map(|value| (member.name, value)));
    }
    let body = Body { service, operation, protocol, part: Part::Request, bytes: &request.body };
    body.read(input, structure, &mut members)?;
    Ok(Value::Structure(members))
}

pub(crate) fn decode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    response: &HttpResponse,
) -> Decoded<Value> {
    let Some((output, structure)) = operation.output.and_then(|id| service.structure(id).map(|it| (id, it))) else {
        return Ok(Value::Structure(Vec::new()));
    };
    let mut members = response_members(service, structure, response)?;
    let body = Body { service, operation, protocol, part: Part::Response, bytes: &response.body };
    if let Some(member) = unwrapped(operation, structure).filter(|_| protocol == Protocol::RestXml) {
        let mut reader = Reader::new(service, Names::Stated, &response.body)?;
        if reader.child()?.is_some() {
            let text = reader.text()?;
            members.extend((!text.is_empty()).then_some((member.name, Value::String(text))));
        }
    } else {
        body.read(output, structure, &mut members)?;
    }
    Ok(Value::Structure(members))
}

/// The members of an error that stand in its headers.
pub(crate) fn read_error_members(
    service: &Service,
    structure: &Structure,
    response: &HttpResponse,
) -> Decoded<Members> {
    response_members(service, structure, response)
}

fn response_members(service: &Service, structure: &Structure, response: &HttpResponse) -> Decoded<Members> {
    let mut members = Vec::new();
    let known = Sieve::of(&response.headers);
    for member in &structure.members {
        let value = match member.location {
            Location::Header | Location::Headers => from_headers(service, member, &response.headers, &known)?,
            Location::StatusCode => Some(Value::Integer(i64::from(response.status))),
            Location::Body | Location::Uri | Location::QueryString => None,
        };
        members.extend(value.map(|value| (member.name, value)));
    }
    Ok(members)
}

fn from_query(
    service: &Service,
    operation: &Operation,
    member: &Member,
    query: &[(Cow<str>, Cow<str>)],
) -> Decoded<Option<Value>> {
    let name = name_of(member);
    let given = || query.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value);
    match &service.shape(member.shape).kind {
        Kind::List { member: item } => {
            let kind = &service.shape(item.shape).kind;
            let items = given().map(|text| scalar(kind, text)).collect::<Decoded<Vec<_>>>()?;
            Ok((!items.is_empty()).then_some(Value::List(items)))
        }
        Kind::Map { value, .. } => whole_query(service, operation, value, query),
        kind => given().next().map(|text| scalar(kind, text)).transpose(),
    }
}

/// A map takes every parameter but the template's literals, also those that have a member of their own
/// (Smithy, `httpQueryParams`).
fn whole_query(
    service: &Service,
    operation: &Operation,
    value: &Member,
    query: &[(Cow<str>, Cow<str>)],
) -> Decoded<Option<Value>> {
    let literals = operation.uri.split_once('?').map_or("", |(_, query)| query);
    let is_taken = |key: &str| form::pairs(literals).any(|(literal, _)| literal == key);
    let mut entries: Vec<(String, Value)> = Vec::new();
    for (key, text) in query.iter().filter(|(key, _)| !is_taken(key)) {
        let Kind::List { member: item } = &service.shape(value.shape).kind else {
            entries.push((key.to_string(), scalar(&service.shape(value.shape).kind, text)?));
            continue;
        };
        let item = scalar(&service.shape(item.shape).kind, text)?;
        match entries.iter_mut().find(|(it, _)| it == key) {
            Some((_, Value::List(items))) => items.push(item),
            _ => entries.push((key.to_string(), Value::List(vec![item]))),
        }
    }
    Ok((!entries.is_empty()).then(|| Value::Map(crate::wire::unique_keys(entries))))
}

/// Tells quickly of most names that no header is called so: looking one up takes longer, and S3's operations state
/// forty headers of which a request has five.
struct Sieve(u64);

impl Sieve {
    fn of(headers: &HeaderMap) -> Self {
        Self(headers.keys().fold(0, |all, name| all | Self::bit(name)))
    }

    fn may_have(&self, name: &HeaderName) -> bool {
        self.0 & Self::bit(name) != 0
    }

    /// By the length and the last letter.
    fn bit(name: &HeaderName) -> u64 {
        let name = name.as_str();
        let last = name.bytes().last().unwrap_or_default();
        1 << ((name.len() + usize::from(last) * 7) % 64)
    }
}

fn from_headers(service: &Service, member: &Member, headers: &HeaderMap, known: &Sieve) -> Decoded<Option<Value>> {
    let kind = &service.shape(member.shape).kind;
    if member.location == Location::Headers {
        return Ok(prefixed(name_of(member), headers));
    }
    let Some(name) = member.header.as_ref().filter(|it| known.may_have(it)) else { return Ok(None) };
    let Some(first) = headers.get(name) else { return Ok(None) };
    let text = String::from_utf8_lossy(first.as_bytes());
    match kind {
        Kind::List { member: item } => {
            let lines: Vec<Cow<str>> =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            list(&service.shape(item.shape).kind, &lines.join(",")).map(Some)
        }
        _ if member.jsonvalue => {
            let decoded =
                BASE64.decode(text.trim()).map_err(|_| Problem(format!("{} is not base64", name_of(member))))?;
            Ok(Some(Value::String(String::from_utf8_lossy(&decoded).into_owned())))
        }
        kind => scalar(kind, &text).map(Some),
    }
}

/// `x-amz-meta-`: header names come in small letters, as they do from S3.
fn prefixed(prefix: &str, headers: &HeaderMap) -> Option<Value> {
    let prefix = prefix.to_ascii_lowercase();
    let mut entries: Vec<(String, Value)> = Vec::new();
    for (name, value) in headers {
        let Some(rest) = name.as_str().strip_prefix(&prefix) else { continue };
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match entries.iter_mut().find(|(key, _)| key == rest) {
            // S3 joins a header that is given twice.
            Some((_, Value::String(before))) => {
                before.push(',');
                before.push_str(&text);
            }
            _ => entries.push((rest.to_owned(), Value::String(text))),
        }
    }
    (!entries.is_empty()).then_some(Value::Map(entries))
}

/// Items are parted by commas; HTTP dates hold one themselves, texts may be quoted.
fn list(kind: &Kind, text: &str) -> Decoded<Value> {
    let mut items = Vec::new();
    if matches!(kind, Kind::Timestamp) && text.contains(", ") && text.contains("GMT") {
        let words: Vec<&str> = text.split(',').collect();
        for date in words.chunks(2) {
            items.push(scalar(kind, &date.join(","))?);
        }
        return Ok(Value::List(items));
    }
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_item(quoted),
            None => {
                let (item, after) = rest.split_once(',').unwrap_or((rest, ""));
                (item.trim().to_owned(), after)
            }
        };
        items.push(scalar(kind, &item)?);
        rest = after.trim_start();
    }
    Ok(Value::List(items))
}

fn quoted_item(text: &str) -> (String, &str) {
    let mut item = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => item.extend(characters.next().map(|(_, escaped)| escaped)),
            '"' => return (item, text[at + 1..].trim_start().strip_prefix(',').unwrap_or("")),
            _ => item.push(character),
        }
    }
    (item, "")
}

struct Body<'a> {
    service: &'a Service,
    operation: &'a Operation,
    protocol: Protocol,
    part: Part,
    bytes: &'a Bytes,
}

impl Body<'_> {
    fn read(&self, shape: ShapeId, structure: &Structure, members: &mut Members) -> Decoded<()> {
        if let Some(member) = structure.payload_member() {
            let value = self.payload(member)?;
            members.extend(value.map(|value| (member.name, value)));
            return Ok(());
        }
        if let Some(stream) = self.service.event_stream(Some(shape)) {
            let events = event_stream::decode_all(self.service, self.operation, self.protocol, stream, self.bytes)?;
            if let Value::Structure(found) = events {
                members.extend(found);
            }
            return Ok(());
        }
        if self.bytes.trim_ascii().is_empty() || !super::has_body_members(structure, self.part) {
            return Ok(());
        }
        if self.protocol == Protocol::RestJson1 {
            if let Value::Structure(found) = json::read_body(self.service, shape, self.bytes, self.part)? {
                members.extend(found);
            }
            return Ok(());
        }
        let mut reader = Reader::new(self.service, Names::Stated, self.bytes)?;
        let root = reader.child()?.ok_or_else(|| Problem::new("The XML has no root element"))?;
        if let Value::Structure(found) = reader.structure(&root, structure)? {
            let stands_here = |name: &str| structure.member(name).is_some_and(|it| self.part.holds(it.location));
            members.extend(found.into_iter().filter(|(name, _)| stands_here(name)));
        }
        Ok(())
    }

    fn payload(&self, member: &Member) -> Decoded<Option<Value>> {
        let shape = self.service.shape(member.shape);
        if let Kind::Structure(structure) = &shape.kind
            && structure.event_stream
        {
            let events = event_stream::decode_all(self.service, self.operation, self.protocol, member, self.bytes)?;
            return Ok(events.get(member.name).cloned());
        }
        if self.bytes.is_empty() {
            return Ok(None);
        }
        match &shape.kind {
            Kind::Blob => Ok(Some(Value::Blob(self.bytes.clone()))),
            Kind::String | Kind::Enum(_) => {
                let text = std::str::from_utf8(self.bytes).map_err(|_| Problem::new("The body is not UTF-8"))?;
                Ok(Some(Value::String(text.to_owned())))
            }
            _ if self.protocol == Protocol::RestJson1 => {
                let value = json::read_body(self.service, member.shape, self.bytes, Part::Whole)?;
                Ok(Some(value).filter(|value| *value != Value::Null))
            }
            _ => {
                let mut reader = Reader::new(self.service, Names::Stated, self.bytes)?;
                let root = reader.child()?.ok_or_else(|| Problem::new("The XML has no root element"))?;
                reader.value(&root, member.shape).map(Some)
            }
        }
    }
}

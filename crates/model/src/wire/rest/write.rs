//! Values → requests and answers.

use base64::Engine as _;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};

use super::{format_in, has_body_members, member_value, name_of, unwrapped};
use crate::shape::{Kind, Location, Member, Operation, Protocol, Service, ShapeId, Structure, TimestampFormat, Wire};
use crate::value::Value;
use crate::wire::json::BASE64;
use crate::wire::xml::{Writer, scalar_text};
use crate::wire::{
    HttpRequest, HttpResponse, Names, Part, content_type, event_stream, form, header_value, is_s3, json,
};

/// Of an answer: growing the map costs more.
const USUAL_HEADERS: usize = 16;

pub(crate) fn encode_request(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    input: &Value,
) -> HttpRequest {
    let mut request = HttpRequest { method: operation.method.into(), ..HttpRequest::default() };
    let (path, literals) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    request.query = literals.to_owned();
    let Some((shape, structure)) = operation.input.and_then(|id| service.structure(id).map(|it| (id, it))) else {
        request.path = path.to_owned();
        return request;
    };
    request.path = fill_labels(service, path, structure, input);
    for member in &structure.members {
        let Some(value) = member_value(input, member) else { continue };
        match member.location {
            Location::QueryString => push_query(&mut request.query, structure, member, value, input),
            Location::Header | Location::Headers => push_header(service, &mut request.headers, member, value),
            Location::Body | Location::Uri | Location::StatusCode => {}
        }
    }
    let body = Body { service, operation, protocol, part: Part::Request };
    request.body = body.write(shape, structure, input, &mut request.headers);
    request
}

pub(crate) fn encode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    output: &Value,
) -> HttpResponse {
    let mut response = HttpResponse { status: operation.status, ..HttpResponse::default() };
    response.headers.reserve(USUAL_HEADERS);
    let Some((shape, structure)) = operation.output.and_then(|id| service.structure(id).map(|it| (id, it))) else {
        return response;
    };
    for member in &structure.members {
        let Some(value) = member_value(output, member) else { continue };
        match (member.location, value) {
            (Location::StatusCode, Value::Integer(status)) => {
                response.status = u16::try_from(*status).unwrap_or(operation.status);
            }
            (Location::Header | Location::Headers, _) => push_header(service, &mut response.headers, member, value),
            _ => {}
        }
    }
    let body = Body { service, operation, protocol, part: Part::Response };
    response.body = body.write(shape, structure, output, &mut response.headers);
    response
}

/// The members of an error that stand in its headers.
pub(crate) fn error_headers(service: &Service, structure: &Structure, fields: &Value, headers: &mut HeaderMap) {
    for member in &structure.members {
        if matches!(member.location, Location::Header | Location::Headers)
            && let Some(value) = member_value(fields, member)
        {
            push_header(service, headers, member, value);
        }
    }
}

fn fill_labels(service: &Service, template: &str, structure: &Structure, input: &Value) -> String {
    let mut path = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let name = label.trim_end_matches('+');
        let member = structure.members.iter().find(|it| it.location == Location::Uri && name_of(it) == name);
        if let Some((member, value)) = member.and_then(|it| member_value(input, it).map(|value| (it, value))) {
            let format = format_in(Location::Uri, member);
            let text = scalar_text(value, format);
            debug_assert!(!matches!(service.shape(member.shape).kind, Kind::Structure(_)));
            if label.ends_with('+') { form::encode_greedy(&text, &mut path) } else { form::encode(&text, &mut path) }
        }
        rest = after;
    }
    path.push_str(rest);
    path
}

fn push_query(query: &mut String, structure: &Structure, member: &Member, value: &Value, input: &Value) {
    let format = format_in(Location::QueryString, member);
    match value {
        Value::List(items) => {
            items.iter().for_each(|item| form::push(query, name_of(member), &scalar_text(item, format)));
        }
        // Named members win over the entries of a map.
        Value::Map(entries) => {
            let is_taken = |key: &str| {
                structure.members.iter().any(|it| {
                    it.location == Location::QueryString && name_of(it) == key && member_value(input, it).is_some()
                })
            };
            for (key, value) in entries.iter().filter(|(key, _)| !is_taken(key)) {
                match value {
                    Value::List(items) => {
                        items.iter().for_each(|item| form::push(query, key, &scalar_text(item, format)));
                    }
                    _ => form::push(query, key, &scalar_text(value, format)),
                }
            }
        }
        _ => form::push(query, name_of(member), &scalar_text(value, format)),
    }
}

fn push_header(service: &Service, headers: &mut HeaderMap, member: &Member, value: &Value) {
    let name = name_of(member);
    if let Value::Map(entries) = value {
        for (key, value) in entries {
            let text = scalar_text(value, TimestampFormat::Rfc822);
            // A key that cannot be a header's name has no form on the wire.
            if let Ok(name) = HeaderName::try_from(format!("{name}{key}")) {
                headers.insert(name, header_value(text));
            }
        }
        return;
    }
    let Some(name) = member.header.clone() else { return };
    let text = match (value, &service.shape(member.shape).kind) {
        (Value::List(items), Kind::List { member: item }) => {
            let format = item.wire.timestamp_format.unwrap_or(TimestampFormat::Rfc822);
            let kind = &service.shape(item.shape).kind;
            items.iter().map(|it| header_item(kind, it, format)).collect::<Vec<_>>().join(", ")
        }
        (Value::String(text), _) if member.jsonvalue => BASE64.encode(text),
        _ => scalar_text(value, format_in(Location::Header, member)).into_owned(),
    };
    headers.insert(name, header_value(text));
}

/// A text with a comma or a quote is quoted, that the list may be parted again.
fn header_item(kind: &Kind, value: &Value, format: TimestampFormat) -> String {
    let text = scalar_text(value, format);
    if matches!(kind, Kind::String | Kind::Enum(_)) && text.contains([',', '"']) {
        return format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    text.into_owned()
}

struct Body<'a> {
    service: &'a Service,
    operation: &'a Operation,
    protocol: Protocol,
    part: Part,
}

impl Body<'_> {
    fn write(&self, shape: ShapeId, structure: &Structure, value: &Value, headers: &mut HeaderMap) -> Bytes {
        if let Some(member) = structure.payload_member() {
            return self.payload(member, value, headers);
        }
        if let Some(stream) = self.service.event_stream(Some(shape)) {
            self.default_content_type(headers, event_stream::CONTENT_TYPE);
            return event_stream::encode_all(self.service, self.operation, self.protocol, stream, value);
        }
        // An answer without any member is an empty object; what stands in headers alone has no body.
        let is_empty_answer =
            self.part == Part::Response && structure.members.is_empty() && self.operation.status != 204;
        if self.protocol == Protocol::RestJson1 {
            if !has_body_members(structure, self.part) && !is_empty_answer {
                return Bytes::new();
            }
            self.default_content_type(headers, "application/json");
            let mut out = Vec::with_capacity(256);
            json::write_body(self.service, shape, value, &mut out, self.part);
            return Bytes::from(out);
        }
        let stated = |member: &Member| self.part.holds(member.location) && member_value(value, member).is_some();
        if !has_body_members(structure, self.part)
            || self.part == Part::Request && !structure.members.iter().any(stated)
        {
            return Bytes::new();
        }
        self.default_content_type(headers, "application/xml");
        Bytes::from(self.xml(shape, structure, value))
    }

    fn xml(&self, shape: ShapeId, structure: &Structure, value: &Value) -> Vec<u8> {
        let wire = if self.part == Part::Request { &self.operation.input_wire } else { &self.operation.output_wire };
        let of_shape = self.service.shape(shape);
        let root = of_shape.wire.name.or(wire.name).unwrap_or(of_shape.name);
        let namespace = wire.xml_namespace.or(of_shape.wire.xml_namespace);
        let namespace = namespace.or(self.service.metadata.xml_namespace.map(|uri| (uri, None)));
        let wire = Wire { xml_namespace: namespace, ..Wire::default() };
        let mut writer = self.writer();
        writer.open_for(root, &wire, shape, value);
        if let Some(member) = unwrapped(self.operation, structure).filter(|_| self.part == Part::Response) {
            let text = member_value(value, member).map(|it| scalar_text(it, TimestampFormat::Iso8601));
            writer.text(&text.unwrap_or_default());
        } else if let Value::Structure(members) = value {
            writer.members(structure, members, |member| self.part.holds(member.location));
        }
        writer.close(root);
        writer.out
    }

    fn payload(&self, member: &Member, value: &Value, headers: &mut HeaderMap) -> Bytes {
        let shape = self.service.shape(member.shape);
        if let Kind::Structure(structure) = &shape.kind
            && structure.event_stream
        {
            self.default_content_type(headers, event_stream::CONTENT_TYPE);
            return event_stream::encode_all(self.service, self.operation, self.protocol, member, value);
        }
        match member_value(value, member) {
            Some(Value::Blob(bytes)) => {
                self.default_content_type(headers, "application/octet-stream");
                bytes.clone()
            }
            Some(Value::String(text)) if !matches!(shape.kind, Kind::Document) => {
                self.default_content_type(headers, "text/plain");
                Bytes::from(text.clone())
            }
            Some(value) if self.protocol == Protocol::RestJson1 => {
                self.default_content_type(headers, "application/json");
                let mut out = Vec::with_capacity(256);
                json::write(self.service, member.shape, value, &mut out);
                Bytes::from(out)
            }
            Some(value) => {
                self.default_content_type(headers, "application/xml");
                let mut writer = self.writer();
                let namespace =
                    member.wire.xml_namespace.or(self.service.metadata.xml_namespace.map(|uri| (uri, None)));
                let wire = Wire { xml_namespace: namespace, ..member.wire.clone() };
                writer.element(member.wire.name.unwrap_or(shape.name), &wire, member.shape, value);
                Bytes::from(writer.out)
            }
            // A structure that is not there is still an object to a JSON reader.
            None if self.protocol == Protocol::RestJson1 && matches!(&shape.kind, Kind::Structure(it) if !it.union) => {
                self.default_content_type(headers, "application/json");
                Bytes::from_static(b"{}")
            }
            None => Bytes::new(),
        }
    }

    fn writer(&self) -> Writer<'_> {
        let mut writer = Writer::new(self.service, Names::Stated, is_s3(self.service) && self.part == Part::Response);
        if self.part == Part::Response {
            writer.declaration();
        }
        writer
    }

    /// A member may be the content type itself.
    fn default_content_type(&self, headers: &mut HeaderMap, value: &'static str) {
        if !headers.contains_key(CONTENT_TYPE) {
            content_type(headers, value);
        }
    }
}

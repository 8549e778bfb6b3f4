//! Events in frames, by the shape.

use bytes::{Bytes, BytesMut};

use super::frame::{Frame, FrameError, Header, HeaderKind, decode_frame, encode_frame};
use crate::error::Error;
use crate::shape::{Kind, Member, Operation, Protocol, Service, Shape, ShapeId, Structure, TimestampFormat, Wire};
use crate::value::Value;
use crate::wire::xml::{Reader, Writer, scalar};
use crate::wire::{Decoded, Names, Part, Problem, aws_json, cbor, json};

/// What a frame of a stream says.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The members of the output or input that are no stream (RPC protocols only).
    Initial(Value),
    /// A member of the stream's union: an event or a modelled exception.
    Member(&'static str, Value),
    /// An error outside of the model.
    Error { code: String, message: String },
    /// An event that the model does not know: to be skipped.
    Unknown(String),
}

/// One event. `stream` is the union's shape, `name` the member, `value` a value of the member's shape.
/// A name that the union does not have gives an event without a payload.
pub fn encode_event(service: &Service, protocol: Protocol, stream: ShapeId, name: &str, value: &Value) -> Bytes {
    let member = service.structure(stream).and_then(|union| union.member(name));
    if let Some(member) = member.filter(|member| service.shape(member.shape).error.is_some()) {
        return exception(service, protocol, member, value);
    }
    let mut frame = Frame::default().with(":message-type", "event").with(":event-type", name);
    if let Some((shape, structure)) = member.and_then(|it| service.structure(it.shape).map(|found| (it.shape, found))) {
        fill(service, protocol, shape, structure, value, &mut frame);
    }
    encode_frame(&frame)
}

/// A modelled exception that ends the stream; `name` is the union's member.
pub fn encode_event_exception(
    service: &Service,
    protocol: Protocol,
    stream: ShapeId,
    name: &str,
    value: &Value,
) -> Option<Bytes> {
    let member = service.structure(stream)?.member(name)?;
    Some(exception(service, protocol, member, value))
}

/// An error outside of the model, which ends the stream.
pub fn encode_event_error(code: &str, message: &str) -> Bytes {
    let frame = Frame::default().with(":message-type", "error").with(":error-code", code);
    encode_frame(&frame.with(":error-message", message))
}

/// An error that ends the stream: a modelled exception where the union has it, else an error outside of the model.
pub fn encode_event_failure(service: &Service, protocol: Protocol, stream: ShapeId, error: &Error) -> Bytes {
    let members = service.structure(stream).map_or(&[][..], |union| &union.members);
    let states = |it: &&Member| service.shape(it.shape).error.as_ref().is_some_and(|it| it.code == error.code());
    let Some(member) = members.iter().find(states) else { return encode_event_error(error.code(), error.message()) };
    let names = service.structure(member.shape).map_or(&[][..], |shape| &shape.members).iter().map(|it| it.name);
    let message = names.filter(|it| it.eq_ignore_ascii_case("message")).map(|it| (it, Value::from(error.message())));
    let value = Value::Structure(message.chain(error.fields().iter().cloned()).collect());
    exception(service, protocol, member, &value)
}

/// The members of an output that are no stream, which RPC protocols send first.
pub fn encode_initial(service: &Service, protocol: Protocol, shape: ShapeId, value: &Value) -> Bytes {
    let mut frame = Frame::default().with(":message-type", "event").with(":event-type", "initial-response");
    frame = frame.with(":content-type", document_type(protocol));
    frame.payload = document(service, protocol, shape, &without_stream(service, shape, value));
    encode_frame(&frame)
}

/// Reads what a frame says. `output` is the shape that holds the stream, for the initial response.
pub fn decode_event(
    service: &Service,
    protocol: Protocol,
    stream: ShapeId,
    output: Option<ShapeId>,
    frame: &Frame,
) -> Result<Event, String> {
    decode(service, protocol, stream, output, frame).map_err(|problem| problem.0)
}

/// A whole stream: for RPC the initial response, then the events that the value lists.
pub(crate) fn encode_all(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    stream: &Member,
    value: &Value,
) -> Bytes {
    let mut out = BytesMut::new();
    if let Some(output) = operation.output.filter(|_| is_rpc(protocol)) {
        out.extend_from_slice(&encode_initial(service, protocol, output, value));
    }
    if let Some(Value::List(events)) = value.get(stream.name) {
        for event in events {
            if let Value::Structure(members) = event
                && let [(name, value)] = &members[..]
            {
                out.extend_from_slice(&encode_event(service, protocol, stream.shape, name, value));
            }
        }
    }
    out.freeze()
}

/// A whole stream as a structure: the initial members, and the stream's member with a list of events.
pub(crate) fn decode_all(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    stream: &Member,
    body: &Bytes,
) -> Decoded<Value> {
    let (mut members, mut events) = (Vec::new(), Vec::new());
    let mut rest = body.clone();
    while !rest.is_empty() {
        let (frame, length) = decode_frame(&rest).map_err(|error| match error {
            FrameError::Incomplete(_) => Problem::new("The stream ends within a frame"),
            FrameError::Length | FrameError::Headers => Problem::new("A frame does not have its form"),
            FrameError::Checksum => Problem::new("A frame's checksum is wrong"),
        })?;
        rest = rest.slice(length..);
        match decode(service, protocol, stream.shape, operation.output, &frame)? {
            Event::Initial(Value::Structure(found)) => members.extend(found),
            Event::Member(name, value) => events.push(Value::Structure(vec![(name, value)])),
            Event::Error { code, message } => return Err(Problem(format!("{code}: {message}"))),
            Event::Initial(_) | Event::Unknown(_) => {}
        }
    }
    members.push((stream.name, Value::List(events)));
    Ok(Value::Structure(members))
}

fn is_rpc(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor)
}

fn without_stream(service: &Service, shape: ShapeId, value: &Value) -> Value {
    let stream = service.event_stream(Some(shape)).map(|member| member.name);
    match value {
        Value::Structure(members) => {
            Value::Structure(members.iter().filter(|(name, _)| Some(*name) != stream).cloned().collect())
        }
        _ => Value::Structure(Vec::new()),
    }
}

fn exception(service: &Service, protocol: Protocol, member: &Member, value: &Value) -> Bytes {
    let mut frame = Frame::default().with(":message-type", "exception").with(":exception-type", member.name);
    frame = frame.with(":content-type", document_type(protocol));
    frame.payload = document(service, protocol, member.shape, value);
    encode_frame(&frame)
}

/// Headers and payload of an event: its members are headers, the payload itself, or parts of a document.
fn fill(
    service: &Service,
    protocol: Protocol,
    shape: ShapeId,
    structure: &Structure,
    value: &Value,
    frame: &mut Frame,
) {
    let Value::Structure(members) = value else { return };
    let mut next = 0;
    let mut has_document = structure.members.iter().any(|it| !it.event_header && !it.event_payload);
    for (name, value) in members {
        let Some(member) = structure.find(name, &mut next) else { continue };
        if member.event_header {
            frame.headers.push(Header { name: member.name.to_owned(), value: header_of(service, member, value) });
        }
        if member.event_payload {
            has_document = false;
            let (kind, payload) = match value {
                Value::Blob(bytes) => ("application/octet-stream", bytes.clone()),
                Value::String(text) => ("text/plain", Bytes::from(text.clone())),
                _ => (document_type(protocol), document(service, protocol, member.shape, value)),
            };
            *frame = std::mem::take(frame).with(":content-type", kind);
            frame.payload = payload;
        }
    }
    if has_document {
        *frame = std::mem::take(frame).with(":content-type", document_type(protocol));
        let in_document = |name: &str| structure.member(name).is_some_and(|it| !it.event_header && !it.event_payload);
        let rest = members.iter().filter(|(name, _)| in_document(name)).cloned().collect();
        frame.payload = document(service, protocol, shape, &Value::Structure(rest));
    }
}

fn header_of(service: &Service, member: &Member, value: &Value) -> HeaderKind {
    match value {
        Value::Bool(it) => HeaderKind::Bool(*it),
        Value::Integer(it) if matches!(service.shape(member.shape).kind, Kind::Integer) => {
            HeaderKind::Integer(*it as i32)
        }
        Value::Integer(it) => HeaderKind::Long(*it),
        Value::Blob(it) => HeaderKind::Bytes(it.clone()),
        Value::Timestamp(it) => HeaderKind::Timestamp(*it),
        _ => HeaderKind::String(crate::wire::xml::scalar_text(value, TimestampFormat::Iso8601).into_owned()),
    }
}

fn document_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => aws_json::content_type_of(protocol),
        Protocol::RestJson1 => "application/json",
        Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => "text/xml",
        Protocol::RpcV2Cbor => cbor::CONTENT_TYPE,
    }
}

fn document(service: &Service, protocol: Protocol, shape: ShapeId, value: &Value) -> Bytes {
    match protocol {
        Protocol::RpcV2Cbor => cbor::write(service, shape, value),
        Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => {
            let mut writer = Writer::new(service, Names::Stated, true);
            writer.element(service.shape(shape).name, &Wire::default(), shape, value);
            Bytes::from(writer.out)
        }
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => {
            let mut out = Vec::new();
            json::write(service, shape, value, &mut out);
            Bytes::from(out)
        }
    }
}

fn read_document(service: &Service, protocol: Protocol, shape: ShapeId, bytes: &[u8]) -> Decoded<Value> {
    if bytes.is_empty() {
        return Ok(Value::Structure(Vec::new()));
    }
    match protocol {
        Protocol::RpcV2Cbor => cbor::read(service, shape, bytes),
        Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => {
            let mut reader = Reader::new(service, Names::Stated, bytes)?;
            let root = reader.child()?.ok_or_else(|| Problem::new("The XML has no root element"))?;
            reader.value(&root, shape)
        }
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => {
            json::read_body(service, shape, bytes, Part::Whole)
        }
    }
}

fn decode(
    service: &Service,
    protocol: Protocol,
    stream: ShapeId,
    output: Option<ShapeId>,
    frame: &Frame,
) -> Decoded<Event> {
    let text = |name: &str| frame.header(name).unwrap_or_default();
    let union = service.structure(stream).ok_or_else(|| Problem::new("Not a stream"))?;
    let name = match text(":message-type") {
        "error" => {
            let (code, message) = (text(":error-code").to_owned(), text(":error-message").to_owned());
            return Ok(Event::Error { code, message });
        }
        "exception" => text(":exception-type"),
        _ => text(":event-type"),
    };
    if matches!(name, "initial-response" | "initial-request") {
        let shape = output.ok_or_else(|| Problem::new("An initial message is not expected"))?;
        return read_document(service, protocol, shape, &frame.payload).map(Event::Initial);
    }
    let Some(member) = union.member(name) else { return Ok(Event::Unknown(name.to_owned())) };
    let shape = service.shape(member.shape);
    let value = if shape.error.is_some() {
        read_document(service, protocol, member.shape, &frame.payload)?
    } else {
        read_event(service, protocol, member.shape, shape, frame)?
    };
    Ok(Event::Member(member.name, value))
}

fn read_event(service: &Service, protocol: Protocol, id: ShapeId, shape: &Shape, frame: &Frame) -> Decoded<Value> {
    let Kind::Structure(structure) = &shape.kind else { return Ok(Value::Structure(Vec::new())) };
    let mut members = Vec::new();
    for member in structure.members.iter().filter(|member| member.event_header) {
        if let Some(header) = frame.headers.iter().find(|header| header.name == member.name) {
            members.push((member.name, value_of(service, member, &header.value)?));
        }
    }
    match structure.members.iter().find(|member| member.event_payload) {
        Some(member) => {
            let kind = &service.shape(member.shape).kind;
            let value = match kind {
                Kind::Blob => Value::Blob(frame.payload.clone()),
                Kind::String | Kind::Enum(_) => scalar(kind, &String::from_utf8_lossy(&frame.payload))?,
                _ => read_document(service, protocol, member.shape, &frame.payload)?,
            };
            members.push((member.name, value));
        }
        None => {
            if let Value::Structure(found) = read_document(service, protocol, id, &frame.payload)? {
                members.extend(found);
            }
        }
    }
    Ok(Value::Structure(members))
}

fn value_of(service: &Service, member: &Member, header: &HeaderKind) -> Decoded<Value> {
    Ok(match header {
        HeaderKind::Bool(it) => Value::Bool(*it),
        HeaderKind::Byte(it) => Value::Integer(i64::from(*it)),
        HeaderKind::Short(it) => Value::Integer(i64::from(*it)),
        HeaderKind::Integer(it) => Value::Integer(i64::from(*it)),
        HeaderKind::Long(it) => Value::Integer(*it),
        HeaderKind::Bytes(it) => Value::Blob(it.clone()),
        HeaderKind::Timestamp(it) => Value::Timestamp(*it),
        HeaderKind::String(it) => scalar(&service.shape(member.shape).kind, it)?,
        HeaderKind::Uuid(it) => Value::String(it.iter().map(|byte| format!("{byte:02x}")).collect()),
    })
}

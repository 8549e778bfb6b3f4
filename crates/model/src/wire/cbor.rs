//! rpcv2Cbor: one CBOR map each way, the operation in the path `/service/{service}/operation/{operation}`.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderName};
use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};

use super::{
    Decoded, HttpRequest, HttpResponse, MAX_DEPTH, Problem, content_type, event_stream, timestamp, unique_keys,
};
use crate::shape::{Kind, Member, Operation, Protocol, Service, ShapeId, Structure};
use crate::value::{Timestamp, Value};
use crate::wire::plain;

pub(crate) const CONTENT_TYPE: &str = "application/cbor";
pub(crate) const PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// RFC 8949, 3.4.2: seconds since 1970 as a number.
const EPOCH: Tag = Tag::new(1);

pub(super) fn decode_request(service: &Service, operation: &Operation, request: &HttpRequest) -> Decoded<Value> {
    read_optional(service, operation.input, &request.body)
}

pub(super) fn encode_response(service: &Service, operation: &Operation, output: &Value) -> HttpResponse {
    let mut response = HttpResponse { status: operation.status, ..HttpResponse::default() };
    super::set(&mut response.headers, PROTOCOL, "rpc-v2-cbor");
    if let Some(stream) = service.event_stream(operation.output) {
        content_type(&mut response.headers, event_stream::CONTENT_TYPE);
        response.body = event_stream::encode_all(service, operation, Protocol::RpcV2Cbor, stream, output);
        return response;
    }
    content_type(&mut response.headers, CONTENT_TYPE);
    response.body = match operation.output {
        Some(shape) => write(service, shape, output),
        None => Bytes::from_static(&[0xbf, 0xff]),
    };
    response
}

pub(super) fn encode_request(service: &Service, operation: &Operation, input: &Value) -> HttpRequest {
    let prefix = service.metadata.target_prefix.unwrap_or(service.metadata.service_id);
    let path = format!("/service/{prefix}/operation/{}", operation.name);
    let mut request = HttpRequest { method: "POST".into(), path, ..HttpRequest::default() };
    super::set(&mut request.headers, ACCEPT, CONTENT_TYPE);
    super::set(&mut request.headers, PROTOCOL, "rpc-v2-cbor");
    if service.metadata.query_compatible {
        super::set(&mut request.headers, HeaderName::from_static("x-amzn-query-mode"), "true");
    }
    if let Some(shape) = operation.input {
        content_type(&mut request.headers, CONTENT_TYPE);
        request.body = write(service, shape, input);
    }
    request
}

pub(super) fn decode_response(service: &Service, operation: &Operation, response: &HttpResponse) -> Decoded<Value> {
    match service.event_stream(operation.output) {
        Some(stream) => event_stream::decode_all(service, operation, Protocol::RpcV2Cbor, stream, &response.body),
        None => read_optional(service, operation.output, &response.body),
    }
}

fn read_optional(service: &Service, shape: Option<ShapeId>, body: &[u8]) -> Decoded<Value> {
    match shape {
        Some(shape) if !body.is_empty() => read(service, shape, body),
        _ => Ok(Value::Structure(Vec::new())),
    }
}

pub(crate) fn read(service: &Service, shape: ShapeId, body: &[u8]) -> Decoded<Value> {
    check_depth(body)?;
    let value = Reader { service, input: Decoder::new(body) }.shape(shape)?;
    if value == Value::Null { Err(Problem::new("Expected a map")) } else { Ok(value) }
}

pub(crate) fn write(service: &Service, shape: ShapeId, value: &Value) -> Bytes {
    let mut writer = Writer { service, out: Encoder::new(Vec::with_capacity(256)) };
    writer.shape(shape, value);
    Bytes::from(writer.out.into_writer())
}

/// The two texts of an error, which may be read without knowing its shape.
pub(crate) fn read_error_texts(body: &[u8]) -> Decoded<(Option<String>, Option<String>)> {
    check_depth(body)?;
    let mut input = Decoder::new(body);
    let (mut code, mut message) = (None, None);
    let length = input.map()?;
    let mut left = length.unwrap_or(u64::MAX);
    while left > 0 && !at_break(&mut input, length)? {
        let key = text(&mut input)?;
        let slot = match &*key {
            "__type" => &mut code,
            "message" | "Message" => &mut message,
            _ => {
                input.skip()?;
                left -= 1;
                continue;
            }
        };
        match input.datatype()? {
            Type::String | Type::StringIndef => *slot = Some(text(&mut input)?),
            _ => input.skip()?,
        }
        left -= 1;
    }
    Ok((code, message))
}

impl From<minicbor::decode::Error> for Problem {
    fn from(error: minicbor::decode::Error) -> Self {
        Problem(format!("Invalid CBOR: {error}"))
    }
}

/// Refuses what is nested too deep before anything recurses into it, and what is not well-formed with it.
fn check_depth(body: &[u8]) -> Decoded<()> {
    let mut input = Decoder::new(body);
    // Items left on each level; none for those that end by a break.
    let mut levels: Vec<Option<u64>> = vec![Some(1)];
    while let Some(left) = levels.last_mut() {
        match left {
            Some(0) => {
                levels.pop();
                continue;
            }
            Some(left) => *left -= 1,
            None if input.datatype()? == Type::Break => {
                input.set_position(input.position() + 1);
                levels.pop();
                continue;
            }
            None => {}
        }
        match input.datatype()? {
            Type::Array | Type::ArrayIndef => levels.push(input.array()?),
            Type::Map | Type::MapIndef => levels.push(input.map()?.map(|pairs| pairs.saturating_mul(2))),
            Type::Tag => {
                input.tag()?;
                levels.push(Some(1));
            }
            _ => input.skip()?,
        }
        if levels.len() > MAX_DEPTH {
            return Err(Problem::new("The message is nested too deep"));
        }
    }
    Ok(())
}

/// Whether a map or list of indefinite length ends here; the break is taken.
fn at_break(input: &mut Decoder, length: Option<u64>) -> Decoded<bool> {
    if length.is_some() || input.datatype()? != Type::Break {
        return Ok(false);
    }
    input.set_position(input.position() + 1);
    Ok(true)
}

fn text(input: &mut Decoder) -> Decoded<String> {
    if input.datatype()? == Type::String {
        return Ok(input.str()?.to_owned());
    }
    Ok(input.str_iter()?.collect::<Result<Vec<&str>, _>>()?.concat())
}

struct Reader<'a, 'b> {
    service: &'a Service,
    input: Decoder<'b>,
}

impl Reader<'_, '_> {
    fn shape(&mut self, id: ShapeId) -> Decoded<Value> {
        if matches!(self.input.datatype()?, Type::Null | Type::Undefined) {
            self.input.skip()?;
            return Ok(Value::Null);
        }
        let service = self.service;
        let shape = service.shape(id);
        match &shape.kind {
            Kind::Structure(structure) => self.structure(structure),
            Kind::List { member } => self.list(member, shape.sparse),
            Kind::Map { value, .. } => self.map(value, shape.sparse),
            Kind::String | Kind::Enum(_) => Ok(Value::String(text(&mut self.input)?)),
            Kind::Bool => Ok(Value::Bool(self.input.bool()?)),
            Kind::Integer | Kind::Long => self.integer(),
            Kind::Float | Kind::Double => self.float().map(Value::Float),
            Kind::Blob => self.blob(),
            Kind::Timestamp => self.timestamp(),
            Kind::Document => self.document(),
        }
    }

    fn structure(&mut self, structure: &Structure) -> Decoded<Value> {
        let length = self.input.map()?;
        let mut left = length.unwrap_or(u64::MAX);
        let mut members: Vec<(&'static str, Value)> = Vec::new();
        let mut next = 0;
        while left > 0 && !at_break(&mut self.input, length)? {
            left -= 1;
            let key = text(&mut self.input)?;
            let Some(member) = structure.find(&key, &mut next) else {
                self.input.skip()?;
                continue;
            };
            let value = self.shape(member.shape)?;
            if value == Value::Null {
                continue;
            }
            match members.iter_mut().find(|(name, _)| *name == member.name) {
                Some(slot) => slot.1 = value,
                None => members.push((member.name, value)),
            }
        }
        Ok(Value::Structure(members))
    }

    fn list(&mut self, member: &Member, sparse: bool) -> Decoded<Value> {
        let length = self.input.array()?;
        let mut left = length.unwrap_or(u64::MAX);
        let mut items = Vec::new();
        while left > 0 && !at_break(&mut self.input, length)? {
            left -= 1;
            let value = self.shape(member.shape)?;
            if sparse || value != Value::Null {
                items.push(value);
            }
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, member: &Member, sparse: bool) -> Decoded<Value> {
        let length = self.input.map()?;
        let mut left = length.unwrap_or(u64::MAX);
        let mut entries = Vec::new();
        while left > 0 && !at_break(&mut self.input, length)? {
            left -= 1;
            let key = text(&mut self.input)?;
            let value = self.shape(member.shape)?;
            if sparse || value != Value::Null {
                entries.push((key, value));
            }
        }
        Ok(Value::Map(unique_keys(entries)))
    }

    fn integer(&mut self) -> Decoded<Value> {
        match self.input.datatype()? {
            Type::F16 | Type::F32 | Type::F64 => {
                let float = self.float()?;
                if float.fract() != 0.0 || float.abs() > 9e18 {
                    return Err(Problem::new("Expected an integer"));
                }
                Ok(Value::Integer(float as i64))
            }
            _ => Ok(Value::Integer(self.input.i64()?)),
        }
    }

    fn float(&mut self) -> Decoded<f64> {
        Ok(match self.input.datatype()? {
            Type::F16 => f64::from(self.input.f16()?),
            Type::F32 => widen(self.input.f32()?),
            Type::F64 => self.input.f64()?,
            _ => self.input.i64()? as f64,
        })
    }

    fn blob(&mut self) -> Decoded<Value> {
        if self.input.datatype()? == Type::Bytes {
            return Ok(Value::Blob(Bytes::copy_from_slice(self.input.bytes()?)));
        }
        let parts = self.input.bytes_iter()?.collect::<Result<Vec<&[u8]>, _>>()?;
        Ok(Value::Blob(Bytes::from(parts.concat())))
    }

    fn timestamp(&mut self) -> Decoded<Value> {
        if self.input.datatype()? == Type::Tag && self.input.tag()? != EPOCH {
            return Err(Problem::new("Expected a timestamp with tag 1"));
        }
        let seconds = self.float()?;
        timestamp::from_seconds(seconds)
            .map(Value::Timestamp)
            .ok_or_else(|| Problem::new("The timestamp is out of range"))
    }

    /// The protocol has no documents; whatever JSON could say is kept.
    fn document(&mut self) -> Decoded<Value> {
        Ok(match self.input.datatype()? {
            Type::Null | Type::Undefined => {
                self.input.skip()?;
                Value::Null
            }
            Type::Bool => Value::Bool(self.input.bool()?),
            Type::String | Type::StringIndef => Value::String(text(&mut self.input)?),
            Type::F16 | Type::F32 | Type::F64 => Value::Float(self.float()?),
            Type::Array | Type::ArrayIndef => {
                let length = self.input.array()?;
                let mut left = length.unwrap_or(u64::MAX);
                let mut items = Vec::new();
                while left > 0 && !at_break(&mut self.input, length)? {
                    left -= 1;
                    items.push(self.document()?);
                }
                Value::List(items)
            }
            Type::Map | Type::MapIndef => {
                let length = self.input.map()?;
                let mut left = length.unwrap_or(u64::MAX);
                let mut entries = Vec::new();
                while left > 0 && !at_break(&mut self.input, length)? {
                    left -= 1;
                    let key = text(&mut self.input)?;
                    entries.push((key, self.document()?));
                }
                Value::Map(unique_keys(entries))
            }
            _ => Value::Integer(self.input.i64()?),
        })
    }
}

/// 1.1 as a float is 1.1 as a double too: what a text would say of it.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

struct Writer<'a> {
    service: &'a Service,
    out: Encoder<Vec<u8>>,
}

const TAKES_ALL: &str = "a vector takes all";

impl Writer<'_> {
    fn shape(&mut self, id: ShapeId, value: &Value) {
        let service = self.service;
        match (value, &service.shape(id).kind) {
            (Value::Structure(members), Kind::Structure(structure)) => self.structure(structure, members),
            (Value::List(items), Kind::List { member }) => {
                self.out.array(items.len() as u64).expect(TAKES_ALL);
                items.iter().for_each(|item| self.shape(member.shape, item));
            }
            (Value::Map(entries), Kind::Map { value: member, .. }) => {
                self.out.map(entries.len() as u64).expect(TAKES_ALL);
                for (key, value) in entries {
                    self.out.str(key).expect(TAKES_ALL);
                    self.shape(member.shape, value);
                }
            }
            (Value::Float(it), Kind::Float) => drop(self.out.f32(*it as f32).expect(TAKES_ALL)),
            (Value::Json(_), _) => self.shape(id, &plain(service, id, value.clone())),
            _ => self.free(value),
        }
    }

    fn structure(&mut self, structure: &Structure, members: &[(&'static str, Value)]) {
        self.out.begin_map().expect(TAKES_ALL);
        let mut next = 0;
        for (name, value) in members {
            let Some(member) = structure.find(name, &mut next).filter(|_| *value != Value::Null) else { continue };
            self.out.str(member.name).expect(TAKES_ALL);
            self.shape(member.shape, value);
        }
        self.out.end().expect(TAKES_ALL);
    }

    fn free(&mut self, value: &Value) {
        let out = &mut self.out;
        match value {
            Value::Null | Value::Json(_) => drop(out.null().expect(TAKES_ALL)),
            Value::Bool(it) => drop(out.bool(*it).expect(TAKES_ALL)),
            Value::Integer(it) => drop(out.i64(*it).expect(TAKES_ALL)),
            Value::Float(it) => drop(out.f64(*it).expect(TAKES_ALL)),
            Value::String(it) => drop(out.str(it).expect(TAKES_ALL)),
            Value::Blob(it) => drop(out.bytes(it).expect(TAKES_ALL)),
            Value::Timestamp(Timestamp(millis)) if millis % 1000 == 0 => {
                out.tag(EPOCH).and_then(|out| out.i64(millis / 1000)).map(drop).expect(TAKES_ALL);
            }
            Value::Timestamp(Timestamp(millis)) => {
                out.tag(EPOCH).and_then(|out| out.f64(*millis as f64 / 1000.0)).map(drop).expect(TAKES_ALL);
            }
            Value::List(items) => {
                out.array(items.len() as u64).expect(TAKES_ALL);
                items.iter().for_each(|item| self.free(item));
            }
            Value::Map(entries) => {
                out.map(entries.len() as u64).expect(TAKES_ALL);
                for (key, value) in entries {
                    self.out.str(key).expect(TAKES_ALL);
                    self.free(value);
                }
            }
            Value::Structure(members) => {
                out.map(members.len() as u64).expect(TAKES_ALL);
                for (name, value) in members {
                    self.out.str(name).expect(TAKES_ALL);
                    self.free(value);
                }
            }
        }
    }
}

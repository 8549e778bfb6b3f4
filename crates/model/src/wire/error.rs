//! Errors in each protocol's own form.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};

use super::xml::{Reader, Writer};
use super::{DecodeError, Decoded, HttpResponse, Names, Problem, aws_json, cbor, content_type, header_value, is_s3};
use super::{Part, json, rest};
use crate::shape::{Kind, Location, Protocol, Service, Shape, ShapeId, Structure};
use crate::value::Value;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const S3_HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// An error to be answered.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// As JSON and XML state it: `QueueDoesNotExist`, `NoSuchKey`.
    pub code: &'a str,
    pub message: &'a str,
    pub status: u16,
    /// The caller's fault, not the service's.
    pub sender: bool,
    /// The Query protocol's code where it differs: `AWS.SimpleQueueService.NonExistentQueue`.
    pub query_code: Option<&'a str>,
    /// The error's shape, where the service models it.
    pub shape: Option<ShapeId>,
    /// The other members of that shape; any structure, also an empty one.
    pub fields: &'a Value,
}

/// An error that was received.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedFault {
    /// Without its namespace; that of `x-amzn-query-error` where it is given, as SDKs have it.
    pub code: String,
    pub message: String,
    pub status: u16,
    pub shape: Option<ShapeId>,
    /// The members of the shape, the message among them; empty for an unknown shape.
    pub fields: Value,
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ResponseError {
    Fault(Box<ReceivedFault>),
    Malformed(DecodeError),
}

/// Writes an error. Without a service (an unknown target, an unsigned path) only the protocol's form is kept.
pub fn encode_error(service: Option<&Service>, protocol: Protocol, fault: &Fault, request_id: &str) -> HttpResponse {
    let mut response = HttpResponse { status: fault.status, ..HttpResponse::default() };
    let modelled = service.zip(fault.shape);
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => {
            content_type(&mut response.headers, aws_json::content_type_of(protocol));
            // Services that answer the Query protocol too say which of their codes this is (Making AWS JSON requests in the
            // SQS developer guide): `com.amazonaws.sqs#QueueDoesNotExist`.
            let namespaced = service.filter(|it| it.metadata.query_compatible && fault.shape.is_some());
            let code = namespaced.map(|it| format!("com.amazonaws.{}#{}", it.name, fault.code));
            response.body = json_body(modelled, fault, Some(code.as_deref().unwrap_or(fault.code)));
        }
        Protocol::RestJson1 => {
            content_type(&mut response.headers, "application/json");
            response.body = json_body(modelled, fault, None);
        }
        Protocol::RpcV2Cbor => {
            content_type(&mut response.headers, cbor::CONTENT_TYPE);
            super::set(&mut response.headers, cbor::PROTOCOL, "rpc-v2-cbor");
            response.body = cbor_body(modelled, fault);
        }
        Protocol::AwsQuery | Protocol::Ec2Query | Protocol::RestXml => {
            content_type(
                &mut response.headers,
                if protocol == Protocol::RestXml { "application/xml" } else { "text/xml" },
            );
            response.body = Bytes::from(xml_body(service, protocol, fault, request_id));
        }
    }
    add_error_headers(service, protocol, fault, &mut response.headers);
    add_request_id(service, &mut response, request_id);
    response
}

/// S3: `x-amz-request-id` and `x-amz-id-2`; everything else `x-amzn-RequestId`.
pub(super) fn add_request_id(service: Option<&Service>, response: &mut HttpResponse, request_id: &str) {
    if service.is_some_and(is_s3) {
        response.headers.insert(S3_REQUEST_ID, header_value(request_id));
        response.headers.insert(S3_HOST_ID, header_value(host_id(request_id)));
    } else {
        response.headers.insert(REQUEST_ID, header_value(request_id));
    }
}

pub(super) fn decode_error(service: &Service, protocol: Protocol, response: &HttpResponse) -> ResponseError {
    let decoded = match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => from_json(service, response),
        Protocol::RpcV2Cbor => from_cbor(service, response),
        Protocol::AwsQuery | Protocol::Ec2Query | Protocol::RestXml => from_xml(service, protocol, response),
    };
    match decoded {
        Ok(mut fault) => {
            let stated = response.headers.get(QUERY_ERROR).and_then(|value| value.to_str().ok());
            if let Some(stated) = stated.filter(|_| service.metadata.query_compatible) {
                fault.code = stated.split(';').next().unwrap_or_default().to_owned();
            }
            ResponseError::Fault(Box::new(fault))
        }
        Err(problem) => ResponseError::Malformed(DecodeError::of(service, protocol, problem)),
    }
}

fn add_error_headers(service: Option<&Service>, protocol: Protocol, fault: &Fault, headers: &mut HeaderMap) {
    let is_json = matches!(protocol, Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1);
    if let Some((service, structure)) = service.and_then(|it| Some((it, it.structure(fault.shape?)?))) {
        rest::error_headers(service, structure, fault.fields, headers);
    }
    if is_json {
        headers.insert(ERROR_TYPE, header_value(fault.code));
    }
    let Some(service) = service else { return };
    let is_rpc = matches!(protocol, Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor);
    if service.metadata.query_compatible && is_rpc {
        let side = if fault.sender { "Sender" } else { "Receiver" };
        let code = fault.query_code.unwrap_or(fault.code);
        headers.insert(QUERY_ERROR, header_value(format!("{code};{side}")));
    }
}

/// The message is called as the shape calls it, or `message`.
fn json_body(modelled: Option<(&Service, ShapeId)>, fault: &Fault, code: Option<&str>) -> Bytes {
    let mut out = Vec::with_capacity(128);
    out.push(b'{');
    if let Some(code) = code {
        out.extend_from_slice(b"\"__type\":");
        json::write_text(code, &mut out);
        out.push(b',');
    }
    let structure = modelled.and_then(|(service, shape)| service.structure(shape));
    let name = structure.and_then(message_member).map_or("message", |member| member.wire.name.unwrap_or(member.name));
    json::write_text(name, &mut out);
    out.push(b':');
    json::write_text(fault.message, &mut out);
    if let Some((service, shape)) = modelled {
        let mut fields = Vec::new();
        json::write_body(service, shape, &other_fields(service, shape, fault), &mut fields, Part::Response);
        if fields.len() > 2 {
            out.push(b',');
            out.extend_from_slice(&fields[1..fields.len() - 1]);
        }
    }
    out.push(b'}');
    Bytes::from(out)
}

/// What the shape has beside its message.
fn other_fields(service: &Service, shape: ShapeId, fault: &Fault) -> Value {
    let message = service.structure(shape).and_then(message_member).map(|member| member.name);
    match fault.fields {
        Value::Structure(members) => {
            Value::Structure(members.iter().filter(|(name, _)| Some(*name) != message).cloned().collect())
        }
        _ => Value::Structure(Vec::new()),
    }
}

fn message_member(structure: &Structure) -> Option<&crate::shape::Member> {
    structure.members.iter().find(|it| it.name.eq_ignore_ascii_case("message") && it.location == Location::Body)
}

fn cbor_body(modelled: Option<(&Service, ShapeId)>, fault: &Fault) -> Bytes {
    let mut out = minicbor::Encoder::new(Vec::new());
    let structure = modelled.and_then(|(service, shape)| service.structure(shape));
    let name = structure.and_then(message_member).map_or("message", |member| member.name);
    let head = out.begin_map().and_then(|out| out.str("__type")).and_then(|out| out.str(fault.code));
    head.and_then(|out| out.str(name)).and_then(|out| out.str(fault.message)).expect("a vector takes all");
    let mut out = out.into_writer();
    match modelled {
        // Both are maps of indefinite length: the fields follow without their head.
        Some((service, shape)) => {
            out.extend_from_slice(&cbor::write(service, shape, &other_fields(service, shape, fault))[1..]);
        }
        None => out.push(0xff),
    }
    Bytes::from(out)
}

fn xml_body(service: Option<&Service>, protocol: Protocol, fault: &Fault, request_id: &str) -> Vec<u8> {
    static NONE: std::sync::LazyLock<Service> = std::sync::LazyLock::new(|| {
        let json = br#"{"metadata":{"apiVersion":"","protocol":"query"},"operations":{},"shapes":{}}"#;
        crate::parse::service("", json).expect("an empty model")
    });
    let mut writer = Writer::new(service.unwrap_or(&NONE), Names::Query, false);
    let namespace = service.and_then(|service| service.metadata.xml_namespace);
    let is_bare = protocol == Protocol::RestXml && service.is_some_and(is_s3);
    if protocol != Protocol::AwsQuery {
        writer.declaration();
    }
    match protocol {
        Protocol::Ec2Query => writer.raw("<Response><Errors>"),
        _ if is_bare => {}
        _ => writer.open("ErrorResponse", namespace),
    }
    writer.open("Error", None);
    if protocol != Protocol::Ec2Query && !is_bare {
        writer.text_element("Type", if fault.sender { "Sender" } else { "Receiver" });
    }
    writer.text_element("Code", xml_code(protocol, fault));
    writer.text_element("Message", fault.message);
    if let Some((service, shape)) = service.zip(fault.shape)
        && let (Some(structure), Value::Structure(fields)) =
            (service.structure(shape), other_fields(service, shape, fault))
    {
        writer.members(structure, &fields, |member| Part::Response.holds(member.location));
    }
    if is_bare {
        // S3's errors say more than its model states: the bucket, the key, what was expected.
        let structure = service.zip(fault.shape).and_then(|(service, shape)| service.structure(shape));
        let is_stated = |name: &str| structure.is_some_and(|it| it.members.iter().any(|member| member.name == name));
        if let Value::Structure(fields) = fault.fields {
            for (name, value) in fields.iter().filter(|it| !is_stated(it.0)) {
                if let Value::String(text) = value {
                    writer.text_element(name, text);
                }
            }
        }
        writer.text_element("RequestId", request_id);
        writer.text_element("HostId", &host_id(request_id));
    }
    writer.close("Error");
    match protocol {
        Protocol::Ec2Query => {
            writer.raw("</Errors>");
            writer.text_element("RequestID", request_id);
            writer.close("Response");
        }
        _ if is_bare => {}
        _ => {
            writer.text_element("RequestId", request_id);
            writer.close("ErrorResponse");
        }
    }
    writer.out
}

fn xml_code<'a>(protocol: Protocol, fault: &Fault<'a>) -> &'a str {
    if protocol == Protocol::AwsQuery { fault.query_code.unwrap_or(fault.code) } else { fault.code }
}

/// S3's second id names the host that answered; here it is derived from the first.
fn host_id(request_id: &str) -> String {
    use base64::Engine as _;
    json::BASE64.encode(["niebla/", request_id].concat())
}

fn from_json(service: &Service, response: &HttpResponse) -> Decoded<ReceivedFault> {
    let body: serde_json::Value = if response.body.trim_ascii().is_empty() {
        serde_json::Value::Null
    } else {
        serde_json::from_slice(&response.body).map_err(|error| Problem(error.to_string()))?
    };
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(name).and_then(|it| it.as_str()));
    let of_header = response.headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok());
    let code = bare_code(of_header.or_else(|| text(&["__type", "code", "Code"])).unwrap_or_default());
    let message = text(&["message", "Message", "errorMessage"]).unwrap_or_default().to_owned();
    let mut fault = received(service, response, code, message);
    if let Some(shape) = fault.shape {
        if body.is_object() {
            fault.fields = json::read_body(service, shape, &response.body, Part::Response)?;
        }
        add_header_fields(service, shape, response, &mut fault)?;
    }
    Ok(fault)
}

fn from_cbor(service: &Service, response: &HttpResponse) -> Decoded<ReceivedFault> {
    let (code, message) = cbor::read_error_texts(&response.body)?;
    let code = bare_code(&code.unwrap_or_default());
    let mut fault = received(service, response, code, message.unwrap_or_default());
    if let Some(shape) = fault.shape {
        fault.fields = cbor::read(service, shape, &response.body)?;
    }
    Ok(fault)
}

fn from_xml(service: &Service, protocol: Protocol, response: &HttpResponse) -> Decoded<ReceivedFault> {
    let names = if protocol == Protocol::AwsQuery { Names::Query } else { Names::Stated };
    let mut found = XmlError::default();
    if !response.body.trim_ascii().is_empty() {
        let mut reader = Reader::new(service, names, &response.body)?;
        let root = reader.child()?.ok_or_else(|| Problem::new("The XML has no root element"))?;
        let is_bare = root.local_name().as_ref() == "Error";
        found.read(&mut reader, is_bare)?;
    }
    let mut fault = received(service, response, found.code, found.message);
    fault.request_id = fault.request_id.or(found.request_id);
    if let Some(shape) = fault.shape {
        let mut reader = Reader::new(service, names, &response.body)?;
        fault.fields = error_fields(service, &mut reader, shape)?;
        add_header_fields(service, shape, response, &mut fault)?;
    }
    Ok(fault)
}

#[derive(Default)]
struct XmlError {
    code: String,
    message: String,
    request_id: Option<String>,
}

impl XmlError {
    /// `Error` may stand at the root, in it, or in `Errors` within it.
    fn read(&mut self, reader: &mut Reader, is_error: bool) -> Decoded<()> {
        while let Some(start) = reader.child()? {
            match start.local_name().as_ref() {
                "Error" if !is_error => self.read(reader, true)?,
                "Errors" if !is_error => self.read(reader, false)?,
                "Code" if is_error => self.code = reader.text()?,
                "Message" | "message" if is_error => self.message = reader.text()?,
                "RequestId" | "RequestID" => self.request_id = Some(reader.text()?),
                _ => reader.skip(&start)?,
            }
        }
        Ok(())
    }
}

fn error_fields(service: &Service, reader: &mut Reader, shape: ShapeId) -> Decoded<Value> {
    let empty = Value::Structure(Vec::new());
    let Some(structure) = service.structure(shape) else { return Ok(empty) };
    let Some(mut start) = reader.child()? else { return Ok(empty) };
    while start.local_name().as_ref() != "Error" {
        match reader.child()? {
            Some(child) if matches!(child.local_name().as_ref(), "Error" | "Errors") => start = child,
            Some(child) => reader.skip(&child)?,
            None => return Ok(empty),
        }
    }
    reader.structure(&start, structure)
}

fn add_header_fields(
    service: &Service,
    shape: ShapeId,
    response: &HttpResponse,
    fault: &mut ReceivedFault,
) -> Decoded<()> {
    if let (Some(structure), Value::Structure(fields)) = (service.structure(shape), &mut fault.fields) {
        fields.extend(rest::read_error_members(service, structure, response)?);
    }
    Ok(())
}

fn received(service: &Service, response: &HttpResponse, code: String, message: String) -> ReceivedFault {
    let id = [REQUEST_ID, S3_REQUEST_ID].iter().find_map(|name| response.headers.get(name));
    ReceivedFault {
        shape: shape_of(service, &code),
        code,
        message,
        status: response.status,
        fields: Value::Structure(Vec::new()),
        request_id: id.and_then(|value| value.to_str().ok()).map(str::to_owned),
    }
}

fn shape_of(service: &Service, code: &str) -> Option<ShapeId> {
    let is_error = |shape: &Shape| shape.error.is_some() && matches!(shape.kind, Kind::Structure(_));
    let by_code = service.shapes.iter().position(|shape| {
        is_error(shape) && shape.error.as_ref().is_some_and(|it| it.code == code || it.query_code == Some(code))
    });
    let by_name = || service.shape_named(code).filter(|(_, shape)| is_error(shape)).map(|(id, _)| id);
    by_code.map(|index| ShapeId(index as u32)).or_else(by_name)
}

/// `com.amazonaws.sqs#QueueDoesNotExist:http://…` → `QueueDoesNotExist`
fn bare_code(code: &str) -> String {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}

//! The wire codecs of every AWS protocol: one interpreter each, driven by the shapes.
//!
//! The server's side: [`route`], [`decode_request`], [`encode_response`], [`encode_error`]. The client's side, for calls
//! outwards and for tests: [`encode_request`], [`decode_response`]. Each protocol's rules are those of the Smithy
//! specification (smithy.io, "AWS protocols") and of AWS's own protocol cases.

mod aws_json;
mod cbor;
mod error;
mod event_stream;
mod form;
mod json;
mod query;
mod rest;
mod route;
mod timestamp;
mod xml;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

pub use error::{Fault, ReceivedFault, ResponseError, encode_error};
pub use event_stream::{
    Event, Frame, FrameError, Header, HeaderKind, MAX_FRAME, decode_event, decode_frame, encode_event,
    encode_event_error, encode_event_exception, encode_event_failure, encode_frame, encode_initial,
};
pub use json::{
    document_from_json, document_to_json, plain, read as read_json, write as write_json, write_blob, write_free,
    write_text,
};
pub(crate) use route::Routes;
pub use route::route;
pub use timestamp::{format_timestamp, parse_timestamp};

use crate::shape::{Location, Operation, Protocol, Service, Wire};
use crate::value::Value;

/// How deep a body may be nested: DynamoDB's documents go to 32, Bedrock's schemas deeper; a stack holds this easily.
pub const MAX_DEPTH: usize = 100;

#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    pub method: String,
    /// Raw, still percent-encoded; begins with a slash.
    pub path: String,
    /// Raw, without the question mark.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone, Debug, Default)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A message that does not have its shape's form. `code` is what the protocol calls that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub code: &'static str,
    pub message: String,
    pub status: u16,
}

/// What is wrong with a message; the protocol's own code is added at the end.
#[derive(Debug)]
pub(crate) struct Problem(pub String);

pub(crate) type Decoded<T> = Result<T, Problem>;

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Problem(message.into())
    }
}

/// Reads the input. An operation without an input gives an empty structure.
pub fn decode_request(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    request: &HttpRequest,
) -> Result<Value, DecodeError> {
    let decoded = match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => aws_json::decode_request(service, operation, request),
        Protocol::RestJson1 | Protocol::RestXml => rest::decode_request(service, operation, protocol, request),
        Protocol::AwsQuery | Protocol::Ec2Query => query::decode_request(service, operation, protocol, request),
        Protocol::RpcV2Cbor => cbor::decode_request(service, operation, request),
    };
    decoded.map_err(|problem| DecodeError::of(service, protocol, problem))
}

/// Writes the answer to a call that succeeded, with the header of its request id.
pub fn encode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    output: &Value,
    request_id: &str,
) -> HttpResponse {
    let mut response = match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => aws_json::encode_response(service, operation, protocol, output),
        Protocol::RestJson1 | Protocol::RestXml => rest::encode_response(service, operation, protocol, output),
        Protocol::AwsQuery | Protocol::Ec2Query => {
            query::encode_response(service, operation, protocol, output, request_id)
        }
        Protocol::RpcV2Cbor => cbor::encode_response(service, operation, output),
    };
    error::add_request_id(Some(service), &mut response, request_id);
    response
}

/// Writes a call as an SDK does, without host, signature and length. Idempotency tokens are the caller's.
pub fn encode_request(service: &Service, operation: &Operation, protocol: Protocol, input: &Value) -> HttpRequest {
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => aws_json::encode_request(service, operation, protocol, input),
        Protocol::RestJson1 | Protocol::RestXml => rest::encode_request(service, operation, protocol, input),
        Protocol::AwsQuery | Protocol::Ec2Query => query::encode_request(service, operation, protocol, input),
        Protocol::RpcV2Cbor => cbor::encode_request(service, operation, input),
    }
}

/// Reads an answer: the output, or the error that it states.
pub fn decode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    response: &HttpResponse,
) -> Result<Value, ResponseError> {
    if response.status >= 300 {
        return Err(error::decode_error(service, protocol, response));
    }
    let decoded = match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => aws_json::decode_response(service, operation, protocol, response),
        Protocol::RestJson1 | Protocol::RestXml => rest::decode_response(service, operation, protocol, response),
        Protocol::AwsQuery | Protocol::Ec2Query => query::decode_response(service, operation, protocol, response),
        Protocol::RpcV2Cbor => cbor::decode_response(service, operation, response),
    };
    decoded.map_err(|problem| ResponseError::Malformed(DecodeError::of(service, protocol, problem)))
}

impl DecodeError {
    fn of(service: &Service, protocol: Protocol, problem: Problem) -> Self {
        let code = match protocol {
            Protocol::RestXml if is_s3(service) => "MalformedXML",
            Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => "MalformedInput",
            Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 | Protocol::RpcV2Cbor => {
                "SerializationException"
            }
        };
        DecodeError { code, message: problem.0, status: 400 }
    }
}

/// Errors and request ids of S3 look unlike those of every other service.
pub(crate) fn is_s3(service: &Service) -> bool {
    service.metadata.service_id == "S3"
}

/// Which members of a structure a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All: locations say nothing outside of REST, nor below the top.
    Whole,
    Request,
    /// An answer has neither path nor query, so their members are in its body.
    Response,
}

impl Part {
    pub(crate) fn holds(self, location: Location) -> bool {
        match location {
            Location::Body => true,
            Location::Uri | Location::QueryString => self != Part::Request,
            Location::Header | Location::Headers | Location::StatusCode => self == Part::Whole,
        }
    }
}

/// Whose names stand in a body: a shape may carry several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// `locationName`, else the member's own.
    Stated,
    /// SQS states the names of the older protocol beside those of its JSON.
    Query,
}

impl Names {
    pub(crate) fn of(self, wire: &Wire) -> Option<&'static str> {
        match self {
            Names::Stated => wire.name,
            Names::Query => wire.query_name.or(wire.name),
        }
    }
}

pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

pub(crate) fn content_type(headers: &mut HeaderMap, value: &'static str) {
    set(headers, CONTENT_TYPE, value);
}

/// A header from a text of the caller; what cannot stand in a header is dropped, so that nothing can be smuggled in.
pub(crate) fn header_value(text: impl Into<String>) -> HeaderValue {
    let text: String = text.into();
    let fits = |byte: u8| byte == b'\t' || !byte.is_ascii_control();
    let clean = if text.bytes().all(fits) { text } else { text.chars().filter(|it| !it.is_control()).collect() };
    HeaderValue::from_maybe_shared(Bytes::from(clean)).expect("control characters are gone")
}

/// Later values win; keys stay where they first stood.
pub(crate) fn unique_keys(entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|a, b| entries[*a].0.cmp(&entries[*b].0).then(a.cmp(b)));
    if order.windows(2).all(|pair| entries[pair[0]].0 != entries[pair[1]].0) {
        return entries;
    }
    let mut slots: Vec<Option<(String, Value)>> = entries.into_iter().map(Some).collect();
    for pair in order.windows(2).rev() {
        let (first, second) = (pair[0], pair[1]);
        let same = matches!((&slots[first], &slots[second]), (Some(a), Some(b)) if a.0 == b.0);
        if same {
            let later = slots[second].take().expect("just seen");
            slots[first] = Some(later);
        }
    }
    slots.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_keys_wins() {
        let entry = |key: &str, number| (key.to_owned(), Value::Integer(number));
        let given = vec![entry("b", 1), entry("a", 2), entry("b", 3), entry("c", 4), entry("b", 5)];
        assert_eq!(unique_keys(given), [entry("b", 5), entry("a", 2), entry("c", 4)]);
    }
}

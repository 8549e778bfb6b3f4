//! awsJson1.0 and awsJson1.1: one JSON object each way, the operation in `X-Amz-Target`.

use bytes::Bytes;
use http::header::HeaderName;

use super::{Decoded, HttpRequest, HttpResponse, Part, content_type, event_stream, header_value, json};
use crate::shape::{Operation, Protocol, Service, ShapeId};
use crate::value::Value;

pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

pub(super) fn decode_request(service: &Service, operation: &Operation, request: &HttpRequest) -> Decoded<Value> {
    read(service, operation.input, &request.body)
}

pub(super) fn encode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    output: &Value,
) -> HttpResponse {
    let mut response = HttpResponse { status: operation.status, ..HttpResponse::default() };
    if let Some(stream) = service.event_stream(operation.output) {
        content_type(&mut response.headers, event_stream::CONTENT_TYPE);
        response.body = event_stream::encode_all(service, operation, protocol, stream, output);
        return response;
    }
    content_type(&mut response.headers, content_type_of(protocol));
    response.body = write(service, operation.output, output);
    response
}

pub(super) fn encode_request(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    input: &Value,
) -> HttpRequest {
    let mut request = HttpRequest { method: "POST".into(), path: "/".into(), ..HttpRequest::default() };
    let prefix = service.metadata.target_prefix.unwrap_or(service.metadata.service_id);
    request.headers.insert(TARGET, header_value(format!("{prefix}.{}", operation.name)));
    content_type(&mut request.headers, content_type_of(protocol));
    if service.metadata.query_compatible {
        super::set(&mut request.headers, HeaderName::from_static("x-amzn-query-mode"), "true");
    }
    request.body = write(service, operation.input, input);
    request
}

pub(super) fn decode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    response: &HttpResponse,
) -> Decoded<Value> {
    match service.event_stream(operation.output) {
        Some(stream) => event_stream::decode_all(service, operation, protocol, stream, &response.body),
        None => read(service, operation.output, &response.body),
    }
}

pub(super) fn content_type_of(protocol: Protocol) -> &'static str {
    if protocol == Protocol::AwsJson10 { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" }
}

fn read(service: &Service, shape: Option<ShapeId>, body: &[u8]) -> Decoded<Value> {
    match shape {
        Some(shape) if !body.trim_ascii().is_empty() => json::read_body(service, shape, body, Part::Whole),
        _ => Ok(Value::Structure(Vec::new())),
    }
}

fn write(service: &Service, shape: Option<ShapeId>, value: &Value) -> Bytes {
    let Some(shape) = shape else { return Bytes::from_static(b"{}") };
    let mut out = Vec::with_capacity(256);
    json::write(service, shape, value, &mut out);
    Bytes::from(out)
}

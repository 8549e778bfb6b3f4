//! Errors as answers.

use crate::route::Unrouted;
use http::HeaderValue;
use model::wire::{self, DecodeError, Fault, HttpResponse};
use model::{Error, ErrorShape, Protocol, Service, ShapeId, Value};

/// How the caller is spoken to: the service as far as it is known, and the protocol.
#[derive(Clone, Copy)]
pub struct Spoken {
    pub service: Option<&'static Service>,
    pub protocol: Protocol,
}

/// An error in the protocol's form.
pub fn error(spoken: Spoken, error: &Error, request_id: &str) -> HttpResponse {
    let shape = error.shape();
    let fault = Fault {
        code: shape.code,
        message: error.message(),
        status: shape.status,
        sender: shape.fault == model::error::Fault::Sender,
        query_code: shape.query_code,
        shape: spoken.service.and_then(|it| modelled(it, shape.code)),
        fields: &Value::Structure(error.fields().to_vec()),
    };
    let mut response = wire::encode_error(spoken.service, spoken.protocol, &fault, request_id);
    for (name, value) in error.headers() {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers.insert(*name, value);
        }
    }
    response
}

/// A body that does not have its shape's form.
pub fn undecoded(error: DecodeError) -> Error {
    ErrorShape::sender(error.code).status(error.status).with(error.message)
}

/// A request that no operation takes, and how to speak to its sender.
pub fn unrouted(unrouted: &Unrouted) -> (Spoken, Error) {
    match unrouted {
        Unrouted::Service { sentence, protocol } => {
            let status = if *protocol == Protocol::RestJson1 { 404 } else { 400 };
            let error = ErrorShape::sender("UnknownService").status(status).with(sentence.as_str());
            (Spoken { service: None, protocol: *protocol }, error)
        }
        Unrouted::Operation { service, protocol, asked } => {
            let error = unknown_operation(service, *protocol, asked);
            (Spoken { service: Some(service), protocol: *protocol }, error)
        }
    }
}

fn unknown_operation(service: &Service, protocol: Protocol, asked: &str) -> Error {
    let name = service.name;
    match protocol {
        Protocol::AwsQuery | Protocol::Ec2Query => ErrorShape::sender("InvalidAction")
            .with(format!("Could not find operation {asked} for version {}", service.metadata.api_version)),
        Protocol::RestXml if name == "s3" => ErrorShape::sender("MethodNotAllowed")
            .status(405)
            .with("The specified method is not allowed against this resource."),
        Protocol::RestXml | Protocol::RestJson1 => {
            let shape = ErrorShape::sender("UnknownOperationException").status(404);
            shape.with(format!("The service {name} has no operation for {asked}."))
        }
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor => {
            ErrorShape::sender("UnknownOperationException")
                .with(format!("The service {name} has no operation {asked}."))
        }
    }
}

/// The error's shape; its name is the code unless the model says otherwise.
fn modelled(service: &Service, code: &str) -> Option<ShapeId> {
    let named = service.shape_named(code).filter(|(_, shape)| shape.error.is_some()).map(|(id, _)| id);
    named.or_else(|| {
        let states = |it: &model::Shape| it.error.as_ref().is_some_and(|error| error.code == code);
        service.shapes.iter().position(states).map(|index| ShapeId(index as u32))
    })
}

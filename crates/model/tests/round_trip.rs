//! Every shape of every model through every codec: a value with every member comes back as it was.

mod common;

use std::collections::BTreeMap;

use bytes::Bytes;
use common::same;
use model::shape::{Kind, Location, Member, Operation, Protocol, Service, ShapeId, TimestampFormat};
use model::wire::{self, Fault, ResponseError};
use model::{Timestamp, Value, catalog};

/// Two members of S3's oldest notifications share the element `Event`: what one of them says, both do.
const AMBIGUOUS: [&str; 2] = ["GetBucketNotification", "PutBucketNotification"];

/// Shapes that hold themselves are cut off here.
const DEPTH: usize = 5;

#[test]
fn requests_come_back() {
    each_operation(|service, operation, protocol| {
        let Some(shape) = operation.input else { return Ok(()) };
        let input = Maker { service, protocol, in_request: true }.top(shape, operation);
        let request = wire::encode_request(service, operation, protocol, &input);
        let found = wire::route(service, protocol, &request).map(|it| it.name);
        if found != Some(operation.name) && !is_known_ambiguity(service, operation, found) {
            return Err(format!("routed to {found:?}: {} {}?{}", request.method, request.path, request.query));
        }
        let read = wire::decode_request(service, operation, protocol, &request).map_err(|it| it.message)?;
        compare(&without_greedy(service, protocol, shape, read), &input, &request.body)
    });
}

#[test]
fn answers_come_back() {
    each_operation(|service, operation, protocol| {
        let Some(shape) = operation.output else { return Ok(()) };
        let output = Maker { service, protocol, in_request: false }.top(shape, operation);
        let response = wire::encode_response(service, operation, protocol, &output, "id");
        let read = wire::decode_response(service, operation, protocol, &response).map_err(|it| format!("{it:?}"))?;
        compare(&without_greedy(service, protocol, shape, read), &output, &response.body)
    });
}

#[test]
fn errors_come_back() {
    each_service(|service, protocol| {
        for (index, shape) in service.shapes.iter().enumerate() {
            let Some(error) = &shape.error else { continue };
            let id = ShapeId(index as u32);
            let mut fields = Maker { service, protocol, in_request: false }.top(id, first_operation(service));
            let structure = service.structure(id).expect("errors are structures");
            let is_code = |name: &str| {
                let member = structure.member(name).expect("just made");
                member.wire.name.is_some_and(|it| it.eq_ignore_ascii_case("x-amzn-errortype"))
            };
            if let Value::Structure(members) = &mut fields {
                members.retain(|(name, _)| {
                    !name.eq_ignore_ascii_case("message") && !name.eq_ignore_ascii_case("code") && !is_code(name)
                });
            }
            let fault = Fault {
                code: error.code,
                message: "what <is> wrong",
                status: error.status,
                sender: error.sender_fault,
                query_code: error.query_code,
                shape: Some(id),
                fields: &fields,
            };
            let response = wire::encode_error(Some(service), protocol, &fault, "id");
            let read = wire::decode_response(service, first_operation(service), protocol, &response);
            let Err(ResponseError::Fault(read)) = read else {
                return Err(format!("{}: {read:?}", shape.name));
            };
            let expected =
                if service.metadata.query_compatible { error.query_code.unwrap_or(error.code) } else { error.code };
            if read.code != expected || read.message != "what <is> wrong" || read.status != error.status {
                return Err(format!("{}: {read:?}", shape.name));
            }
            let Value::Structure(expected) = &fields else { continue };
            // Two shapes may share a code; the first is taken for both.
            if read.shape == Some(id) {
                for (name, value) in expected {
                    if !read.fields.get(name).is_some_and(|it| same(it, value)) {
                        return Err(format!("{}.{name}: {:?} is not {value:?}", shape.name, read.fields.get(name)));
                    }
                }
            }
        }
        Ok(())
    });
}

#[test]
fn an_answer_without_anything_is_read() {
    each_operation(|service, operation, protocol| {
        let empty = Value::Structure(Vec::new());
        let response = wire::encode_response(service, operation, protocol, &empty, "id");
        wire::decode_response(service, operation, protocol, &response).map(drop).map_err(|it| format!("{it:?}"))
    });
}

fn first_operation(service: &'static Service) -> &'static Operation {
    service.operations.values().next().expect("a service has operations")
}

fn each_operation(test: impl Fn(&'static Service, &'static Operation, Protocol) -> Result<(), String>) {
    each_service(|service, protocol| {
        for operation in service.operations.values() {
            if service.name == "s3" && AMBIGUOUS.contains(&operation.name) {
                continue;
            }
            test(service, operation, protocol).map_err(|problem| format!("{}: {problem}", operation.name))?;
        }
        Ok(())
    });
}

fn each_service(test: impl Fn(&'static Service, Protocol) -> Result<(), String>) {
    let mut failures = BTreeMap::new();
    for info in catalog::services() {
        let service = catalog::service(info.name).expect("listed");
        for protocol in protocols(service) {
            if let Err(problem) = test(service, protocol) {
                failures.insert(format!("{} {protocol:?}", info.name), problem);
            }
        }
    }
    let listed: Vec<String> = failures.iter().map(|(name, problem)| format!("{name}: {problem:.1500}")).collect();
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), listed.join("\n"));
}

/// What the service lists; JSON of either version where it has one, and CBOR wherever a service speaks JSON.
fn protocols(service: &Service) -> Vec<Protocol> {
    let mut protocols = service.metadata.protocols.clone();
    if protocols.contains(&Protocol::AwsJson10) || protocols.contains(&Protocol::AwsJson11) {
        protocols.extend([Protocol::AwsJson10, Protocol::AwsJson11, Protocol::RpcV2Cbor]);
    }
    protocols.sort_by_key(|it| format!("{it:?}"));
    protocols.dedup();
    protocols
}

/// Some templates of a service are equal in all that a request shows.
fn is_known_ambiguity(service: &Service, operation: &Operation, found: Option<&str>) -> bool {
    let found = found.and_then(|name| service.operation(name));
    let skeleton = |uri: &str| {
        let path = uri.split('?').next().unwrap_or_default().trim_end_matches('/');
        path.split('/').map(|it| if it.starts_with('{') { "{}" } else { it }).collect::<Vec<_>>().join("/")
    };
    found.is_some_and(|found| found.method == operation.method && skeleton(found.uri) == skeleton(operation.uri))
}

fn compare(read: &Value, expected: &Value, body: &Bytes) -> Result<(), String> {
    if same(read, expected) {
        return Ok(());
    }
    let (Value::Structure(read), Value::Structure(expected)) = (common::normal(read), common::normal(expected)) else {
        return Err("no structures".into());
    };
    let body = String::from_utf8_lossy(body).into_owned();
    difference(&Value::Structure(read.clone()), &Value::Structure(expected.clone()))?;
    for (name, value) in &expected {
        let found = read.iter().find(|(it, _)| it == name).map(|(_, value)| value);
        if !found.is_some_and(|it| same(it, value)) {
            return Err(format!("{name}: {found:?} is not {value:?} in {body:.600}"));
        }
    }
    Err(format!("read more than was written: {:?}", read.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
}

/// Finds the deepest place where two values differ.
fn difference(read: &Value, expected: &Value) -> Result<(), String> {
    match (read, expected) {
        (Value::Structure(a), Value::Structure(b)) => {
            for (name, expected) in b {
                let Some((_, read)) = a.iter().find(|(it, _)| it == name) else { return Err(format!("no {name}")) };
                difference(read, expected).map_err(|it| format!("{name}.{it}"))?;
            }
            if a.len() == b.len() { Ok(()) } else { Err("more members than expected".into()) }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).try_for_each(|(read, expected)| difference(read, expected))
        }
        _ if same(read, expected) => Ok(()),
        _ => Err(format!(" {read:?} is not {expected:?}")),
    }
}

/// A prefix of nothing takes all headers, a map of the query all parameters: neither can come back alone.
fn is_greedy(service: &Service, protocol: Protocol, member: &Member) -> bool {
    matches!(protocol, Protocol::RestJson1 | Protocol::RestXml)
        && (member.location == Location::Headers && member.wire.name.unwrap_or_default().is_empty()
            || member.location == Location::QueryString && matches!(service.shape(member.shape).kind, Kind::Map { .. }))
}

fn without_greedy(service: &Service, protocol: Protocol, shape: ShapeId, value: Value) -> Value {
    let (Some(structure), Value::Structure(mut members)) = (service.structure(shape), value) else {
        return Value::Structure(Vec::new());
    };
    members.retain(|(name, _)| structure.member(name).is_none_or(|it| !is_greedy(service, protocol, it)));
    Value::Structure(members)
}

/// Makes a value with every member.
struct Maker {
    service: &'static Service,
    protocol: Protocol,
    in_request: bool,
}

impl Maker {
    fn top(&self, shape: ShapeId, operation: &Operation) -> Value {
        let Some(structure) = self.service.structure(shape) else { return Value::Structure(Vec::new()) };
        let is_rest = matches!(self.protocol, Protocol::RestJson1 | Protocol::RestXml);
        // Beside a payload there is no room for other members in the body.
        let has_room = |member: &Member| {
            let in_body = match member.location {
                Location::Body => true,
                Location::Uri | Location::QueryString => !self.in_request,
                Location::Header | Location::Headers | Location::StatusCode => false,
            };
            let stream = self.service.structure(member.shape).is_some_and(|it| it.event_stream);
            let payload = structure.payload_member().map(|it| it.name);
            let streamed =
                structure.members.iter().any(|it| self.service.structure(it.shape).is_some_and(|it| it.event_stream));
            let beside_stream = streamed && !stream && (is_rest || self.in_request);
            !(stream && self.in_request && !is_rest)
                && !(is_rest && in_body && (payload.is_some_and(|it| it != member.name) || beside_stream))
                && !(is_rest && self.in_request && member.location == Location::StatusCode)
        };
        let members = structure
            .members
            .iter()
            .filter(|it| has_room(it) && !is_greedy(self.service, self.protocol, it))
            .map(|member| {
                let location = if is_rest { member.location } else { Location::Body };
                let value = match (location, &self.service.shape(member.shape).kind) {
                    (Location::StatusCode, _) => Value::Integer(i64::from(operation.status)),
                    (Location::Headers, _) => Value::Map(vec![("some-key".into(), Value::String("value".into()))]),
                    (Location::Uri | Location::QueryString | Location::Header, Kind::String) if member.jsonvalue => {
                        Value::String("{\"a\":1}".into())
                    }
                    _ => self.value(member.shape, Some(member), location, 0)?,
                };
                Some((member.name, value))
            });
        Value::Structure(members.flatten().collect())
    }

    /// None where it would be cut off, for what is empty has no form in some protocols.
    fn value(&self, id: ShapeId, member: Option<&Member>, location: Location, depth: usize) -> Option<Value> {
        let service = self.service;
        let shape = service.shape(id);
        if depth > DEPTH && is_nested(service, id) {
            return None;
        }
        Some(match &shape.kind {
            Kind::Structure(structure) if structure.event_stream => self.events(id),
            Kind::Structure(structure) => {
                let value = |it: &Member| Some((it.name, self.value(it.shape, Some(it), Location::Body, depth + 1)?));
                let members = structure.members.iter().filter_map(value);
                let members: Vec<_> = if structure.union { members.take(1).collect() } else { members.collect() };
                if members.is_empty() && !structure.members.is_empty() {
                    return None;
                }
                Value::Structure(members)
            }
            Kind::List { member } => {
                let item = self.value(member.shape, Some(member), location, depth + 1)?;
                Value::List(vec![item.clone(), item])
            }
            Kind::Map { key, value } => {
                let key = match &service.shape(key.shape).kind {
                    Kind::Enum(values) => values[0].to_owned(),
                    _ => "a key & more".to_owned(),
                };
                Value::Map(vec![(key, self.value(value.shape, Some(value), location, depth + 1)?)])
            }
            Kind::Enum(values) => Value::String(values[0].to_owned()),
            Kind::String => Value::String(text(location).to_owned()),
            Kind::Bool => Value::Bool(true),
            Kind::Integer => Value::Integer(-7),
            Kind::Long => Value::Integer(1 << 40),
            Kind::Float | Kind::Double => Value::Float(1.25),
            Kind::Blob => Value::Blob(Bytes::from_static(b"\x00blob\xff")),
            Kind::Timestamp => Value::Timestamp(Timestamp(self.millis(id, member, location))),
            Kind::Document if self.protocol == Protocol::RestXml => Value::String("document".into()),
            Kind::Document => Value::Map(vec![("a".into(), Value::List(vec![Value::Integer(1), Value::Null]))]),
        })
    }

    /// HTTP's dates have no milliseconds.
    fn millis(&self, id: ShapeId, member: Option<&Member>, location: Location) -> i64 {
        let stated = member.and_then(|it| it.wire.timestamp_format).or(self.service.shape(id).wire.timestamp_format);
        let is_rfc822 = stated == Some(TimestampFormat::Rfc822) || stated.is_none() && location == Location::Header;
        if is_rfc822 { 1_700_000_000_000 } else { 1_700_000_000_123 }
    }

    fn events(&self, id: ShapeId) -> Value {
        let structure = self.service.structure(id).expect("a stream");
        let event = |member: &Member| {
            let value = self.value(member.shape, None, Location::Body, 1)?;
            Some(Value::Structure(vec![(member.name, value)]))
        };
        Value::List(structure.members.iter().filter_map(event).collect())
    }
}

fn text(location: Location) -> &'static str {
    match location {
        Location::Body => " a <b> & \"c\" é\u{1F30D}\r\n\t= ",
        Location::Uri => "a b/c:é%",
        Location::QueryString => "a b&c=é+%",
        Location::Header | Location::Headers | Location::StatusCode => "a, \"b\"",
    }
}

fn is_nested(service: &Service, id: ShapeId) -> bool {
    matches!(service.shape(id).kind, Kind::Structure(_) | Kind::List { .. } | Kind::Map { .. })
}

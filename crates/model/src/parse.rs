//! A service's model file → [`Service`].
//!
//! Texts are kept once each for the life of the process: models repeat the same few thousand names.

mod raw;

use std::collections::BTreeSet;
use std::sync::OnceLock;

pub(crate) use raw::{RawMetadata, Text};
use raw::{RawModel, RawNamespace, RawOperation, RawReference, RawRoot, RawShape};

use http::HeaderName;

use crate::shape::*;

/// Reads a model in botocore's form. Errors are the JSON parser's, or name the shape that is referred to but absent.
pub fn service(name: &'static str, json: &[u8]) -> Result<Service, String> {
    let raw: RawModel = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    Builder::new(&raw).build(name, &raw)
}

/// The metadata alone, as `models/index.json` lists them.
pub(crate) fn metadata<'a>(raw: &RawMetadata<'a>, mut keep: impl FnMut(&Text<'a>) -> &'static str) -> Metadata {
    let query_compatible = raw.query_compatible.is_some();
    let mut protocols: Vec<Protocol> =
        raw.protocols.iter().filter_map(|name| protocol(name, raw.json_version.as_deref())).collect();
    if protocols.is_empty() {
        protocols.extend(protocol(&raw.protocol, raw.json_version.as_deref()));
    }
    let endpoint_prefix = keep(&raw.endpoint_prefix);
    Metadata {
        full_name: keep(raw.abbreviation.as_ref().or(raw.full_name.as_ref()).unwrap_or(&raw.service_id)),
        service_id: keep(&raw.service_id),
        api_version: keep(&raw.api_version),
        endpoint_prefix,
        signing_name: raw.signing_name.as_ref().map_or(endpoint_prefix, &mut keep),
        target_prefix: raw.target_prefix.as_ref().map(&mut keep),
        protocol: protocols.first().copied().unwrap_or(Protocol::RestJson1),
        protocols,
        query_compatible,
        xml_namespace: raw.xml_namespace.as_ref().map(&mut keep),
        global: raw.global_endpoint.is_some(),
    }
}

/// Texts that live as long as the process, each kept once.
#[derive(Default)]
struct Texts {
    kept: BTreeSet<&'static str>,
    room: &'static mut [u8],
}

/// Texts are copied into blocks of this size, so that short ones cost no allocation of their own.
const TEXT_BLOCK: usize = 16 * 1024;

impl Texts {
    fn keep(&mut self, text: &str) -> &'static str {
        if let Some(kept) = self.kept.get(text) {
            return kept;
        }
        if text.len() > self.room.len() {
            self.room = Box::leak(vec![0; TEXT_BLOCK.max(text.len())].into_boxed_slice());
        }
        let (place, room) = std::mem::take(&mut self.room).split_at_mut(text.len());
        self.room = room;
        place.copy_from_slice(text.as_bytes());
        let kept = std::str::from_utf8(place).expect("copied from a str");
        self.kept.insert(kept);
        kept
    }

    fn keep_option(&mut self, text: &Option<Text>) -> Option<&'static str> {
        text.as_ref().map(|text| self.keep(text))
    }
}

fn protocol(name: &str, json_version: Option<&str>) -> Option<Protocol> {
    Some(match name {
        "json" if json_version == Some("1.0") => Protocol::AwsJson10,
        "json" => Protocol::AwsJson11,
        "rest-json" => Protocol::RestJson1,
        "rest-xml" => Protocol::RestXml,
        "query" => Protocol::AwsQuery,
        "ec2" => Protocol::Ec2Query,
        "smithy-rpc-v2-cbor" => Protocol::RpcV2Cbor,
        _ => return None,
    })
}

struct Builder<'a> {
    /// Sorted: a shape's place here is its id.
    names: Vec<&'a str>,
    shapes: Vec<&'a RawShape<'a>>,
    texts: Texts,
    query_compatible: bool,
}

impl<'a> Builder<'a> {
    fn new(raw: &'a RawModel<'a>) -> Self {
        let mut shapes: Vec<(&str, &RawShape)> = raw.shapes.0.iter().map(|(name, shape)| (&**name, shape)).collect();
        shapes.sort_by_key(|(name, _)| *name);
        let (names, shapes) = shapes.into_iter().unzip();
        let query_compatible = raw.metadata.query_compatible.is_some();
        Builder { names, shapes, texts: Texts::default(), query_compatible }
    }

    fn build(mut self, name: &'static str, raw: &'a RawModel<'a>) -> Result<Service, String> {
        let mut metadata = metadata(&raw.metadata, |text| self.texts.keep(text));
        let mut operations = Vec::with_capacity(raw.operations.0.len());
        for (name, operation) in &raw.operations.0 {
            operations.push(self.operation(name, operation)?);
        }
        if metadata.xml_namespace.is_none() {
            let stated = operations.iter().find_map(|operation| operation.input_wire.xml_namespace);
            metadata.xml_namespace = stated.map(|(uri, _)| uri);
        }
        let mut shapes = Vec::with_capacity(self.shapes.len());
        for index in 0..self.shapes.len() {
            shapes.push(self.shape(self.names[index], self.shapes[index])?);
        }
        let operations = operations.into_iter().map(|operation| (operation.name, operation)).collect();
        Ok(Service { name, metadata, operations, shapes, routes: OnceLock::new() })
    }

    fn id(&self, name: &str) -> Result<ShapeId, String> {
        let index = self.names.binary_search(&name).map_err(|_| format!("no shape {name}"))?;
        Ok(ShapeId(index as u32))
    }

    fn operation(&mut self, name: &str, raw: &RawOperation) -> Result<Operation, String> {
        let ids = raw.errors.iter().map(|error| self.id(&error.shape)).collect::<Result<Vec<_>, _>>()?;
        let no_auth = raw.auth.iter().any(|auth| &**auth == "smithy.api#noAuth");
        Ok(Operation {
            name: self.texts.keep(name),
            method: self.texts.keep(&raw.http.method),
            uri: self.texts.keep(&raw.http.uri),
            status: raw.http.status.unwrap_or(200),
            input: raw.input.as_ref().map(|it| self.id(&it.shape)).transpose()?,
            output: raw.output.as_ref().map(|it| self.id(&it.shape)).transpose()?,
            input_wire: raw.input.as_ref().map_or_else(Wire::default, |it| self.root_wire(it)),
            output_wire: raw.output.as_ref().map_or_else(Wire::default, |it| self.root_wire(it)),
            result_wrapper: raw.output.as_ref().and_then(|it| self.texts.keep_option(&it.result_wrapper)),
            host_prefix: raw.endpoint.as_ref().map(|it| self.texts.keep(&it.host_prefix)),
            unsigned_payload: raw.unsigned_payload,
            deprecated: raw.deprecated,
            errors: ids,
            anonymous: raw.auth_type.as_deref() == Some("none") || no_auth,
            checksum_required: raw.checksum_required,
        })
    }

    fn root_wire(&mut self, raw: &RawRoot) -> Wire {
        let namespace = raw.xml_namespace.as_ref().map(|it| self.namespace(it));
        Wire { name: self.texts.keep_option(&raw.location_name), xml_namespace: namespace, ..Wire::default() }
    }

    fn shape(&mut self, name: &str, raw: &RawShape) -> Result<Shape, String> {
        let name = self.texts.keep(name);
        Ok(Shape {
            name,
            kind: self.kind(raw)?,
            wire: self.shape_wire(raw),
            constraints: Constraints {
                min: raw.min,
                max: raw.max,
                pattern: raw.pattern.as_ref().map(|pattern| self.texts.keep(pattern)),
            },
            error: (raw.exception || raw.error.is_some()).then(|| self.error(name, raw)),
            sensitive: raw.sensitive,
            sparse: raw.sparse,
            streaming: raw.streaming,
            wrapper: raw.wrapper,
        })
    }

    fn kind(&mut self, raw: &RawShape) -> Result<Kind, String> {
        Ok(match &*raw.kind {
            "structure" if raw.document => Kind::Document,
            "structure" => Kind::Structure(self.structure(raw)?),
            "list" => Kind::List { member: self.part(raw.member.as_ref())? },
            "map" => Kind::Map { key: self.part(raw.key.as_ref())?, value: self.part(raw.value.as_ref())? },
            "string" | "character" if !raw.values.is_empty() => {
                Kind::Enum(raw.values.iter().map(|value| self.texts.keep(value)).collect())
            }
            "string" | "character" => Kind::String,
            "boolean" => Kind::Bool,
            "integer" | "short" | "byte" => Kind::Integer,
            "long" | "bigInteger" => Kind::Long,
            "float" => Kind::Float,
            "double" | "bigDecimal" => Kind::Double,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp,
            other => return Err(format!("unknown type of shape: {other}")),
        })
    }

    fn structure(&mut self, raw: &RawShape) -> Result<Structure, String> {
        let mut members = Vec::with_capacity(raw.members.0.len());
        for (name, reference) in &raw.members.0 {
            let mut member = self.member(name, reference)?;
            member.required = raw.required.iter().any(|required| required.0 == name.0);
            members.push(member);
        }
        let payload = raw.payload.as_ref().and_then(|name| members.iter().position(|member| member.name == &**name));
        Ok(Structure { members, payload, union: raw.union, event_stream: raw.event_stream, event: raw.event })
    }

    fn part(&mut self, raw: Option<&RawReference>) -> Result<Member, String> {
        self.member("", raw.ok_or("a list or map without its part")?)
    }

    fn member(&mut self, name: &str, raw: &RawReference) -> Result<Member, String> {
        let shape = self.id(&raw.shape)?;
        let target = self.shapes[shape.0 as usize];
        let of_target = self.shape_wire(target);
        let namespace = raw.xml_namespace.as_ref().map(|it| self.namespace(it));
        let wire = Wire {
            name: self.texts.keep_option(&raw.location_name),
            query_name: self.texts.keep_option(&raw.query_name),
            xml_namespace: namespace.or(of_target.xml_namespace),
            xml_attribute: raw.xml_attribute,
            flattened: raw.flattened || of_target.flattened,
            timestamp_format: raw.timestamp_format.as_deref().and_then(timestamp_format).or(of_target.timestamp_format),
        };
        let (name, location) = (self.texts.keep(name), location(raw.location.as_deref()));
        let header = (location == Location::Header).then(|| HeaderName::try_from(wire.name.unwrap_or(name)));
        Ok(Member {
            name,
            shape,
            required: false,
            location,
            header: header.transpose().map_err(|error| format!("{name}: {error}"))?,
            wire,
            idempotency_token: raw.idempotency_token,
            streaming: raw.streaming || target.streaming,
            event_payload: raw.event_payload,
            event_header: raw.event_header,
            jsonvalue: raw.jsonvalue,
            deprecated: raw.deprecated,
            host_label: raw.host_label,
            boxed: raw.boxed || target.boxed,
        })
    }

    fn shape_wire(&mut self, raw: &RawShape) -> Wire {
        Wire {
            name: self.texts.keep_option(&raw.location_name),
            query_name: None,
            xml_namespace: raw.xml_namespace.as_ref().map(|it| self.namespace(it)),
            xml_attribute: false,
            flattened: raw.flattened,
            timestamp_format: raw.timestamp_format.as_deref().and_then(timestamp_format),
        }
    }

    fn namespace(&mut self, raw: &RawNamespace) -> (&'static str, Option<&'static str>) {
        match raw {
            RawNamespace::Uri(uri) => (self.texts.keep(uri), None),
            RawNamespace::Full { uri, prefix } => (self.texts.keep(uri), self.texts.keep_option(prefix)),
        }
    }

    fn error(&mut self, name: &'static str, raw: &RawShape) -> ErrorTrait {
        let stated = raw.error.as_ref();
        let code = stated.and_then(|error| self.texts.keep_option(&error.code));
        let status = stated.and_then(|error| error.status).unwrap_or(if raw.fault { 500 } else { 400 });
        let (code, query_code) = if self.query_compatible { (name, code) } else { (code.unwrap_or(name), None) };
        ErrorTrait { code, query_code, status, sender_fault: !raw.fault && status < 500 }
    }
}

fn location(text: Option<&str>) -> Location {
    match text {
        Some("uri") => Location::Uri,
        Some("querystring") => Location::QueryString,
        Some("header") => Location::Header,
        Some("headers") => Location::Headers,
        Some("statusCode") => Location::StatusCode,
        _ => Location::Body,
    }
}

fn timestamp_format(text: &str) -> Option<TimestampFormat> {
    match text {
        "iso8601" => Some(TimestampFormat::Iso8601),
        "rfc822" => Some(TimestampFormat::Rfc822),
        "unixTimestamp" => Some(TimestampFormat::UnixTimestamp),
        _ => None,
    }
}

//! The shapes of a service, as its model states them.
//!
//! A service is read once, at its first use, and lives as long as the process; so everything here is `'static`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use http::HeaderName;

use crate::wire::Routes;

/// A service of AWS: its operations and shapes.
#[derive(Debug)]
pub struct Service {
    /// The folder's name in `models/`, which is also the command's name in the AWS CLI: `sqs`, `bedrock-runtime`.
    pub name: &'static str,
    pub metadata: Metadata,
    /// By name, in alphabetical order.
    pub operations: BTreeMap<&'static str, Operation>,
    /// In alphabetical order.
    pub shapes: Vec<Shape>,
    /// Made at the first request of a REST protocol.
    pub(crate) routes: OnceLock<Routes>,
}

#[derive(Debug)]
pub struct Metadata {
    /// `Amazon SQS`, or the abbreviation where the model has one.
    pub full_name: &'static str,
    pub service_id: &'static str,
    pub api_version: &'static str,
    /// The host's first label: `sqs`, `monitoring`.
    pub endpoint_prefix: &'static str,
    /// The service in a signature's scope; the endpoint prefix where the model names none.
    pub signing_name: &'static str,
    /// What `X-Amz-Target` begins with, for the JSON protocols.
    pub target_prefix: Option<&'static str>,
    /// The protocol that current SDKs choose first.
    pub protocol: Protocol,
    /// Every protocol that the service answers, the first of them `protocol`.
    pub protocols: Vec<Protocol>,
    /// SQS since 2023: JSON with the Query protocol's error codes in `x-amzn-query-error`.
    pub query_compatible: bool,
    pub xml_namespace: Option<&'static str>,
    pub global: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    AwsJson10,
    AwsJson11,
    RestJson1,
    RestXml,
    AwsQuery,
    Ec2Query,
    RpcV2Cbor,
}

#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    /// `POST`, and for the REST protocols the others too.
    pub method: &'static str,
    /// `/` for the RPC protocols, else the template: `/{Bucket}/{Key+}?acl`.
    pub uri: &'static str,
    /// The status of success; 200 unless the model says otherwise.
    pub status: u16,
    pub input: Option<ShapeId>,
    pub output: Option<ShapeId>,
    /// How the input looks as the root of an XML body: `CreateDistributionRequest` and its namespace.
    pub input_wire: Wire,
    /// The same of the output: S3's `ListBucketResult`.
    pub output_wire: Wire,
    /// The awsQuery wrapper of the output: `SendMessageResult`.
    pub result_wrapper: Option<&'static str>,
    /// What an SDK puts before the endpoint's host: `runtime.`, `{AccountId}.`.
    pub host_prefix: Option<&'static str>,
    /// The signature does not cover the body.
    pub unsigned_payload: bool,
    /// Still in the model, no longer offered.
    pub deprecated: bool,
    pub errors: Vec<ShapeId>,
    /// Unsigned calls are allowed (`authtype: none`).
    pub anonymous: bool,
    /// `httpChecksumRequired` or its successor trait.
    pub checksum_required: bool,
}

/// An index into [`Service::shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub u32);

#[derive(Debug)]
pub struct Shape {
    pub name: &'static str,
    pub kind: Kind,
    /// The name of the XML element, its namespace and so on where the shape itself states them.
    pub wire: Wire,
    pub constraints: Constraints,
    /// Set on structures that are errors.
    pub error: Option<ErrorTrait>,
    pub sensitive: bool,
    /// A list or map that may hold nulls.
    pub sparse: bool,
    /// A blob that is streamed, and never held in memory where that can be avoided.
    pub streaming: bool,
    /// The awsQuery wrapper that old models put on the shape.
    pub wrapper: bool,
}

#[derive(Debug)]
pub enum Kind {
    Structure(Structure),
    List {
        member: Member,
    },
    Map {
        key: Member,
        value: Member,
    },
    String,
    /// The values that the model lists. AWS refuses others only where its service says so, which is almost everywhere.
    Enum(Vec<&'static str>),
    Bool,
    /// byte, short, integer.
    Integer,
    Long,
    Float,
    Double,
    Blob,
    Timestamp,
    /// Free JSON.
    Document,
}

#[derive(Debug)]
pub struct Structure {
    /// In the model's order.
    pub members: Vec<Member>,
    /// Index of the member that is the whole body.
    pub payload: Option<usize>,
    pub union: bool,
    /// The members are events of a stream.
    pub event_stream: bool,
    /// One event of a stream.
    pub event: bool,
}

#[derive(Debug)]
pub struct Member {
    /// As in the model; empty for the members of lists and maps.
    pub name: &'static str,
    pub shape: ShapeId,
    pub required: bool,
    pub location: Location,
    /// The name on the wire where it is not `name`. Flattening, namespace and format are the reference's, else its shape's.
    pub wire: Wire,
    /// That name where the member is a header, made ready once: S3's operations have forty of them.
    pub header: Option<HeaderName>,
    pub idempotency_token: bool,
    pub streaming: bool,
    pub event_payload: bool,
    pub event_header: bool,
    /// A string that holds JSON, in a header encoded in base64.
    pub jsonvalue: bool,
    /// Still in the model, no longer offered.
    pub deprecated: bool,
    /// Part of the host's name (`hostPrefix` names it in braces).
    pub host_label: bool,
    /// The shape's default is not the zero value but absence.
    pub boxed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Location {
    #[default]
    Body,
    Uri,
    QueryString,
    Header,
    /// A map of headers with one prefix.
    Headers,
    StatusCode,
}

/// How a shape or a reference to it looks on the wire.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    pub name: Option<&'static str>,
    /// ec2Query's own name, and for SQS the name in its older Query protocol.
    pub query_name: Option<&'static str>,
    pub xml_namespace: Option<(&'static str, Option<&'static str>)>,
    pub xml_attribute: bool,
    pub flattened: bool,
    pub timestamp_format: Option<TimestampFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    Iso8601,
    Rfc822,
    UnixTimestamp,
}

#[derive(Clone, Debug, Default)]
pub struct Constraints {
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct ErrorTrait {
    /// The code on the wire: the shape's name unless the model says otherwise (`AWS.SimpleQueueService.NonExistentQueue`
    /// is the Query protocol's, kept in `query_code`).
    pub code: &'static str,
    pub query_code: Option<&'static str>,
    pub status: u16,
    pub sender_fault: bool,
}

impl Service {
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0 as usize]
    }

    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    pub fn shape_named(&self, name: &str) -> Option<(ShapeId, &Shape)> {
        let index = self.shapes.binary_search_by(|shape| shape.name.cmp(name)).ok()?;
        Some((ShapeId(index as u32), &self.shapes[index]))
    }

    /// The member of an input or output that is a stream of events.
    pub fn event_stream(&self, shape: Option<ShapeId>) -> Option<&Member> {
        let is_stream = |it: &&Member| self.structure(it.shape).is_some_and(|union| union.event_stream);
        self.structure(shape?)?.members.iter().find(is_stream)
    }

    /// The structure behind `id`, if it is one.
    pub fn structure(&self, id: ShapeId) -> Option<&Structure> {
        match &self.shape(id).kind {
            Kind::Structure(structure) => Some(structure),
            _ => None,
        }
    }
}

impl Structure {
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The same, for names that come in the model's order: the search begins at `next`, which is moved on.
    pub fn find(&self, name: &str, next: &mut usize) -> Option<&Member> {
        let is = |index: &usize| self.members[*index].name == name;
        let index = (*next..self.members.len()).find(is).or_else(|| (0..*next).find(is))?;
        *next = index + 1;
        Some(&self.members[index])
    }

    pub fn payload_member(&self) -> Option<&Member> {
        self.payload.map(|index| &self.members[index])
    }
}

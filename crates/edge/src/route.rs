//! Which service and which operation a request is for.
//!
//! The order is that of how sure each sign is: the scope of the signature, `X-Amz-Target`, `Action` with `Version`, the
//! path of an RPC, the host, and at last the path templates of the REST services that we implement. A host that
//! names a service goes before the templates, because a template as wide as S3's matches anything; so S3 is asked last,
//! whether it has such a bucket.
//! What none of them tells is refused: nothing is ever taken for S3 because it fits nowhere else.

use crate::encoding::{decode_form, split_pairs};
use crate::header;
use crate::sigv4::Claim;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HOST};
use kernel::Kernel;
use model::catalog::{self, ServiceInfo};
use model::wire::{self, HttpRequest};
use model::{Operation, Protocol, Service};
use std::sync::Arc;

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub service: &'static Service,
    pub operation: &'static Operation,
    pub protocol: Protocol,
}

/// Why it goes nowhere.
#[derive(Debug)]
pub enum Unrouted {
    /// The sentence says what was seen and what to do.
    Service { sentence: String, protocol: Protocol },
    /// The service is known, what is asked of it is not. Holds how the request names it.
    Operation { service: &'static Service, protocol: Protocol, asked: String },
}

/// How a request is written, as far as that can be seen without knowing the service.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form<'r> {
    /// The prefix of `X-Amz-Target`, and the version of awsJson.
    Json {
        prefix: &'r str,
        protocol: Protocol,
    },
    /// The service in `/service/…/operation/…`.
    Cbor {
        service: &'r str,
    },
    Query {
        version: Option<String>,
        action: String,
    },
    Rest,
}

/// The region that answers when a request names none, as in AWS's own SDKs' global endpoints.
const DEFAULT_REGION: &str = "us-east-1";
/// The older version of awsJson, whatever follows.
const JSON_1_0: &str = "application/x-amz-json-1.0";
/// Paths of S3 Control, which shares its signing name with S3, whose template for objects matches them too.
const S3_CONTROL_PATH: &str = "/v20180820/";

/// Finds the operation. `host` is the `Host` header.
pub fn find(kernel: &Arc<Kernel>, claim: Option<&Claim>, host: &str, request: &HttpRequest) -> Result<Route, Unrouted> {
    let form = Form::of(request);
    let candidates = candidates(kernel, claim, &form, host, request);
    let mut fitting = candidates.iter().filter_map(|info| Some((*info, form.protocol_of(info)?))).peekable();
    let first = fitting.peek().copied();
    for (info, protocol) in fitting {
        let service = catalog::service(info.name).expect("the catalog lists what it holds");
        if let Some(operation) = wire::route(service, protocol, request) {
            return Ok(Route { service, operation, protocol });
        }
    }
    // A service that does not speak this protocol is answered in its own.
    let known = first.or_else(|| candidates.first().map(|info| (*info, info.metadata.protocol)));
    match known {
        Some((info, protocol)) => Err(Unrouted::Operation {
            service: catalog::service(info.name).expect("the catalog lists what it holds"),
            protocol,
            asked: form.asked(request),
        }),
        None => Err(Unrouted::Service { sentence: unknown(claim, host, &form, request), protocol: form.protocol() }),
    }
}

/// The `Host` header.
pub fn host(headers: &HeaderMap) -> &str {
    header::text(headers, HOST).unwrap_or_default()
}

/// The region: of the signature, else of the host, else us-east-1.
pub fn region<'r>(claim: Option<&'r Claim>, host: &'r str) -> &'r str {
    let signed = claim.map(|it| &*it.region).filter(|it| !it.is_empty() && *it != "*");
    signed.or_else(|| labels(host).find(|it| is_region(it))).unwrap_or(DEFAULT_REGION)
}

/// The bucket that a host names before S3's own label: `my.bucket.s3.us-east-1.localhost` → `my.bucket`.
pub fn bucket(host: &str) -> Option<&str> {
    let name = without_port(host);
    let end = name.rmatch_indices('.').find(|(at, _)| {
        let label = name[at + 1..].split('.').next().unwrap_or_default();
        label == "s3" || label.starts_with("s3-") || label == "s3express"
    });
    end.map(|(at, _)| &name[..at])
}

/// The bucket before a name of this machine that says nothing of S3: `my.bucket.localhost` → `my.bucket`.
pub fn bucket_of_endpoint(host: &str) -> Option<&str> {
    let bucket = without_port(host).strip_suffix(".localhost")?;
    let names_s3 = bucket.split('.').next().is_some_and(|it| it == "s3" || it.starts_with("s3-"));
    (!names_s3).then_some(bucket)
}

/// Whether the body is a form, which holds the action.
pub fn is_form(headers: &HeaderMap) -> bool {
    header::text(headers, CONTENT_TYPE).is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"))
}

/// `/000000000000/jobs`
pub fn is_queue_path(path: &str) -> bool {
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
    let account = parts.next().is_some_and(kernel::is_account);
    account && parts.next().is_some_and(|it| !it.is_empty()) && parts.next().is_none()
}

impl<'r> Form<'r> {
    fn of(request: &'r HttpRequest) -> Self {
        let header = |name| header::text(&request.headers, name);
        if let Some(target) = header(header::TARGET) {
            let content_type = header(CONTENT_TYPE).unwrap_or_default();
            let prefix = catalog::target_prefix_of(target).map_or(target, |it| it.0);
            let older = content_type.starts_with(JSON_1_0);
            return Form::Json { prefix, protocol: if older { Protocol::AwsJson10 } else { Protocol::AwsJson11 } };
        }
        if let Some(service) = header(header::SMITHY_PROTOCOL).and_then(|_| rpc_service(&request.path)) {
            return Form::Cbor { service };
        }
        let body = std::str::from_utf8(&request.body).ok().filter(|_| is_form(&request.headers));
        let value = |name: &str| {
            let pairs = split_pairs(body.unwrap_or_default()).chain(split_pairs(&request.query));
            pairs.into_iter().find(|it| it.0 == name).map(|it| decode_form(it.1).into_owned())
        };
        match value("Action") {
            Some(action) => Form::Query { version: value("Version"), action },
            None => Form::Rest,
        }
    }

    /// How this service answers such a request; none if it does not take them.
    fn protocol_of(&self, info: &ServiceInfo) -> Option<Protocol> {
        let spoken = &info.metadata.protocols;
        let first_of = |wanted: [Protocol; 2]| spoken.iter().copied().find(|it| wanted.contains(it));
        match self {
            Form::Json { prefix, protocol } => {
                let own = info.metadata.target_prefix.is_none_or(|it| it == *prefix);
                // Whoever speaks one version of awsJson is answered in both.
                first_of([Protocol::AwsJson10, Protocol::AwsJson11]).filter(|_| own).map(|_| *protocol)
            }
            Form::Cbor { .. } => first_of([Protocol::RpcV2Cbor; 2]),
            Form::Query { .. } => first_of([Protocol::AwsQuery, Protocol::Ec2Query]),
            Form::Rest => first_of([Protocol::RestJson1, Protocol::RestXml]),
        }
    }

    /// For an answer to those whose service is not known.
    fn protocol(&self) -> Protocol {
        match self {
            Form::Json { protocol, .. } => *protocol,
            Form::Cbor { .. } => Protocol::RpcV2Cbor,
            Form::Query { .. } => Protocol::AwsQuery,
            Form::Rest => Protocol::RestJson1,
        }
    }

    fn asked(&self, request: &HttpRequest) -> String {
        match self {
            Form::Json { .. } => header::text(&request.headers, header::TARGET).unwrap_or_default().to_owned(),
            Form::Query { action, .. } => action.clone(),
            Form::Cbor { .. } | Form::Rest => format!("{} {}", request.method, request.path),
        }
    }
}

/// The services that the first sign names, those that we implement first.
fn candidates(
    kernel: &Arc<Kernel>,
    claim: Option<&Claim>,
    form: &Form,
    host: &str,
    request: &HttpRequest,
) -> Vec<&'static ServiceInfo> {
    let of_scope = claim.map(|it| signed_for(&it.service, request)).unwrap_or_default();
    if !of_scope.is_empty() {
        return ranked(kernel, of_scope, claim.map(|it| &*it.service));
    }
    let of_form = match form {
        Form::Json { prefix, .. } => catalog::by_target_prefix(prefix).collect(),
        Form::Cbor { service } => catalog::by_target_prefix(service).collect(),
        Form::Query { version, .. } => of_version(version.as_deref(), &request.path),
        Form::Rest => Vec::new(),
    };
    if !of_form.is_empty() {
        return ranked(kernel, of_form, None);
    }
    let of_host = of_host(host);
    if !of_host.is_empty() {
        return ranked(kernel, of_host, None);
    }
    match form {
        Form::Rest => {
            let fitting = of_templates(kernel, request);
            if fitting.is_empty() { of_paths(kernel, request) } else { fitting }
        }
        Form::Json { .. } | Form::Cbor { .. } | Form::Query { .. } => Vec::new(),
    }
}

fn signed_for(name: &str, request: &HttpRequest) -> Vec<&'static ServiceInfo> {
    let name = if name == "s3express" { "s3" } else { name };
    let mut found: Vec<_> = catalog::by_signing_name(name).collect();
    if name == "s3" {
        let control = request.path.starts_with(S3_CONTROL_PATH) && request.headers.contains_key("x-amz-account-id");
        found.retain(|it| (it.name == "s3control") == control);
    }
    found
}

/// Each version of the Query protocol belongs to one service, except for those that share the whole API of RDS.
fn of_version(version: Option<&str>, path: &str) -> Vec<&'static ServiceInfo> {
    let speaks = |it: &&ServiceInfo| {
        it.metadata.protocols.iter().any(|it| matches!(it, Protocol::AwsQuery | Protocol::Ec2Query))
    };
    match version {
        Some(version) => {
            catalog::services().iter().filter(|it| it.metadata.api_version == version).filter(speaks).collect()
        }
        // A queue's URL says enough: people send `?Action=SendMessage&MessageBody=…` to it.
        None if is_queue_path(path) => catalog::info("sqs").into_iter().collect(),
        None => Vec::new(),
    }
}

/// `sqs.us-east-1.localhost`, `bucket.s3.localhost`, `api.ecr.us-east-1.localhost`: one label or two name a service.
fn of_host(host: &str) -> Vec<&'static ServiceInfo> {
    let name = without_port(host);
    if bucket(host).is_some() {
        return catalog::info("s3").into_iter().collect();
    }
    let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
    for rest in starts.map(|at| &name[at..]) {
        let one = rest.split('.').next().unwrap_or_default();
        let two = rest.match_indices('.').nth(1).map_or(rest, |(at, _)| &rest[..at]);
        for prefix in [two, one] {
            let found: Vec<_> = catalog::by_endpoint_prefix(prefix).collect();
            if !found.is_empty() {
                return found;
            }
        }
    }
    Vec::new()
}

/// The implemented REST services that have such a path; S3 has every path, so it does not count.
fn of_templates(kernel: &Arc<Kernel>, request: &HttpRequest) -> Vec<&'static ServiceInfo> {
    let infos = kernel.services.keys().filter(|it| **it != "s3").filter_map(|it| catalog::info(it));
    let fits = |info: &&ServiceInfo| {
        let Some(protocol) = Form::Rest.protocol_of(info) else { return false };
        catalog::service(info.name).is_some_and(|it| wire::route(it, protocol, request).is_some())
    };
    infos.filter(fits).collect()
}

/// The services that know something by such a path: a bucket that there is.
fn of_paths(kernel: &Arc<Kernel>, request: &HttpRequest) -> Vec<&'static ServiceInfo> {
    let cloud = kernel.as_service("niebla");
    let knows = |service: &&Arc<kernel::Service>| {
        service.known_path.is_some_and(|knows| cloud.read(|cx| knows(cx, &request.path)))
    };
    kernel.services.values().filter(knows).filter_map(|it| catalog::info(it.name)).collect()
}

/// Those that we implement first, then the one that the name was made for.
fn ranked(kernel: &Arc<Kernel>, mut found: Vec<&'static ServiceInfo>, name: Option<&str>) -> Vec<&'static ServiceInfo> {
    if found.len() > 1 {
        found.sort_by_key(|it| {
            (!kernel.services.contains_key(it.name), name.unwrap_or(it.metadata.signing_name) != it.name)
        });
    }
    found
}

fn unknown(claim: Option<&Claim>, host: &str, form: &Form, request: &HttpRequest) -> String {
    let mut seen = Vec::new();
    if let Some(claim) = claim {
        seen.push(format!("a signature for the service '{}'", claim.service));
    }
    match form {
        Form::Json { .. } => seen.push(format!("X-Amz-Target '{}'", form.asked(request))),
        Form::Cbor { service } => seen.push(format!("the RPC service '{service}'")),
        Form::Query { version, action } => {
            seen.push(format!("Action '{action}' with Version '{}'", version.as_deref().unwrap_or_default()));
        }
        Form::Rest => seen.push(format!("{} {}", request.method, request.path)),
    }
    seen.push(format!("the host '{host}'"));
    format!(
        "No AWS service could be told from {}. Sign the request for a service of AWS, or send X-Amz-Target, or Action and Version, or use a host such as sqs.us-east-1.localhost.",
        seen.join(", ")
    )
}

fn rpc_service(path: &str) -> Option<&str> {
    let (before, _) = path.split_once("/operation/")?;
    before.strip_prefix("/service/").or_else(|| before.rsplit_once("/service/").map(|it| it.1))
}

fn without_port(host: &str) -> &str {
    // An IPv6 address stands in brackets; it names nothing.
    if host.starts_with('[') { "" } else { host.split(':').next().unwrap_or_default() }
}

fn labels(host: &str) -> impl Iterator<Item = &str> {
    without_port(host).split('.')
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-3`
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let area = parts.next().is_some_and(|it| it.len() == 2 && it.bytes().all(|it| it.is_ascii_lowercase()));
    let number = parts.next_back().is_some_and(|it| it.len() == 1 && it.as_bytes()[0].is_ascii_digit());
    area && number && parts.next_back().is_some_and(|it| DIRECTIONS.contains(&it))
}

/// What stands before the number in the name of every region.
const DIRECTIONS: [&str; 9] =
    ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "central"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_buckets_regions_and_services() {
        for (host, expected) in [
            ("photos.s3.localhost:4566", Some("photos")),
            ("my.photos.s3.us-east-1.localhost.localstack.cloud:4566", Some("my.photos")),
            ("photos.s3-us-west-2.amazonaws.com", Some("photos")),
            ("s3.us-east-1.localhost", None),
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("[::1]:4566", None),
        ] {
            assert_eq!(bucket(host), expected, "{host}");
        }
        assert_eq!(bucket_of_endpoint("my.photos.localhost:4566"), Some("my.photos"));
        assert_eq!(bucket_of_endpoint("s3.localhost"), None);
        assert_eq!(bucket_of_endpoint("localhost:4566"), None);
        assert_eq!(region(None, "sqs.eu-west-1.localhost:4566"), "eu-west-1");
        assert_eq!(region(None, "sqs.us-gov-west-1.amazonaws.com"), "us-gov-west-1");
        assert_eq!(region(None, "127.0.0.1:4566"), "us-east-1");
        assert_eq!(region(None, "my-app-1.localhost"), "us-east-1");
        let names = |host| of_host(host).iter().map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(names("sqs.us-east-1.localhost"), ["sqs"]);
        assert_eq!(names("photos.s3.localhost"), ["s3"]);
        assert_eq!(names("api.ecr.us-east-1.localhost"), ["ecr"]);
        assert!(names("localhost:4566").is_empty());
        assert!(names("127.0.0.1").is_empty());
    }

    #[test]
    fn a_queue_path_is_an_account_and_a_name() {
        assert!(is_queue_path("/000000000000/jobs"));
        assert!(!is_queue_path("/jobs/000000000000"));
        assert!(!is_queue_path("/000000000000/"));
        assert!(!is_queue_path("/000000000000/jobs/more"));
    }
}

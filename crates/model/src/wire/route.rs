//! Which operation of a service a request calls.

use std::borrow::Cow;
use std::collections::HashMap;

use http::header::HeaderMap;

use super::{HttpRequest, aws_json, form};
use crate::shape::{Location, Operation, Protocol, Service};

/// None where the service has no such operation.
pub fn route<'a>(service: &'a Service, protocol: Protocol, request: &HttpRequest) -> Option<&'a Operation> {
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => {
            let target = request.headers.get(aws_json::TARGET)?.to_str().ok()?;
            service.operation(target.rsplit('.').next()?)
        }
        Protocol::AwsQuery | Protocol::Ec2Query => service.operation(&super::query::action(request)?),
        Protocol::RpcV2Cbor => {
            let (_, name) = request.path.strip_prefix("/service/")?.split_once("/operation/")?;
            service.operation(name)
        }
        Protocol::RestJson1 | Protocol::RestXml => {
            let routes = service.routes.get_or_init(|| Routes::new(service));
            service.operation(routes.find(request)?)
        }
    }
}

/// The values of a template's labels, decoded: `/{Bucket}/{Key+}` and `/b/a%20c/d` → Bucket `b`, Key `a c/d`.
pub(super) fn labels(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let template = template.split('?').next().unwrap_or_default();
    let mut found = Vec::new();
    matches(&segments(template), path, &mut |name, value| found.push((name, form::decode_path(value).into_owned())))
        .then_some(found)
}

/// The templates of a REST service by their method, the most specific first.
#[derive(Debug)]
pub(crate) struct Routes(HashMap<&'static str, Vec<Route>>);

#[derive(Debug)]
struct Route {
    operation: &'static str,
    segments: Vec<Segment>,
    /// `?acl`, `?list-type=2`: what must stand in the query.
    literals: Vec<(&'static str, &'static str)>,
    /// Templates can be equal: PutObject and UploadPart differ in what they require beyond the path.
    required_query: Vec<&'static str>,
    required_headers: Vec<&'static str>,
    deprecated: bool,
}

/// Of a query, decoded.
type Pair<'r> = (Cow<'r, str>, Cow<'r, str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Literal(&'static str),
    Label(&'static str),
    /// Takes slashes too.
    Greedy(&'static str),
}

impl Routes {
    fn new(service: &Service) -> Self {
        let mut routes: HashMap<_, Vec<Route>> = HashMap::new();
        for operation in service.operations.values() {
            routes.entry(operation.method).or_default().push(Route::new(service, operation));
        }
        routes.values_mut().for_each(|of_method| of_method.sort_by(|a, b| a.rank().cmp(&b.rank())));
        Routes(routes)
    }

    fn find(&self, request: &HttpRequest) -> Option<&'static str> {
        let query: Vec<Pair> = form::pairs(&request.query).collect();
        let of_method = self.0.get(request.method.as_str())?;
        let mut best: Option<(&Route, usize)> = None;
        for route in of_method.iter().filter(|route| route.accepts(request, &query)) {
            let met = route.requirements_met(&query, &request.headers).map_or(0, |met| met + 1);
            match best {
                Some((first, _)) if !first.looks_like(route) => break,
                Some((_, most)) if met <= most => {}
                _ => best = Some((route, met)),
            }
        }
        best.map(|(route, _)| route.operation)
    }
}

impl Route {
    fn new(service: &Service, operation: &Operation) -> Self {
        let (path, query) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
        let literals = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("x-id="))
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        let (mut required_query, mut required_headers) = (Vec::new(), Vec::new());
        let input = operation.input.and_then(|input| service.structure(input));
        for member in input.iter().flat_map(|input| &input.members).filter(|member| member.required) {
            let name = member.wire.name.unwrap_or(member.name);
            match member.location {
                Location::QueryString => required_query.push(name),
                Location::Header => required_headers.push(name),
                Location::Body | Location::Uri | Location::Headers | Location::StatusCode => {}
            }
        }
        Route {
            operation: operation.name,
            segments: segments(path),
            literals,
            required_query,
            required_headers,
            deprecated: operation.deprecated,
        }
    }

    /// Sorts the most specific first: literal segments before labels before greedy ones, more query literals first.
    fn rank(&self) -> impl Ord {
        // An end comes last, so that `{name+}/policy` stands before `{name+}`.
        let kinds: Vec<u8> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(_) => 0u8,
                Segment::Label(_) => 1,
                Segment::Greedy(_) => 2,
            })
            .chain([3])
            .collect();
        (kinds, usize::MAX - self.literals.len(), self.deprecated, self.operation)
    }

    /// Routes that look alike compete by what they require.
    fn looks_like(&self, other: &Self) -> bool {
        let alike = |(one, other): (&Segment, &Segment)| match (one, other) {
            (Segment::Literal(one), Segment::Literal(other)) => one == other,
            (Segment::Literal(_), _) | (_, Segment::Literal(_)) => false,
            (Segment::Label(_) | Segment::Greedy(_), Segment::Label(_) | Segment::Greedy(_)) => true,
        };
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(alike)
            && self.literals == other.literals
    }

    fn accepts(&self, request: &HttpRequest, query: &[Pair]) -> bool {
        let stands_there = |(key, value): &(&str, &str)| {
            query.iter().any(|(it, given)| it == key && (value.is_empty() || given == value))
        };
        self.literals.iter().all(stands_there) && matches(&self.segments, &request.path, &mut |_, _| {})
    }

    /// How many requirements beyond the path the request meets; none if it fails one.
    fn requirements_met(&self, query: &[Pair], headers: &HeaderMap) -> Option<usize> {
        let met = self.required_query.iter().all(|name| query.iter().any(|(key, _)| key == name))
            && self.required_headers.iter().all(|name| headers.contains_key(*name));
        met.then_some(self.required_query.len() + self.required_headers.len())
    }
}

fn segments(path: &'static str) -> Vec<Segment> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Vec::new();
    }
    path.split('/')
        .map(|text| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => name.strip_suffix('+').map_or(Segment::Label(name), Segment::Greedy),
            None => Segment::Literal(text),
        })
        .collect()
}

/// A slash at the end makes no difference, except within a greedy label, which keeps it.
fn matches(segments: &[Segment], path: &str, found: &mut dyn FnMut(&'static str, &str)) -> bool {
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    for (index, segment) in segments.iter().enumerate() {
        let (text, after) = rest.split_once('/').unwrap_or((rest, ""));
        match segment {
            Segment::Literal(expected) => {
                if text != *expected && form::decode_path(text) != *expected {
                    return false;
                }
            }
            Segment::Label(name) => {
                if text.is_empty() {
                    return false;
                }
                found(name, text);
            }
            Segment::Greedy(name) => {
                let Some(taken) = greedy(rest, &segments[index + 1..]) else { return false };
                found(name, taken);
                return true;
            }
        }
        rest = after;
    }
    rest.is_empty()
}

/// What a greedy label takes when the literals that follow it are left to the end.
fn greedy<'p>(rest: &'p str, following: &[Segment]) -> Option<&'p str> {
    let mut taken = rest;
    for segment in following.iter().rev() {
        let (before, last) = taken.trim_end_matches('/').rsplit_once('/')?;
        if let Segment::Literal(expected) = segment
            && last != *expected
        {
            return None;
        }
        taken = before;
    }
    (!taken.is_empty()).then_some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn rest_requests_find_their_operation() {
        for (service, request, expected) in [
            ("s3", "GET /", "ListBuckets"),
            ("s3", "GET /b", "ListObjects"),
            ("s3", "GET /b/", "ListObjects"),
            ("s3", "GET /b?list-type=2&prefix=x", "ListObjectsV2"),
            ("s3", "GET /b?location", "GetBucketLocation"),
            ("s3", "GET /b?acl=", "GetBucketAcl"),
            ("s3", "PUT /b", "CreateBucket"),
            ("s3", "PUT /b/a/k", "PutObject"),
            ("s3", "PUT /b/a/k?partNumber=1&uploadId=x", "UploadPart"),
            ("s3", "PUT /b/k x-amz-copy-source", "CopyObject"),
            ("s3", "PUT /b/k?partNumber=1&uploadId=x x-amz-copy-source", "UploadPartCopy"),
            ("s3", "GET /b/folder/", "GetObject"),
            ("s3", "GET /b/k?x-id=GetObject", "GetObject"),
            ("s3", "GET /b/k?uploadId=x", "ListParts"),
            ("s3", "POST /b/k?uploads", "CreateMultipartUpload"),
            ("s3", "POST /b/k?uploadId=x", "CompleteMultipartUpload"),
            ("s3", "POST /b?delete", "DeleteObjects"),
            ("s3", "DELETE /b/k?uploadId=x", "AbortMultipartUpload"),
            ("s3", "DELETE /b/k", "DeleteObject"),
            ("s3", "PUT /b?lifecycle", "PutBucketLifecycleConfiguration"),
            ("s3", "HEAD /b/k", "HeadObject"),
            ("s3", "GET /b?analytics&id=x", "GetBucketAnalyticsConfiguration"),
            ("s3", "GET /b?analytics", "ListBucketAnalyticsConfigurations"),
            ("lambda", "GET /2015-03-31/functions", "ListFunctions"),
            ("lambda", "GET /2015-03-31/functions/", "ListFunctions"),
            ("lambda", "GET /2015-03-31/functions/arn%3Aaws%3Alambda", "GetFunction"),
            ("lambda", "POST /2015-03-31/functions/f/invocations", "Invoke"),
            ("lambda", "GET /2015-03-31/event-source-mappings/x", "GetEventSourceMapping"),
            ("bedrock-runtime", "POST /model/amazon.titan%3A0/invoke", "InvokeModel"),
            ("apigateway", "GET /restapis/x/resources/y/methods/GET", "GetMethod"),
        ] {
            let found = route(catalog::service(service).expect(service), Protocol::RestXml, &request_of(request));
            assert_eq!(found.map(|it| it.name), Some(expected), "{request}");
        }
        let lambda = catalog::service("lambda").expect("embedded");
        assert!(route(lambda, Protocol::RestJson1, &request_of("GET /nothing/here")).is_none());
    }

    #[test]
    fn every_template_leads_to_its_own_operation_or_an_equal_one() {
        for info in catalog::services() {
            let service = catalog::service(info.name).expect("listed");
            if !matches!(info.metadata.protocol, Protocol::RestJson1 | Protocol::RestXml) {
                continue;
            }
            for operation in service.operations.values() {
                let template = operation.uri.replace("+}", "}").replace(['{', '}'], "");
                let mut request = request_of(&format!("{} {template}", operation.method));
                let own = Route::new(service, operation);
                request.query.extend(own.required_query.iter().map(|name| format!("&{name}=x")));
                for name in &own.required_headers {
                    request.headers.insert(
                        http::HeaderName::try_from(*name).expect("a header"),
                        http::HeaderValue::from_static("x"),
                    );
                }
                let found = route(service, Protocol::RestXml, &request).expect(operation.uri);
                if found.name != operation.name {
                    assert!(
                        Route::new(service, found).looks_like(&own),
                        "{}: {} {}",
                        info.name,
                        found.name,
                        own.operation
                    );
                }
            }
        }
    }

    #[test]
    fn labels_are_decoded() {
        let found = labels("/{Bucket}/{Key+}?acl", "/b/a%20c/d+/");
        assert_eq!(found, Some(vec![("Bucket", "b".to_owned()), ("Key", "a c/d+/".to_owned())]));
        let found = labels("/v/{name+}/policy", "/v/a/b/policy");
        assert_eq!(found, Some(vec![("name", "a/b".to_owned())]));
    }

    /// `METHOD /path?query header`
    fn request_of(text: &str) -> HttpRequest {
        let mut words = text.split(' ');
        let method = words.next().expect("a method").to_owned();
        let (path, query) = words.next().map(|it| it.split_once('?').unwrap_or((it, ""))).expect("a path");
        let mut request = HttpRequest { method, path: path.into(), query: query.into(), ..HttpRequest::default() };
        for header in words {
            let name = http::HeaderName::try_from(header).expect("a header");
            request.headers.insert(name, http::HeaderValue::from_static("x"));
        }
        request
    }
}

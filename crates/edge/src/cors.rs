//! Cross-origin requests: what browsers ask before and want to read after.
//!
//! Source: the Fetch standard, "CORS protocol". AWS's own endpoints answer likewise.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use model::wire::HttpResponse;

/// Which pages of the web may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Every page. Who uses the key `test` should know that this opens Niebla to every page that the browser shows.
    #[default]
    Any,
    /// `http://localhost:3000`
    List(Vec<String>),
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
/// What scripts may read of an answer, beside what the standard always allows.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, x-amz-bucket-region, x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256, x-amz-delete-marker, x-amz-executed-version, x-amz-function-error, x-amz-id-2, x-amz-log-result, x-amz-request-id, x-amz-server-side-encryption, x-amz-version-id, x-amzn-errortype, x-amzn-query-error, x-amzn-requestid, x-amzn-trace-id",
);
/// Browsers ask again after a day; none of them remembers an answer longer.
const REMEMBERED: HeaderValue = HeaderValue::from_static("86400");
const PRIVATE_NETWORK_ASKED: HeaderName = HeaderName::from_static("access-control-request-private-network");
const PRIVATE_NETWORK_ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");

impl Origins {
    fn allow(&self, origin: &HeaderValue) -> bool {
        match self {
            Origins::Any => true,
            Origins::List(known) => known.iter().any(|it| it.as_bytes() == origin.as_bytes()),
        }
    }
}

/// Whether it is the question that a browser asks before a request.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    let asks = method == Method::OPTIONS && headers.contains_key(header::ORIGIN);
    asks && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that question from `origin`; `None` if it is not one.
pub fn preflight(
    method: &Method,
    headers: &HeaderMap,
    origin: &HeaderValue,
    origins: &Origins,
) -> Option<HttpResponse> {
    if !is_preflight(method, headers) {
        return None;
    }
    let mut answer = HttpResponse { status: StatusCode::FORBIDDEN.as_u16(), ..HttpResponse::default() };
    if !origins.allow(origin) {
        return Some(answer);
    }
    answer.status = StatusCode::NO_CONTENT.as_u16();
    expose(&mut answer.headers, origin, origins);
    answer.headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer.headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    if headers.contains_key(PRIVATE_NETWORK_ASKED) {
        answer.headers.insert(PRIVATE_NETWORK_ALLOWED, HeaderValue::from_static("true"));
    }
    Some(answer)
}

/// Lets the page that asked read the answer. What a service has said itself stays.
pub fn expose(answer: &mut HeaderMap, origin: &HeaderValue, origins: &Origins) {
    if !origins.allow(origin) || answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(origins: &Origins, method: Method) -> Option<HttpResponse> {
        let origin = HeaderValue::from_static("http://localhost:3000");
        let headers = HeaderMap::from_iter([
            (header::ORIGIN, origin.clone()),
            (header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST")),
            (header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("x-amz-target,authorization")),
        ]);
        preflight(&method, &headers, &origin, origins)
    }

    #[test]
    fn a_preflight_is_allowed_what_it_asks_for() {
        let answer = asked(&Origins::Any, Method::OPTIONS).expect("a preflight");
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3000");
        assert_eq!(answer.headers["access-control-allow-headers"], "x-amz-target,authorization");
        assert!(asked(&Origins::Any, Method::POST).is_none());
    }

    #[test]
    fn a_page_that_is_not_listed_is_refused() {
        let origins = Origins::List(vec!["https://console.example".to_owned()]);
        let answer = asked(&origins, Method::OPTIONS).expect("a preflight");
        assert_eq!((answer.status, answer.headers.len()), (403, 0));
        let mut headers = HeaderMap::new();
        expose(&mut headers, &HeaderValue::from_static("https://console.example"), &origins);
        assert_eq!(headers["access-control-allow-origin"], "https://console.example");
    }
}

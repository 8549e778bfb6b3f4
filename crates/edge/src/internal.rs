//! Niebla's own paths: `/_niebla/…`, and `/_localstack/health` for tools that probe it.
//!
//! What is neither health nor a link to a body is for this machine only, and not for pages of the web that a browser
//! shows on it: a name can be made to lead here (DNS rebinding), and a page can send without reading.

use crate::header::{self, FETCH_SITE};
use crate::server::Connection;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use kernel::{BoxFuture, DeadLink, Kernel, LINKS};
use model::wire::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// Answers what stands under `/_niebla/` beside health.
pub type Handler = Arc<dyn Fn(HttpRequest) -> BoxFuture<HttpResponse> + Send + Sync>;

const PREFIX: &str = "/_niebla/";
const HEALTH: &str = "/_niebla/health";
const PROBED_HEALTH: &str = "/_localstack/health";

pub fn is_path(path: &str) -> bool {
    path.starts_with(PREFIX) || path == PROBED_HEALTH
}

pub async fn answer(connection: &Connection, request: HttpRequest) -> HttpResponse {
    let edge = &connection.edge;
    let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
    match request.path.as_str() {
        HEALTH if is_read => return json_answer(200, &health(&edge.kernel)),
        PROBED_HEALTH if is_read => return json_answer(200, &health(&edge.kernel)),
        HEALTH | PROBED_HEALTH => return error(405, "Health is read with GET."),
        _ => {}
    }
    if let Some(sealed) = request.path.strip_prefix(LINKS).filter(|_| is_read) {
        return download(edge.kernel.clone(), sealed.to_owned()).await;
    }
    if !connection.loopback {
        return error(403, "Only the machine on which Niebla runs may ask for this.");
    }
    if let Some(sentence) = foreign(&request.headers) {
        return error(403, sentence);
    }
    match &edge.options.internal {
        Some(handler) => handler(request).await,
        None => error(404, "Niebla has no such path."),
    }
}

/// A body that somebody was given a link to: the link is all that he needs, wherever he is.
async fn download(kernel: Arc<Kernel>, sealed: String) -> HttpResponse {
    let blob = match kernel.linked(&sealed) {
        Ok(blob) => blob,
        Err(DeadLink::Expired) => return error(403, "Request has expired"),
        Err(DeadLink::Unknown) => return error(403, "Niebla has given no such link."),
    };
    let read = tokio::task::spawn_blocking(move || {
        let blob = kernel.store.blobs().open(blob)?;
        let length = usize::try_from(blob.length()).map_err(std::io::Error::other)?;
        blob.read_at(0, length)
    });
    match read.await {
        Ok(Ok(bytes)) => {
            let kind = (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            HttpResponse { status: 200, headers: HeaderMap::from_iter([kind]), body: bytes.into() }
        }
        Ok(Err(_)) | Err(_) => error(404, "What the link led to is gone."),
    }
}

/// An error in JSON.
pub fn error(status: u16, sentence: &str) -> HttpResponse {
    json_answer(status, &json!({ "message": sentence }))
}

fn json_answer(status: u16, value: &Value) -> HttpResponse {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    HttpResponse { status, headers, body: value.to_string().into() }
}

/// The same for us and for tools that probe the other path.
fn health(kernel: &Kernel) -> Value {
    let (version, services) = (kernel.settings.version, services(kernel));
    json!({ "status": "running", "edition": "niebla", "version": version, "services": services })
}

fn services(kernel: &Kernel) -> Map<String, Value> {
    kernel.services.keys().map(|name| ((*name).to_owned(), Value::from("available"))).collect()
}

/// Says why a request comes from a page or over a name that is not this machine's own.
fn foreign(headers: &HeaderMap) -> Option<&'static str> {
    if !header::text(headers, HOST).is_some_and(is_local) {
        return Some("The Host header names another machine; use localhost or 127.0.0.1.");
    }
    if is_foreign_page(headers) || header::text(headers, FETCH_SITE) == Some("cross-site") {
        return Some("Pages of other sites may not ask for this.");
    }
    None
}

/// A browser sends this for a page that does not come from this machine. Such a page is nobody's root, whoever sits before it.
pub fn is_foreign_page(headers: &HeaderMap) -> bool {
    match headers.get(ORIGIN).map(|it| it.to_str().unwrap_or_default()) {
        Some(origin) => !origin.split_once("://").is_some_and(|(_, host)| is_local(host)),
        // Links and images have no origin.
        None => header::text(headers, FETCH_SITE) == Some("cross-site"),
    }
}

/// `localhost:4566`, `127.0.0.1`, `[::1]:4566`, `sqs.localhost`
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_name = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    is_name || name.parse::<IpAddr>().is_ok_and(|it| it.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_and_other_pages_are_foreign() {
        let is_foreign = |host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            foreign(&headers).is_some()
        };
        for host in ["localhost:4566", "127.0.0.1:4566", "[::1]:4566", "console.localhost", "127.1.2.3"] {
            assert!(!is_foreign(host, None), "{host}");
        }
        for host in ["evil.example:4566", "localhost.evil.example", "10.0.0.1", ""] {
            assert!(is_foreign(host, None), "{host}");
        }
        assert!(!is_foreign("localhost", Some("http://localhost:3000")));
        assert!(is_foreign("localhost", Some("https://evil.example")));
        assert!(is_foreign("localhost", Some("null")));
    }
}

//! AWS's headers by name, made ready once: looking one up by its text reads the text first.

use http::{HeaderMap, HeaderName};

pub const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
pub const DATE: HeaderName = HeaderName::from_static("x-amz-date");
pub const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
pub const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
pub const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// A browser's: whose page it is that asks.
pub const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Its text, if it is there and is text.
pub fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

//! Templates and policies that lie in S3: found by their URL, read as the caller.

use crate::template::invalid;
use api::s3::{GetObject, HeadObject};
use kernel::Cx;
use model::{Error, Result};
use percent_encoding::percent_decode_str;

/// Where a URL points to.
#[derive(Debug, PartialEq, Eq)]
struct Object {
    bucket: String,
    key: String,
    version: Option<String>,
}

/// What a URL may bring.
pub struct Kind {
    /// As messages name it.
    pub name: &'static str,
    /// In bytes.
    pub most: i64,
}

const SERVICE: &str = "cloudformation.amazonaws.com";

/// The text behind the URL that the request gives as `member`.
pub fn fetch(cx: &mut Cx, url: &str, member: &str, kind: &Kind) -> Result<String> {
    let endpoint = cx.kernel().settings.endpoint.clone();
    let Object { bucket, key, version } =
        locate(&endpoint, url).ok_or_else(|| invalid(format!("{member} must be a supported URL.")))?;
    let get = GetObject { bucket, key, version_id: version, ..GetObject::default() };
    let (bucket, key, version_id) = (get.bucket.clone(), get.key.clone(), get.version_id.clone());
    let body = cx.via(SERVICE, |cx| {
        let head = cx.call(HeadObject { bucket, key, version_id, ..HeadObject::default() }).map_err(refused)?;
        if head.content_length.is_some_and(|it| it > kind.most) {
            return Err(invalid(format!("{} may not exceed {} bytes in size.", kind.name, kind.most)));
        }
        cx.call(get).map_err(refused)
    })?;
    String::from_utf8(body.body.unwrap_or_default().to_vec())
        .map_err(|_| invalid(format!("{} format error: it is not UTF-8.", kind.name)))
}

/// As CloudFormation tells what S3 said.
fn refused(why: Error) -> Error {
    let message = if why.code() == "AccessDenied" { "Access Denied" } else { why.message() };
    invalid(format!(
        "S3 error: {message}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
    ))
}

/// In any of the spellings of S3's URLs, on AWS's hosts or on ours; what signs a URL says nothing of where it points to.
///
/// Source: "Virtual hosting of general purpose buckets" in the S3 User Guide.
fn locate(endpoint: &str, url: &str) -> Option<Object> {
    let (authority, rest) = split(url)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = without_port(authority);
    let of_host = match bucket_of(host) {
        Some(bucket) => bucket,
        None if is_own(endpoint, authority) => None,
        None => return None,
    };
    let (bucket, key) = match of_host {
        Some(bucket) => (bucket, path),
        None => path.split_once('/')?,
    };
    let version = query.split('&').find_map(|it| it.strip_prefix("versionId="));
    let object =
        Object { bucket: decoded(bucket)?, key: decoded(key)?, version: version.map(decoded).unwrap_or_default() };
    (!object.bucket.is_empty() && !object.key.is_empty()).then_some(object)
}

/// The authority, and what follows the first slash.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.split('#').next().unwrap_or_default();
    rest.split_once('/')
}

/// Whether a host is one of S3, and the bucket that it begins with: `my.bucket.s3.eu-west-1.amazonaws.com`.
fn bucket_of(host: &str) -> Option<Option<&str>> {
    let ours = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") || is_here(host);
    let is_s3 = |label: &str| label == "s3" || label.starts_with("s3-");
    let starts = std::iter::once(0).chain(host.match_indices('.').map(|(at, _)| at + 1));
    let at = starts.rev().find(|at| is_s3(host[*at..].split('.').next().unwrap_or_default()))?;
    ours.then(|| (at > 0).then(|| &host[..at - 1]))
}

/// Names of this machine; by any other name it is known by its port.
fn is_own(endpoint: &str, authority: &str) -> bool {
    let own = split(&format!("{endpoint}/")).and_then(|it| port(it.0).map(str::to_owned));
    is_here(without_port(authority)) || (own.is_some() && port(authority) == own.as_deref())
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]"
}

fn without_port(authority: &str) -> &str {
    match port(authority) {
        Some(port) => &authority[..authority.len() - port.len() - 1],
        None => authority,
    }
}

fn port(authority: &str) -> Option<&str> {
    let (_, port) = authority.rsplit_once(':')?;
    port.bytes().all(|it| it.is_ascii_digit()).then_some(port)
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|it| it.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_point_to_objects_in_all_their_spellings() {
        let cases = [
            ("https://s3.amazonaws.com/b/k", "b k"),
            ("https://s3.eu-west-1.amazonaws.com/b/a/k.yaml", "b a/k.yaml"),
            ("https://s3-eu-west-1.amazonaws.com/b/k", "b k"),
            ("https://s3.dualstack.eu-west-1.amazonaws.com/b/k", "b k"),
            ("https://b.s3.amazonaws.com/k", "b k"),
            ("https://my.bucket.s3.eu-west-1.amazonaws.com/a/k", "my.bucket a/k"),
            ("https://b.s3-eu-west-1.amazonaws.com/k", "b k"),
            ("https://b.s3.dualstack.eu-west-1.amazonaws.com/k", "b k"),
            ("https://b.s3.cn-north-1.amazonaws.com.cn/k", "b k"),
            ("https://b.s3.amazonaws.com/a%20b+c?X-Amz-Signature=0&versionId=v1", "b a b+c v1"),
            ("http://127.0.0.1:4566/b/k", "b k"),
            ("http://127.0.0.1:5000/b/k", "b k"),
            ("http://[::1]:4566/b/k", "b k"),
            ("http://localhost:4566/b/k", "b k"),
            ("http://s3.localhost:4566/b/k", "b k"),
            ("http://b.s3.us-east-1.localhost:4566/k", "b k"),
            ("http://niebla:4566/b/k", "b k"),
        ];
        for (url, expected) in cases {
            let it = locate("http://127.0.0.1:4566", url).expect(url);
            let version = it.version.map(|it| format!(" {it}")).unwrap_or_default();
            assert_eq!(format!("{} {}{version}", it.bucket, it.key), expected, "{url}");
        }
        let bad = [
            "",
            "s3://b/k",
            "https://",
            "https://s3.amazonaws.com",
            "https://s3.amazonaws.com/b",
            "https://s3.amazonaws.com/b/",
            "https://b.s3.amazonaws.com/",
            "https://example.com/b/k",
            "https://s3.example.com/b/k",
            "https://sqs.us-east-1.amazonaws.com/b/k",
            "http://niebla:4567/b/k",
        ];
        for url in bad {
            assert_eq!(locate("http://127.0.0.1:4566", url), None, "{url}");
        }
    }
}

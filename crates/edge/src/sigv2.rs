//! AWS Signature Version 2 as S3 still takes it: SDKs presign URLs with it by default in the older regions.
//!
//! Source: "Authenticating requests (AWS signature version 2)" in the S3 User Guide.

use crate::encoding::{decode_percent, split_pairs};
use crate::sigv4::{Algorithm, Claim, Head, Place, Wrong};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap};
use sha1::Sha1;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The parameters of a query that are part of the resource.
const OF_THE_RESOURCE: [&str; 41] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Finds such a signature, in `Authorization: AWS key:signature` or in the query.
pub fn claim<'r>(headers: &'r HeaderMap, query: &'r str) -> Option<Claim<'r>> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (access_key, signature) = value.to_str().ok()?.strip_prefix("AWS ")?.trim().split_once(':')?;
        let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).map(Cow::Borrowed);
        let signed_at = text("x-amz-date").or_else(|| text(DATE.as_str())).unwrap_or_default();
        let token = text("x-amz-security-token");
        return Some(of(access_key.into(), signature.into(), signed_at, token, Place::Header));
    }
    if !query.contains("AWSAccessKeyId=") {
        return None;
    }
    let value = |name: &str| split_pairs(query).find(|it| it.0 == name).map(|it| decode_percent(it.1));
    let (access_key, signature) = (value("AWSAccessKeyId")?, value("Signature")?);
    let expires = value("Expires").unwrap_or_default();
    Some(of(access_key, signature, expires, value("x-amz-security-token"), Place::Query { expires: None }))
}

/// Who signs a text that is no request: the policy of a form.
pub fn claim_of_text<'r>(access_key: &'r str, signature: &'r str, token: Option<&'r str>) -> Claim<'r> {
    of(access_key.into(), signature.into(), "".into(), token.map(Cow::Borrowed), Place::Header)
}

fn of<'r>(
    access_key: Cow<'r, str>,
    signature: Cow<'r, str>,
    signed_at: Cow<'r, str>,
    token: Option<Cow<'r, str>>,
    place: Place,
) -> Claim<'r> {
    let (algorithm, service) = (Algorithm::Version2, "s3".into());
    let empty = || Cow::Borrowed("");
    let (date, region, signed_headers) = (empty(), empty(), empty());
    Claim { algorithm, access_key, date, region, service, signed_headers, signature, signed_at, token, place }
}

/// Seconds since 1970 at which a presigned URL ends; none if it does not say.
pub fn expires(claim: &Claim) -> Option<i64> {
    claim.signed_at.parse().ok()
}

/// Whether the signature is the one that the secret gives. `resource` is the path with the bucket, as it was sent.
pub fn verify(claim: &Claim, head: &Head, resource: &str, secret: &str) -> Result<(), Wrong> {
    verify_text(claim, &string_to_sign(claim, head, resource), secret)
}

/// The same for a text.
pub fn verify_text(claim: &Claim, text: &str, secret: &str) -> Result<(), Wrong> {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("a MAC takes keys of any length");
    let mac = mac.chain_update(text.as_bytes());
    let right = BASE64.decode(&*claim.signature).is_ok_and(|it| mac.verify_slice(&it).is_ok());
    if right { Ok(()) } else { Err(Wrong { canonical_request: String::new(), string_to_sign: text.to_owned() }) }
}

fn string_to_sign(claim: &Claim, head: &Head, resource: &str) -> String {
    let query: Vec<(&str, Cow<str>)> =
        split_pairs(head.query).map(|(name, value)| (name, decode_percent(value))).collect();
    let of_query = |name: &str| query.iter().find(|it| it.0.eq_ignore_ascii_case(name)).map(|it| it.1.to_string());
    let header = |name: &str| head.headers.get(name).and_then(|it| it.to_str().ok()).map(|it| it.trim().to_owned());
    // A presigned URL may hold what was to be sent as headers.
    let stated = |name: &str| header(name).or_else(|| of_query(name)).unwrap_or_default();
    let date = match claim.place {
        Place::Query { .. } => claim.signed_at.to_string(),
        Place::Header if head.headers.contains_key("x-amz-date") => String::new(),
        Place::Header => stated(DATE.as_str()),
    };
    let mut out = [head.method, &stated("content-md5"), &stated(CONTENT_TYPE.as_str()), &date].join("\n");
    out.push('\n');
    for (name, value) in amz_headers(head, &query) {
        out.push_str(&format!("{name}:{value}\n"));
    }
    out.push_str(resource);
    let mut parts: Vec<(&str, &Cow<str>)> =
        query.iter().filter(|(name, _)| OF_THE_RESOURCE.contains(name)).map(|(name, value)| (*name, value)).collect();
    parts.sort_by_key(|it| it.0);
    for (index, (name, value)) in parts.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(name);
        if !value.is_empty() || has_value(head.query, name) {
            out.push('=');
            out.push_str(value);
        }
    }
    out
}

/// By name; several of one name in one line.
fn amz_headers(head: &Head, query: &[(&str, Cow<str>)]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in head.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-")) {
        found.entry(name.to_string()).or_default().push(value.to_str().unwrap_or_default().trim().to_owned());
    }
    for (name, value) in query {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-amz-") && !found.contains_key(&name) {
            found.insert(name, vec![value.to_string()]);
        }
    }
    found.into_iter().map(|(name, values)| (name, values.join(","))).collect()
}

/// `uploads=` and not `uploads`.
fn has_value(query: &str, name: &str) -> bool {
    query.split('&').any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// The examples of the guide.
    #[test]
    fn the_documented_examples_are_verified() {
        let get = [
            ("host", "awsexamplebucket1.us-west-1.s3.amazonaws.com"),
            ("date", "Tue, 27 Mar 2007 19:36:42 +0000"),
            ("authorization", "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g="),
        ];
        let list = [
            ("date", "Tue, 27 Mar 2007 19:42:41 +0000"),
            ("authorization", "AWS AKIAIOSFODNN7EXAMPLE:m0WP8eCtspQl5Ahe6L1SozdX9YA="),
        ];
        let acl = [
            ("date", "Tue, 27 Mar 2007 19:44:46 +0000"),
            ("authorization", "AWS AKIAIOSFODNN7EXAMPLE:82ZHiFIjc+WbcwFKGUVEQspPn+0="),
        ];
        let examples: [(&[_], _, _, _, _); 3] = [
            (&get, "/photos/puppy.jpg", "", "/awsexamplebucket1/photos/puppy.jpg", "GET"),
            (&list, "/", "prefix=photos&max-keys=50&marker=puppy", "/awsexamplebucket1/", "GET"),
            (&acl, "/", "acl", "/awsexamplebucket1/", "GET"),
        ];
        for (headers, path, query, resource, method) in examples {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            let claim = claim(&map, query).expect("signed");
            assert_eq!(claim.access_key, "AKIAIOSFODNN7EXAMPLE");
            let head = Head { method, path, query, headers: &map };
            if let Err(wrong) = verify(&claim, &head, resource, SECRET) {
                panic!("{resource}?{query}: {}", wrong.string_to_sign);
            }
            assert!(verify(&claim, &head, "/other/", SECRET).is_err());
        }
    }

    #[test]
    fn a_presigned_url_is_verified_with_what_it_holds() {
        let query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D&Expires=1175139620";
        let headers = HeaderMap::new();
        let claim = claim(&headers, query).expect("signed");
        assert_eq!((expires(&claim), &*claim.signature), (Some(1_175_139_620), "vjbyPxybdZaNmGa+yT272YEAiv4="));
        let head = Head { method: "GET", path: "/photos/puppy.jpg", query, headers: &headers };
        let text = string_to_sign(&claim, &head, "/awsexamplebucket1/photos/puppy.jpg");
        assert_eq!(text, "GET\n\n\n1175139620\n/awsexamplebucket1/photos/puppy.jpg");
    }
}

//! AWS Signature Version 4: what a request says of its signature, and whether it is right.
//!
//! Source: "Create a signed AWS API request" in the IAM User Guide, and for presigned URLs "Authenticating Requests:
//! Using Query Parameters" in the S3 API Reference.

use crate::encoding::{cut, cut_last, decode_percent, encode_percent, hex, split_pairs, unhex};
use crate::header;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The hash of a body whose bytes the signature does not cover.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// A presigned URL opens for a week at most.
pub const LONGEST_EXPIRY_SECONDS: i64 = 604_800;
/// Keys are remembered for this many (secret, date, region, service); then all are forgotten and derived anew.
const REMEMBERED_KEYS: usize = 4096;

/// What a signature covers beside the body. `path` and `query` as they stood on the wire.
#[derive(Clone, Copy)]
pub struct Head<'r> {
    pub method: &'r str,
    pub path: &'r str,
    pub query: &'r str,
    pub headers: &'r HeaderMap,
}

/// What a request says of its signature; nothing of it is verified. Parts that are missing are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'r> {
    pub algorithm: Algorithm,
    pub access_key: Cow<'r, str>,
    /// `20150830`
    pub date: Cow<'r, str>,
    pub region: Cow<'r, str>,
    pub service: Cow<'r, str>,
    /// `host;x-amz-date`
    pub signed_headers: Cow<'r, str>,
    /// In hexadecimal digits.
    pub signature: Cow<'r, str>,
    /// When it was signed, as it was sent: `20150830T123600Z`, or the text of a `Date` header.
    pub signed_at: Cow<'r, str>,
    pub token: Option<Cow<'r, str>>,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Hmac,
    /// The asymmetric form, whose scope names no region.
    Ecdsa,
    /// Of [`crate::sigv2`], with no scope at all.
    Version2,
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Header,
    /// A presigned URL, good for so many seconds; none where the URL does not say.
    Query {
        expires: Option<i64>,
    },
}

/// Why a claim cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// No `Credential`, or no scope in it. Holds what was sent.
    Credential(String),
    /// `X-Amz-Expires` is not a number from 0 to a week; the sentence says which.
    Expires(&'static str),
}

/// How a path is made canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// S3: as it is, each character encoded once.
    Once,
    /// Everybody else: dot segments removed, what is already encoded encoded again.
    Twice,
}

/// A signature that is not the one that we compute, with what we computed it from, so that the sender can compare.
#[derive(Debug)]
pub struct Wrong {
    pub canonical_request: String,
    pub string_to_sign: String,
}

/// Finds the signature of a request, in its `Authorization` header or its query. `None` when there is none of this kind.
pub fn claim<'r>(headers: &'r HeaderMap, query: &'r str) -> Result<Option<Claim<'r>>, Malformed> {
    if let Some(value) = headers.get(http::header::AUTHORIZATION) {
        let Ok(text) = value.to_str() else { return Ok(None) };
        return match cut(text.trim_start(), b' ') {
            Some(("AWS4-HMAC-SHA256", rest)) => claim_in_header(headers, Algorithm::Hmac, rest).map(Some),
            Some(("AWS4-ECDSA-P256-SHA256", rest)) => claim_in_header(headers, Algorithm::Ecdsa, rest).map(Some),
            Some(_) | None => Ok(None),
        };
    }
    if query.contains("X-Amz-Algorithm=") { claim_in_query(query) } else { Ok(None) }
}

/// The claim of a text that is signed for itself, with the credential and the signature beside it.
pub fn claim_of_text<'r>(
    credential: &'r str,
    signature: &'r str,
    token: Option<&'r str>,
) -> Result<Claim<'r>, Malformed> {
    let parts = split_credential(credential, Algorithm::Hmac);
    let (access_key, date, region, service) = parts.ok_or_else(|| Malformed::Credential(credential.to_owned()))?;
    Ok(Claim {
        algorithm: Algorithm::Hmac,
        access_key: access_key.into(),
        date: date.into(),
        region: region.into(),
        service: service.into(),
        signed_headers: "".into(),
        signature: signature.into(),
        signed_at: "".into(),
        token: token.map(Cow::Borrowed),
        place: Place::Header,
    })
}

/// Whether the signature of a text is the one that `key` gives.
pub fn verify_text(claim: &Claim, text: &str, key: &[u8; 32]) -> Result<(), Wrong> {
    let mac = keyed(key).chain_update(text.as_bytes());
    let right = unhex(&claim.signature).is_some_and(|it| mac.verify_slice(&it).is_ok());
    if right { Ok(()) } else { Err(Wrong { canonical_request: String::new(), string_to_sign: text.to_owned() }) }
}

/// Whether the signature is the one that `key` gives.
pub fn verify(claim: &Claim, head: &Head, payload_hash: &str, paths: Paths, key: &[u8; 32]) -> Result<(), Wrong> {
    let canonical_request = canonical_request(claim, head, payload_hash, paths);
    let string_to_sign = string_to_sign(claim, &canonical_request);
    let mac = keyed(key).chain_update(string_to_sign.as_bytes());
    let right = unhex(&claim.signature).is_some_and(|it| mac.verify_slice(&it).is_ok());
    if right { Ok(()) } else { Err(Wrong { canonical_request, string_to_sign }) }
}

/// `20150830T123600Z`, also where an HTTP date was sent.
pub fn time(claim: &Claim) -> String {
    signed_at(&claim.signed_at).map_or_else(|| claim.signed_at.to_string(), basic_text)
}

/// `20150830/us-east-1/service/aws4_request`
pub fn scope(claim: &Claim) -> String {
    match claim.algorithm {
        Algorithm::Hmac => format!("{}/{}/{}/aws4_request", claim.date, claim.region, claim.service),
        Algorithm::Ecdsa => format!("{}/{}/aws4_request", claim.date, claim.service),
        Algorithm::Version2 => String::new(),
    }
}

pub fn canonical_request(claim: &Claim, head: &Head, payload_hash: &str, paths: Paths) -> String {
    let mut out = String::with_capacity(512);
    out.push_str(head.method);
    out.push('\n');
    push_canonical_path(head.path, paths, &mut out);
    out.push('\n');
    push_canonical_query(claim, head.query, &mut out);
    out.push('\n');
    for name in claim.signed_headers.split(';').filter(|it| !it.is_empty()) {
        push_canonical_header(name, head.headers, &mut out);
    }
    out.push('\n');
    out.push_str(&claim.signed_headers);
    out.push('\n');
    out.push_str(payload_hash);
    out
}

pub fn string_to_sign(claim: &Claim, canonical_request: &str) -> String {
    format!("AWS4-HMAC-SHA256\n{}\n{}\n{}", time(claim), scope(claim), hash(canonical_request.as_bytes()))
}

/// The SHA-256 of some bytes in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The signature of a text.
pub fn sign(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(text).finalize().into_bytes().into()
}

/// Seconds since 1970 of `20150830T123600Z` or of an HTTP date.
pub fn signed_at(text: &str) -> Option<i64> {
    basic_time(text).or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|it| it.timestamp())).map(|it| it.as_second())
}

/// `20150830T123600Z` of seconds since 1970.
pub fn basic_text(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Derived keys, by what they were derived from.
#[derive(Default)]
pub struct SigningKeys(Mutex<BTreeMap<String, [u8; 32]>>);

impl SigningKeys {
    /// The key that signs for this day, region and service.
    pub fn of(&self, secret: &str, claim: &Claim) -> [u8; 32] {
        let name = [secret, &claim.date, &claim.region, &claim.service].join("\n");
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&name) {
            return *key;
        }
        if known.len() >= REMEMBERED_KEYS {
            known.clear();
        }
        let key = derive(secret, claim);
        known.insert(name, key);
        key
    }
}

fn derive(secret: &str, claim: &Claim) -> [u8; 32] {
    let start =
        Hmac::<Sha256>::new_from_slice(format!("AWS4{secret}").as_bytes()).expect("a MAC takes keys of any length");
    let day: [u8; 32] = start.chain_update(claim.date.as_bytes()).finalize().into_bytes().into();
    [&*claim.region, &*claim.service, "aws4_request"].iter().fold(day, |key, text| sign(&key, text.as_bytes()))
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a MAC takes keys of any length")
}

fn claim_in_header<'r>(headers: &'r HeaderMap, algorithm: Algorithm, rest: &'r str) -> Result<Claim<'r>, Malformed> {
    let (mut credential, mut signed_headers, mut signature) = ("", "", "");
    let mut rest = Some(rest);
    while let Some(here) = rest.take() {
        let (part, after) = cut(here, b',').map_or((here, None), |(part, after)| (part, Some(after)));
        rest = after;
        match cut(part.trim(), b'=') {
            Some(("Credential", value)) => credential = value,
            Some(("SignedHeaders", value)) => signed_headers = value,
            Some(("Signature", value)) => signature = value,
            Some(_) | None => {}
        }
    }
    let signed_at = header::text(headers, header::DATE).or_else(|| header::text(headers, http::header::DATE));
    let parts = split_credential(credential, algorithm).ok_or_else(|| Malformed::Credential(credential.to_owned()))?;
    Ok(Claim {
        algorithm,
        access_key: parts.0.into(),
        date: parts.1.into(),
        region: parts.2.into(),
        service: parts.3.into(),
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        signed_at: signed_at.unwrap_or("").into(),
        token: header::text(headers, header::SECURITY_TOKEN).map(Cow::from),
        place: Place::Header,
    })
}

fn claim_in_query(query: &str) -> Result<Option<Claim<'_>>, Malformed> {
    let mut found: [Option<Cow<str>>; 7] = [const { None }; 7];
    for (name, value) in split_pairs(query) {
        if let Some(place) = QUERY_NAMES.iter().position(|it| *it == name) {
            found[place] = Some(decode_percent(value));
        }
    }
    let [algorithm, credential, signed_headers, signature, date, token, expires] = found;
    let algorithm = match algorithm.as_deref() {
        Some("AWS4-HMAC-SHA256") => Algorithm::Hmac,
        Some("AWS4-ECDSA-P256-SHA256") => Algorithm::Ecdsa,
        Some(_) | None => return Ok(None),
    };
    let credential = credential.unwrap_or_default();
    let parts =
        split_credential(&credential, algorithm).ok_or_else(|| Malformed::Credential(credential.to_string()))?;
    let own = |text: &str| Cow::Owned(text.to_owned());
    Ok(Some(Claim {
        algorithm,
        access_key: own(parts.0),
        date: own(parts.1),
        region: own(parts.2),
        service: own(parts.3),
        signed_headers: signed_headers.unwrap_or_default(),
        signature: signature.unwrap_or_default(),
        signed_at: date.unwrap_or_default(),
        token,
        place: Place::Query { expires: expires.map(|it| expiry(&it)).transpose()? },
    }))
}

const QUERY_NAMES: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Expires",
];

fn expiry(text: &str) -> Result<i64, Malformed> {
    let Ok(seconds) = text.parse::<i64>() else { return Err(Malformed::Expires("X-Amz-Expires should be a number")) };
    if seconds < 0 {
        return Err(Malformed::Expires("X-Amz-Expires must be non-negative"));
    }
    if seconds > LONGEST_EXPIRY_SECONDS {
        return Err(Malformed::Expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ));
    }
    Ok(seconds)
}

/// Access key, date, region, service. An access key may hold slashes, so the scope is read from its end.
fn split_credential(credential: &str, algorithm: Algorithm) -> Option<(&str, &str, &str, &str)> {
    let rest = credential.strip_suffix("/aws4_request")?;
    let (rest, service) = cut_last(rest, b'/')?;
    let (rest, region) = match algorithm {
        Algorithm::Hmac => cut_last(rest, b'/')?,
        Algorithm::Ecdsa | Algorithm::Version2 => (rest, ""),
    };
    let (access_key, date) = cut_last(rest, b'/')?;
    (!access_key.is_empty() && !service.is_empty()).then_some((access_key, date, region, service))
}

fn push_canonical_path(path: &str, paths: Paths, out: &mut String) {
    let path = if path.is_empty() { "/" } else { path };
    match paths {
        Paths::Once => encode_percent(decode_percent(path).as_bytes(), b"/", out),
        Paths::Twice => encode_percent(without_dot_segments(path).as_bytes(), b"/", out),
    }
}

fn without_dot_segments(path: &str) -> Cow<'_, str> {
    if !path.contains("//") && !path.contains("/.") {
        return path.into();
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/")).into()
}

fn push_canonical_query(claim: &Claim, query: &str, out: &mut String) {
    let is_signed = |name: &str| match claim.place {
        Place::Header => true,
        // AWS IoT adds the token after signing; everybody else before.
        Place::Query { .. } if name == "X-Amz-Security-Token" => claim.service != "iotdevicegateway",
        Place::Query { .. } => name != "X-Amz-Signature",
    };
    let encoded = |text: &str| {
        let mut out = String::with_capacity(text.len());
        encode_percent(decode_percent(text).as_bytes(), b"", &mut out);
        out
    };
    let mut pairs: Vec<(String, String)> = split_pairs(query)
        .filter(|(name, _)| is_signed(name))
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

fn push_canonical_header(name: &str, headers: &HeaderMap, out: &mut String) {
    out.push_str(name);
    out.push(':');
    for (index, value) in headers.get_all(name).iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        for (index, word) in text.split_ascii_whitespace().enumerate() {
            if index > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out.push('\n');
}

fn basic_time(text: &str) -> Option<jiff::Timestamp> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests;

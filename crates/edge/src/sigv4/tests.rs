//! AWS's own signature test suite, as botocore's source package carries it, and what it leaves out.

use super::*;
use http::{HeaderName, HeaderValue};
use std::path::{Path, PathBuf};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request as a file holds it.
struct Raw {
    method: String,
    target: String,
    headers: HeaderMap,
    body: String,
}

impl Raw {
    fn parse(text: &str) -> Self {
        let text = text.replace('\r', "");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        // One case has a space in its path, so the target is all between the first and the last word.
        let (method, rest) = lines.next().expect("a request line").split_once(' ').expect("a method");
        let target = rest.rsplit_once(' ').expect("a version").0;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            if line.starts_with(' ') {
                // HTTP has since given up values that go on in the next line; RFC 9112 has a space in its place.
                let value = &mut headers.last_mut().expect("a header before its continuation").1;
                value.push(' ');
                value.push_str(line.trim());
            } else {
                let (name, value) = line.split_once(':').expect("a header");
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.append(name, HeaderValue::from_bytes(value.trim().as_bytes()).expect("a value"));
        }
        Self { method: method.to_owned(), target: target.to_owned(), headers: map, body: body.to_owned() }
    }

    fn head(&self) -> Head<'_> {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        Head { method: &self.method, path, query, headers: &self.headers }
    }
}

fn suite() -> PathBuf {
    let source = std::env::var_os("BOTOCORE_SOURCE").expect(
        "BOTOCORE_SOURCE names the unpacked source package of botocore, which carries AWS's signature test suite",
    );
    Path::new(&source).join("tests/unit/auth/aws4_testsuite")
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|it| it == "sreq") {
            found.push(path);
        }
    }
}

#[test]
fn the_signatures_of_the_test_suite_of_aws_are_right() {
    let mut found = Vec::new();
    cases(&suite(), &mut found);
    assert!(found.len() >= 30, "only {} cases", found.len());
    for path in found {
        let read = |ending: &str| std::fs::read_to_string(path.with_extension(ending)).expect("a file of the case");
        let mut raw = Raw::parse(&read("sreq"));
        // One of the signed requests carries a placeholder; the signature that is meant stands in its own file.
        let authorization = HeaderValue::from_str(read("authz").trim()).expect("a header");
        raw.headers.insert(http::header::AUTHORIZATION, authorization);
        let claim = claim(&raw.headers, raw.head().query).expect("well formed").expect("signed");
        assert_eq!((&*claim.access_key, &*claim.region, &*claim.service), ("AKIDEXAMPLE", "us-east-1", "service"));

        let payload = hash(raw.body.as_bytes());
        let canonical = canonical_request(&claim, &raw.head(), &payload, Paths::Twice);
        assert_eq!(canonical, read("creq").replace('\r', ""), "{}", path.display());
        assert_eq!(string_to_sign(&claim, &canonical), read("sts").replace('\r', ""), "{}", path.display());
        let key = SigningKeys::default().of(SECRET, &claim);
        verify(&claim, &raw.head(), &payload, Paths::Twice, &key)
            .unwrap_or_else(|it| panic!("{}: {it:?}", path.display()));

        let other = SigningKeys::default().of("another secret", &claim);
        verify(&claim, &raw.head(), &payload, Paths::Twice, &other).expect_err("another secret signs otherwise");
        verify(&claim, &raw.head(), &hash(b"another body"), Paths::Twice, &key).expect_err("another body");
    }
}

/// The example of "Authenticating Requests: Using Query Parameters" in the S3 API Reference.
const PRESIGNED: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
    &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
    &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

fn presigned(query: &str) -> Result<Claim<'static>, Malformed> {
    let headers =
        HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("examplebucket.s3.amazonaws.com"))]);
    let head = Head { method: "GET", path: "/test.txt", query, headers: &headers };
    let claim = claim(&headers, query)?.expect("signed");
    let key = SigningKeys::default().of("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &claim);
    verify(&claim, &head, UNSIGNED_PAYLOAD, Paths::Once, &key).expect("the documented signature");
    Ok(Claim {
        algorithm: claim.algorithm,
        access_key: claim.access_key.into_owned().into(),
        date: claim.date.into_owned().into(),
        region: claim.region.into_owned().into(),
        service: claim.service.into_owned().into(),
        signed_headers: claim.signed_headers.into_owned().into(),
        signature: claim.signature.into_owned().into(),
        signed_at: claim.signed_at.into_owned().into(),
        token: claim.token.map(|it| it.into_owned().into()),
        place: claim.place,
    })
}

#[test]
fn the_documented_presigned_url_is_right() {
    let claim = presigned(PRESIGNED).expect("well formed");
    assert_eq!(claim.place, Place::Query { expires: Some(86400) });
    assert_eq!((&*claim.access_key, &*claim.service), ("AKIAIOSFODNN7EXAMPLE", "s3"));
    assert_eq!(signed_at(&claim.signed_at), Some(1_369_353_600));
}

#[test]
fn a_presigned_url_opens_for_a_week_at_most() {
    let expires = |text: &str| presigned(&PRESIGNED.replace("86400", text)).expect_err("refused");
    assert_eq!(expires("soon"), Malformed::Expires("X-Amz-Expires should be a number"));
    assert_eq!(expires("-1"), Malformed::Expires("X-Amz-Expires must be non-negative"));
    let Malformed::Expires(sentence) = expires("604801") else { panic!("the expiry is at fault") };
    assert!(sentence.starts_with("X-Amz-Expires must be less than a week"));
}

#[test]
fn s3_encodes_a_path_once_and_the_others_twice() {
    let canonical = |paths| {
        let mut out = String::new();
        push_canonical_path("/a%20b//./c", paths, &mut out);
        out
    };
    assert_eq!(canonical(Paths::Once), "/a%20b//./c");
    assert_eq!(canonical(Paths::Twice), "/a%2520b/c");
}

#[test]
fn a_credential_without_a_scope_is_malformed_and_other_schemes_are_no_claim() {
    let claim_of = |text: &'static str| {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static(text))]);
        claim(&headers, "").map(|it| it.map(|it| scope(&it)))
    };
    assert_eq!(claim_of("Bearer abc"), Ok(None));
    assert_eq!(claim_of("AWS4-HMAC-SHA256 Credential=test"), Err(Malformed::Credential("test".to_owned())));
    assert_eq!(
        claim_of("AWS4-HMAC-SHA256 Credential=a/b/20200101/eu-west-1/sqs/aws4_request,SignedHeaders=host,Signature=0"),
        Ok(Some("20200101/eu-west-1/sqs/aws4_request".to_owned()))
    );
}

#[test]
fn both_forms_of_dates_are_read() {
    assert_eq!(signed_at("20150830T123600Z"), Some(1_440_938_160));
    assert_eq!(signed_at("Sun, 30 Aug 2015 12:36:00 GMT"), Some(1_440_938_160));
    assert_eq!(signed_at("yesterday"), None);
    assert_eq!(basic_text(1_440_938_160), "20150830T123600Z");
}

//! Signature Version 4: headers and queries as nobody sends them.

use super::Target;
use edge::sigv4::{self, Head, Paths};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Lines: method, path, query, then headers.
pub const SIGNATURE: Target = Target {
    name: "sigv4",
    corpus: &[
        b"GET\n/a%20b/../c\nx=1&y=%2F&x=0\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\nhost: iam.amazonaws.com\nx-amz-date: 20150830T123600Z",
        b"GET\n/k\nX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20150830%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00\nhost: h",
    ],
    words: &[
        "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "Credential=", "SignedHeaders=", "Signature=", ", ", "/", "%", "%2F", "%zz", "..", "./", "//", "&", "=", ";", "\n",
        "X-Amz-Expires=-1", "X-Amz-Algorithm=", "date: Mon, 09 Sep 2011 23:36:00 GMT", "\t", "  ",
    ],
    run,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let (method, path) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let query = lines.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = HeaderName::from_bytes(name.trim().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.trim())) {
            headers.append(name, value);
        }
    }
    let Ok(Some(claim)) = sigv4::claim(&headers, query) else { return };
    let head = Head { method, path, query, headers: &headers };
    let (key, hash) = ([7; 32], sigv4::hash(b""));
    for paths in [Paths::Once, Paths::Twice] {
        let request = sigv4::canonical_request(&claim, &head, &hash, paths);
        assert!(request.ends_with(&hash), "the canonical request ends with the hash of the body");
        let forged = sigv4::verify(&claim, &head, &hash, paths, &key).is_ok();
        assert!(!forged, "a signature that nobody made is right");
    }
    let _ = (sigv4::scope(&claim), sigv4::time(&claim));
}

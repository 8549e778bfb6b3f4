//! Whether a small body is what its sender says: `Content-MD5`, or a checksum of S3's.
//!
//! Source: "Checking object integrity in Amazon S3" in the S3 User Guide. What streams is looked at by whoever takes it.

use checksum::{Algorithm, Hasher};
use http::HeaderMap;
use kernel::Digest;
use md5::{Digest as _, Md5};
use model::wire::HttpRequest;
use model::{ErrorShape, Operation, Result};

const INVALID_REQUEST: ErrorShape = ErrorShape::sender("InvalidRequest");

/// For operations whose models speak of checksums of their requests.
///
/// # Errors
/// The body is another one, or its digest no digest, or there is none where the operation needs one.
pub fn check(operation: &Operation, needed: Digest, request: &HttpRequest) -> Result<()> {
    if operation.checksum_required { compare(&request.headers, &request.body, needed) } else { Ok(()) }
}

fn compare(headers: &HeaderMap, body: &[u8], needed: Digest) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let md5 = text("content-md5").map(checksum::read_md5).transpose()?;
    if md5.is_some_and(|it| it != <[u8; 16]>::from(Md5::digest(body))) {
        return Err(checksum::wrong_md5());
    }
    let names = headers.keys().filter_map(|it| Algorithm::of_header(it.as_str()));
    let given: Vec<(Algorithm, &str)> = names.filter_map(|it| Some((it, text(&it.header())?))).collect();
    for (algorithm, value) in &given {
        if !checksum::is_well_formed(*algorithm, value) {
            return Err(checksum::invalid_value(*algorithm));
        }
        let mut hasher = Hasher::new(*algorithm);
        hasher.update(body);
        if hasher.finish().value != *value {
            return Err(checksum::wrong(*algorithm));
        }
    }
    match needed {
        Digest::Needed if md5.is_none() && given.is_empty() => {
            Err(INVALID_REQUEST.with("Missing required header for this request: Content-MD5 OR x-amz-checksum-*"))
        }
        Digest::Needed | Digest::IfGiven => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::HeaderName;

    fn checked(headers: &[(&'static str, &'static str)], needed: Digest) -> Result<()> {
        let pairs = headers.iter().map(|it| (HeaderName::from_static(it.0), HeaderValue::from_static(it.1)));
        compare(&HeaderMap::from_iter(pairs), b"123456789", needed)
    }

    #[test]
    fn a_body_is_what_its_sender_says() {
        for headers in [
            &[("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")][..],
            &[("x-amz-checksum-crc32", "y/Q5Jg==")],
            &[("x-amz-checksum-crc32", "y/Q5Jg=="), ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")],
        ] {
            assert_eq!(checked(headers, Digest::Needed), Ok(()), "{headers:?}");
        }
        assert_eq!(checked(&[], Digest::IfGiven), Ok(()));
        for (headers, expected) in [
            (&[][..], "InvalidRequest"),
            (&[("content-md5", "JfnnlDI7RTiF9RgfG2JNCA==")], "BadDigest"),
            (&[("content-md5", "JfnnlDI7RTiF9RgfG2JN")], "InvalidDigest"),
            (&[("x-amz-checksum-crc32", "y/Q5Jw==")], "BadDigest"),
            (&[("x-amz-checksum-crc32", "y/Q5Jg")], "InvalidRequest"),
            (&[("x-amz-checksum-type", "FULL_OBJECT")], "InvalidRequest"),
        ] {
            assert_eq!(checked(headers, Digest::Needed).expect_err("refused").code(), expected, "{headers:?}");
        }
    }
}

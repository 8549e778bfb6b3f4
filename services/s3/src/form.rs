//! Uploads by forms of browsers: POST Object.
//!
//! The fields of a form are the headers of a PutObject; a policy says which ones its signer lets pass.
//!
//! Sources: "POST Object", "Browser-Based Uploads Using POST" in the S3 API Reference, for both versions of signatures.

mod multipart;
mod policy;

use self::policy::{Field, Terms};
use crate::bucket::{self, Bucket};
use crate::fault;
use crate::list::Spelling;
use api::s3::{PutObject, PutObjectOutput, PutObjectTagging};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::web::{SignedText, WebAnswer, WebRequest};
use kernel::{Body, Caller, Cloud, Pieces};
use model::typed::{Operation, Typed};
use model::wire::HttpRequest;
use model::{Error, ErrorShape, Protocol, Result};
use multipart::{File, Form, Head};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

const MALFORMED: ErrorShape = ErrorShape::sender("MalformedPOSTRequest");
const TOO_MUCH_BEFORE: ErrorShape = ErrorShape::sender("MaxPostPreDataLengthExceededError");
/// What stands before the file ("POST Object").
const MOST_BEFORE_FILE: usize = 20 * 1024;
const FORM: &str = "multipart/form-data";

/// A form that is sent to a bucket, by its path or its host.
pub fn takes(request: &HttpRequest, host: &str) -> bool {
    request.method == "POST"
        && request.query.is_empty()
        && content_type(request).is_some_and(|it| it.to_ascii_lowercase().starts_with(FORM))
        && bucket_of(&request.path, host).is_some()
}

pub async fn answer(cloud: Cloud, request: WebRequest) -> Result<WebAnswer> {
    let WebRequest { head, host, body, signatures } = request;
    let name = bucket_of(&head.path, &host).unwrap_or_default();
    let bucket = cloud.read(|cx| bucket::named(cx, name))?;
    let mut form = Form::new(body, content_type(&head).unwrap_or_default())?;
    let (mut fields, file) = fields_of(&mut form).await?;
    let key = key_of(&mut fields, file.filename.as_deref().unwrap_or_default())?;
    let (caller, length) = match value(&fields, "policy") {
        // Who signs nothing is nobody, and the bucket's policy decides.
        None => (cloud.in_region(&bucket.region).caller().clone(), 0..=u64::MAX),
        Some(policy) => {
            let signed = signed(policy, &fields)?;
            let caller = signatures.caller(&signed)?;
            let terms = Terms::read(policy)?;
            terms.check(&fields, &bucket.name, signatures.time())?;
            (in_region_of(&bucket, caller), terms.length())
        }
    };
    let input = input_of(&bucket, &key, &fields)?;
    let named = cloud.kernel().entry(PutObject::SERVICE, PutObject::NAME)?;
    let body = Body::new(None, Bounded { file: form.file(), length, sent: 0 });
    let endpoint = caller.endpoint.clone();
    let output = cloud.kernel().answer_form(caller, &named, input.into_value(), body).await?;
    let location = format!("{endpoint}/{}/{}", bucket.name, Spelling::Url.spell(&key));
    Ok(told(&bucket, &key, &fields, &location, PutObjectOutput::from_value(output)))
}

/// The fields before the file, and the file's head.
async fn fields_of(form: &mut Form) -> Result<(Vec<Field>, Head)> {
    let (mut fields, mut room) = (Vec::new(), MOST_BEFORE_FILE);
    while let Some(head) = form.next().await? {
        let name = head.name.to_lowercase();
        if name == "file" {
            return Ok((fields, head));
        }
        let text = form.value(room).await?;
        room = room.checked_sub(name.len() + text.len()).ok_or_else(too_much_before)?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| malformed())?;
        fields.push((name, text));
    }
    Err(fault::invalid_argument("POST requires exactly one file upload per request.", "file", "0"))
}

/// `${filename}` stands for the name that the browser gives, without its folders.
fn key_of(fields: &mut [Field], filename: &str) -> Result<String> {
    let filename = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let Some(key) = fields.iter_mut().find(|it| it.0 == "key").filter(|it| !it.1.is_empty()) else {
        return Err(missing("key"));
    };
    key.1 = key.1.replace("${filename}", filename);
    Ok(key.1.clone())
}

fn signed(policy: &str, fields: &[Field]) -> Result<SignedText> {
    let need = |name: &str, spelled: &str| value(fields, name).map(str::to_owned).ok_or_else(|| missing(spelled));
    let token = value(fields, "x-amz-security-token").map(str::to_owned);
    let text = policy.to_owned();
    if value(fields, "awsaccesskeyid").is_some() || value(fields, "x-amz-algorithm").is_none() {
        let credential = need("awsaccesskeyid", "AWSAccessKeyId")?;
        return Ok(SignedText { text, credential, signature: need("signature", "Signature")?, token });
    }
    if let Some(other) = value(fields, "x-amz-algorithm").filter(|it| *it != "AWS4-HMAC-SHA256") {
        let sentence = "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"";
        return Err(fault::invalid_argument(sentence, "X-Amz-Algorithm", other));
    }
    let credential = need("x-amz-credential", "X-Amz-Credential")?;
    need("x-amz-date", "X-Amz-Date")?;
    Ok(SignedText { text, credential, signature: need("x-amz-signature", "X-Amz-Signature")?, token })
}

/// A signature of version 2 names no region.
fn in_region_of(bucket: &Bucket, caller: Arc<Caller>) -> Arc<Caller> {
    if !caller.region.is_empty() {
        return caller;
    }
    Arc::new(Caller { region: bucket.region.clone(), ..Caller::clone(&caller) })
}

/// The fields, read as the headers that they stand for.
fn input_of(bucket: &Bucket, key: &str, fields: &[Field]) -> Result<PutObject> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields.iter().filter(|it| is_header(&it.0)) {
        let name = if name == "acl" { "x-amz-acl" } else { name };
        let invalid = || fault::invalid_argument(format!("Invalid {name}"), name, value.as_str());
        let header = HeaderName::try_from(name).map_err(|_| invalid())?;
        headers.insert(header, HeaderValue::from_str(value.trim()).map_err(|_| invalid())?);
    }
    let request = HttpRequest { method: "PUT".to_owned(), path: path_of(bucket), headers, ..HttpRequest::default() };
    let mut input: PutObject = decoded(&request)?;
    key.clone_into(&mut input.key);
    input.tagging = value(fields, "tagging").map(|it| tagging_of(bucket, it)).transpose()?;
    Ok(input)
}

/// Tags come as XML, and a header has them as a query.
fn tagging_of(bucket: &Bucket, xml: &str) -> Result<String> {
    let body = Bytes::copy_from_slice(xml.as_bytes());
    let request = HttpRequest { method: "PUT".to_owned(), path: path_of(bucket), body, ..HttpRequest::default() };
    let input: PutObjectTagging = decoded(&request)?;
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> =
        input.tagging.tag_set.iter().map(|it| format!("{}={}", encoded(&it.key), encoded(&it.value))).collect();
    Ok(pairs.join("&"))
}

fn decoded<I: Operation>(request: &HttpRequest) -> Result<I> {
    let model = model::service(I::SERVICE).expect("the catalog has S3");
    let operation = model.operation(I::NAME).expect("the model has it");
    let value = model::wire::decode_request(model, operation, Protocol::RestXml, request);
    value.map(I::from_value).map_err(|it| ErrorShape::sender(it.code).status(it.status).with(it.message))
}

/// Any key does where the real one is put in afterwards.
fn path_of(bucket: &Bucket) -> String {
    format!("/{}/key", bucket.name)
}

/// What a form may say that a PutObject says in a header; what signs it, and the rest, is no part of the object.
fn is_header(name: &str) -> bool {
    let signing = ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"];
    let plain = [
        "acl",
        "cache-control",
        "content-type",
        "content-disposition",
        "content-encoding",
        "content-language",
        "expires",
    ];
    plain.contains(&name) || (name.starts_with("x-amz-") && !signing.contains(&name))
}

fn told(bucket: &Bucket, key: &str, fields: &[Field], location: &str, output: PutObjectOutput) -> WebAnswer {
    let etag = output.e_tag.unwrap_or_default();
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: Option<&str>| {
        if let Some(value) = value.and_then(|it| HeaderValue::from_str(it).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("etag", Some(&etag));
    add("x-amz-version-id", output.version_id.as_deref());
    add("x-amz-expiration", output.expiration.as_deref());
    add("x-amz-server-side-encryption", output.server_side_encryption.as_deref());
    let redirect = value(fields, "success_action_redirect").or_else(|| value(fields, "redirect"));
    if let Some(url) = redirect.filter(|it| it.starts_with("http://") || it.starts_with("https://")) {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let separator = if url.contains('?') { '&' } else { '?' };
        let (key, etag) = (encoded(key), encoded(&etag));
        add("location", Some(&format!("{url}{separator}bucket={}&key={key}&etag={etag}", bucket.name)));
        return WebAnswer { status: 303, headers, body: Body::whole(Bytes::new()) };
    }
    add("location", Some(location));
    let (status, body) = match value(fields, "success_action_status") {
        Some("200") => (200, String::new()),
        Some("201") => (201, document(bucket, key, location, &etag)),
        // Whatever else is asked for.
        _ => (204, String::new()),
    };
    if status == 201 {
        add("content-type", Some("application/xml"));
    }
    WebAnswer { status, headers, body: Body::whole(body.into()) }
}

fn document(bucket: &Bucket, key: &str, location: &str, etag: &str) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location><Bucket>{}</Bucket><Key>{}</Key><ETag>{}</ETag></PostResponse>",
        escaped(location),
        bucket.name,
        escaped(key),
        escaped(etag)
    )
}

/// A file that must have so many bytes.
struct Bounded {
    file: File,
    length: RangeInclusive<u64>,
    sent: u64,
}

impl Pieces for Bounded {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let piece = ready!(self.file.poll_next(cx));
        self.sent += piece.as_ref().map_or(0, |it| it.as_ref().map_or(0, |it| it.len() as u64));
        let wrong = |shape: &ErrorShape, sentence: &str, name: &'static str, bound: u64| {
            let error = shape.with(sentence).field("ProposedSize", self.sent.to_string());
            Poll::Ready(Some(Err(error.field(name, bound.to_string()))))
        };
        if self.sent > *self.length.end() {
            let sentence = "Your proposed upload exceeds the maximum allowed size";
            return wrong(&fault::ENTITY_TOO_LARGE, sentence, "MaxSizeAllowed", *self.length.end());
        }
        if piece.is_none() && self.sent < *self.length.start() {
            let sentence = "Your proposed upload is smaller than the minimum allowed size";
            return wrong(&fault::ENTITY_TOO_SMALL, sentence, "MinSizeAllowed", *self.length.start());
        }
        Poll::Ready(piece)
    }
}

/// The bucket in the path `/photos`, or in the host `photos.s3.localhost`.
fn bucket_of<'r>(path: &'r str, host: &'r str) -> Option<&'r str> {
    let path = path.trim_matches('/');
    if !path.is_empty() {
        return (!path.contains('/')).then_some(path);
    }
    let host = host.split(':').next().unwrap_or_default();
    let labelled = host.rmatch_indices('.').map(|it| it.0).find(|at| {
        let label = host[at + 1..].split('.').next().unwrap_or_default();
        label == "s3" || label.starts_with("s3-")
    });
    // Without S3's own label a dot may stand before anybody's.
    let plain = || host.strip_suffix(".localhost").filter(|it| !it.contains('.'));
    labelled.map(|at| &host[..at]).or_else(plain)
}

fn content_type(request: &HttpRequest) -> Option<&str> {
    request.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()
}

fn value<'f>(fields: &'f [Field], name: &str) -> Option<&'f str> {
    fields.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
}

fn missing(field: &str) -> Error {
    let sentence = format!(
        "Bucket POST must contain a field named '{field}'.  If it is specified, please check the order of the fields."
    );
    fault::invalid_argument(sentence, field, "")
}

fn malformed() -> Error {
    MALFORMED.with("The body of your POST request is not well-formed multipart/form-data.")
}

fn too_much_before() -> Error {
    TOO_MUCH_BEFORE.with("Your POST request fields preceding the upload file were too large.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_to_a_bucket() {
        assert_eq!(bucket_of("/photos", "localhost:4566"), Some("photos"));
        assert_eq!(bucket_of("/photos/", "localhost"), Some("photos"));
        assert_eq!(bucket_of("/", "my.photos.s3.us-east-1.localhost:4566"), Some("my.photos"));
        assert_eq!(bucket_of("/", "photos.s3-accelerate.amazonaws.com"), Some("photos"));
        assert_eq!(bucket_of("/", "photos.localhost:4566"), Some("photos"));
        assert_eq!(bucket_of("/photos/key", "localhost"), None);
        assert_eq!(bucket_of("/", "localhost"), None);
    }
}

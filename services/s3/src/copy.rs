//! CopyObject and UploadPartCopy. A copy that needs nothing computed anew shares the bytes of its source.

use crate::body::{self, Piece, Received, Wanted};
use crate::bucket::{self, Bucket};
use crate::checksum::{Algorithm, tell};
use crate::condition::{Reading, Writing};
use crate::current;
use crate::encryption::customer::{Customer, Given, given, given_of_source};
use crate::encryption::{self, Encryption, Layers, unlock};
use crate::fault;
use crate::lifecycle;
use crate::metadata::{Metadata, stated};
use crate::name;
use crate::notification::Happened;
use crate::object::{self, Content, Etag, Object};
use crate::payer;
use crate::put::{MOST_BYTES, whole_second};
use crate::range;
use crate::tag;
use crate::terms::{Settled, terms};
use crate::upload::parts::{algorithm_of, number};
use crate::upload::{self, parts};
use crate::version;
use api::s3::{CopyObject, CopyObjectOutput, CopyObjectResult, CopyPartResult, UploadPartCopy, UploadPartCopyOutput};
use kernel::{Cloud, Cx};
use model::{Error, Result, Timestamp};
use percent_encoding::percent_decode_str;
use std::ops::Range;
use std::sync::Arc;

/// `x-amz-copy-source`: `/bucket/key?versionId=…`, encoded as URLs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub bucket: String,
    pub key: String,
    pub version_id: Option<String>,
}

/// What a copy is made of.
struct Found {
    bucket: Arc<Bucket>,
    object: Object,
    /// What opens it.
    customer: Option<Customer>,
    is_current: bool,
    version_id: Option<String>,
}

impl Found {
    /// The bytes of a range, to be read once.
    fn to_pass(&self, cx: &Cx, range: Range<u64>, (algorithm, layers): (Algorithm, Layers)) -> Pass {
        Pass { pieces: self.object.pieces(cx), range, customer: self.customer.clone(), algorithm, layers }
    }
}

/// Bytes to be read once, for a checksum, an ETag or an encryption that the source does not have.
struct Pass {
    pieces: Vec<Piece>,
    range: Range<u64>,
    customer: Option<Customer>,
    algorithm: Algorithm,
    layers: Layers,
}

/// What the first transaction came to.
enum Outcome<T> {
    Done(T),
    Pass(Pass),
}

impl Source {
    pub fn read(text: &str) -> Result<Self> {
        let (path, version) = match text.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let path = percent_decode_str(path).decode_utf8().map_err(|_| invalid(text))?;
        if path.starts_with("arn:") {
            return Err(fault::not_implemented("x-amz-copy-source: access point"));
        }
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').ok_or_else(|| invalid(text))?;
        if !name::is_name(bucket) || key.is_empty() {
            return Err(invalid(text));
        }
        let version_id = version.map(|it| percent_decode_str(it).decode_utf8_lossy().into_owned());
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), version_id })
    }

    fn find(&self, cx: &Cx, condition: &Reading, expected_owner: Option<&str>, given: &Given) -> Result<Found> {
        let bucket = bucket::of(cx, &self.bucket, expected_owner)?;
        let (object, is_current) = version::object(cx, &bucket, &self.key, self.version_id.as_deref())?;
        object.copyable(cx.now())?;
        let customer = unlock(cx, &object, given)?;
        condition.check(&object).map_err(|failed| failed.of_copy())?;
        let version_id = bucket.told(&object, &self.key);
        Ok(Found { bucket, object, customer, is_current, version_id })
    }
}

pub async fn copy(cloud: Cloud, input: CopyObject) -> Result<CopyObjectOutput> {
    object::check_key(&input.key)?;
    fault::refuse("x-amz-object-annotation-directive", input.annotation_directive.as_ref())?;
    Writing { if_match: None, if_none_match: input.if_none_match.clone() }.check_form()?;
    let source = Source::read(&input.copy_source)?;
    loop {
        let (first, from) = (input.clone(), source.clone());
        let outcome = cloud.write(move |cx| try_copy(cx, &first, &from, None)).await?;
        let pass = match outcome {
            Outcome::Done(output) => return Ok(output),
            Outcome::Pass(pass) => pass,
        };
        let received = pass.read(&cloud).await?;
        let (second, from) = (input.clone(), source.clone());
        let made = Made { received, pieces: pass.pieces };
        // Whoever replaced the source meanwhile is copied instead.
        if let Outcome::Done(output) = cloud.write(move |cx| try_copy(cx, &second, &from, Some(made))).await? {
            return Ok(output);
        }
    }
}

/// Bytes that were read once, and where.
struct Made {
    received: Received,
    pieces: Vec<Piece>,
}

fn try_copy(cx: &mut Cx, input: &CopyObject, from: &Source, made: Option<Made>) -> Result<Outcome<CopyObjectOutput>> {
    let condition = Reading {
        if_match: input.copy_source_if_match.clone(),
        if_none_match: input.copy_source_if_none_match.clone(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let expected_owner = input.expected_source_bucket_owner.as_deref();
    let found = from.find(cx, &condition, expected_owner, &given_of_source!(input))?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let settled = terms!(input, "s3:CopyObject").settle(cx, &bucket, &input.key)?;
    let onto_itself = found.bucket.number == bucket.number && from.key == input.key && found.is_current;
    if onto_itself && !changes_something(input, &found.object) {
        return Err(fault::INVALID_REQUEST.with("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."));
    }
    if found.object.size > MOST_BYTES {
        return Err(fault::INVALID_REQUEST.with(format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {MOST_BYTES}"
        )));
    }
    let before = current::get(cx, &bucket, &input.key);
    let writing = Writing { if_match: input.if_match.clone(), if_none_match: input.if_none_match.clone() };
    writing.check(&input.key, before.as_ref())?;
    let named = input.checksum_algorithm.as_deref().and_then(Algorithm::named);
    let algorithm = named.unwrap_or(found.object.checksum.algorithm);
    let Settled { storage_class, encryption, customer, locks, acl } = settled;
    let lock = encryption.lock(&bucket, &input.key);
    let layers = encryption.layers();
    let (content, md5, checksum) = match (found.object.content, made) {
        (Content::Body(id), _) if can_share(&found.object, algorithm, &encryption) => {
            let content = body::share(cx, id, found.customer.as_ref(), lock, customer.as_ref())?;
            (content, found.object.etag.md5.to_be_bytes(), found.object.checksum.clone())
        }
        (_, Some(made)) if made.received.is_of(algorithm, layers) && is_of(&found.object.pieces(cx), &made.pieces) => {
            let content = body::keep(cx, &made.received, lock, customer.as_ref())?;
            (content, made.received.md5, made.received.checksum)
        }
        _ => return Ok(Outcome::Pass(found.to_pass(cx, 0..found.object.size, (algorithm, layers)))),
    };
    let mut object = Object {
        modified_at: whole_second(cx.now()),
        size: found.object.size,
        etag: Etag::plain(encryption.md5(cx, md5)),
        content: Content::Body(content),
        checksum,
        storage_class,
        encryption,
        locks: locks.or_default(&bucket, cx.now()),
        acl,
        metadata: metadata_of(input, &found.object)?,
        tags: match input.tagging_directive.as_deref() {
            Some("REPLACE") => tag::of_header(input.tagging.as_deref())?,
            _ => found.object.tags.clone(),
        },
        ..Object::without_bytes()
    };
    current::put(cx, &bucket, &input.key, before, &mut object, Happened::Copy);
    Ok(Outcome::Done(told(cx, (&bucket, &input.key), &object, (found.version_id, customer))))
}

fn told(
    cx: &Cx,
    (bucket, key): (&Bucket, &str),
    object: &Object,
    (version_of_source, customer): (Option<String>, Option<Customer>),
) -> CopyObjectOutput {
    let mut result = CopyObjectResult {
        e_tag: Some(object.etag()),
        last_modified: Some(object.modified()),
        checksum_type: Some(object.checksum.kind.name().to_owned()),
        ..CopyObjectResult::default()
    };
    tell!(result, object.checksum.algorithm, object.checksum.value.clone());
    let mut output = CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: version_of_source,
        request_charged: payer::charged(cx, bucket),
        expiration: lifecycle::expiration(cx, bucket, key, object),
        version_id: bucket.told(object, key),
        ssekms_encryption_context: object.encryption.context(),
        ..CopyObjectOutput::default()
    };
    encryption::tell!(output, object.encryption, customer);
    output
}

/// Whether a copy has the same checksum, ETag and layers as its source, so that no byte has to be looked at. The ETag of
/// what S3's own keys encrypt is made of the bytes; others are made of nothing.
fn can_share(source: &Object, algorithm: Algorithm, wanted: &Encryption) -> bool {
    algorithm == source.checksum.algorithm
        && wanted.layers() == source.encryption.layers()
        && (source.encryption.is_s3() || !wanted.is_s3())
}

/// Whether these are the same bodies.
fn is_of(pieces: &[Piece], others: &[Piece]) -> bool {
    pieces.len() == others.len() && pieces.iter().zip(others).all(|(a, b)| a.id == b.id)
}

impl Pass {
    async fn read(&self, cloud: &Cloud) -> Result<Received> {
        let (algorithm, layers) = (self.algorithm, self.layers);
        let wanted = Wanted { most: MOST_BYTES, md5: None, given: None, announced: None, algorithm, layers };
        let body = body::read(cloud, &self.pieces, self.range.clone(), self.customer.as_ref())?;
        body::receive(cloud, body, &wanted).await
    }
}

fn changes_something(input: &CopyObject, object: &Object) -> bool {
    input.metadata_directive.as_deref() == Some("REPLACE")
        || input.storage_class.as_deref().is_some_and(|it| it != object.storage_class.name())
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
        || input.sse_customer_algorithm.is_some()
}

/// The redirect of a website is not copied (CopyObject in the API Reference).
fn metadata_of(input: &CopyObject, source: &Object) -> Result<Metadata> {
    let metadata = match input.metadata_directive.as_deref() {
        Some("REPLACE") => stated!(input),
        _ => Metadata { website_redirect: input.website_redirect_location.clone(), ..source.metadata.clone() },
    };
    metadata.check()?;
    Ok(metadata)
}

pub async fn copy_part(cloud: Cloud, input: UploadPartCopy) -> Result<UploadPartCopyOutput> {
    number(input.part_number)?;
    let source = Source::read(&input.copy_source)?;
    let (pass, customer, version_id) = cloud.read(|cx| select_part(cx, &input, &source))?;
    let received = pass.read(&cloud).await?;
    cloud
        .write(move |cx| {
            let bucket = bucket::named(cx, &input.bucket)?;
            let upload = upload::find(cx, &bucket, &input.key, &input.upload_id)?;
            let target = (&*bucket, input.key.as_str());
            let part = parts::keep(cx, target, &upload, number(input.part_number)?, &received, customer.as_ref())?;
            let mut result = CopyPartResult {
                e_tag: Some(part.etag()),
                last_modified: Some(Timestamp(part.modified_at)),
                ..CopyPartResult::default()
            };
            tell!(result, part.checksum.algorithm, part.checksum.value);
            let mut output = UploadPartCopyOutput {
                copy_source_version_id: version_id,
                copy_part_result: Some(result),
                ..UploadPartCopyOutput::default()
            };
            encryption::tell!(output, upload.encryption, customer);
            Ok(output)
        })
        .await
}

/// What is to be read, what it is sealed with then, and the version that it is of.
type Selected = (Pass, Option<Customer>, Option<String>);

fn select_part(cx: &Cx, input: &UploadPartCopy, source: &Source) -> Result<Selected> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = upload::find(cx, &bucket, &input.key, &input.upload_id)?;
    let customer = upload.unlock(cx, &given!(input))?;
    let condition = Reading {
        if_match: input.copy_source_if_match.clone(),
        if_none_match: input.copy_source_if_none_match.clone(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let expected_owner = input.expected_source_bucket_owner.as_deref();
    let found = source.find(cx, &condition, expected_owner, &given_of_source!(input))?;
    let range = match &input.copy_source_range {
        None => 0..found.object.size,
        Some(text) => range_of(text, found.object.size)?,
    };
    if range.end - range.start > MOST_BYTES {
        return Err(fault::INVALID_REQUEST.with(format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {MOST_BYTES}"
        )));
    }
    let pass = found.to_pass(cx, range, (algorithm_of(&upload, None)?, upload.encryption.layers()));
    Ok((pass, customer, found.version_id))
}

/// `bytes=first-last`, both of them there and within the source.
fn range_of(text: &str, size: u64) -> Result<Range<u64>> {
    let wrong = || {
        fault::invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            text,
        )
    };
    let (first, last) = text.strip_prefix("bytes=").and_then(|it| it.split_once('-')).ok_or_else(wrong)?;
    let (first, last): (u64, u64) =
        first.parse().ok().zip(last.parse().ok()).filter(|(first, last)| first <= last).ok_or_else(wrong)?;
    if last >= size {
        let sentence = format!("Range specified is not valid for source object of size: {size}");
        return Err(fault::invalid_argument(sentence, "x-amz-copy-source-range", text));
    }
    range::read(text, size)?;
    Ok(first..last + 1)
}

fn invalid(text: &str) -> Error {
    fault::invalid_argument("Invalid copy source object key", "x-amz-copy-source", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_urls() {
        let read = |text: &str| Source::read(text).map(|it| (it.bucket, it.key, it.version_id));
        let plain = |key: &str| Ok(("bucket".to_owned(), key.to_owned(), None));
        assert_eq!(read("bucket/a/b"), plain("a/b"));
        assert_eq!(read("/bucket/a%20b%2Bc+d"), plain("a b+c+d"));
        assert_eq!(read("bucket/a%3FversionId=x"), plain("a?versionId=x"));
        let versioned = read("bucket%2Fkey?versionId=null").unwrap();
        assert_eq!(versioned, ("bucket".to_owned(), "key".to_owned(), Some("null".to_owned())));
        for wrong in ["", "bucket", "bucket/", "/", "B/key", "bucket/%ff"] {
            assert_eq!(read(wrong).unwrap_err().code(), "InvalidArgument", "{wrong}");
        }
    }
}

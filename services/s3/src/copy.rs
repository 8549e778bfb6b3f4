//! CopyObject and UploadPartCopy. A copy that needs nothing computed anew shares the bytes of its source.

use crate::body::{self, Piece, Received, Wanted};
use crate::bucket::{self, Bucket};
use crate::checksum::{Algorithm, tell};
use crate::condition::{Reading, Writing};
use crate::current;
use crate::encryption;
use crate::fault;
use crate::key::Lock;
use crate::lock;
use crate::metadata::{Metadata, stated};
use crate::name;
use crate::notification::Happened;
use crate::object::{self, Content, Etag, Object, StorageClass};
use crate::owner;
use crate::put::{MOST_BYTES, whole_second};
use crate::range;
use crate::tag;
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
    is_current: bool,
    version_id: Option<String>,
}

/// What the first transaction came to.
enum Outcome<T> {
    Done(T),
    /// The bytes have to be read once, for a checksum or an ETag that the source does not have.
    Pass(Vec<Piece>, Range<u64>, Algorithm),
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

    fn find(&self, cx: &Cx, condition: &Reading, expected_owner: Option<&str>) -> Result<Found> {
        let bucket = bucket::of(cx, &self.bucket, expected_owner)?;
        let (object, is_current) = version::object(cx, &bucket, &self.key, self.version_id.as_deref())?;
        object.copyable()?;
        condition.check(&object).map_err(|failed| failed.of_copy())?;
        let version_id = bucket.told(&object, &self.key);
        Ok(Found { bucket, object, is_current, version_id })
    }
}

pub async fn copy(cloud: Cloud, input: CopyObject) -> Result<CopyObjectOutput> {
    object::check_key(&input.key)?;
    refuse(&input)?;
    let source = Source::read(&input.copy_source)?;
    loop {
        let (first, from) = (input.clone(), source.clone());
        let outcome = cloud.write(move |cx| try_copy(cx, &first, &from, None)).await?;
        let (pieces, range, algorithm) = match outcome {
            Outcome::Done(output) => return Ok(output),
            Outcome::Pass(pieces, range, algorithm) => (pieces, range, algorithm),
        };
        let received = pass(&cloud, &pieces, range, algorithm).await?;
        let (second, from) = (input.clone(), source.clone());
        let made = Made { received, pieces };
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
    let found = from.find(cx, &condition, input.expected_source_bucket_owner.as_deref())?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
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
    let (content, etag, checksum) = match (found.object.content, made) {
        (Content::Body(id), _) if algorithm == found.object.checksum.algorithm => {
            (body::share(cx, id)?, found.object.etag, found.object.checksum.clone())
        }
        (_, Some(made)) if is_of(&found.object.pieces(cx), &made.pieces) => {
            let Received { md5, checksum, .. } = &made.received;
            (body::keep(cx, &made.received, Lock::of_s3(), None)?, Etag::plain(*md5), checksum.clone())
        }
        _ => return Ok(Outcome::Pass(found.object.pieces(cx), 0..found.object.size, algorithm)),
    };
    let mut object = Object {
        modified_at: whole_second(cx.now()),
        size: found.object.size,
        etag,
        content: Content::Body(content),
        checksum,
        storage_class: StorageClass::of(input.storage_class.as_deref())?,
        metadata: metadata_of(input, &found.object)?,
        tags: match input.tagging_directive.as_deref() {
            Some("REPLACE") => tag::of_header(input.tagging.as_deref())?,
            _ => found.object.tags.clone(),
        },
        ..Object::without_bytes()
    };
    current::put(cx, &bucket, &input.key, before, &mut object, Happened::Copy);
    let mut result = CopyObjectResult {
        e_tag: Some(object.etag()),
        last_modified: Some(object.modified()),
        checksum_type: Some(object.checksum.kind.name().to_owned()),
        ..CopyObjectResult::default()
    };
    tell!(result, object.checksum.algorithm, object.checksum.value.clone());
    Ok(Outcome::Done(CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: found.version_id,
        version_id: bucket.told(&object, &input.key),
        ..CopyObjectOutput::default()
    }))
}

/// Whether these are the same bodies.
fn is_of(pieces: &[Piece], others: &[Piece]) -> bool {
    pieces.len() == others.len() && pieces.iter().zip(others).all(|(a, b)| a.id == b.id)
}

async fn pass(cloud: &Cloud, pieces: &[Piece], range: Range<u64>, algorithm: Algorithm) -> Result<Received> {
    let wanted = Wanted { most: MOST_BYTES, md5: None, given: None, algorithm };
    body::receive(cloud, body::read(cloud, pieces, range, None)?, &wanted).await
}

fn refuse(input: &CopyObject) -> Result<()> {
    let grants = [&input.grant_full_control, &input.grant_read, &input.grant_read_acp, &input.grant_write_acp];
    owner::check_new_object(input.acl.as_deref(), &grants.map(Option::as_ref))?;
    encryption::check(
        input.server_side_encryption.as_deref(),
        &[&input.ssekms_key_id, &input.ssekms_encryption_context],
        input.bucket_key_enabled,
    )?;
    encryption::refuse_customer_key(&input.sse_customer_algorithm, &input.sse_customer_key)?;
    encryption::refuse_customer_key(&input.copy_source_sse_customer_algorithm, &input.copy_source_sse_customer_key)?;
    fault::refuse("x-amz-object-annotation-directive", input.annotation_directive.as_ref())?;
    Writing { if_match: None, if_none_match: input.if_none_match.clone() }.check_form()?;
    lock::refuse(
        &[&input.object_lock_mode, &input.object_lock_legal_hold_status, &input.object_lock_event_hold],
        input.object_lock_retain_until_date,
        &[input.object_lock_event_hold_duration_days, input.object_lock_event_hold_duration_years],
    )
}

fn changes_something(input: &CopyObject, object: &Object) -> bool {
    input.metadata_directive.as_deref() == Some("REPLACE")
        || input.storage_class.as_deref().is_some_and(|it| it != object.storage_class.name())
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
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
    encryption::refuse_customer_key(&input.sse_customer_algorithm, &input.sse_customer_key)?;
    encryption::refuse_customer_key(&input.copy_source_sse_customer_algorithm, &input.copy_source_sse_customer_key)?;
    let source = Source::read(&input.copy_source)?;
    let (pieces, range, algorithm, version_id) = cloud.read(|cx| select_part(cx, &input, &source))?;
    let received = pass(&cloud, &pieces, range, algorithm).await?;
    cloud
        .write(move |cx| {
            let bucket = bucket::named(cx, &input.bucket)?;
            let upload = upload::find(cx, &bucket, &input.key, &input.upload_id)?;
            let part = parts::keep(cx, &upload, number(input.part_number)?, &received)?;
            let mut result = CopyPartResult {
                e_tag: Some(part.etag()),
                last_modified: Some(Timestamp(part.modified_at)),
                ..CopyPartResult::default()
            };
            tell!(result, part.checksum.algorithm, part.checksum.value);
            Ok(UploadPartCopyOutput {
                copy_source_version_id: version_id,
                copy_part_result: Some(result),
                ..UploadPartCopyOutput::default()
            })
        })
        .await
}

type Selected = (Vec<Piece>, Range<u64>, Algorithm, Option<String>);

fn select_part(cx: &Cx, input: &UploadPartCopy, source: &Source) -> Result<Selected> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = upload::find(cx, &bucket, &input.key, &input.upload_id)?;
    let condition = Reading {
        if_match: input.copy_source_if_match.clone(),
        if_none_match: input.copy_source_if_none_match.clone(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let found = source.find(cx, &condition, input.expected_source_bucket_owner.as_deref())?;
    let range = match &input.copy_source_range {
        None => 0..found.object.size,
        Some(text) => range_of(text, found.object.size)?,
    };
    if range.end - range.start > MOST_BYTES {
        return Err(fault::INVALID_REQUEST.with(format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {MOST_BYTES}"
        )));
    }
    Ok((found.object.pieces(cx), range, algorithm_of(&upload, None)?, found.version_id))
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

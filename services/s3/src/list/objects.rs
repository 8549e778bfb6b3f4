//! ListObjects and ListObjectsV2.

use super::cursor::{Cursor, Row, read_objects};
use super::{Asked, Page, Spelling, begin, limit, page};
use crate::bucket::{self, Bucket};
use crate::fault;
use crate::object::Object;
use crate::owner;
use crate::payer;
use api::s3::{CommonPrefix, ListObjects, ListObjectsOutput, ListObjectsV2, ListObjectsV2Output, Object as Entry};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::Cx;
use model::{Result, Timestamp};

pub fn list(cx: &Cx, input: ListObjects) -> Result<ListObjectsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|it| !it.is_empty());
    let limit = limit(input.max_keys, "max-keys")?;
    let asked = Asked { prefix: &prefix, delimiter: delimiter.as_deref(), limit };
    let page = of(cx, &bucket, &asked, input.marker.as_deref());
    let spelling = Spelling::of(input.encoding_type.as_deref());
    let restores = restores_at(cx, input.optional_object_attributes.as_deref());
    // Without a delimiter the last key says it.
    let next = delimiter.as_ref().and_then(|_| last(&page));
    Ok(ListObjectsOutput {
        is_truncated: Some(page.is_truncated),
        request_charged: payer::charged(cx, &bucket),
        marker: Some(spelling.spell(&input.marker.unwrap_or_default())),
        next_marker: next.map(|it| spelling.spell(&it)),
        name: Some(bucket.name.clone()),
        prefix: Some(spelling.spell(&prefix)),
        delimiter: delimiter.map(|it| spelling.spell(&it)),
        max_keys: Some(limit as i64),
        common_prefixes: prefixes(page.prefixes, spelling),
        contents: some(page.items.into_iter().map(|it| entry(it, spelling, Some(&bucket), restores)).collect()),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

pub fn list_v2(cx: &Cx, input: ListObjectsV2) -> Result<ListObjectsV2Output> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|it| !it.is_empty());
    let limit = limit(input.max_keys, "max-keys")?;
    let asked = Asked { prefix: &prefix, delimiter: delimiter.as_deref(), limit };
    let marker = match &input.continuation_token {
        Some(token) => Some(read_token(token)?),
        None => input.start_after.clone(),
    };
    let page = of(cx, &bucket, &asked, marker.as_deref());
    let spelling = Spelling::of(input.encoding_type.as_deref());
    let restores = restores_at(cx, input.optional_object_attributes.as_deref());
    let shown_owner = input.fetch_owner.unwrap_or(false).then_some(&*bucket);
    Ok(ListObjectsV2Output {
        is_truncated: Some(page.is_truncated),
        request_charged: payer::charged(cx, &bucket),
        name: Some(bucket.name.clone()),
        prefix: Some(spelling.spell(&prefix)),
        delimiter: delimiter.map(|it| spelling.spell(&it)),
        max_keys: Some(limit as i64),
        key_count: Some((page.items.len() + page.prefixes.len()) as i64),
        next_continuation_token: last(&page).map(|it| BASE64.encode(it)),
        continuation_token: input.continuation_token,
        start_after: input.start_after.map(|it| spelling.spell(&it)),
        common_prefixes: prefixes(page.prefixes, spelling),
        contents: some(page.items.into_iter().map(|it| entry(it, spelling, shown_owner, restores)).collect()),
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}

/// The current objects of a bucket.
fn of(cx: &Cx, bucket: &Bucket, asked: &Asked, marker: Option<&str>) -> Page<Row<Object>> {
    page(&mut Cursor::new(cx, bucket.number, read_objects, begin(asked, marker)), asked)
}

/// What the next page begins behind, if there is one.
fn last(page: &Page<Row<Object>>) -> Option<String> {
    let last =
        if page.ends_with_prefix { page.prefixes.last().cloned() } else { page.items.last().map(|it| it.key.clone()) };
    last.filter(|_| page.is_truncated)
}

/// The time at which restored copies are told, to who asks for them.
pub fn restores_at(cx: &Cx, asked: Option<&[String]>) -> Option<Timestamp> {
    asked.is_some_and(|it| it.iter().any(|it| it == "RestoreStatus")).then(|| cx.now())
}

fn entry(row: Row<Object>, spelling: Spelling, owned_by: Option<&Bucket>, restores: Option<Timestamp>) -> Entry {
    let object = row.value;
    Entry {
        key: Some(spelling.spell(&row.key)),
        last_modified: Some(object.modified()),
        e_tag: Some(object.etag()),
        checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned()]),
        checksum_type: Some(object.checksum.kind.name().to_owned()),
        size: Some(object.size as i64),
        storage_class: Some(object.storage_class.name().to_owned()),
        owner: owned_by.map(|it| owner::of(&it.account)),
        restore_status: restores.and_then(|now| object.restore?.status(now)),
    }
}

pub fn prefixes(prefixes: Vec<String>, spelling: Spelling) -> Option<Vec<CommonPrefix>> {
    let told = prefixes.into_iter().map(|it| CommonPrefix { prefix: Some(spelling.spell(&it)) });
    some(told.collect())
}

pub fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn read_token(token: &str) -> Result<String> {
    let marker = BASE64.decode(token).ok().and_then(|it| String::from_utf8(it).ok()).filter(|it| !it.is_empty());
    marker.ok_or_else(|| {
        fault::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
    })
}

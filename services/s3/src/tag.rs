//! Tags of objects and of buckets.
//!
//! Sources: "Categorizing your objects using tags" in the user guide, PutObjectTagging in the API Reference.

use crate::bucket::{self, Bucket};
use crate::current;
use crate::fault;
use crate::notification::{self, Happened};
use crate::replication;
use crate::version;
use api::s3::{
    DeleteBucketTagging, DeleteBucketTaggingOutput, DeleteObjectTagging, DeleteObjectTaggingOutput, GetBucketTagging,
    GetBucketTaggingOutput, GetObjectTagging, GetObjectTaggingOutput, PutBucketTagging, PutBucketTaggingOutput,
    PutObjectTagging, PutObjectTaggingOutput, Tag,
};
use kernel::Cx;
use model::{Error, Result};
use percent_encoding::percent_decode_str;
use store::Table;

/// (key, value)
pub type Tags = Vec<(String, String)>;

/// The tags of buckets that have any. Key: bucket number.
static BUCKET_TAGS: Table<Tags> = Table::partition("s3.bucket-tags");

const MOST_OF_OBJECT: usize = 10;
const MOST_OF_BUCKET: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

pub fn put(cx: &mut Cx, input: PutObjectTagging) -> Result<PutObjectTaggingOutput> {
    let tags = of_object(input.tagging.tag_set)?;
    let version_id =
        replace(cx, (&input.bucket, input.expected_bucket_owner.as_deref()), &input.key, input.version_id, tags)?;
    Ok(PutObjectTaggingOutput { version_id })
}

pub fn delete(cx: &mut Cx, input: DeleteObjectTagging) -> Result<DeleteObjectTaggingOutput> {
    let place = (input.bucket.as_str(), input.expected_bucket_owner.as_deref());
    let version_id = replace(cx, place, &input.key, input.version_id, Vec::new())?;
    Ok(DeleteObjectTaggingOutput { version_id })
}

pub fn get(cx: &Cx, input: GetObjectTagging) -> Result<GetObjectTaggingOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (object, _) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let version_id = bucket.told(&object, &input.key);
    Ok(GetObjectTaggingOutput { version_id, tag_set: listed(object.tags) })
}

fn replace(
    cx: &mut Cx,
    (bucket, owner): (&str, Option<&str>),
    key: &str,
    version_id: Option<String>,
    tags: Tags,
) -> Result<Option<String>> {
    let bucket = bucket::of(cx, bucket, owner)?;
    let (mut object, is_current) = version::object(cx, &bucket, key, version_id.as_deref())?;
    let happened = if tags.is_empty() { Happened::TaggingDelete } else { Happened::TaggingPut };
    object.tags = tags;
    replication::begin(cx, &bucket, key, &mut object);
    current::amend(cx, &bucket, key, &object, is_current);
    notification::object(cx, &bucket, key, happened, &object);
    Ok(bucket.told(&object, key))
}

pub fn put_of_bucket(cx: &mut Cx, input: PutBucketTagging) -> Result<PutBucketTaggingOutput> {
    let tags = of_bucket(cx, input.tagging.tag_set)?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    put_bucket(cx, &bucket, &tags);
    Ok(PutBucketTaggingOutput {})
}

pub fn get_of_bucket(cx: &Cx, input: GetBucketTagging) -> Result<GetBucketTaggingOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let tags = cx.get(&BUCKET_TAGS, &bucket.number).ok_or_else(|| {
        fault::NO_SUCH_TAG_SET.with("The TagSet does not exist").field("BucketName", bucket.name.as_str())
    })?;
    Ok(GetBucketTaggingOutput { tag_set: listed(tags) })
}

pub fn delete_of_bucket(cx: &mut Cx, input: DeleteBucketTagging) -> Result<DeleteBucketTaggingOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    put_bucket(cx, &bucket, &Vec::new());
    Ok(DeleteBucketTaggingOutput {})
}

/// No tags are no row.
pub fn put_bucket(cx: &mut Cx, bucket: &Bucket, tags: &Tags) {
    match tags.is_empty() {
        true => cx.delete(&BUCKET_TAGS, &bucket.number),
        false => cx.put(&BUCKET_TAGS, &bucket.number, tags),
    }
}

/// CloudFormation puts tags of AWS's own on the buckets that it makes.
pub fn of_bucket(cx: &Cx, tags: Vec<Tag>) -> Result<Tags> {
    if tags.len() > MOST_OF_BUCKET {
        return Err(fault::BAD_REQUEST.with("Bucket tag count cannot be greater than 50"));
    }
    let is_of_stack = cx.caller().via.as_deref() == Some("cloudformation.amazonaws.com");
    let is_of_aws = |it: &Tag| is_of_stack && it.key.starts_with("aws:cloudformation:");
    let (of_aws, given): (Vec<Tag>, Vec<Tag>) = tags.into_iter().partition(is_of_aws);
    let pairs = |tags: Vec<Tag>| tags.into_iter().map(|it| (it.key, it.value));
    let given = checked(pairs(given).collect())?;
    Ok(pairs(of_aws).chain(given).collect())
}

pub fn of_object(tags: Vec<Tag>) -> Result<Tags> {
    few(checked(tags.into_iter().map(|it| (it.key, it.value)).collect())?)
}

/// The header `x-amz-tagging`: `project=x&state=a%20b`.
pub fn of_header(text: Option<&str>) -> Result<Tags> {
    let pairs = text.unwrap_or_default().split('&').filter(|it| !it.is_empty());
    let mut tags = Tags::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(key), Some(value)) = (decoded(key), decoded(value)) else { return Err(wrong_header(text)) };
        if tags.iter().any(|it| it.0 == key) {
            return Err(wrong_header(text));
        }
        tags.push((key, value));
    }
    few(checked(tags)?)
}

pub fn listed(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

fn few(tags: Tags) -> Result<Tags> {
    if tags.len() > MOST_OF_OBJECT {
        return Err(fault::BAD_REQUEST.with("Object tags cannot be greater than 10"));
    }
    Ok(tags)
}

fn checked(tags: Tags) -> Result<Tags> {
    for (index, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > LONGEST_KEY || !key.chars().all(is_allowed) {
            return Err(invalid("The TagKey you have provided is invalid", key));
        }
        if value.chars().count() > LONGEST_VALUE || !value.chars().all(is_allowed) {
            return Err(invalid("The TagValue you have provided is invalid", key));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("System tags cannot be added/updated by requester", key));
        }
        if tags[..index].iter().any(|it| it.0 == *key) {
            return Err(invalid("Cannot provide multiple Tags with the same key", key));
        }
    }
    Ok(tags)
}

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "+-=._:/@".contains(character)
}

fn invalid(message: &str, key: &str) -> Error {
    fault::INVALID_TAG.with(message).field("TagKey", key)
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|it| it.into_owned())
}

fn wrong_header(text: Option<&str>) -> Error {
    fault::invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        "x-amz-tagging",
        text.unwrap_or_default(),
    )
}

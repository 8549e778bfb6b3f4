//! Versions: which one a request means, and finding it.

use crate::bucket::Bucket;
use crate::current;
use crate::fault;
use crate::object::{self, Object};
use crate::opaque::{self, Kind, Opened};
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// What is not current under a key: an older object, or a mark that says that there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Version {
    Object(Box<Object>),
    Marker(Marker),
}

/// A delete marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub sequence: u64,
    #[serde(default)]
    pub null: bool,
    pub modified_at: i64,
}

/// What a version id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Null,
    Number(u64),
    /// A well-formed id of something else.
    Unknown,
}

/// What stands under a key, or under a version id of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub version: Version,
    pub is_current: bool,
}

const NULL: &str = "null";
/// A replica has the id of what it is a copy of, so no bucket is part of one.
const ANY_BUCKET: u64 = 0;

impl Version {
    pub fn sequence(&self) -> u64 {
        match self {
            Version::Object(it) => it.sequence,
            Version::Marker(it) => it.sequence,
        }
    }

    pub fn is_null(&self) -> bool {
        match self {
            Version::Object(it) => it.null,
            Version::Marker(it) => it.null,
        }
    }

    pub fn id(&self, key: &str) -> String {
        id(key, self.sequence(), self.is_null())
    }
}

impl Object {
    pub fn version_id(&self, key: &str) -> String {
        id(key, self.sequence, self.null)
    }
}

impl Marker {
    pub fn version_id(&self, key: &str) -> String {
        id(key, self.sequence, self.null)
    }
}

fn id(key: &str, sequence: u64, null: bool) -> String {
    if null { NULL.to_owned() } else { opaque::seal(Kind::Version, ANY_BUCKET, key, sequence) }
}

/// Of a request.
pub fn read_id(key: &str, text: &str) -> Result<Which> {
    if text == NULL {
        return Ok(Which::Null);
    }
    match opaque::open(Kind::Version, ANY_BUCKET, key, text) {
        Opened::Number(sequence) => Ok(Which::Number(sequence)),
        Opened::Foreign => Ok(Which::Unknown),
        Opened::Malformed if text.is_empty() => {
            Err(fault::invalid_argument("Version id cannot be the empty string", "versionId", text))
        }
        Opened::Malformed => Err(fault::invalid_argument("Invalid version id specified", "versionId", text)),
    }
}

/// The object that a request is about: the current one, or that of a version id.
///
/// # Errors
/// There is none, or a delete marker.
pub fn object(cx: &Cx, bucket: &Bucket, key: &str, version_id: Option<&str>) -> Result<(Object, bool)> {
    let Some(text) = version_id else {
        return current::get(cx, bucket, key).map(|it| (it, true)).ok_or_else(|| gone(cx, bucket, key));
    };
    let found = read_id(key, text).map(|which| current::find(cx, bucket, key, which))?;
    match found {
        Some(Found { version: Version::Object(object), is_current }) => Ok((*object, is_current)),
        Some(Found { version: Version::Marker(marker), .. }) => Err(is_marker(key, marker)),
        None => Err(missing(cx, bucket, no_such_version(key, text))),
    }
}

pub fn no_such_version(key: &str, version_id: &str) -> Error {
    fault::NO_SUCH_VERSION
        .with("The specified version does not exist.")
        .field("Key", key)
        .field("VersionId", version_id)
}

/// Nothing is current. What a delete marker hides is told as hidden.
fn gone(cx: &Cx, bucket: &Bucket, key: &str) -> Error {
    let error = missing(cx, bucket, object::no_such_key(key));
    match current::newest_of_history(cx, bucket, key) {
        Some(Version::Marker(marker)) if error.is(&fault::NO_SUCH_KEY) => with_marker(error, key, marker),
        _ => error,
    }
}

/// Who may not list a bucket does not learn what is not in it.
fn missing(cx: &Cx, bucket: &Bucket, error: Error) -> Error {
    if cx.may("s3", "ListObjectsV2", &bucket.arn()) { error } else { fault::access_denied() }
}

fn is_marker(key: &str, marker: Marker) -> Error {
    let error = fault::METHOD_NOT_ALLOWED
        .with("The specified method is not allowed against this resource.")
        .field("Method", "GET")
        .field("ResourceType", "DeleteMarker")
        .header("allow", "DELETE")
        .header("last-modified", http_date(Timestamp(marker.modified_at)));
    with_marker(error, key, marker)
}

fn with_marker(error: Error, key: &str, marker: Marker) -> Error {
    error.header("x-amz-delete-marker", "true").header("x-amz-version-id", marker.version_id(key))
}

/// `Sat, 06 Sep 2025 12:00:00 GMT`
pub fn http_date(time: Timestamp) -> String {
    model::wire::format_timestamp(time, model::shape::TimestampFormat::Rfc822)
}

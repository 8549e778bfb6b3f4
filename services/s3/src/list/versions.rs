//! ListObjectVersions: the current objects and the histories, as one.

use super::cursor::{Cursor, From, read_objects, read_versions};
use super::objects::{prefixes, restores_at, some};
use super::{Asked, Spelling, Walk, begin, limit, page};
use crate::bucket::{self, Bucket};
use crate::current::{self, age};
use crate::fault;
use crate::object::Object;
use crate::owner;
use crate::payer;
use crate::version::{self, Version, Which};
use api::s3::{DeleteMarkerEntry, ListObjectVersions, ListObjectVersionsOutput, ObjectVersion};
use kernel::Cx;
use model::{Result, Timestamp};

/// A version on its page.
pub struct Shown {
    pub key: String,
    pub version: Version,
    pub is_latest: bool,
}

/// Current objects and older versions, as one walk.
pub struct Both<'c, 'k> {
    current: Cursor<'c, 'k, Object>,
    old: Cursor<'c, 'k, Version>,
    /// The key whose latest version has been seen.
    seen: Option<String>,
}

pub fn list(cx: &Cx, input: ListObjectVersions) -> Result<ListObjectVersionsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|it| !it.is_empty());
    let limit = limit(input.max_keys, "max-keys")?;
    let asked = Asked { prefix: &prefix, delimiter: delimiter.as_deref(), limit };
    let key_marker = input.key_marker.filter(|it| !it.is_empty());
    let version_marker = input.version_id_marker.filter(|it| !it.is_empty());
    let mut walk = walk(cx, &bucket, &asked, key_marker.as_deref(), version_marker.as_deref())?;
    let page = page(&mut walk, &asked);
    let spelling = Spelling::of(input.encoding_type.as_deref());
    let (next_key, next_version) = match (page.is_truncated, page.ends_with_prefix) {
        (false, _) => (None, None),
        (true, true) => (page.prefixes.last().cloned(), None),
        (true, false) => {
            let last = page.items.last().expect("a page that ends with a version has one");
            (Some(last.key.clone()), Some(last.version.id(&last.key)))
        }
    };
    let restores = restores_at(cx, input.optional_object_attributes.as_deref());
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for it in page.items {
        match &it.version {
            Version::Object(object) => versions.push(ObjectVersion {
                restore_status: restores.and_then(|now| object.restore?.status(now)),
                ..of_object(&bucket, &it, object, spelling)
            }),
            Version::Marker(marker) => markers.push(DeleteMarkerEntry {
                owner: Some(owner::of(&bucket.account)),
                key: Some(spelling.spell(&it.key)),
                version_id: Some(marker.version_id(&it.key)),
                is_latest: Some(it.is_latest),
                last_modified: Some(Timestamp(marker.modified_at)),
            }),
        }
    }
    Ok(ListObjectVersionsOutput {
        is_truncated: Some(page.is_truncated),
        request_charged: payer::charged(cx, &bucket),
        key_marker: Some(spelling.spell(&key_marker.unwrap_or_default())),
        version_id_marker: Some(version_marker.unwrap_or_default()),
        next_key_marker: next_key.map(|it| spelling.spell(&it)),
        next_version_id_marker: next_version,
        versions: some(versions),
        delete_markers: some(markers),
        name: Some(bucket.name.clone()),
        prefix: Some(spelling.spell(&prefix)),
        delimiter: delimiter.map(|it| spelling.spell(&it)),
        max_keys: Some(limit as i64),
        common_prefixes: prefixes(page.prefixes, spelling),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    })
}

fn walk<'c, 'k>(
    cx: &'c Cx<'k>,
    bucket: &Bucket,
    asked: &Asked,
    key_marker: Option<&str>,
    version_marker: Option<&str>,
) -> Result<Both<'c, 'k>> {
    let start = begin(asked, key_marker);
    let (mut old, mut seen) = (start.clone(), None);
    match (key_marker, version_marker) {
        (None, Some(marker)) => {
            return Err(fault::invalid_argument(
                "A version-id marker cannot be specified without a key marker.",
                "version-id-marker",
                marker,
            ));
        }
        (Some(key), Some(marker)) if key >= asked.prefix => {
            let sequence = match version::read_id(key, marker)? {
                Which::Number(sequence) => Some(sequence),
                Which::Null => current::find(cx, bucket, key, Which::Null).map(|it| it.version.sequence()),
                Which::Unknown => None,
            };
            if let Some(sequence) = sequence {
                old = From::AfterRow(key.as_bytes().to_vec(), age(sequence));
                seen = Some(key.to_owned());
            }
        }
        _ => {}
    }
    Ok(Both::new(cx, bucket, start, old, seen))
}

impl<'c, 'k> Both<'c, 'k> {
    /// `seen` is the key whose latest version is behind already.
    pub fn new(cx: &'c Cx<'k>, bucket: &Bucket, current: From, old: From, seen: Option<String>) -> Self {
        let current = Cursor::new(cx, bucket.number, read_objects, current);
        Self { current, old: Cursor::new(cx, bucket.number, read_versions, old), seen }
    }
}

impl Both<'_, '_> {
    /// The current object stands before the older ones of its key.
    fn is_current_next(&mut self) -> bool {
        match (self.current.key(), self.old.key()) {
            (Some(current), Some(old)) => current <= old,
            (current, _) => current.is_some(),
        }
    }
}

impl Walk for Both<'_, '_> {
    type Item = Shown;

    fn key(&mut self) -> Option<&str> {
        if self.is_current_next() { self.current.key() } else { self.old.key() }
    }

    fn take(&mut self) -> Shown {
        let (key, version) = if self.is_current_next() {
            let row = self.current.take();
            (row.key, Version::Object(Box::new(row.value)))
        } else {
            let row = self.old.take();
            (row.key, row.value)
        };
        let is_latest = self.seen.as_ref() != Some(&key);
        self.seen = Some(key.clone());
        Shown { key, version, is_latest }
    }

    fn seek(&mut self, from: From) {
        self.current.seek(from.clone());
        self.old.seek(from);
    }
}

fn of_object(bucket: &Bucket, it: &Shown, object: &Object, spelling: Spelling) -> ObjectVersion {
    ObjectVersion {
        e_tag: Some(object.etag()),
        checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned()]),
        checksum_type: Some(object.checksum.kind.name().to_owned()),
        size: Some(object.size as i64),
        storage_class: Some(object.storage_class.name().to_owned()),
        key: Some(spelling.spell(&it.key)),
        version_id: Some(object.version_id(&it.key)),
        is_latest: Some(it.is_latest),
        last_modified: Some(object.modified()),
        owner: Some(owner::of(&bucket.account)),
        restore_status: None,
    }
}

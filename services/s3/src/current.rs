//! What stands under a key: the current object, and its history.
//!
//! A current object is always the newest of its key. Where a key has a history and no current object, the newest of the
//! history is a delete marker. Each key has at most one version without an id, the null version.
//!
//! [`set`] alone changes what is current; the functions above it decide what a request means.

use crate::body;
use crate::bucket::{Bucket, Versioning};
use crate::notification::{self, Happened};
use crate::object::{Content, Object};
use crate::part;
use crate::replication;
use crate::version::{Found, Marker, Version, Which};
use kernel::Cx;
use model::Timestamp;
use store::{Span, Table};

/// The current objects. Key: (bucket, key).
pub static OBJECTS: Table<Object> = Table::partition("s3.object");
/// Older objects, and delete markers. Key: (bucket, key, [`age`] of the sequence), so that the newest comes first.
pub static VERSIONS: Table<Version> = Table::partition("s3.version");
/// The sequence of the null version, where it is not current. Key: (bucket, key).
static NULLS: Table<u64> = Table::partition("s3.null-version");

/// What becomes of the object that was current.
enum Before {
    /// It is kept as an older version.
    Kept,
    Deleted,
}

/// Who deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Request,
    Lifecycle,
}

/// What a deletion did.
pub enum Deleted {
    /// An object, or nothing at all, where the bucket keeps no versions.
    Object,
    /// This marker was put on top.
    Marked(Marker),
}

/// The low bits of a sequence tell changes of one millisecond apart.
const RANDOM_BITS: u32 = 20;

impl By {
    fn deleted(self) -> Happened {
        match self {
            By::Request => Happened::Delete,
            By::Lifecycle => Happened::LifecycleDelete,
        }
    }

    fn marked(self) -> Happened {
        match self {
            By::Request => Happened::DeleteMarkerCreated,
            By::Lifecycle => Happened::LifecycleDeleteMarkerCreated,
        }
    }
}

pub fn get(cx: &Cx, bucket: &Bucket, key: &str) -> Option<Object> {
    cx.get(&OBJECTS, &(bucket.number, key))
}

pub fn find(cx: &Cx, bucket: &Bucket, key: &str, which: Which) -> Option<Found> {
    let current = get(cx, bucket, key);
    let is_it = |it: &Object| match which {
        Which::Null => it.null,
        Which::Number(sequence) => !it.null && it.sequence == sequence,
        Which::Unknown => false,
    };
    if current.as_ref().is_some_and(is_it) {
        let version = Version::Object(Box::new(current.expect("it was just looked at")));
        return Some(Found { version, is_current: true });
    }
    let sequence = match which {
        Which::Null => cx.get(&NULLS, &(bucket.number, key))?,
        Which::Number(sequence) => sequence,
        Which::Unknown => return None,
    };
    let version: Version = cx.get(&VERSIONS, &(bucket.number, key, age(sequence)))?;
    (version.is_null() == (which == Which::Null)).then_some(Found { version, is_current: false })
}

/// The newest version beside the current object: a delete marker where there is no current object.
pub fn newest_of_history(cx: &Cx, bucket: &Bucket, key: &str) -> Option<Version> {
    cx.range(&VERSIONS, Span::prefix(&(bucket.number, key)), 1).pop()
}

/// Whether a delete marker, or an object, is all that there is under a key.
pub fn is_alone(cx: &Cx, bucket: &Bucket, key: &str) -> bool {
    let older: Vec<(u64, String, u64)> = cx.keys(&VERSIONS, Span::prefix(&(bucket.number, key)), 2);
    older.len() + usize::from(cx.has(&OBJECTS, &(bucket.number, key))) == 1
}

pub fn holds_any(cx: &Cx, bucket: &Bucket) -> bool {
    let span = || Span::prefix(&bucket.number);
    !cx.keys::<(u64, Vec<u8>), _>(&OBJECTS, span(), 1).is_empty()
        || !cx.keys::<(u64, Vec<u8>, u64), _>(&VERSIONS, span(), 1).is_empty()
}

/// Makes an object the current one. `before` is the one that is. Fills in what the bucket's versioning says.
pub fn put(cx: &mut Cx, bucket: &Bucket, key: &str, before: Option<Object>, object: &mut Object, happened: Happened) {
    object.sequence = next_sequence(cx, bucket, key, before.as_ref());
    object.null = bucket.versioning != Versioning::Enabled;
    replication::begin(cx, bucket, key, object);
    let fate = make_room(cx, bucket, key, before.as_ref());
    set(cx, bucket, key, before, Some(object), &fate);
    notification::object(cx, bucket, key, happened, object);
}

/// Deletes without a version id: hides what a bucket with versions holds.
pub fn delete(cx: &mut Cx, bucket: &Bucket, key: &str, before: Option<Object>, by: By) -> Deleted {
    if bucket.versioning == Versioning::Never {
        if let Some(before) = before {
            notification::object(cx, bucket, key, by.deleted(), &before);
            set(cx, bucket, key, Some(before), None, &Before::Deleted);
        }
        return Deleted::Object;
    }
    let sequence = next_sequence(cx, bucket, key, before.as_ref());
    let null = bucket.versioning == Versioning::Suspended;
    let marker = Marker { sequence, null, modified_at: cx.now().0 };
    let fate = make_room(cx, bucket, key, before.as_ref());
    if before.is_some() {
        set(cx, bucket, key, before, None, &fate);
    }
    keep(cx, bucket, key, &Version::Marker(marker));
    if by == By::Request {
        replication::begin_marker(cx, bucket, key, &marker);
    }
    notification::marker(cx, bucket, key, by.marked(), &marker);
    Deleted::Marked(marker)
}

/// Deletes one version for good; what it was. The next one becomes current where the current one goes.
pub fn delete_version(cx: &mut Cx, bucket: &Bucket, key: &str, which: Which, by: By) -> Option<Version> {
    let Found { version, is_current } = find(cx, bucket, key, which)?;
    match &version {
        Version::Object(object) => notification::object(cx, bucket, key, by.deleted(), object),
        Version::Marker(marker) => notification::marker(cx, bucket, key, by.deleted(), marker),
    }
    if !is_current {
        let hid_others = matches!(version, Version::Marker(_)) && get(cx, bucket, key).is_none();
        forget(cx, bucket, key, &version);
        if hid_others {
            raise(cx, bucket, key, None);
        }
        return Some(version);
    }
    let Version::Object(before) = &version else { unreachable!("a marker is never current") };
    raise(cx, bucket, key, Some(Object::clone(before)));
    Some(version)
}

/// Puts a version where it belongs by its sequence, which another bucket gave it. One that is there already stays.
pub fn insert(cx: &mut Cx, bucket: &Bucket, key: &str, version: &Version) {
    let before = get(cx, bucket, key);
    let newest = before.as_ref().map(|it| it.sequence);
    let newest = newest.or_else(|| newest_of_history(cx, bucket, key).map(|it| it.sequence()));
    let is_newest = newest.is_none_or(|it| it < version.sequence());
    match version {
        _ if find(cx, bucket, key, Which::Number(version.sequence())).is_some() => return,
        Version::Object(object) if is_newest => set(cx, bucket, key, before, Some(object), &Before::Kept),
        Version::Marker(_) if is_newest && before.is_some() => {
            set(cx, bucket, key, before, None, &Before::Kept);
            keep(cx, bucket, key, version);
        }
        Version::Object(_) | Version::Marker(_) => keep(cx, bucket, key, version),
    }
    match version {
        Version::Object(object) => notification::object(cx, bucket, key, Happened::Put, object),
        Version::Marker(marker) => notification::marker(cx, bucket, key, Happened::DeleteMarkerCreated, marker),
    }
}

/// Writes what changes of a version but what it is: its tags.
pub fn amend(cx: &mut Cx, bucket: &Bucket, key: &str, object: &Object, is_current: bool) {
    if is_current {
        return cx.put(&OBJECTS, &(bucket.number, key), object);
    }
    let row = Version::Object(Box::new(object.clone()));
    cx.put(&VERSIONS, &(bucket.number, key, age(object.sequence)), &row);
}

/// Every change of what is current under a key: from `before`, if there was one, to `now`, if there is one.
fn set(cx: &mut Cx, bucket: &Bucket, key: &str, before: Option<Object>, now: Option<&Object>, fate: &Before) {
    match now {
        Some(object) => cx.put(&OBJECTS, &(bucket.number, key), object),
        None => cx.delete(&OBJECTS, &(bucket.number, key)),
    }
    let Some(before) = before else { return };
    match fate {
        Before::Kept => keep(cx, bucket, key, &Version::Object(Box::new(before))),
        Before::Deleted => release(cx, &before),
    }
}

/// The newest of the history becomes current, if it is an object, in place of one that is deleted.
fn raise(cx: &mut Cx, bucket: &Bucket, key: &str, before: Option<Object>) {
    match newest_of_history(cx, bucket, key) {
        Some(Version::Object(next)) => {
            take_out(cx, bucket, key, next.sequence, next.null);
            set(cx, bucket, key, before, Some(&next), &Before::Deleted);
        }
        Some(Version::Marker(_)) | None if before.is_some() => set(cx, bucket, key, before, None, &Before::Deleted),
        Some(Version::Marker(_)) | None => {}
    }
}

/// A new version without an id replaces the one that there is; what has an id is kept.
fn make_room(cx: &mut Cx, bucket: &Bucket, key: &str, before: Option<&Object>) -> Before {
    match bucket.versioning {
        Versioning::Never => Before::Deleted,
        Versioning::Enabled => Before::Kept,
        Versioning::Suspended if before.is_some_and(|it| it.null) => Before::Deleted,
        Versioning::Suspended => {
            if let Some(Found { version, .. }) = find(cx, bucket, key, Which::Null) {
                forget(cx, bucket, key, &version);
            }
            Before::Kept
        }
    }
}

fn keep(cx: &mut Cx, bucket: &Bucket, key: &str, version: &Version) {
    cx.put(&VERSIONS, &(bucket.number, key, age(version.sequence())), version);
    if version.is_null() {
        cx.put(&NULLS, &(bucket.number, key), &version.sequence());
    }
}

/// Takes an old version out of the history, for good.
fn forget(cx: &mut Cx, bucket: &Bucket, key: &str, version: &Version) {
    take_out(cx, bucket, key, version.sequence(), version.is_null());
    if let Version::Object(object) = version {
        release(cx, object);
    }
}

fn take_out(cx: &mut Cx, bucket: &Bucket, key: &str, sequence: u64, null: bool) {
    cx.delete(&VERSIONS, &(bucket.number, key, age(sequence)));
    if null {
        cx.delete(&NULLS, &(bucket.number, key));
    }
}

fn release(cx: &mut Cx, object: &Object) {
    match object.content {
        Content::Body(id) => body::release(cx, id),
        Content::Parts(upload) => part::release_all(cx, upload),
    }
}

/// Grows with the time, and with each change of the key whatever the time says.
fn next_sequence(cx: &Cx, bucket: &Bucket, key: &str, before: Option<&Object>) -> u64 {
    let milliseconds = sequence_at(cx.now());
    let newest = match (before, bucket.versioning) {
        (Some(before), _) => Some(before.sequence),
        (None, Versioning::Never) => None,
        (None, Versioning::Enabled | Versioning::Suspended) => {
            newest_of_history(cx, bucket, key).map(|it| it.sequence())
        }
    };
    // An id that was given up is not given out again.
    let random = match bucket.versioning {
        Versioning::Never => 0,
        Versioning::Enabled | Versioning::Suspended => {
            u64::from(u32::from_be_bytes(cx.random_bytes())) >> (32 - RANDOM_BITS)
        }
    };
    (milliseconds | random).max(newest.map_or(0, |it| it + 1))
}

/// The lowest of a moment.
pub fn sequence_at(time: Timestamp) -> u64 {
    u64::try_from(time.0).unwrap_or_default() << RANDOM_BITS
}

/// Sorts the newest first.
pub fn age(sequence: u64) -> u64 {
    u64::MAX - sequence
}

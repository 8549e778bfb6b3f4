//! Objects: what is kept of one beside its bytes.

use crate::acl::Acl;
use crate::body::{BodyId, Piece};
use crate::checksum::{self, Checksum, Kind};
use crate::encryption::Encryption;
use crate::fault;
use crate::lock::Locks;
use crate::metadata::Metadata;
use crate::part;
use crate::replication::Replication;
use crate::restore::Restore;
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// One version of an object. Its key names the bucket and the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Grows with each change of the key; version ids are made of it.
    pub sequence: u64,
    /// Made while the bucket kept no versions: its version id is `null`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null: bool,
    /// Milliseconds since 1970, of a whole second, as S3 tells it.
    pub modified_at: i64,
    /// In bytes.
    pub size: u64,
    pub etag: Etag,
    pub content: Content,
    pub checksum: Checksum,
    #[serde(default, skip_serializing_if = "StorageClass::is_standard")]
    pub storage_class: StorageClass,
    #[serde(default, skip_serializing_if = "Encryption::is_s3")]
    pub encryption: Encryption,
    #[serde(default, skip_serializing_if = "Locks::is_none")]
    pub locks: Locks,
    /// Where the bucket had lists when it came: who has it, and whom they let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Box<Acl>>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// A copy taken out of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restore>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<Replication>,
}

/// Where the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    Body(BodyId),
    /// The parts of a completed upload, by its number.
    Parts(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Etag {
    /// Of the bytes, or of the parts' MD5s one after the other.
    pub md5: u128,
    /// None for what was not uploaded in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageClass {
    #[default]
    Standard,
    ReducedRedundancy,
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    Glacier,
    DeepArchive,
    GlacierIr,
}

const CLASSES: [StorageClass; 8] = [
    StorageClass::Standard,
    StorageClass::ReducedRedundancy,
    StorageClass::StandardIa,
    StorageClass::OnezoneIa,
    StorageClass::IntelligentTiering,
    StorageClass::Glacier,
    StorageClass::DeepArchive,
    StorageClass::GlacierIr,
];

/// Object keys, in bytes of UTF-8 ("Naming Amazon S3 objects" in the user guide).
const LONGEST_KEY: usize = 1024;
/// The store writes 0x00 and 0x01 as two bytes each where versions are listed; so many it has room for.
const MOST_ESCAPED: usize = 900;

impl Object {
    /// What is to be said before its bytes have come.
    pub fn without_bytes() -> Self {
        Self {
            sequence: 0,
            null: false,
            modified_at: 0,
            size: 0,
            etag: Etag { md5: 0, parts: None },
            content: Content::Parts(0),
            checksum: Checksum { algorithm: checksum::DEFAULT, kind: Kind::FullObject, value: String::new() },
            storage_class: StorageClass::Standard,
            encryption: Encryption::S3,
            locks: Locks::default(),
            acl: None,
            metadata: Metadata::default(),
            tags: Vec::new(),
            restore: None,
            replication: None,
        }
    }

    pub fn modified(&self) -> Timestamp {
        Timestamp(self.modified_at)
    }

    pub fn etag(&self) -> String {
        self.etag.text()
    }

    /// Its bytes, in order.
    pub fn pieces(&self, cx: &Cx) -> Vec<Piece> {
        match self.content {
            Content::Body(id) => vec![Piece { id, length: self.size }],
            Content::Parts(upload) => part::all(cx, upload).into_iter().map(|it| it.piece()).collect(),
        }
    }

    /// The size of each of its parts, in order.
    pub fn part_sizes(&self, cx: &Cx) -> Vec<u64> {
        self.pieces(cx).iter().map(|it| it.length).collect()
    }

    /// What lies in an archive has to be restored before it can be read.
    pub fn readable(&self, now: Timestamp) -> Result<()> {
        if self.is_within_reach(now) {
            return Ok(());
        }
        Err(fault::INVALID_OBJECT_STATE
            .with("The operation is not valid for the object's storage class")
            .field("StorageClass", self.storage_class.name()))
    }

    /// The same for a copy of it.
    pub fn copyable(&self, now: Timestamp) -> Result<()> {
        if self.is_within_reach(now) {
            return Ok(());
        }
        Err(fault::OBJECT_NOT_IN_ACTIVE_TIER_ERROR.with(
            "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.",
        ))
    }

    fn is_within_reach(&self, now: Timestamp) -> bool {
        !self.is_archived() || self.restore.is_some_and(|it| it.is_there(now))
    }

    pub fn is_archived(&self) -> bool {
        match self.storage_class {
            StorageClass::Glacier | StorageClass::DeepArchive => true,
            StorageClass::Standard
            | StorageClass::ReducedRedundancy
            | StorageClass::StandardIa
            | StorageClass::OnezoneIa
            | StorageClass::IntelligentTiering
            | StorageClass::GlacierIr => false,
        }
    }
}

impl Etag {
    pub fn plain(md5: [u8; 16]) -> Self {
        Self { md5: u128::from_be_bytes(md5), parts: None }
    }

    /// In quotes, as headers and listings have it.
    pub fn text(self) -> String {
        match self.parts {
            None => format!("\"{:032x}\"", self.md5),
            Some(count) => format!("\"{:032x}-{count}\"", self.md5),
        }
    }
}

impl StorageClass {
    pub fn name(self) -> &'static str {
        match self {
            StorageClass::Standard => "STANDARD",
            StorageClass::ReducedRedundancy => "REDUCED_REDUNDANCY",
            StorageClass::StandardIa => "STANDARD_IA",
            StorageClass::OnezoneIa => "ONEZONE_IA",
            StorageClass::IntelligentTiering => "INTELLIGENT_TIERING",
            StorageClass::Glacier => "GLACIER",
            StorageClass::DeepArchive => "DEEP_ARCHIVE",
            StorageClass::GlacierIr => "GLACIER_IR",
        }
    }

    /// Of a request; the classes of directory buckets and of other hardware are no classes here.
    pub fn of(given: Option<&str>) -> Result<Self> {
        let Some(name) = given else { return Ok(Self::Standard) };
        CLASSES.into_iter().find(|it| it.name() == name).ok_or_else(|| invalid_class(name))
    }

    pub fn is_standard(&self) -> bool {
        *self == Self::Standard
    }

    /// As objects state it: not at all for the usual one.
    pub fn header(self) -> Option<String> {
        (!self.is_standard()).then(|| self.name().to_owned())
    }
}

/// Whether an object may have that key.
pub fn check_key(key: &str) -> Result<()> {
    let escaped = || key.bytes().filter(|it| *it < 2).count();
    if key.len() <= LONGEST_KEY && (key.len() <= MOST_ESCAPED || escaped() <= MOST_ESCAPED) {
        return Ok(());
    }
    Err(fault::KEY_TOO_LONG
        .with("Your key is too long")
        .field("Size", key.len().to_string())
        .field("MaxSizeAllowed", LONGEST_KEY.to_string()))
}

pub fn no_such_key(key: &str) -> Error {
    fault::NO_SUCH_KEY.with("The specified key does not exist.").field("Key", key)
}

pub fn invalid_class(name: &str) -> Error {
    fault::INVALID_STORAGE_CLASS
        .with("The storage class you specified is not valid")
        .field("StorageClassRequested", name)
}

fn is_false(it: &bool) -> bool {
    !it
}

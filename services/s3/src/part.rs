//! Parts: of uploads under way, and of the objects that they became.
//!
//! Completing an upload moves no part: the object names the upload's number, and the parts stay where they are.

use crate::body::{self, BodyId, Piece};
use crate::checksum::Checksum;
use crate::object::Etag;
use kernel::Cx;
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every part. Key: (upload number, part number).
static PARTS: Table<Part> = Table::partition("s3.part");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    pub number: u32,
    pub body: BodyId,
    /// In bytes.
    pub size: u64,
    pub md5: u128,
    pub checksum: Checksum,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

/// "Amazon S3 multipart upload limits" in the user guide.
pub const MOST: usize = 10_000;

impl Part {
    pub fn piece(&self) -> Piece {
        Piece { id: self.body, length: self.size }
    }

    pub fn etag(&self) -> String {
        Etag { md5: self.md5, parts: None }.text()
    }
}

/// In order.
pub fn all(cx: &Cx, upload: u64) -> Vec<Part> {
    cx.range(&PARTS, Span::prefix(&upload), MOST)
}

/// At most `limit` of those behind a number.
pub fn after(cx: &Cx, upload: u64, number: u32, limit: usize) -> Vec<Part> {
    cx.range(&PARTS, Span::prefix(&upload).after(&(upload, number)), limit)
}

/// Over the one that has its number.
pub fn put(cx: &mut Cx, upload: u64, part: &Part) {
    release(cx, upload, part.number);
    cx.put(&PARTS, &(upload, part.number), part);
}

pub fn release(cx: &mut Cx, upload: u64, number: u32) {
    if let Some(before) = cx.get(&PARTS, &(upload, number)) {
        body::release(cx, before.body);
        cx.delete(&PARTS, &(upload, number));
    }
}

pub fn release_all(cx: &mut Cx, upload: u64) {
    for part in all(cx, upload) {
        release(cx, upload, part.number);
    }
}

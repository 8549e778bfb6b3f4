//! Bodies at rest: small ones in a row, large ones in a blob. Rows of objects and parts name them by [`BodyId`].

use crate::checksum::{self, Algorithm, Checksum, Hasher};
use crate::fault;
use bytes::Bytes;
use kernel::{Body, Cloud, Cx, INTERNAL_FAILURE, PieceSink};
use md5::{Digest, Md5};
use model::{Error, Result};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use store::{BlobId, BlobReader, NewBlob, Part, PartOwned, Table};

/// Every body. Key: its id.
static BODIES: Table<Stored> = Table::partition("s3.body");

/// Names a body at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyId(u64);

#[derive(Serialize, Deserialize)]
struct Stored {
    /// How many rows name it.
    references: u32,
    content: Content,
}

#[derive(Clone, Serialize, Deserialize)]
enum Content {
    Inline(Inline),
    Blob(BlobId),
}

/// What is wanted of a body that comes.
pub struct Wanted {
    /// In bytes.
    pub most: u64,
    pub md5: Option<[u8; 16]>,
    /// What the sender says the checksum is.
    pub given: Option<(Algorithm, String)>,
    /// What is computed.
    pub algorithm: Algorithm,
}

/// A body that has come to its end and is on disk, and that no row names yet.
pub struct Received {
    pub length: u64,
    pub md5: [u8; 16],
    pub checksum: Checksum,
    content: Arriving,
}

enum Arriving {
    Small(Inline),
    Large(NewBlob),
}

/// A body as a part of a whole.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub id: BodyId,
    pub length: u64,
}

/// Larger ones are files of their own.
const MOST_INLINE: usize = 16 * 1024;
/// Read from a file at once.
const READ_BYTES: u64 = 256 * 1024;

/// Takes a body to its end.
pub async fn receive(cloud: &Cloud, mut body: Body, wanted: &Wanted) -> Result<Received> {
    let too_large = |size: u64| {
        fault::ENTITY_TOO_LARGE
            .with("Your proposed upload exceeds the maximum allowed size")
            .field("ProposedSize", size.to_string())
            .field("MaxSizeAllowed", wanted.most.to_string())
    };
    if let Some(length) = body.length().filter(|it| *it > wanted.most) {
        return Err(too_large(length));
    }
    let (mut md5, mut hasher, mut length) = (Md5::new(), Hasher::new(wanted.algorithm), 0);
    let other = wanted.given.as_ref().map(|it| it.0).filter(|it| *it != wanted.algorithm);
    let mut other = other.map(Hasher::new);
    let (mut small, mut blob) = (Vec::new(), None);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        if length > wanted.most {
            return Err(too_large(length));
        }
        md5.update(&piece);
        hasher.update(&piece);
        if let Some(other) = &mut other {
            other.update(&piece);
        }
        if blob.is_none() && small.len() + piece.len() > MOST_INLINE {
            let mut begun = cloud.kernel().store.blobs().create().map_err(no_room)?;
            begun.write(&small).map_err(no_room)?;
            blob = Some(begun);
        }
        match &mut blob {
            Some(blob) => blob.write(&piece).map_err(no_room)?,
            None => small.extend_from_slice(&piece),
        }
    }
    let (md5, checksum) = (<[u8; 16]>::from(md5.finalize()), hasher.finish());
    if wanted.md5.is_some_and(|it| it != md5) {
        return Err(fault::BAD_DIGEST.with("The Content-MD5 you specified did not match what we received."));
    }
    let other = other.map(Hasher::finish);
    let trailers = body.trailers();
    let trailing = trailers.iter().filter_map(|(name, value)| Some((Algorithm::of_header(name)?, value.clone())));
    for (algorithm, said) in wanted.given.clone().into_iter().chain(trailing) {
        let computed = [Some(&checksum), other.as_ref()].into_iter().flatten().find(|it| it.algorithm == algorithm);
        if computed.is_some_and(|it| it.value != said) {
            return Err(checksum::wrong(algorithm));
        }
    }
    let content = match blob {
        Some(blob) => Arriving::Large(blob.finish_async().await.map_err(no_room)?),
        None => Arriving::Small(Inline(small.into())),
    };
    Ok(Received { length, md5, checksum, content })
}

/// In the transaction that writes the row that names it.
pub fn keep(cx: &mut Cx, received: &Received) -> Result<BodyId> {
    let content = match &received.content {
        Arriving::Small(bytes) => Content::Inline(bytes.clone()),
        Arriving::Large(blob) => {
            cx.retain_blob(blob.id())?;
            Content::Blob(blob.id())
        }
    };
    let id = free_id(cx);
    cx.put(&BODIES, &id, &Stored { references: 1, content });
    Ok(id)
}

/// One more row names it.
pub fn share(cx: &mut Cx, id: BodyId) -> Result<BodyId> {
    let mut stored = cx.get(&BODIES, &id).ok_or_else(gone)?;
    stored.references += 1;
    cx.put(&BODIES, &id, &stored);
    Ok(id)
}

/// A row that named it is gone.
pub fn release(cx: &mut Cx, id: BodyId) {
    let mut stored = cx.get(&BODIES, &id).expect("the row that named it held it");
    stored.references -= 1;
    if stored.references > 0 {
        return cx.put(&BODIES, &id, &stored);
    }
    cx.delete(&BODIES, &id);
    if let Content::Blob(blob) = stored.content {
        cx.release_blob(blob);
    }
}

/// A range of a whole that consists of these pieces.
pub fn read(cloud: &Cloud, pieces: &[Piece], range: Range<u64>) -> Result<Body> {
    let (mut wanted, mut at) = (Vec::new(), 0);
    for piece in pieces {
        let (begin, end) = (range.start.max(at), range.end.min(at + piece.length));
        if begin < end {
            wanted.push((piece.id, begin - at..end - at));
        }
        at += piece.length;
    }
    let length = range.end - range.start;
    let cloud = cloud.clone();
    if let [(id, range)] = wanted.as_slice() {
        return match open(&cloud, *id)? {
            Opened::Inline(bytes) => Ok(Body::whole(bytes.slice(range.start as usize..range.end as usize))),
            Opened::Blob(reader) => {
                let range = range.clone();
                Ok(Body::made(length, |sink| async move { send(&sink, &reader, range).await }))
            }
        };
    }
    Ok(Body::made(length, |sink| async move {
        for (id, range) in wanted {
            match open(&cloud, id)? {
                Opened::Inline(bytes) => sink.send(bytes.slice(range.start as usize..range.end as usize)).await,
                Opened::Blob(reader) => send(&sink, &reader, range).await?,
            }
        }
        Ok(())
    }))
}

enum Opened {
    Inline(Bytes),
    Blob(Arc<BlobReader>),
}

fn open(cloud: &Cloud, id: BodyId) -> Result<Opened> {
    let stored = cloud.read(|cx| cx.get(&BODIES, &id)).ok_or_else(gone)?;
    match stored.content {
        Content::Inline(Inline(bytes)) => Ok(Opened::Inline(bytes)),
        Content::Blob(blob) => Ok(Opened::Blob(Arc::new(cloud.kernel().store.blobs().open(blob).map_err(no_room)?))),
    }
}

async fn send(sink: &PieceSink, reader: &Arc<BlobReader>, range: Range<u64>) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let (reader, length) = (reader.clone(), (range.end - at).min(READ_BYTES) as usize);
        let piece = tokio::task::spawn_blocking(move || reader.read_at(at, length)).await;
        let piece = piece.map_err(|why| INTERNAL_FAILURE.with(why.to_string()))?.map_err(no_room)?;
        at += piece.len() as u64;
        sink.send(piece.into()).await;
    }
    Ok(())
}

fn free_id(cx: &Cx) -> BodyId {
    loop {
        let id = BodyId(u64::from_be_bytes(cx.random_bytes()));
        if !cx.has(&BODIES, &id) {
            return id;
        }
    }
}

fn gone() -> Error {
    INTERNAL_FAILURE.with("The object was replaced while it was read. Please try again.")
}

fn no_room(why: std::io::Error) -> Error {
    tracing::error!("a body cannot be stored or read: {why}");
    model::ErrorShape::receiver("ServiceUnavailable").status(503).with(format!("Niebla cannot store this: {why}."))
}

impl Part for BodyId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
}

impl PartOwned for BodyId {
    fn take(input: &mut &[u8]) -> Option<Self> {
        u64::take(input).map(BodyId)
    }
}

/// Bytes that a record holds as they are.
#[derive(Clone)]
struct Inline(Bytes);

impl Serialize for Inline {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Inline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Inline;

            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> std::result::Result<Inline, E> {
                Ok(Inline(Bytes::copy_from_slice(bytes)))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> std::result::Result<Inline, E> {
                Ok(Inline(bytes.into()))
            }
        }
        deserializer.deserialize_byte_buf(Reads)
    }
}

//! Bodies that go out: ranges of them, opened as they are read.

use super::{BODIES, BodyId, Content, Piece, damaged, gone, no_room};
use crate::encryption::customer::Customer;
use crate::fault;
use bytes::{Bytes, BytesMut};
use kernel::{Body, Cloud, Cx, INTERNAL_FAILURE, PieceSink};
use model::Result;
use seal::{Keys, Opening};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use store::{BlobId, BlobReader};
use tokio::task::spawn_blocking;

/// Where the bytes of a range lie, at one moment.
pub struct Located {
    length: u64,
    parts: Vec<Part>,
}

enum Part {
    Open(Bytes),
    Sealed { body: BodyId, blob: BlobId, keys: Arc<Keys>, opening: Opening },
}

/// Read from a file at once.
const READ_BYTES: usize = 1024 * 1024;
/// Read within a transaction: as much as a call from inside may hold.
const MOST_WHOLE: u64 = 256 * 1024 * 1024;

/// A range of a whole that consists of these pieces. What is small is opened at once.
pub fn locate(cx: &Cx, pieces: &[Piece], range: Range<u64>, customer: Option<&Customer>) -> Result<Located> {
    let (mut parts, mut at) = (Vec::new(), 0);
    for piece in pieces {
        let (begin, end) = (range.start.max(at), range.end.min(at + piece.length));
        if begin < end {
            parts.push(part(cx, piece, begin - at..end - at, customer)?);
        }
        at += piece.length;
    }
    Ok(Located { length: range.end - range.start, parts })
}

/// The same as it is now, for who has looked at the pieces before.
pub fn read(cloud: &Cloud, pieces: &[Piece], range: Range<u64>, customer: Option<&Customer>) -> Result<Body> {
    let located = cloud.read(|cx| locate(cx, pieces, range, customer))?;
    located.stream(cloud).ok_or_else(gone)
}

fn part(cx: &Cx, piece: &Piece, range: Range<u64>, customer: Option<&Customer>) -> Result<Part> {
    let stored = cx.get(&BODIES, &piece.id).ok_or_else(gone)?;
    let keys = Arc::new(stored.keys(cx, customer)?);
    let mut opening = Opening::new(piece.length, range);
    match stored.content {
        Content::Blob(blob) => Ok(Part::Sealed { body: piece.id, blob, keys, opening }),
        Content::Inline(sealed) => {
            let mut open = Vec::new();
            while let Some(at) = opening.next(&keys, usize::MAX) {
                let sealed = sealed.get(at.start as usize..at.end as usize).ok_or_else(damaged)?;
                open.extend(opening.open(&keys, sealed.to_vec()).ok_or_else(damaged)?);
            }
            Ok(Part::Open(open.into()))
        }
    }
}

impl Located {
    /// All of it, within the transaction in which it was located: what its rows name is on the disk as long as it lasts.
    pub fn whole(self, cx: &Cx) -> Result<Bytes> {
        if self.length > MOST_WHOLE {
            return Err(fault::ENTITY_TOO_LARGE
                .with(format!("Niebla does not read objects of more than {MOST_WHOLE} bytes within a transaction.")));
        }
        let mut whole = BytesMut::with_capacity(self.length as usize);
        for part in self.parts {
            match part {
                Part::Open(bytes) => whole.extend_from_slice(&bytes),
                Part::Sealed { blob, keys, mut opening, .. } => {
                    let blob = cx.kernel().store.blobs().open(blob).map_err(no_room)?;
                    while let Some(at) = opening.next(&keys, READ_BYTES) {
                        let sealed = blob.read_at(at.start, (at.end - at.start) as usize).map_err(no_room)?;
                        whole.extend_from_slice(&opening.open(&keys, sealed).ok_or_else(damaged)?);
                    }
                }
            }
        }
        Ok(whole.freeze())
    }

    /// None: it was deleted since that moment. The bytes stay on the disk as long as the body is read.
    pub fn stream(mut self, cloud: &Cloud) -> Option<Body> {
        match self.parts.as_mut_slice() {
            [] => return Some(Body::whole(Bytes::new())),
            [Part::Open(bytes)] => return Some(Body::whole(std::mem::take(bytes))),
            _ => {}
        }
        let blobs = cloud.kernel().store.blobs().clone();
        let named = |part: &Part| match part {
            Part::Open(_) => None,
            Part::Sealed { body, blob, .. } => Some((*body, *blob)),
        };
        let named: Vec<(BodyId, BlobId)> = self.parts.iter().filter_map(named).collect();
        let pin = blobs.pin(named.iter().map(|it| it.1).collect());
        // The pieces of an object are given up together.
        let first = named.first().map(|it| it.0);
        if first.is_some_and(|id| !cloud.read(|cx| cx.has(&BODIES, &id))) {
            return None;
        }
        Some(Body::made(self.length, |sink| async move {
            let _pinned = pin;
            for part in self.parts {
                match part {
                    Part::Open(bytes) => sink.send(bytes).await,
                    Part::Sealed { blob, keys, opening, .. } => {
                        let blob = Arc::new(blobs.open(blob).map_err(no_room)?);
                        send(&sink, blob, keys, opening).await?;
                    }
                }
            }
            Ok(())
        }))
    }
}

async fn send(sink: &PieceSink, blob: Arc<BlobReader>, keys: Arc<Keys>, mut opening: Opening) -> Result<()> {
    while let Some(at) = opening.next(&keys, READ_BYTES) {
        let (blob, keys, mut these) = (blob.clone(), keys.clone(), opening);
        let opened = spawn_blocking(move || {
            let sealed = blob.read_at(at.start, (at.end - at.start) as usize)?;
            Ok::<_, io::Error>((these.open(&keys, sealed), these))
        });
        let (piece, next) = opened.await.map_err(|why| INTERNAL_FAILURE.with(why.to_string()))?.map_err(no_room)?;
        opening = next;
        sink.send(piece.ok_or_else(damaged)?.into()).await;
    }
    Ok(())
}

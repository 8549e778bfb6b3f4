//! Bodies that come: hashed, sealed and written in one pass, without being held whole.

use super::no_room;
use crate::checksum::{self, Algorithm, Checksum, Hasher};
use crate::encryption::Layers;
use crate::fault;
use bytes::Bytes;
use kernel::{Body, Cloud, Cx, INTERNAL_FAILURE};
use md5::{Digest, Md5};
use model::Result;
use seal::{KEY_BYTES, Keys, Seal};
use serde_bytes::ByteBuf;
use std::{io, slice};
use store::{BlobWriter, Blobs, NewBlob};
use tokio::task::{JoinHandle, spawn_blocking};

/// What is wanted of a body that comes.
pub struct Wanted {
    /// In bytes.
    pub most: u64,
    pub md5: Option<[u8; 16]>,
    /// What the sender says the checksum is.
    pub given: Option<(Algorithm, String)>,
    /// What the sender says behind it.
    pub announced: Option<Algorithm>,
    /// What is computed.
    pub algorithm: Algorithm,
    pub layers: Layers,
}

/// A body that has come to its end and is on disk, and that no row names yet.
pub struct Received {
    pub length: u64,
    pub md5: [u8; 16],
    pub checksum: Checksum,
    /// One for each layer.
    pub(super) keys: Vec<u8>,
    pub(super) content: Arriving,
}

pub(super) enum Arriving {
    Small(ByteBuf),
    Large(NewBlob),
}

/// Larger ones are files of their own: a file costs two syncs, a row shares one with others.
const MOST_INLINE: usize = 64 * 1024;
/// Worked on at once; while threads do, the next ones come.
const BATCH_BYTES: usize = 1024 * 1024;

/// Takes a body to its end.
pub async fn receive(cloud: &Cloud, mut body: Body, wanted: &Wanted) -> Result<Received> {
    if let Some(length) = body.length() {
        check_size(length, wanted)?;
    }
    let mut keys = vec![0; wanted.key_bytes()];
    cloud.kernel().entropy.fill(&mut keys);
    let mut came = Came { body: &mut body, wanted, length: 0, ended: false };
    let batch = came.batch(MOST_INLINE + 1).await?;
    let (hashed, content) = match came.length > MOST_INLINE as u64 {
        // Apart, so that a call with a small body does not carry the state of a large one about.
        true => Box::pin(large_coming(cloud, &mut came, batch, &keys)).await?,
        false => small(&batch, wanted, &keys),
    };
    let length = came.length;
    let (md5, checksum) = hashed.check(wanted, &body.trailers())?;
    Ok(Received { length, md5, checksum, keys, content })
}

/// What has come of a body so far.
struct Came<'b> {
    body: &'b mut Body,
    wanted: &'b Wanted,
    length: u64,
    /// A body is not asked again after its end.
    ended: bool,
}

impl Came<'_> {
    /// The next so many bytes and what came along with the last of them; less only at the end.
    async fn batch(&mut self, bytes: usize) -> Result<Vec<Bytes>> {
        let (mut batch, mut batched) = (Vec::new(), 0);
        while batched < bytes && !self.ended {
            let Some(piece) = self.body.next().await else {
                self.ended = true;
                break;
            };
            let piece = piece?;
            self.length += piece.len() as u64;
            check_size(self.length, self.wanted)?;
            batched += piece.len();
            batch.push(piece);
        }
        Ok(batch)
    }
}

async fn large_coming(
    cloud: &Cloud,
    came: &mut Came<'_>,
    mut batch: Vec<Bytes>,
    keys: &[u8],
) -> Result<(Hashes, Arriving)> {
    let mut large = Large::new(cloud, came.wanted, keys)?;
    while !batch.is_empty() {
        large.take(batch).await?;
        batch = came.batch(BATCH_BYTES).await?;
    }
    large.finish().await
}

/// The same for bytes that a transaction brings.
pub fn receive_within(cx: &Cx, body: &Bytes, wanted: &Wanted) -> Result<Received> {
    let length = body.len() as u64;
    check_size(length, wanted)?;
    let mut keys = vec![0; wanted.key_bytes()];
    cx.kernel().entropy.fill(&mut keys);
    let (hashed, content) = match body.len() <= MOST_INLINE {
        true => small(slice::from_ref(body), wanted, &keys),
        false => large(cx.kernel().store.blobs(), body, wanted, &keys)?,
    };
    let (md5, checksum) = hashed.check(wanted, &[])?;
    Ok(Received { length, md5, checksum, keys, content })
}

impl Received {
    /// Whether it was taken in this way.
    pub fn is_of(&self, algorithm: Algorithm, layers: Layers) -> bool {
        self.checksum.algorithm == algorithm && self.keys.len() == key_bytes(layers)
    }
}

impl Wanted {
    fn key_bytes(&self) -> usize {
        key_bytes(self.layers)
    }
}

fn key_bytes(layers: Layers) -> usize {
    match layers {
        Layers::One => KEY_BYTES,
        Layers::Two => 2 * KEY_BYTES,
    }
}

fn seal(keys: &[u8]) -> Seal {
    Seal::new(Keys::new(keys).expect("there is one for each layer"))
}

fn check_size(length: u64, wanted: &Wanted) -> Result<()> {
    if length <= wanted.most {
        return Ok(());
    }
    Err(fault::ENTITY_TOO_LARGE
        .with("Your proposed upload exceeds the maximum allowed size")
        .field("ProposedSize", length.to_string())
        .field("MaxSizeAllowed", wanted.most.to_string()))
}

fn small(batch: &[Bytes], wanted: &Wanted, keys: &[u8]) -> (Hashes, Arriving) {
    let (mut hashes, mut sealer, mut sealed) = (Hashes::new(wanted), seal(keys), Vec::new());
    for piece in batch {
        hashes.update(piece);
        sealer.push(piece, &mut sealed);
    }
    sealer.finish(&mut sealed);
    (hashes, Arriving::Small(sealed.into()))
}

fn large(blobs: &Blobs, body: &[u8], wanted: &Wanted, keys: &[u8]) -> Result<(Hashes, Arriving)> {
    let (mut hashes, mut sealer, mut sealed) = (Hashes::new(wanted), seal(keys), Vec::new());
    let mut blob = blobs.create().map_err(no_room)?;
    for piece in body.chunks(BATCH_BYTES) {
        hashes.update(piece);
        sealer.push(piece, &mut sealed);
        blob.write(&sealed).map_err(no_room)?;
        sealed.clear();
    }
    sealer.finish(&mut sealed);
    blob.write(&sealed).map_err(no_room)?;
    Ok((hashes, Arriving::Large(blob.finish().map_err(no_room)?)))
}

/// A body whose hashes and file are worked on by a thread each.
struct Large {
    hashes: Work<Hashes>,
    file: Work<io::Result<Sealed>>,
}

struct Sealed {
    sealer: Seal,
    blob: BlobWriter,
    /// Kept for its memory.
    buffer: Vec<u8>,
}

impl Large {
    fn new(cloud: &Cloud, wanted: &Wanted, keys: &[u8]) -> Result<Self> {
        let blob = cloud.kernel().store.blobs().create().map_err(no_room)?;
        let sealed = Sealed { sealer: seal(keys), blob, buffer: Vec::new() };
        Ok(Self { hashes: Work::Idle(Hashes::new(wanted)), file: Work::Idle(Ok(sealed)) })
    }

    async fn take(&mut self, batch: Vec<Bytes>) -> Result<()> {
        let again = batch.clone();
        self.hashes
            .then(move |mut hashes| {
                again.iter().for_each(|piece| hashes.update(piece));
                hashes
            })
            .await?;
        self.file
            .then(move |file| {
                let mut file = file?;
                file.buffer.clear();
                batch.iter().for_each(|piece| file.sealer.push(piece, &mut file.buffer));
                file.blob.write(&file.buffer)?;
                Ok(file)
            })
            .await
    }

    async fn finish(self) -> Result<(Hashes, Arriving)> {
        let Sealed { sealer, mut blob, mut buffer } = self.file.done().await?.map_err(no_room)?;
        buffer.clear();
        sealer.finish(&mut buffer);
        blob.write(&buffer).map_err(no_room)?;
        let blob = blob.finish_async().await.map_err(no_room)?;
        Ok((self.hashes.done().await?, Arriving::Large(blob)))
    }
}

/// Something that a thread works on, a step after the other.
enum Work<T> {
    Idle(T),
    Busy(JoinHandle<T>),
    Lost,
}

impl<T: Send + 'static> Work<T> {
    /// Begins the next step once the one before is done.
    async fn then(&mut self, step: impl FnOnce(T) -> T + Send + 'static) -> Result<()> {
        let now = std::mem::replace(self, Work::Lost).done().await?;
        *self = Work::Busy(spawn_blocking(move || step(now)));
        Ok(())
    }

    async fn done(self) -> Result<T> {
        match self {
            Work::Idle(it) => Ok(it),
            Work::Busy(step) => step.await.map_err(|why| INTERNAL_FAILURE.with(why.to_string())),
            Work::Lost => Err(INTERNAL_FAILURE.with("an earlier step failed")),
        }
    }
}

struct Hashes {
    md5: Md5,
    checksum: Hasher,
    /// What the sender gives or announces, where that is another one.
    other: Option<Hasher>,
}

impl Hashes {
    fn new(wanted: &Wanted) -> Self {
        let said = wanted.given.as_ref().map(|it| it.0).or(wanted.announced);
        let other = said.filter(|it| *it != wanted.algorithm);
        Self { md5: Md5::new(), checksum: Hasher::new(wanted.algorithm), other: other.map(Hasher::new) }
    }

    fn update(&mut self, piece: &[u8]) {
        self.md5.update(piece);
        self.checksum.update(piece);
        if let Some(other) = &mut self.other {
            other.update(piece);
        }
    }

    /// Against everything that was said of the body before it and behind it.
    fn check(self, wanted: &Wanted, trailers: &[(String, String)]) -> Result<([u8; 16], Checksum)> {
        let (md5, checksum) = (<[u8; 16]>::from(self.md5.finalize()), self.checksum.finish());
        if wanted.md5.is_some_and(|it| it != md5) {
            return Err(checksum::wrong_md5());
        }
        let other = self.other.map(Hasher::finish);
        let trailing = trailers.iter().filter_map(|(name, value)| Some((Algorithm::of_header(name)?, value.clone())));
        for (algorithm, said) in wanted.given.clone().into_iter().chain(trailing) {
            let computed = [Some(&checksum), other.as_ref()].into_iter().flatten().find(|it| it.algorithm == algorithm);
            if computed.is_some_and(|it| it.value != said) {
                return Err(checksum::wrong(algorithm));
            }
        }
        Ok((md5, checksum))
    }
}

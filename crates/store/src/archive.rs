//! Snapshots in a file: all rows and blobs of one moment, and back.
//!
//! ```text
//! "niebla snapshot 1\n"
//! one zstd stream of:
//!   R  u32 key length   u32 value length   key   value        rows, in key order
//!   B  u64 number       u64 length         bytes              blobs, in order of their numbers
//!   E  SHA-256 of everything before this E, decompressed
//! ```
//! Numbers are big-endian. The format moves with the store's format: rows are copied as they are.

use crate::blob::{self, BlobId, Blobs};
use crate::engine::{Change, Changes, Engine, EngineError, Lmdb, MAP_BYTES};
use crate::error::OpenError;
use crate::folder::{FORMAT, Folder, sync_folder};
use crate::key::MAX_KEY_BYTES;
use crate::reader::Reader;
use crate::span::Direction;
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};

const MAGIC: &str = "niebla snapshot ";
/// Longer first lines are not ours.
const MAGIC_BYTES: usize = MAGIC.len() + 11;
const ROW: u8 = b'R';
const BLOB: u8 = b'B';
const END: u8 = b'E';

/// zstd's own default: snapshots are taken while others work.
const LEVEL: i32 = 3;
/// Bytes of rows that are loaded in one commit.
const COMMIT_BYTES: usize = 16 << 20;
/// Bytes of a blob that are copied at once.
const PIECE_BYTES: usize = 256 << 10;

/// What to do with a folder that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it, and fail.
    Refuse,
    /// Put the snapshot in its place, once the snapshot has turned out to be whole.
    Replace,
}

/// Writes a snapshot. `file` appears when it is complete and durable; an older one is replaced then.
pub(crate) fn save(reader: &Reader, blobs: &Blobs, file: &Path) -> Result<(), OpenError> {
    let partial = sibling(file, ".partial");
    let writing = |error| OpenError::io(format!("writing {}", file.display()), error);
    let result = write(reader, blobs, &partial).and_then(|()| {
        fs::rename(&partial, file)?;
        sync_folder(&parent(file))
    });
    if result.is_err() {
        // What is left of it helps nobody; if it cannot be deleted, the error that is told is the first one.
        let _kept = fs::remove_file(&partial);
    }
    result.map_err(writing)
}

/// Loads a snapshot into a folder where no store is open.
pub(crate) fn load(file: &Path, dir: &Path, existing: Existing) -> Result<(), OpenError> {
    let old = claim(dir, existing)?;
    let fresh = sibling(dir, ".loading");
    let making = |error| OpenError::io(format!("loading into {}", fresh.display()), error);
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(making)?;
    }
    let result = load_into(file, &fresh);
    if let Err(error) = result {
        let _kept = fs::remove_dir_all(&fresh);
        return Err(error);
    }
    let replaced = sibling(dir, ".replaced");
    if dir.exists() {
        fs::rename(dir, &replaced).map_err(making)?;
    }
    fs::rename(&fresh, dir).map_err(making)?;
    sync_folder(&parent(dir)).map_err(making)?;
    drop(old);
    match fs::remove_dir_all(&replaced) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(making(error)),
        _ => Ok(()),
    }
}

/// Makes sure that the folder is free, or that its store may be replaced: locks it in that case.
fn claim(dir: &Path, existing: Existing) -> Result<Option<Folder>, OpenError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::io(format!("reading {}", dir.display()), error)),
    };
    if entries.flatten().all(|it| it.file_name() == "lock") {
        return Ok(None);
    }
    if existing == Existing::Refuse {
        return Err(OpenError::NotEmpty { folder: dir.to_owned() });
    }
    // Replacing is for stores, whole or damaged, not for whatever folder was named by mistake.
    if !dir.join("format").exists() {
        return Err(OpenError::damaged(format!("{} is not empty and holds no store", dir.display())));
    }
    Folder::lock(dir).map(Some)
}

fn write(reader: &Reader, blobs: &Blobs, file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|it| !it.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut raw = BufWriter::new(File::create(file)?);
    writeln!(raw, "{MAGIC}{FORMAT}")?;
    let mut out = Hashed::new(zstd::Encoder::new(raw, LEVEL)?);
    write_rows(reader, &mut out)?;
    for (id, row) in blob::all(reader) {
        write_blob(blobs, id, row.length, &mut out)?;
    }
    let Hashed { inner: mut stream, hash } = out;
    stream.write_all(&[END])?;
    stream.write_all(&hash.finalize())?;
    stream.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn write_rows(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let mut result = Ok(());
    reader.merge(Bound::Unbounded, Bound::Unbounded, Direction::Forward, |key, value| {
        result = write_row(key, value, out);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    result
}

fn write_row(key: &[u8], value: &[u8], out: &mut impl Write) -> io::Result<()> {
    let length = |it: &[u8]| u32::try_from(it.len()).map_err(io::Error::other);
    out.write_all(&[ROW])?;
    out.write_all(&length(key)?.to_be_bytes())?;
    out.write_all(&length(value)?.to_be_bytes())?;
    out.write_all(key)?;
    out.write_all(value)
}

fn write_blob(blobs: &Blobs, id: BlobId, length: u64, out: &mut impl Write) -> io::Result<()> {
    let blob = blobs.open(id)?;
    if blob.length() != length {
        return Err(io::Error::other(format!("blob {id} has {} bytes and should have {length}", blob.length())));
    }
    out.write_all(&[BLOB])?;
    out.write_all(&id.number().to_be_bytes())?;
    out.write_all(&length.to_be_bytes())?;
    let mut at = 0;
    while at < length {
        let piece = blob.read_at(at, PIECE_BYTES)?;
        out.write_all(&piece)?;
        at += piece.len() as u64;
    }
    Ok(())
}

fn load_into(file: &Path, dir: &Path) -> Result<(), OpenError> {
    let reading = |error: io::Error| match error.kind() {
        // What zstd or our own checks say about the content.
        ErrorKind::UnexpectedEof | ErrorKind::Other | ErrorKind::InvalidData => {
            OpenError::damaged(format!("{}: {error}", file.display()))
        }
        _ => OpenError::io(format!("loading {}", file.display()), error),
    };
    let mut raw = BufReader::new(File::open(file).map_err(reading)?);
    check_version(&mut raw, file)?;
    let folder = Folder::lock(dir)?;
    let engine = Lmdb::open(&folder.rows(), MAP_BYTES)?;
    let mut input = Hashed::new(zstd::Decoder::with_buffer(raw).map_err(reading)?);
    let mut changes = Changes::new();
    let mut bytes = 0;
    loop {
        let before = input.hash.clone();
        match read_array::<1>(&mut input).map_err(reading)? {
            [ROW] => {
                let (key, value) = read_row(&mut input).map_err(reading)?;
                bytes += key.len() + value.len();
                changes.insert(key.into(), Change { value: Some(value), writer: 0 });
                if bytes >= COMMIT_BYTES {
                    commit(&engine, &mut changes, file)?;
                    bytes = 0;
                }
            }
            [BLOB] => read_blob(&mut input, &folder.blobs()).map_err(reading)?,
            [END] => {
                let sum = read_array::<32>(&mut input).map_err(reading)?;
                if sum != before.finalize()[..] {
                    return Err(OpenError::damaged(format!("{}: the checksum does not match", file.display())));
                }
                commit(&engine, &mut changes, file)?;
                check_blobs(&engine, &folder.blobs())?;
                return folder.write_format();
            }
            [_] => return Err(OpenError::damaged(format!("{}: an unknown entry", file.display()))),
        }
    }
}

fn check_version(input: &mut impl BufRead, file: &Path) -> Result<(), OpenError> {
    let mut line = Vec::new();
    let reading = |error| OpenError::io(format!("reading {}", file.display()), error);
    input.take(MAGIC_BYTES as u64).read_until(b'\n', &mut line).map_err(reading)?;
    let text = std::str::from_utf8(&line).ok().and_then(|it| it.strip_prefix(MAGIC)?.strip_suffix('\n'));
    match text.and_then(|it| it.parse().ok()) {
        Some(found) if found > FORMAT => Err(OpenError::NewerFormat { found, known: FORMAT }),
        Some(_) => Ok(()),
        None => Err(OpenError::damaged(format!("{} is not a snapshot", file.display()))),
    }
}

fn commit(engine: &Lmdb, changes: &mut Changes, file: &Path) -> Result<(), OpenError> {
    let result = engine.apply(changes).map_err(|error| match error {
        EngineError::Full => OpenError::io(format!("loading {}", file.display()), ErrorKind::StorageFull.into()),
        EngineError::Failed(why) => OpenError::io(format!("loading {}", file.display()), io::Error::other(why)),
    });
    changes.clear();
    result
}

fn read_row(input: &mut impl Read) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let key = u32::from_be_bytes(read_array(input)?) as usize;
    let value = u32::from_be_bytes(read_array(input)?) as usize;
    if key == 0 || key > MAX_KEY_BYTES {
        return Err(invalid("a key has an impossible length"));
    }
    Ok((read_bytes(input, key)?, read_bytes(input, value)?))
}

/// Reads as the bytes come, so that a wrong length does not ask for memory that is never filled.
fn read_bytes(input: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

fn read_blob(input: &mut impl Read, folder: &Path) -> io::Result<()> {
    let id = BlobId::from_number(u64::from_be_bytes(read_array(input)?));
    let length = u64::from_be_bytes(read_array(input)?);
    let path = blob::kept(folder, id);
    let parent = path.parent().expect("it is in a folder");
    fs::create_dir_all(parent)?;
    let mut file = File::create_new(&path)?;
    if io::copy(&mut input.take(length), &mut file)? < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    file.sync_all()?;
    sync_folder(parent)
}

/// Every named blob must have come with the rows.
fn check_blobs(engine: &Lmdb, folder: &Path) -> Result<(), OpenError> {
    let snapshot = engine.snapshot().map_err(|error| OpenError::damaged(error.to_string()))?;
    for (id, row) in blob::all(&Reader::new(snapshot, 0)) {
        if !fs::metadata(blob::kept(folder, id)).is_ok_and(|it| it.len() == row.length) {
            return Err(OpenError::damaged(format!("blob {id} is missing")));
        }
    }
    Ok(())
}

fn read_array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(ending);
    path.with_file_name(name)
}

/// Hashes what passes.
struct Hashed<S> {
    inner: S,
    hash: Sha256,
}

impl<S> Hashed<S> {
    fn new(inner: S) -> Hashed<S> {
        Hashed { inner, hash: Sha256::new() }
    }
}

impl<S: Write> Write for Hashed<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<S: Read> Read for Hashed<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hash.update(&bytes[..read]);
        Ok(read)
    }
}

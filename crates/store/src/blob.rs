//! Blobs: large bodies in files of their own, named by rows.
//!
//! A body is streamed into `incoming/` and synced before a transaction may name it. A row of [`BLOBS`] counts who names
//! it; it changes in the same transaction as the rows that do. Files follow rows, never the other way round:
//!
//! - a file in `incoming/` whose upload is over is moved to `kept/` if it has a row, and deleted if not;
//! - a row whose last reference goes leaves one in [`GARBAGE`], and the file is deleted before that row is.
//!
//! Both are done again at the start for what a crash left, so a crash neither loses a named blob nor leaks one for ever.

mod keeper;

pub(crate) use keeper::keep_files;

use crate::error::StoreError;
use crate::folder::sync_folder;
use crate::span::Direction;
use crate::table::{Place, Table};
use crate::transaction::Transaction;
use crate::{Key, KeyOwned};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, RwLock};

/// Every blob that a row names. Key: the blob's number.
pub(crate) static BLOBS: Table<BlobRow> = Table::partition("store.blob");
/// The blobs whose files are to be deleted. Key: the blob's number.
pub(crate) static GARBAGE: Table<()> = Table::partition("store.blob_garbage");

/// A blob's name: a number that is not used again while anything names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlobId(u64);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BlobRow {
    references: u64,
    pub length: u64,
}

/// A body that is complete and durable on disk, and that no row names yet. When this is dropped, the file is deleted
/// unless a transaction that was queued before has retained it.
pub struct NewBlob {
    blobs: Blobs,
    id: BlobId,
    length: u64,
}

/// Takes a body piece by piece. Dropping it before [`BlobWriter::finish`] deletes what was written.
pub struct BlobWriter {
    blobs: Blobs,
    id: BlobId,
    file: Option<File>,
    path: PathBuf,
    length: u64,
    /// So many bytes are on their way to the disk.
    handed_on: u64,
}

/// An open blob. It can be read to its end even if it is collected meanwhile.
pub struct BlobReader {
    file: File,
    length: u64,
}

/// The folder of blobs.
#[derive(Clone)]
pub struct Blobs(Arc<Inner>);

struct Inner {
    home: Home,
    /// The first number of this run.
    first: u64,
    next: AtomicU64,
    fresh: Arc<Fresh>,
    keeper: mpsc::Sender<Task>,
    /// Held for reading while files must stay, for writing while one is deleted.
    deleting: RwLock<()>,
    /// How many are reading each blob, of those whose file must stay although no row may name it any more.
    pinned: Mutex<BTreeMap<BlobId, usize>>,
}

/// As long as this is there, the files of some blobs are too, also when the last row that named them has gone.
pub struct Pin {
    blobs: Blobs,
    ids: Vec<BlobId>,
}

/// Where the files are: a folder that is given, or one that is made when it is needed and forgotten with the store.
enum Home {
    Given(PathBuf),
    Temporary(OnceLock<tempfile::TempDir>, Mutex<()>),
}

/// The blobs that are complete and not yet settled. Entries leave only on the store's thread, so a transaction that finds
/// one here can rely on its file.
#[derive(Default)]
pub(crate) struct Fresh(Mutex<BTreeMap<BlobId, BlobRow>>);

/// What the keeper thread does with files, one after the other.
pub(crate) enum Task {
    /// An upload is over: keep its file or delete it.
    Settle(BlobId),
    /// A committed transaction released the last reference.
    Collect(BlobId),
    /// What a crash left.
    CleanUp,
    Stop,
}

impl BlobId {
    /// # Errors
    /// `None` if it was not written by `Display`.
    pub fn parse(text: &str) -> Option<BlobId> {
        (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(BlobId))?
    }
}

impl BlobId {
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn from_number(number: u64) -> BlobId {
        BlobId(number)
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl crate::Part for BlobId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
}

impl crate::PartOwned for BlobId {
    fn take(input: &mut &[u8]) -> Option<Self> {
        u64::take(input).map(BlobId)
    }
}

impl Transaction {
    /// Adds a reference. Call it in the transaction that writes the row that names the blob.
    ///
    /// # Errors
    /// [`StoreError::UnknownBlob`] if it is neither new nor named by another row.
    pub fn retain_blob(&mut self, id: BlobId) -> Result<(), StoreError> {
        let row = match self.get(&BLOBS, Place::PARTITION, &id) {
            Some(row) if row.references > 0 => row,
            Some(row) if self.is_garbage_since_the_last_commit(id) => {
                self.delete(&GARBAGE, Place::PARTITION, &id);
                row
            }
            Some(_) => return Err(StoreError::UnknownBlob(id.to_string())),
            None => self.fresh.lock().get(&id).cloned().ok_or_else(|| StoreError::UnknownBlob(id.to_string()))?,
        };
        self.put(&BLOBS, Place::PARTITION, &id, &BlobRow { references: row.references + 1, ..row })
    }

    /// Takes a reference away. The blob is deleted after the commit if it was the last one.
    ///
    /// # Errors
    /// [`StoreError::UnknownBlob`] if there is no reference.
    pub fn release_blob(&mut self, id: BlobId) -> Result<(), StoreError> {
        let row = self.get(&BLOBS, Place::PARTITION, &id).filter(|it| it.references > 0);
        let row = row.ok_or_else(|| StoreError::UnknownBlob(id.to_string()))?;
        if row.references == 1 {
            self.put(&GARBAGE, Place::PARTITION, &id, &())?;
        }
        self.put(&BLOBS, Place::PARTITION, &id, &BlobRow { references: row.references - 1, ..row })
    }

    /// The keeper learns of garbage by a commit, so what is not committed yet can be taken back.
    fn is_garbage_since_the_last_commit(&self, id: BlobId) -> bool {
        self.with_key(&GARBAGE, Place::PARTITION, &id, |key| {
            self.changes().get(key).is_some_and(|change| change.value.is_some())
        })
    }
}

impl Blobs {
    /// `first` must be above every number in use.
    pub(crate) fn new(folder: Option<PathBuf>, first: u64, fresh: Arc<Fresh>, keeper: mpsc::Sender<Task>) -> Blobs {
        let home = match folder {
            Some(folder) => Home::Given(folder),
            None => Home::Temporary(OnceLock::new(), Mutex::default()),
        };
        Blobs(Arc::new(Inner {
            home,
            first,
            next: AtomicU64::new(first),
            fresh,
            keeper,
            deleting: RwLock::default(),
            pinned: Mutex::default(),
        }))
    }

    /// Starts a new blob.
    ///
    /// # Errors
    /// The system's: no room, most likely.
    pub fn create(&self) -> io::Result<BlobWriter> {
        let id = BlobId(self.0.next.fetch_add(1, Ordering::Relaxed));
        let folder = self.folder()?.join(INCOMING);
        fs::create_dir_all(&folder)?;
        let path = folder.join(id.to_string());
        let file = Some(File::create_new(&path)?);
        Ok(BlobWriter { blobs: self.clone(), id, file, path, length: 0, handed_on: 0 })
    }

    /// Opens a blob for reading.
    ///
    /// # Errors
    /// `NotFound` if there is none; or the system's.
    pub fn open(&self, id: BlobId) -> io::Result<BlobReader> {
        let folder = self.folder()?;
        // It may be moved between the first two looks.
        let places = [kept(folder, id), folder.join(INCOMING).join(id.to_string()), kept(folder, id)];
        let mut result = Err(io::ErrorKind::NotFound.into());
        for place in places {
            result = File::open(place);
            if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::NotFound) {
                break;
            }
        }
        let file = result?;
        let length = file.metadata()?.len();
        Ok(BlobReader { file, length })
    }

    /// Keeps the files of blobs that a snapshot named. Whoever pins looks again, at a later snapshot, whether they are
    /// still named: if they are, none of them goes before the pin does.
    pub fn pin(&self, ids: Vec<BlobId>) -> Pin {
        let mut pinned = self.pinned();
        ids.iter().for_each(|id| *pinned.entry(*id).or_default() += 1);
        drop(pinned);
        Pin { blobs: self.clone(), ids }
    }

    fn pinned(&self) -> MutexGuard<'_, BTreeMap<BlobId, usize>> {
        self.0.pinned.lock().unwrap_or_else(|it| it.into_inner())
    }

    /// No file is deleted while the result is held.
    pub(crate) fn hold(&self) -> impl Drop + use<'_> {
        self.0.deleting.read().unwrap_or_else(|it| it.into_inner())
    }

    fn folder(&self) -> io::Result<&Path> {
        match &self.0.home {
            Home::Given(folder) => Ok(folder),
            Home::Temporary(made, making) => {
                let _one = making.lock().unwrap_or_else(|it| it.into_inner());
                if made.get().is_none() {
                    let folder = tempfile::Builder::new().prefix("niebla-blobs-").tempdir()?;
                    made.set(folder).expect("the lock lets one make it");
                }
                Ok(made.get().expect("it was just made").path())
            }
        }
    }

    fn has_files(&self) -> bool {
        match &self.0.home {
            Home::Given(folder) => folder.exists(),
            Home::Temporary(made, _) => made.get().is_some(),
        }
    }

    fn keep(&self, id: BlobId) -> io::Result<()> {
        let folder = self.folder()?;
        let (from, to) = (folder.join(INCOMING).join(id.to_string()), kept(folder, id));
        fs::create_dir_all(to.parent().expect("it is in a folder"))?;
        if_there(fs::rename(from, to))
    }

    fn delete(&self, id: BlobId) -> io::Result<()> {
        let _alone = self.0.deleting.write().unwrap_or_else(|it| it.into_inner());
        let folder = self.folder()?;
        if_there(fs::remove_file(kept(folder, id)))?;
        if_there(fs::remove_file(folder.join(INCOMING).join(id.to_string())))
    }

    /// Deletes all files. Nothing may name any.
    pub(crate) fn clear(&self) -> io::Result<()> {
        let _alone = self.0.deleting.write().unwrap_or_else(|it| it.into_inner());
        self.0.fresh.lock().clear();
        if !self.has_files() {
            return Ok(());
        }
        let folder = self.folder()?;
        if_there(fs::remove_dir_all(folder.join(INCOMING)))?;
        if_there(fs::remove_dir_all(folder.join(KEPT)))
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pinned = self.blobs.pinned();
        for id in self.ids.drain(..) {
            let readers = pinned.entry(id).or_default();
            *readers = readers.saturating_sub(1);
            if *readers == 0 {
                pinned.remove(&id);
                // If the keeper has stopped, the next start settles it.
                let _stopped = self.blobs.0.keeper.send(Task::Collect(id));
            }
        }
    }
}

impl BlobWriter {
    /// Appends a piece. It goes to the page cache: quick enough for async code in pieces of up to some 100 KB.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().expect("only finish takes it");
        file.write_all(piece)?;
        self.length += piece.len() as u64;
        if self.length - self.handed_on >= HANDED_ON_BYTES {
            start_writing(file, self.handed_on, self.length - self.handed_on);
            self.handed_on = self.length;
        }
        Ok(())
    }

    /// Makes the body durable. Waits for the disk: see [`BlobWriter::finish_async`].
    ///
    /// # Errors
    /// The system's. The body is gone then.
    pub fn finish(mut self) -> io::Result<NewBlob> {
        self.file.as_ref().expect("only finish takes it").sync_all()?;
        sync_folder(self.path.parent().expect("it is in a folder"))?;
        self.file = None;
        self.blobs.0.fresh.lock().insert(self.id, BlobRow { references: 0, length: self.length });
        Ok(NewBlob { blobs: self.blobs.clone(), id: self.id, length: self.length })
    }

    /// [`BlobWriter::finish`] on a thread that may wait.
    ///
    /// # Errors
    /// The system's.
    pub async fn finish_async(self) -> io::Result<NewBlob> {
        tokio::task::spawn_blocking(move || self.finish()).await.map_err(io::Error::other)?
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            log_failure("deleting an unfinished blob", fs::remove_file(&self.path));
        }
    }
}

impl NewBlob {
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// In bytes.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// Written through while the rest is still coming, so that the sync at the end finds little to do.
const HANDED_ON_BYTES: u64 = 8 * 1024 * 1024;

/// Tells the system to begin with these bytes; whether it does changes nothing but the time of the sync.
#[cfg(target_os = "linux")]
fn start_writing(file: &File, from: u64, length: u64) {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open, and no memory is passed.
    unsafe { libc::sync_file_range(file.as_raw_fd(), from as i64, length as i64, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn start_writing(_: &File, _: u64, _: u64) {}

impl Drop for NewBlob {
    fn drop(&mut self) {
        // If the keeper has stopped, the next start settles it.
        let _stopped = self.blobs.0.keeper.send(Task::Settle(self.id));
    }
}

impl BlobReader {
    /// In bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads up to `length` bytes from `offset` on; fewer only at the end.
    ///
    /// # Errors
    /// The system's.
    pub fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let left = self.length.saturating_sub(offset);
        let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(length)];
        self.file.read_exact_at(&mut piece, offset)?;
        Ok(piece)
    }
}

impl Fresh {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<BlobId, BlobRow>> {
        self.0.lock().unwrap_or_else(|it| it.into_inner())
    }
}

/// The first number that nothing uses.
pub(crate) fn first_free(reader: &crate::Reader, folder: Option<&Path>) -> u64 {
    let last_row: Option<BlobId> = last_key(reader, &BLOBS);
    let last_garbage: Option<BlobId> = last_key(reader, &GARBAGE);
    let incoming = folder.map(incoming).into_iter().flatten();
    let last = incoming.chain(last_row).chain(last_garbage).max();
    last.map_or(1, |BlobId(number)| number + 1)
}

/// The blobs that rows name.
pub(crate) fn all(reader: &crate::Reader) -> Vec<(BlobId, BlobRow)> {
    let mut rows = reader.range(&BLOBS, Place::PARTITION, .., Direction::Forward, usize::MAX);
    rows.retain(|(_, row): &(_, BlobRow)| row.references > 0);
    rows
}

const INCOMING: &str = "incoming";
const KEPT: &str = "kept";

/// A file's place, in one of 256 folders, so that none grows too long.
pub(crate) fn kept(folder: &Path, id: BlobId) -> PathBuf {
    folder.join(KEPT).join(format!("{:02x}", id.0 & 0xff)).join(id.to_string())
}

fn incoming(folder: &Path) -> Vec<BlobId> {
    let entries = fs::read_dir(folder.join(INCOMING)).into_iter().flatten().flatten();
    let mut ids: Vec<_> = entries.filter_map(|it| BlobId::parse(it.file_name().to_str()?)).collect();
    ids.sort_unstable();
    ids
}

fn last_key<K: Key + KeyOwned, V>(reader: &crate::Reader, table: &Table<V>) -> Option<K> {
    reader.keys(table, Place::PARTITION, .., Direction::Backward, 1).pop()
}

fn if_there(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn log_failure(doing: &str, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "{doing}");
    }
}

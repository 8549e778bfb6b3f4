//! LMDB: a B+tree in one memory-mapped file, one writer, readers that never wait.
//!
//! Its commits are durable when they return: the changed pages are synced first, then the page that points at them.

use super::{Changes, Engine, EngineError, Rows, Snapshot};
use crate::error::OpenError;
use crate::folder::sync_folder;
use crate::span::Direction;
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, MdbError, RoTxn, WithoutTls};
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// The address space reserved for the rows, not memory or disk. The file grows as it is used.
pub const MAP_BYTES: usize = 1 << 40;

/// Snapshots open at the same time, one for each thread that reads: tokio's blocking threads and to spare.
const MAX_READERS: u32 = 2_048;

/// LMDB's file in the folder that it is given.
const FILE: &str = "data.mdb";

/// Rows in an LMDB file.
pub struct Lmdb {
    env: Env<WithoutTls>,
    rows: Database<'static, Bytes, Bytes>,
    file: PathBuf,
}

impl Lmdb {
    /// Opens the file in `folder`, or makes it. The caller must own the folder: no other process may have it open.
    pub fn open(folder: &Path, map_bytes: usize) -> Result<Lmdb, OpenError> {
        fs::create_dir_all(folder).map_err(|error| OpenError::io(format!("creating {}", folder.display()), error))?;
        let file = folder.join(FILE);
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(map_bytes).max_readers(MAX_READERS);
        // SAFETY: the file is changed by LMDB alone: the data folder's lock keeps other processes out, and nothing else
        // in this one writes to it.
        let env = unsafe { options.open(folder) }.map_err(|error| open_error(&file, error))?;
        let rows = open_rows(&env).map_err(|error| open_error(&file, error))?;
        check_length(&env, rows, &file)?;
        Ok(Lmdb { env, rows, file })
    }

    /// Whether `folder` holds a file with something in it.
    pub fn exists(folder: &Path) -> bool {
        fs::metadata(folder.join(FILE)).is_ok_and(|it| it.len() > 0)
    }

    /// Rewrites the file in `folder` without its free pages. Returns its length before and after.
    ///
    /// # Errors
    /// As [`Lmdb::open`]'s. The old file is still there then.
    pub fn compact(folder: &Path) -> Result<(u64, u64), OpenError> {
        let it = Lmdb::open(folder, MAP_BYTES)?;
        let (before, file, copy) = (it.bytes(), it.file.clone(), folder.join("data.compact"));
        if copy.exists() {
            // A crash left it.
            fs::remove_file(&copy).map_err(|error| writing(&copy, error))?;
        }
        let copied = it.env.copy_to_path(&copy, heed::CompactionOption::Enabled);
        copied.map_err(|error| open_error(&copy, error))?.sync_all().map_err(|error| writing(&copy, error))?;
        let closing = it.env.clone().prepare_for_closing();
        drop(it);
        closing.wait();
        fs::rename(&copy, &file).map_err(|error| writing(&file, error))?;
        sync_folder(folder).map_err(|error| writing(&file, error))?;
        Ok((before, fs::metadata(&file).map_err(|error| writing(&file, error))?.len()))
    }

    fn try_apply(&self, changes: &Changes) -> Result<(), heed::Error> {
        let mut transaction = self.env.write_txn()?;
        for (key, change) in changes {
            match &change.value {
                Some(value) => self.rows.put(&mut transaction, key, value)?,
                None => {
                    self.rows.delete(&mut transaction, key)?;
                }
            }
        }
        transaction.commit()
    }
}

impl Engine for Lmdb {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        let transaction = self.env.clone().static_read_txn().map_err(write_error)?;
        Ok(Box::new(LmdbSnapshot { transaction, rows: self.rows }))
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        self.try_apply(changes).map_err(write_error)
    }

    fn clear(&self) -> Result<(), EngineError> {
        let mut transaction = self.env.write_txn().map_err(write_error)?;
        self.rows.clear(&mut transaction).map_err(write_error)?;
        transaction.commit().map_err(write_error)
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.file).map_or(0, |it| it.len())
    }
}

struct LmdbSnapshot {
    transaction: RoTxn<'static, WithoutTls>,
    rows: Database<'static, Bytes, Bytes>,
}

impl Snapshot for LmdbSnapshot {
    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        readable(self.rows.get(&self.transaction, key))
    }

    fn range<'s>(&'s self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, direction: Direction) -> Rows<'s> {
        let bounds = (lower, upper);
        match direction {
            Direction::Forward => Box::new(readable(self.rows.range(&self.transaction, &bounds)).map(readable)),
            Direction::Backward => Box::new(readable(self.rows.rev_range(&self.transaction, &bounds)).map(readable)),
        }
    }
}

/// A page that cannot be read ends the call that asked for it, by the panic that the store catches for each call.
fn readable<T>(result: heed::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the rows cannot be read: {error}"))
}

fn open_rows(env: &Env<WithoutTls>) -> heed::Result<Database<'static, Bytes, Bytes>> {
    let transaction = env.write_txn()?;
    env.create_databases_and_commit(transaction, |opener, transaction| {
        opener.create_database(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
    })
    .map(CommitOrAbort::unwrap_commit)
}

/// Reading past the end of the mapped file would end the process with a bus error, so a file that is shorter than LMDB
/// counts is looked through before it is used. LMDB itself makes such files: it counts pages that a transaction took and
/// gave back and never wrote. They read as zeros and nothing points at them; if something does, the file was cut.
fn check_length(env: &Env<WithoutTls>, rows: Database<'static, Bytes, Bytes>, file: &Path) -> Result<(), OpenError> {
    let reading = |error| OpenError::io(format!("reading {}", file.display()), error);
    let page_bytes = u64::from(env.unnamed_database_stat().page_size);
    let needed = (env.info().last_page_number as u64 + 1) * page_bytes;
    let handle = fs::OpenOptions::new().read(true).write(true).open(file).map_err(reading)?;
    let found = handle.metadata().map_err(reading)?.len();
    if found >= needed {
        return Ok(());
    }
    handle.set_len(needed).map_err(reading)?;
    if look_through(env, rows).unwrap_or(false) {
        return Ok(());
    }
    handle.set_len(found).map_err(reading)?;
    Err(OpenError::damaged(format!("{} has {found} bytes and should have {needed}", file.display())))
}

/// Whether every row can be reached and no large value ends in a hole.
fn look_through(env: &Env<WithoutTls>, rows: Database<'static, Bytes, Bytes>) -> heed::Result<bool> {
    const HOLE: [u8; 64] = [0; 64];
    let transaction = env.read_txn()?;
    for row in rows.iter(&transaction)? {
        let (_, value) = row?;
        if value.len() > 1_024 && value.ends_with(&HOLE) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn writing(file: &Path, error: std::io::Error) -> OpenError {
    OpenError::io(format!("writing {}", file.display()), error)
}

fn open_error(file: &Path, error: heed::Error) -> OpenError {
    let what = file.display();
    match error {
        heed::Error::Io(error) => OpenError::io(format!("opening {what}"), error),
        heed::Error::Mdb(error) => OpenError::damaged(format!("{what}: {error}")),
        heed::Error::EnvAlreadyOpened => OpenError::Locked { pid: std::process::id() },
        heed::Error::Encoding(error) | heed::Error::Decoding(error) => OpenError::damaged(format!("{what}: {error}")),
    }
}

/// Which failures are safe to go on from: those where LMDB has aborted the transaction and has not touched the page that
/// points at the last good state. It writes that page last; if that write fails it refuses all further ones by itself
/// (`Panic`), which ends here as `Failed`.
fn write_error(error: heed::Error) -> EngineError {
    const FULL: [rustix::io::Errno; 3] = [rustix::io::Errno::NOSPC, rustix::io::Errno::DQUOT, rustix::io::Errno::FBIG];
    match &error {
        heed::Error::Mdb(MdbError::MapFull | MdbError::TxnFull) => EngineError::Full,
        heed::Error::Io(io) if FULL.iter().any(|it| io.raw_os_error() == Some(it.raw_os_error())) => EngineError::Full,
        heed::Error::Mdb(MdbError::Other(code)) if FULL.iter().any(|it| it.raw_os_error() == *code) => {
            EngineError::Full
        }
        _ => EngineError::Failed(error.to_string()),
    }
}

//! The store: what is opened, read and written.

use crate::archive::{self, Existing};
use crate::blob::{self, Blobs, Task};
use crate::engine::{Engine, Lmdb, Memory};
use crate::error::{OpenError, StoreError};
use crate::executor::{self, Shared};
use crate::folder::Folder;
use crate::reader::Reader;
use crate::span::Direction;
use crate::table::{NAMES_ID, Table};
use crate::transaction::Transaction;
use crate::watch::{ReadSet, Subscription, Watch};
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The room reserved for the rows, in bytes: address space, not disk. A multiple of the system's page size.
    pub map_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { map_bytes: crate::engine::MAP_BYTES }
    }
}

/// Tables, and the thread that writes them. Clones are the same store; the last one closes it, after what is queued.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    blobs: Blobs,
    /// Runs the transactions.
    executor: Option<JoinHandle<()>>,
    /// Moves and deletes the files of blobs.
    keeper: Option<JoinHandle<()>>,
}

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// By name.
    pub tables: BTreeMap<String, TableStats>,
    /// What the rows take on disk, free pages included.
    pub bytes: u64,
}

/// What a table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStats {
    pub rows: u64,
    /// Keys and records, encoded.
    pub bytes: u64,
}

/// A queued write: await it, or [`Pending::wait`]. Dropping it does not undo the call.
#[must_use = "a write can fail"]
pub struct Pending<T, E>(oneshot::Receiver<Result<T, E>>);

impl Store {
    /// Opens the store in a folder, or makes it.
    ///
    /// # Errors
    /// See [`OpenError`]. What cannot be read is left as it is.
    pub fn open(dir: &Path, options: Options) -> Result<Store, OpenError> {
        let folder = Folder::lock(dir)?;
        let format = folder.format()?;
        if format.is_some() && !Lmdb::exists(&folder.rows()) {
            return Err(OpenError::damaged(format!("{} is missing or empty", folder.rows().display())));
        }
        let engine = Lmdb::open(&folder.rows(), options.map_bytes)?;
        if format.is_none() {
            if !is_empty(&engine)? {
                return Err(OpenError::damaged(format!("{} has rows but no format", dir.display())));
            }
            folder.write_format()?;
        }
        let blobs = folder.blobs();
        Ok(Store::start(Box::new(engine), Some(folder), Some(blobs)))
    }

    /// A store that forgets everything when it is closed.
    pub fn ephemeral() -> Store {
        Store::over(Memory::new(), None)
    }

    /// A store over an engine of the caller's, and a folder of blobs that outlives it or a temporary one: how the
    /// simulator injects faults.
    pub fn over(engine: impl Engine + 'static, blobs: Option<&Path>) -> Store {
        Store::start(Box::new(engine), None, blobs.map(Path::to_owned))
    }

    fn start(engine: Box<dyn Engine>, folder: Option<Folder>, blobs: Option<PathBuf>) -> Store {
        let (tell, tasks) = mpsc::channel();
        let shared = Arc::new(Shared::new(engine, folder, tell.clone()));
        let first = shared.reader().map_or(1, |reader| blob::first_free(&reader, blobs.as_deref()));
        let blobs = Blobs::new(blobs, first, shared.fresh.clone(), tell.clone());
        let executor = start_thread("store", {
            let shared = shared.clone();
            move || executor::run(&shared)
        });
        let keeper = start_thread("store-blobs", {
            let (shared, blobs) = (shared.clone(), blobs.clone());
            move || blob::keep_files(&shared, &blobs, &tasks)
        });
        tell.send(Task::CleanUp).expect("the keeper listens until it is told to stop");
        Store(Arc::new(Inner { shared, blobs, executor: Some(executor), keeper: Some(keeper) }))
    }

    /// Large bodies.
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Runs `body` on a snapshot, on this thread, beside everything else. Keep it short: a snapshot keeps old pages.
    ///
    /// # Panics
    /// If no snapshot can be had, which takes more than 2,048 readers at once or a broken disk.
    pub fn read<T>(&self, body: impl FnOnce(&Reader) -> T) -> T {
        let reader = self.0.shared.reader().unwrap_or_else(|error| panic!("no snapshot: {error}"));
        body(&reader)
    }

    /// Runs `body` as a transaction over a snapshot, on this thread, and drops what it writes. Where
    /// [`Transaction::has_written`] is false at the end, its result is as good as a write's.
    pub fn attempt<T>(&self, body: impl FnOnce(&mut Transaction) -> T) -> T {
        let reader = self.0.shared.reader().unwrap_or_else(|error| panic!("no snapshot: {error}"));
        body(&mut Transaction::new(reader, self.0.shared.fresh.clone()))
    }

    /// Queues `body` for the store's thread and answers when what it wrote and saw is durable. If it returns an error or
    /// panics, its writes are dropped. It must not wait for another write of this store.
    pub fn write<T, E, F>(&self, body: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Transaction) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        Pending(self.0.shared.call(body))
    }

    /// Resolves when a later commit touches what was read; later than the snapshot on which it was read.
    pub fn watch(&self, reads: ReadSet) -> Watch {
        self.0.shared.hub.watch(reads)
    }

    /// Tells of every commit from now on that touches a table, in any place.
    pub fn subscribe<V>(&self, table: &Table<V>) -> Subscription {
        self.0.shared.hub.subscribe(&table.id().to_be_bytes(), self.0.shared.committed())
    }

    /// Deletes everything, durably, and wakes every watch.
    ///
    /// # Errors
    /// As a write's.
    pub async fn reset(&self) -> Result<(), StoreError> {
        let blobs = self.0.blobs.clone();
        let done = self.0.shared.alone(move |shared, number| {
            shared.engine.clear()?;
            shared.hub.all_changed(number);
            if let Err(error) = blobs.clear() {
                tracing::warn!(%error, "some blobs could not be deleted");
            }
            Ok(())
        });
        done.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Writes all rows and blobs of this moment into one file, while everything goes on. `file` appears when it is
    /// complete and durable. No blob is deleted meanwhile, and old pages are kept.
    ///
    /// # Errors
    /// [`OpenError::Io`].
    pub fn save(&self, file: &Path) -> Result<(), OpenError> {
        let _held = self.0.blobs.hold();
        self.read(|reader| archive::save(reader, &self.0.blobs, file))
    }

    /// Makes the folder `dir` a store with what [`Store::save`] wrote. Nothing is touched before the file has turned out
    /// to be whole; it is unpacked beside `dir` first.
    ///
    /// # Errors
    /// [`OpenError::Damaged`], [`OpenError::NewerFormat`]; [`OpenError::NotEmpty`] unless told to replace, and
    /// [`OpenError::Locked`] if it is in use then.
    pub fn load(file: &Path, dir: &Path, existing: Existing) -> Result<(), OpenError> {
        archive::load(file, dir, existing)
    }

    /// Gives the room of deleted rows back to the disk. Returns the bytes of the rows' file before and after. Takes as
    /// much room again while it runs; a crash leaves the old file.
    ///
    /// # Errors
    /// As [`Store::open`]'s.
    pub fn compact(dir: &Path) -> Result<(u64, u64), OpenError> {
        let folder = Folder::lock(dir)?;
        if folder.format()?.is_none() || !Lmdb::exists(&folder.rows()) {
            return Err(OpenError::damaged(format!("{} holds no store", dir.display())));
        }
        Lmdb::compact(&folder.rows())
    }

    /// Counts the rows, reading all of them.
    pub fn stats(&self) -> Stats {
        self.read(|reader| {
            let mut stats = Stats { bytes: self.0.shared.engine.bytes(), ..Stats::default() };
            let mut names = BTreeMap::new();
            reader.merge(Bound::Unbounded, Bound::Unbounded, Direction::Forward, |key, value| {
                let Some((id, rest)) = key.split_first_chunk() else { return ControlFlow::Continue(()) };
                let id = u32::from_be_bytes(*id);
                if id == NAMES_ID {
                    // Names come before all rows.
                    if let Some(id) = rest.first_chunk() {
                        names.insert(u32::from_be_bytes(*id), String::from_utf8_lossy(value).into_owned());
                    }
                } else if let Some(name) = names.get(&id) {
                    let table = stats.tables.entry(name.clone()).or_default();
                    table.rows += 1;
                    table.bytes += (key.len() + value.len()) as u64;
                }
                ControlFlow::Continue(())
            });
            stats
        })
    }
}

impl<T, E: From<StoreError>> Pending<T, E> {
    /// Waits on this thread. Not for async code: it would hold up the runtime.
    ///
    /// # Errors
    /// As when awaited.
    pub fn wait(self) -> Result<T, E> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

impl<T, E: From<StoreError>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let answer = Pin::new(&mut self.0).poll(cx);
        answer.map(|it| it.unwrap_or_else(|_| Err(StoreError::Closed.into())))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The keeper first: it still needs the executor for what it has begun.
        let _stopped = self.shared.keeper.send(Task::Stop);
        let (keeper, executor) = (self.keeper.take(), self.executor.take());
        let own = [&keeper, &executor].into_iter().flatten().any(|it| it.thread().id() == thread::current().id());
        if own {
            // A call held the last clone. Both threads end by themselves when it has returned.
            return self.shared.close();
        }
        join(keeper);
        self.shared.close();
        join(executor);
    }
}

fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(body).expect("a thread can be started while the process starts")
}

fn join(thread: Option<JoinHandle<()>>) {
    if thread.is_some_and(|it| it.join().is_err()) {
        tracing::error!("a thread of the store panicked");
    }
}

fn is_empty(engine: &Lmdb) -> Result<bool, OpenError> {
    let snapshot = engine.snapshot().map_err(|error| OpenError::damaged(error.to_string()))?;
    let mut rows = snapshot.range(Bound::Unbounded, Bound::Unbounded, Direction::Forward);
    Ok(rows.next().is_none())
}

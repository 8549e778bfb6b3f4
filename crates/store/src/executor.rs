//! The executor: one thread that runs the transactions one after the other and commits many of them at once.
//!
//! While a commit is being synced, calls queue; all of them run next, over one snapshot, and share the next commit. A call
//! is answered only when everything that it has seen is durable.

use crate::blob::{BlobId, Fresh, GARBAGE, Task};
use crate::engine::{Changes, Engine, EngineError};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::key::KeyOwned;
use crate::reader::Reader;
use crate::transaction::Transaction;
use crate::watch::Hub;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use tokio::sync::oneshot;

/// Calls that share a commit at most: bounds how long the first of them waits.
const MAX_CALLS: usize = 1_024;

/// Bytes of changes after which a commit is made even if more calls wait: bounds memory.
const MAX_BYTES: usize = 16 << 20;

/// What the executor and the callers share.
pub(crate) struct Shared {
    pub engine: Box<dyn Engine>,
    pub hub: Arc<Hub>,
    queue: Mutex<Queue>,
    work: Condvar,
    /// The number of the last transaction whose changes every new snapshot has.
    committed: AtomicU64,
    failure: OnceLock<String>,
    /// The blobs that a transaction may begin to name.
    pub fresh: Arc<Fresh>,
    /// Who deletes the files of blobs.
    pub keeper: mpsc::Sender<Task>,
    /// Given up last, when nothing writes any more.
    _folder: Option<Folder>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Work>,
    asleep: bool,
    closed: bool,
}

enum Work {
    Call(Box<dyn Call>),
    /// Something between two commits, with nothing in flight.
    Alone(Alone, oneshot::Sender<Result<(), StoreError>>),
}

type Alone = Box<dyn FnOnce(&Shared, u64) -> Result<(), EngineError> + Send>;

/// A queued transaction.
trait Call: Send {
    /// Runs it. Its changes are taken back if it does not want them.
    fn run(&mut self, transaction: &mut Transaction);
    /// Tells the caller. `failure` says why what it did, or saw, did not become durable.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

struct Pending<F, T, E> {
    body: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Call for Pending<F, T, E>
where
    F: FnOnce(&mut Transaction) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, transaction: &mut Transaction) {
        let body = self.body.take().expect("a call runs once");
        let start = transaction.start();
        let result = match catch_unwind(AssertUnwindSafe(|| body(transaction))) {
            Ok(result) => result,
            Err(panic) => Err(StoreError::Panicked(panic_text(&*panic)).into()),
        };
        if result.is_err() {
            transaction.rollback_to(start);
        }
        self.result = Some(result);
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let result = match (failure, self.result) {
            (None, Some(result)) => result,
            (Some(failure), _) => Err(failure.clone().into()),
            (None, None) => Err(StoreError::Closed.into()),
        };
        // Whoever no longer listens has gone away.
        let _gone = self.reply.send(result);
    }
}

impl Shared {
    pub fn new(engine: Box<dyn Engine>, folder: Option<Folder>, keeper: mpsc::Sender<Task>) -> Shared {
        let (hub, queue, work) = (Arc::default(), Mutex::default(), Condvar::new());
        let (committed, failure) = (AtomicU64::new(0), OnceLock::new());
        Shared { engine, hub, queue, work, committed, failure, fresh: Arc::default(), keeper, _folder: folder }
    }

    pub fn reader(&self) -> Result<Reader, StoreError> {
        // The number first: a snapshot may be newer than its number, which wakes a watch once too often at worst.
        let seen = self.committed.load(Ordering::Acquire);
        let snapshot = self.engine.snapshot().map_err(|error| self.store_error(error))?;
        Ok(Reader::new(snapshot, seen))
    }

    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    pub fn call<T, E, F>(&self, body: F) -> oneshot::Receiver<Result<T, E>>
    where
        F: FnOnce(&mut Transaction) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Work::Call(Box::new(Pending { body: Some(body), result: None, reply })));
        answer
    }

    pub fn alone(
        &self,
        body: impl FnOnce(&Shared, u64) -> Result<(), EngineError> + Send + 'static,
    ) -> oneshot::Receiver<Result<(), StoreError>> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Work::Alone(Box::new(body), reply));
        answer
    }

    pub fn close(&self) {
        self.lock().closed = true;
        self.work.notify_one();
    }

    fn enqueue(&self, work: Work) {
        let mut queue = self.lock();
        if queue.closed {
            // Dropping the work drops its reply, which says `Closed`.
            return;
        }
        queue.waiting.push_back(work);
        let wake = std::mem::take(&mut queue.asleep);
        drop(queue);
        if wake {
            self.work.notify_one();
        }
    }

    /// Waits for work and takes it all, up to the limit. `None` when the store is closed and nothing waits.
    fn take_work(&self, into: &mut VecDeque<Work>) -> Option<()> {
        let mut queue = self.lock();
        while queue.waiting.is_empty() {
            if queue.closed {
                return None;
            }
            queue.asleep = true;
            queue = self.work.wait(queue).unwrap_or_else(|it| it.into_inner());
        }
        queue.asleep = false;
        if queue.waiting.len() <= MAX_CALLS {
            std::mem::swap(&mut queue.waiting, into);
        } else {
            into.extend(queue.waiting.drain(..MAX_CALLS));
        }
        Some(())
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|it| it.into_inner())
    }

    fn failure(&self) -> Option<StoreError> {
        self.failure.get().map(|why| StoreError::Failed(why.clone()))
    }

    /// Turns an engine's error into the callers', and stops all writing if the engine must not be written to again.
    fn store_error(&self, error: EngineError) -> StoreError {
        match error {
            EngineError::Full => StoreError::Full,
            EngineError::Failed(why) => {
                tracing::error!(%why, "a commit failed: nothing is written until a restart");
                StoreError::Failed(self.failure.get_or_init(|| why).clone())
            }
        }
    }
}

/// Runs on the store's thread until the store is closed.
pub(crate) fn run(shared: &Shared) {
    let mut executor = Executor { shared, next: 1, named: Arc::default() };
    let mut work = VecDeque::new();
    while shared.take_work(&mut work).is_some() {
        executor.carry_out(&mut work);
    }
}

struct Executor<'s> {
    shared: &'s Shared,
    /// The next transaction's number.
    next: u64,
    /// The tables whose names have been committed.
    named: Arc<BTreeSet<u32>>,
}

impl Executor<'_> {
    fn carry_out(&mut self, work: &mut VecDeque<Work>) {
        while let Some(next) = work.pop_front() {
            match next {
                Work::Call(call) => self.commit_group(call, work),
                Work::Alone(body, reply) => {
                    let result = self.alone(body);
                    let _gone = reply.send(result);
                }
            }
        }
    }

    fn alone(&mut self, body: Alone) -> Result<(), StoreError> {
        if let Some(failure) = self.shared.failure() {
            return Err(failure);
        }
        let number = self.take_number();
        self.named = Arc::default();
        body(self.shared, number).map_err(|error| self.shared.store_error(error))?;
        self.shared.committed.store(number, Ordering::Release);
        Ok(())
    }

    /// Runs `first` and as many calls after it as fit into one commit, commits, and answers them.
    fn commit_group(&mut self, first: Box<dyn Call>, work: &mut VecDeque<Work>) {
        let reader = match self.shared.failure().map_or_else(|| self.shared.reader(), Err) {
            Ok(reader) => reader,
            Err(failure) => return first.answer(Some(&failure)),
        };
        let mut transaction = Transaction::new(reader, self.shared.fresh.clone());
        transaction.set_named(self.named.clone());
        let mut group = Vec::with_capacity(work.len() + 1);
        let mut next = Some(first);
        while let Some(mut call) = next {
            transaction.begin(self.take_number());
            call.run(&mut transaction);
            if transaction.changes().is_empty() {
                // It has seen only what is durable already, and changed nothing.
                call.answer(None);
            } else {
                group.push(call);
            }
            next = if transaction.bytes() < MAX_BYTES { next_call(work) } else { None };
        }
        self.commit(transaction, group);
    }

    fn commit(&mut self, transaction: Transaction, group: Vec<Box<dyn Call>>) {
        // The snapshot ends before the commit, so that its pages can be used again by the next one.
        let changes = transaction.into_changes();
        if changes.is_empty() {
            // Everything was taken back again. Those who wait have seen nothing that is not durable.
            return group.into_iter().for_each(|call| call.answer(None));
        }
        let failure = self.shared.engine.apply(&changes).err().map(|error| self.shared.store_error(error));
        if failure.is_none() {
            self.note_names(&changes);
            self.shared.hub.committed(&changes);
            self.shared.committed.store(self.next - 1, Ordering::Release);
            self.collect_blobs(&changes);
        }
        for call in group {
            call.answer(failure.as_ref());
        }
    }

    fn note_names(&mut self, changes: &Changes) {
        let prefix = crate::table::NAMES_ID.to_be_bytes();
        // Names sort before every table's rows.
        for key in changes.keys().take_while(|key| key.starts_with(&prefix)) {
            if let Some(id) = key[prefix.len()..].first_chunk() {
                Arc::make_mut(&mut self.named).insert(u32::from_be_bytes(*id));
            }
        }
    }

    fn collect_blobs(&self, changes: &Changes) {
        let prefix = GARBAGE.id().to_be_bytes();
        let garbage = changes.range::<[u8], _>((Bound::Included(&prefix[..]), Bound::Unbounded));
        for (key, change) in garbage.take_while(|(key, _)| key.starts_with(&prefix)) {
            if let (Some(_), Some(id)) = (&change.value, BlobId::decode(&key[prefix.len()..])) {
                // If the keeper has stopped, the next start collects it.
                let _stopped = self.shared.keeper.send(Task::Collect(id));
            }
        }
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

fn next_call(work: &mut VecDeque<Work>) -> Option<Box<dyn Call>> {
    match work.pop_front()? {
        Work::Call(call) => Some(call),
        alone @ Work::Alone(..) => {
            work.push_front(alone);
            None
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

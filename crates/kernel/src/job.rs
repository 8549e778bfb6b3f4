//! Jobs: what must happen later. Rows, written in the transaction that wants them, carried out by a loop for each kind.
//!
//! A job that is a transaction is carried out and deleted in one commit, so exactly once. A job that is a conversation
//! is deleted after it succeeded, so at least once.

use crate::caller::Caller;
use crate::clock;
use crate::cloud::Cloud;
use crate::cx::{Cx, Tx, WriteError};
use crate::kernel::Kernel;
use crate::service::BoxFuture;
use model::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use store::{Direction, Pending, Place, Span, StoreError, Table};
use tokio::task::JoinSet;

/// What is due when. Key: (milliseconds since 1970, number).
static TRANSACTION_JOBS: Table<Stored> = Table::partition("kernel.job");
/// The same for conversations.
static CONVERSATION_JOBS: Table<Stored> = Table::partition("kernel.conversation-job");
/// The number of the next job. Key: ().
static NEXT: Table<u64> = Table::partition("kernel.job-number");

#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    due: i64,
    number: u64,
    name: String,
    payload: Vec<u8>,
    /// Who asked for it, and where: it is carried out as them.
    caller: Caller,
    account: String,
    region: String,
    attempt: u32,
}

/// Names a kind of job and the type of its payload.
pub struct Job<P> {
    /// `cloudformation.advance`.
    pub name: &'static str,
    retry: Retry,
    payload: PhantomData<fn(P)>,
}

/// What happens after a failure.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// After this many attempts the job is dropped, with an error in Niebla's log.
    pub attempts: u32,
    /// Before the second attempt; doubled before each further one.
    pub first_wait_ms: i64,
    pub longest_wait_ms: i64,
}

impl Retry {
    pub const STANDARD: Retry = Retry { attempts: 10, first_wait_ms: 200, longest_wait_ms: 60_000 };

    fn wait_after(&self, attempt: u32) -> i64 {
        self.first_wait_ms.saturating_mul(1 << attempt.min(30)).min(self.longest_wait_ms)
    }
}

impl<P> Job<P> {
    pub const fn new(name: &'static str) -> Self {
        Self { name, retry: Retry::STANDARD, payload: PhantomData }
    }

    pub const fn retried(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

/// A job in a service's table of contents.
pub struct JobEntry {
    run: RunJob,
    retry: Retry,
}

type Transacting = Arc<dyn Fn(&mut Cx, &[u8]) -> model::Result<()> + Send + Sync>;
type Conversing = Arc<dyn Fn(Cloud, &[u8]) -> BoxFuture<model::Result<()>> + Send + Sync>;

enum RunJob {
    Transaction(Transacting),
    Conversation(Conversing),
}

impl JobEntry {
    pub(crate) fn transaction<P>(job: &Job<P>, handler: fn(&mut Cx, P) -> model::Result<()>) -> Self
    where
        P: DeserializeOwned + 'static,
    {
        Self { run: RunJob::Transaction(Arc::new(move |cx, payload| handler(cx, unpack(payload)))), retry: job.retry }
    }

    pub(crate) fn conversation<P, F>(job: &Job<P>, handler: fn(Cloud, P) -> F) -> Self
    where
        P: DeserializeOwned + 'static,
        F: Future<Output = model::Result<()>> + Send + 'static,
    {
        let run: Conversing = Arc::new(move |cloud, payload| Box::pin(handler(cloud, unpack(payload))));
        Self { run: RunJob::Conversation(run), retry: job.retry }
    }
}

pub(crate) fn pack<P: Serialize>(payload: &P) -> Vec<u8> {
    rmp_serde::to_vec_named(payload).expect("payloads are plain data")
}

fn unpack<P: DeserializeOwned>(payload: &[u8]) -> P {
    rmp_serde::from_slice(payload).expect("written by pack for the same job")
}

pub(crate) fn put(cx: &mut Cx, time: Timestamp, name: &str, payload: Vec<u8>) {
    let lane = lane_of(cx.kernel(), name);
    let (caller, account, region) = (Caller::clone(cx.caller()), cx.account().to_owned(), cx.region().to_owned());
    let tx = cx.transaction();
    let number = tx.get(&NEXT, Place::PARTITION, &()).unwrap_or(0);
    tx.put(&NEXT, Place::PARTITION, &(), &(number + 1)).expect(SHORT_KEY);
    let stored = Stored { due: time.0, number, name: name.to_owned(), payload, caller, account, region, attempt: 0 };
    tx.put(lane.jobs, Place::PARTITION, &stored.key(), &stored).expect(SHORT_KEY);
}

const SHORT_KEY: &str = "the key is two numbers";

/// Conversations wait on the outside, transactions on the disk: each kind keeps its own line, so that the slow do not
/// stand in the way of the quick.
struct Lane {
    jobs: &'static Table<Stored>,
    /// Carried out at once; more wait their turn.
    most_at_once: usize,
}

static TRANSACTIONS: Lane = Lane { jobs: &TRANSACTION_JOBS, most_at_once: 1_024 };
/// More than an account may have of Lambda's invocations under way (1,000), which wait for functions as long as 15 minutes:
/// what finds no room in Lambda gives its place back, so those who do not wait never stand behind all those who do.
static CONVERSATIONS: Lane = Lane { jobs: &CONVERSATION_JOBS, most_at_once: 1_024 };

/// Keys looked at together.
const PAGE: usize = 128;
/// How long a job rests that could not be settled because the store refuses: real time, for the trouble is the machine's.
const STORE_TROUBLE: Duration = Duration::from_secs(1);

fn lane_of(kernel: &Kernel, name: &str) -> &'static Lane {
    match kernel.job(name).map(|it| &it.run) {
        Some(RunJob::Conversation(_)) => &CONVERSATIONS,
        Some(RunJob::Transaction(_)) | None => &TRANSACTIONS,
    }
}

/// Carries out the transactions that are due, as long as Niebla runs.
pub(crate) async fn run_transactions(kernel: Arc<Kernel>) {
    run_due(kernel, &TRANSACTIONS).await;
}

/// The same for conversations.
pub(crate) async fn run_conversations(kernel: Arc<Kernel>) {
    run_due(kernel, &CONVERSATIONS).await;
}

async fn run_due(kernel: Arc<Kernel>, lane: &'static Lane) {
    let runner = Arc::new(Runner { kernel, lane, underway: Mutex::default() });
    let mut changes = runner.kernel.store.subscribe(lane.jobs);
    let mut tasks = JoinSet::new();
    loop {
        let next = runner.start_due(&mut tasks);
        tokio::select! {
            () = changes.changed() => {}
            Some(_) = tasks.join_next() => while tasks.try_join_next().is_some() {},
            () = runner.kernel.clock.until(next) => {}
        }
    }
}

/// A row stays until its job is done, so this sees the ones under way too.
pub(crate) fn any_due(kernel: &Kernel) -> bool {
    let now = kernel.clock.now();
    let first = |lane: &Lane| -> Vec<(i64, u64)> {
        kernel.store.read(|tx| tx.keys(lane.jobs, Place::PARTITION, Span::all(), Direction::Forward, 1))
    };
    [&TRANSACTIONS, &CONVERSATIONS].into_iter().flat_map(first).any(|(due, _)| due <= now.0)
}

struct Runner {
    kernel: Arc<Kernel>,
    lane: &'static Lane,
    /// Their rows stay until they are done.
    underway: Mutex<BTreeSet<u64>>,
}

impl Runner {
    /// Starts what is due, in order, as far as there is room; when the next is.
    fn start_due(self: &Arc<Self>, tasks: &mut JoinSet<()>) -> Timestamp {
        let mut from = (i64::MIN, 0);
        loop {
            let now = self.kernel.clock.now();
            let span = Span::all().from(&from);
            let page: Vec<(i64, u64)> =
                self.kernel.store.read(|tx| tx.keys(self.lane.jobs, Place::PARTITION, span, Direction::Forward, PAGE));
            for key @ (due, number) in &page {
                if *due > now.0 {
                    return Timestamp(*due);
                }
                // The next task that ends wakes the loop.
                if tasks.len() >= self.lane.most_at_once {
                    return Timestamp(i64::MAX);
                }
                from = (*due, number + 1);
                self.start(key, tasks);
            }
            if page.len() < PAGE {
                return Timestamp(i64::MAX);
            }
        }
    }

    fn start(self: &Arc<Self>, key: &(i64, u64), tasks: &mut JoinSet<()>) {
        if !self.underway().insert(key.1) {
            return;
        }
        let Some(stored) = self.kernel.store.read(|tx| tx.get(self.lane.jobs, Place::PARTITION, key)) else {
            self.underway().remove(&key.1);
            return;
        };
        let this = self.clone();
        match self.kernel.job(&stored.name).map(|it| &it.run) {
            // Queued here, in the order of their time; only the wait for the disk is a task.
            Some(RunJob::Transaction(run)) => {
                let done = self.transact(&stored, run.clone());
                tasks.spawn(async move { this.settle(stored, done.await).await });
            }
            Some(RunJob::Conversation(run)) => {
                let run = run.clone();
                tasks.spawn(async move {
                    let outcome = this.converse(&stored, run).await;
                    this.settle(stored, outcome).await;
                });
            }
            // A row of a newer version: it stays, for that version to carry out.
            None => tracing::warn!("no service knows the job {}", stored.name),
        }
    }

    fn transact(&self, stored: &Stored, run: Transacting) -> Pending<(), WriteError> {
        let (kernel, row, jobs) = (self.kernel.clone(), stored.clone(), self.lane.jobs);
        self.kernel.store.write(move |tx| {
            if !tx.contains(jobs, Place::PARTITION, &row.key()) {
                return Ok(());
            }
            tx.delete(jobs, Place::PARTITION, &row.key());
            let mut cx = Cx::new(Tx::Write(tx), &kernel, Arc::new(row.caller.clone()), kernel.clock.now());
            cx.move_to(&place_of(&row));
            Ok(run(&mut cx, &row.payload)?)
        })
    }

    async fn converse(&self, stored: &Stored, run: Conversing) -> Result<(), WriteError> {
        let cloud = self.kernel.cloud(Arc::new(stored.caller.clone())).in_place_of(&place_of(stored));
        let payload = stored.payload.clone();
        Ok(crate::door::guarded_async(async move { run(cloud, &payload).await }).await?)
    }

    /// Writes down how it went, and does not let go of the job before that is written.
    async fn settle(&self, stored: Stored, outcome: Result<(), WriteError>) {
        let number = stored.number;
        match outcome {
            Err(error) if error.is_of_the_machine() => {
                tracing::error!(job = stored.name, "the store refuses, so it is tried again: {error:?}");
                clock::rest(STORE_TROUBLE).await;
            }
            Ok(()) => self.replace(&stored, None).await,
            Err(error) => {
                let again = self.again(&stored, &error);
                self.replace(&stored, again).await;
            }
        }
        self.underway().remove(&number);
    }

    /// The row of the next attempt, unless this was the last.
    fn again(&self, stored: &Stored, why: &WriteError) -> Option<Stored> {
        let retry = self.kernel.job(&stored.name).map_or(Retry::STANDARD, |it| it.retry);
        let attempt = stored.attempt + 1;
        let last = attempt >= retry.attempts;
        tracing::warn!(job = stored.name, attempt, last, "{why:?}");
        let due = self.kernel.clock.now().0 + retry.wait_after(stored.attempt);
        (!last).then(|| Stored { due, attempt, ..stored.clone() })
    }

    async fn replace(&self, stored: &Stored, again: Option<Stored>) {
        let (jobs, key) = (self.lane.jobs, stored.key());
        if again.is_none() && !self.kernel.store.read(|tx| tx.contains(jobs, Place::PARTITION, &key)) {
            return;
        }
        loop {
            let again = again.clone();
            let done = self.kernel.store.write(move |tx| {
                tx.delete(jobs, Place::PARTITION, &key);
                if let Some(again) = &again {
                    tx.put(jobs, Place::PARTITION, &again.key(), again)?;
                }
                Ok::<_, StoreError>(())
            });
            match done.await {
                Ok(()) => return,
                Err(error) => tracing::error!(job = stored.name, "its end cannot be written, so it waits: {error}"),
            }
            clock::rest(STORE_TROUBLE).await;
        }
    }

    fn underway(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.underway.lock().expect("no panic while a job is noted")
    }
}

impl Stored {
    fn key(&self) -> (i64, u64) {
        (self.due, self.number)
    }
}

fn place_of(stored: &Stored) -> String {
    format!("arn:aws:job:{}:{}:", stored.region, stored.account)
}

//! Jobs: what must happen later. Rows, written in the transaction that wants them, carried out by one loop.
//!
//! A job that is a transaction is carried out and deleted in one commit, so exactly once. A job that is a conversation
//! is deleted after it succeeded, so at least once.

use crate::caller::Caller;
use crate::cloud::Cloud;
use crate::cx::{Cx, Tx, WriteError};
use crate::kernel::Kernel;
use crate::service::BoxFuture;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use store::{Direction, Place, Span, Table};
use tokio::sync::{Notify, Semaphore};

/// What is due when. Key: (milliseconds since 1970, number).
static JOBS: Table<Stored> = Table::partition("kernel.job");
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

type Transacting = Arc<dyn Fn(&mut Cx, &[u8]) -> Result<()> + Send + Sync>;
type Conversing = Arc<dyn Fn(Cloud, &[u8]) -> BoxFuture<Result<()>> + Send + Sync>;

enum RunJob {
    Transaction(Transacting),
    Conversation(Conversing),
}

impl JobEntry {
    pub(crate) fn transaction<P>(job: &Job<P>, handler: fn(&mut Cx, P) -> Result<()>) -> Self
    where
        P: DeserializeOwned + 'static,
    {
        Self { run: RunJob::Transaction(Arc::new(move |cx, payload| handler(cx, unpack(payload)))), retry: job.retry }
    }

    pub(crate) fn conversation<P, F>(job: &Job<P>, handler: fn(Cloud, P) -> F) -> Self
    where
        P: DeserializeOwned + 'static,
        F: Future<Output = Result<()>> + Send + 'static,
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
    let (caller, account, region) = (Caller::clone(cx.caller()), cx.account().to_owned(), cx.region().to_owned());
    let tx = cx.transaction();
    let number = tx.get(&NEXT, Place::PARTITION, &()).unwrap_or(0);
    tx.put(&NEXT, Place::PARTITION, &(), &(number + 1)).expect(SHORT_KEY);
    let stored = Stored { due: time.0, number, name: name.to_owned(), payload, caller, account, region, attempt: 0 };
    tx.put(&JOBS, Place::PARTITION, &(stored.due, stored.number), &stored).expect(SHORT_KEY);
}

const SHORT_KEY: &str = "the key is two numbers";

/// Conversations carried out at once; more wait their turn.
const MOST_AT_ONCE: usize = 256;
/// Rows looked at together.
const PAGE: usize = 128;

/// The loop: takes what is due in key order; sleeps until the next row is due, a row is written, or the clock is moved.
pub(crate) async fn run_due(kernel: Arc<Kernel>) {
    let runner = Arc::new(Runner {
        kernel,
        underway: Mutex::default(),
        finished: Notify::new(),
        places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
    });
    let mut changes = runner.kernel.store.subscribe(&JOBS);
    loop {
        let finished = runner.finished.notified();
        let next = runner.start_due().await;
        tokio::select! {
            () = changes.changed() => {}
            () = finished => {}
            () = runner.kernel.clock.until(next) => {}
        }
    }
}

/// A row stays until its job is done, so this sees the ones under way too.
pub(crate) fn any_due(kernel: &Kernel) -> bool {
    let now = kernel.clock.now();
    let first = kernel.store.read(|tx| tx.values(&JOBS, Place::PARTITION, Span::all(), Direction::Forward, 1));
    first.first().is_some_and(|it| it.due <= now.0)
}

struct Runner {
    kernel: Arc<Kernel>,
    /// Conversations that run now; their rows stay until they are done.
    underway: Mutex<BTreeSet<u64>>,
    finished: Notify,
    places: Arc<Semaphore>,
}

impl Runner {
    /// Starts all that is due; when the next is.
    async fn start_due(self: &Arc<Self>) -> Timestamp {
        let mut from = (i64::MIN, 0);
        loop {
            let now = self.kernel.clock.now();
            let page: Vec<Stored> = self
                .kernel
                .store
                .read(|tx| tx.values(&JOBS, Place::PARTITION, Span::all().from(&from), Direction::Forward, PAGE));
            for stored in &page {
                if stored.due > now.0 {
                    return Timestamp(stored.due);
                }
                from = (stored.due, stored.number + 1);
                self.start(stored.clone()).await;
            }
            if page.len() < PAGE {
                return Timestamp(i64::MAX);
            }
        }
    }

    async fn start(self: &Arc<Self>, stored: Stored) {
        let entry = self.kernel.services.values().find_map(|it| it.jobs.get(stored.name.as_str()));
        match entry.map(|it| &it.run) {
            Some(RunJob::Transaction(run)) => self.transact(stored, run.clone()).await,
            Some(RunJob::Conversation(run)) => self.converse(stored, run.clone()).await,
            // A row of a newer version: it stays, for that version to carry out.
            None => tracing::warn!("no service knows the job {}", stored.name),
        }
    }

    async fn transact(&self, stored: Stored, run: Transacting) {
        let (kernel, row) = (self.kernel.clone(), stored.clone());
        let done = self.kernel.store.write(move |tx| {
            let key = (row.due, row.number);
            if !tx.contains(&JOBS, Place::PARTITION, &key) {
                return Ok::<_, WriteError>(());
            }
            tx.delete(&JOBS, Place::PARTITION, &key);
            let mut cx = Cx::new(Tx::Write(tx), &kernel, Arc::new(row.caller.clone()), kernel.clock.now());
            cx.move_to(&place_of(&row));
            Ok(run(&mut cx, &row.payload)?)
        });
        if let Err(error) = done.await {
            self.fail(stored, &format!("{error:?}")).await;
        }
    }

    async fn converse(self: &Arc<Self>, stored: Stored, run: Conversing) {
        if !self.underway.lock().expect("no panic while noting a job").insert(stored.number) {
            return;
        }
        // With no place free the row waits where it is; the next conversation that ends wakes the loop.
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            self.underway.lock().expect("no panic while noting a job").remove(&stored.number);
            return;
        };
        let this = self.clone();
        tokio::spawn(async move {
            let _place = place;
            let cloud = this.kernel.cloud(Arc::new(stored.caller.clone())).in_place_of(&place_of(&stored));
            let payload = stored.payload.clone();
            let outcome = crate::door::guarded_async(async move { run(cloud, &payload).await }).await;
            let number = stored.number;
            match outcome {
                Ok(()) => this.forget(stored).await,
                Err(error) => this.fail(stored, &error.to_string()).await,
            }
            this.underway.lock().expect("no panic while noting a job").remove(&number);
            this.finished.notify_one();
        });
    }

    async fn forget(&self, stored: Stored) {
        let done = self.kernel.store.write(move |tx| {
            tx.delete(&JOBS, Place::PARTITION, &(stored.due, stored.number));
            Ok::<_, WriteError>(())
        });
        if let Err(error) = done.await {
            tracing::error!("a finished job stays and will run again: {error:?}");
        }
    }

    /// Once more, later; or no more.
    async fn fail(&self, stored: Stored, why: &str) {
        let retry = self.kernel.services.values().find_map(|it| it.jobs.get(stored.name.as_str())).map(|it| it.retry);
        let retry = retry.unwrap_or(Retry::STANDARD);
        let due = self.kernel.clock.now().0 + retry.wait_after(stored.attempt);
        let last = stored.attempt + 1 >= retry.attempts;
        tracing::warn!(job = stored.name, attempt = stored.attempt + 1, last, "{why}");
        let done = self.kernel.store.write(move |tx| {
            tx.delete(&JOBS, Place::PARTITION, &(stored.due, stored.number));
            if !last {
                let again = Stored { due, attempt: stored.attempt + 1, ..stored };
                tx.put(&JOBS, Place::PARTITION, &(again.due, again.number), &again)?;
            }
            Ok::<_, WriteError>(())
        });
        if let Err(error) = done.await {
            tracing::error!("a failed job stays as it is: {error:?}");
        }
    }
}

fn place_of(stored: &Stored) -> String {
    format!("arn:aws:job:{}:{}:", stored.region, stored.account)
}

//! The poller of a mapping on a queue: takes batches from the source and has the function work on several at once.
//!
//! The source is read as the function's role. It waits in the source's long poll, or by the clock after an error.

use super::batch::{self, Batch};
use super::{Work, reader_of};
use kernel::Cloud;
use kernel::source::{Pull, Queue, Record};
use model::{Result, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Batches under way at the start, how many more after each minute in which all were, and at most
/// (Using Lambda with Amazon SQS in the developer guide).
const AT_FIRST: usize = 5;
const MORE: usize = 300;
const GROWS_AFTER_MS: i64 = 60_000;
const AT_MOST: usize = 1_250;
/// Seconds that one look at the source waits.
const LONG_POLL: i64 = 20;
/// After errors, doubled each time.
const FIRST_PAUSE_MS: i64 = 200;
const LONGEST_PAUSE_MS: i64 = 30_000;

pub async fn run(cloud: Cloud, work: Work, queue: &'static Queue, data: &'static str) {
    let mut slots = Slots::new(&work);
    let failures = Arc::new(AtomicU32::new(0));
    let mut errors = 0;
    loop {
        let slot = slots.take(&cloud).await;
        let reader = cloud.read(|cx| reader_of(cx, &work));
        let gathered = match reader {
            Some((_, session)) => gather(&cloud.acting_as(session), queue, &work).await,
            None => Err(kernel::INTERNAL_FAILURE.with("The function or its role does not exist.")),
        };
        match gathered {
            Ok(records) if records.is_empty() => errors = 0,
            Ok(records) => {
                errors = 0;
                let batch = Batch { queue, data, work: work.clone(), records };
                tokio::spawn(handle(cloud.clone(), batch, failures.clone(), slot));
            }
            Err(error) => {
                tracing::debug!("{}: {error}", work.source);
                errors += 1;
                pause(&cloud, errors).await;
            }
        }
    }
}

/// Waits for a first record, then for as many as make a batch, as long as the window is open.
async fn gather(cloud: &Cloud, queue: &Queue, work: &Work) -> Result<Vec<Record>> {
    let pull = |limit, wait| Pull { arn: work.source.clone(), limit, wait };
    let mut records = (queue.pull)(cloud.clone(), pull(work.batch_size, LONG_POLL)).await?;
    let closes_at = Timestamp(cloud.now().0 + work.window * 1000);
    while !records.is_empty() && (records.len() as i64) < work.batch_size && cloud.now() < closes_at {
        // A source waits in whole seconds; what is left after them is waited for here.
        let wait = ((closes_at.0 - cloud.now().0) / 1000).min(LONG_POLL);
        if wait == 0 {
            cloud.sleep_until(closes_at).await;
        }
        match (queue.pull)(cloud.clone(), pull(work.batch_size - records.len() as i64, wait)).await {
            Ok(more) => records.extend(more),
            // What was taken before is still worked on.
            Err(_) => break,
        }
    }
    Ok(records)
}

async fn handle(cloud: Cloud, batch: Batch, failures: Arc<AtomicU32>, slot: OwnedSemaphorePermit) {
    let _slot = slot;
    let done = kernel::panic::caught_async(batch::work_on(&cloud, batch)).await;
    match done.and_then(|it| it) {
        Ok(()) => failures.store(0, Ordering::Relaxed),
        // The records show up again by themselves. Where they do so at once, this keeps us from running in circles.
        Err(why) => {
            tracing::debug!("{why}");
            let before = failures.fetch_add(1, Ordering::Relaxed);
            if before > 0 {
                pause(&cloud, before).await;
            }
        }
    }
}

pub async fn pause(cloud: &Cloud, errors: u32) {
    let pause = (FIRST_PAUSE_MS << (errors - 1).min(20)).min(LONGEST_PAUSE_MS);
    cloud.sleep_until(Timestamp(cloud.now().0 + pause)).await;
}

/// How many batches may be under way.
struct Slots {
    free: Arc<Semaphore>,
    count: usize,
    most: usize,
}

impl Slots {
    fn new(work: &Work) -> Slots {
        let most = work.most_at_once.and_then(|it| usize::try_from(it).ok()).unwrap_or(AT_MOST);
        let count = AT_FIRST.min(most);
        Slots { free: Arc::new(Semaphore::new(count)), count, most }
    }

    /// Waits for a free one. Where that takes long, there become more.
    async fn take(&mut self, cloud: &Cloud) -> OwnedSemaphorePermit {
        loop {
            let grows_at = Timestamp(cloud.now().0 + GROWS_AFTER_MS);
            tokio::select! {
                biased;
                slot = self.free.clone().acquire_owned() => return slot.expect("it is never closed"),
                () = cloud.sleep_until(grows_at) => {
                    let more = MORE.min(self.most - self.count);
                    self.count += more;
                    self.free.add_permits(more);
                }
            }
        }
    }
}

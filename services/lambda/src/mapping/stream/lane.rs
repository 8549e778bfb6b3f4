//! A lane: one batch of a shard after the other. With several lanes a shard's keys are shared out among them, each lane
//! reads the whole shard and takes the records of its own keys.

use super::batch::{Batch, Fit};
use super::checkpoint::{self, Place};
use super::{Reader, attempt};
use kernel::Cx;
use kernel::source::{Entry, Page, Read};
use model::{Result, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OwnedMutexGuard;

pub struct Lane {
    pub reader: Arc<Reader>,
    pub place: Place,
}

/// Held while a lane is at work: of a mapping that changed, the batch under way is finished before the next begins.
pub type Turn = Arc<OwnedMutexGuard<()>>;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// The locks of all lanes: by UUID, shard and number.
#[derive(Default)]
struct Turns(Mutex<BTreeMap<(String, String, usize), Lock>>);

/// Records in one answer of the source, where not all of them are for this lane.
const PAGE: usize = 1_000;

impl Turns {
    fn of(&self, place: &Place) -> Lock {
        let mut locks = self.0.lock().expect("no panic while a lock is looked up");
        locks.retain(|_, it| Arc::strong_count(it) > 1);
        locks.entry((place.uuid.clone(), place.shard.clone(), place.lane)).or_default().clone()
    }
}

impl Lane {
    pub fn new(reader: &Arc<Reader>, shard: &str, number: usize) -> Lane {
        let lanes = reader.settings.lanes as usize;
        let place = Place { uuid: reader.uuid.clone(), shard: shard.to_owned(), lane: number, lanes };
        Lane { reader: reader.clone(), place }
    }

    pub async fn run(self) {
        let this = Arc::new(self);
        let cloud = &this.reader.cloud;
        while let Err(panic) = kernel::panic::caught_async(this.clone().work()).await {
            crate::task::pause(cloud, "a poller of a stream", &panic).await;
        }
    }

    async fn work(self: Arc<Self>) {
        let cloud = &self.reader.cloud;
        let lock = cloud.kernel().memory::<Turns>().of(&self.place);
        let mut errors = 0;
        loop {
            let turn = Arc::new(lock.clone().lock_owned().await);
            let so_far = self.so_far();
            if so_far.is_done {
                return;
            }
            match self.gather(&so_far).await {
                Ok(batch) => {
                    errors = 0;
                    attempt::work_off(&self, &turn, batch).await;
                }
                Err(why) => {
                    drop(turn);
                    errors += 1;
                    self.reader.trouble(&why, errors).await;
                }
            }
        }
    }

    pub fn so_far(&self) -> checkpoint::Lane {
        self.reader.cloud.read(|cx| checkpoint::of(cx, &self.place))
    }

    /// Waits for a first record, then for as many as make a batch, as long as it may wait.
    async fn gather(&self, so_far: &checkpoint::Lane) -> Result<Batch> {
        let mut batch = Batch::new(&self.reader, so_far);
        if batch.is_overgrown() {
            batch.ends_window = true;
            return Ok(batch);
        }
        loop {
            let deadline = batch.deadline();
            let Page { entries, next, is_end } = self.page(batch.next.clone(), batch.room(), deadline).await?;
            let waited = self.reader.cloud.now() >= deadline;
            if entries.is_empty() && !is_end && !waited {
                // The server stops.
                std::future::pending::<()>().await;
            }
            let whole = entries.into_iter().all(|entry| self.put(&mut batch, entry));
            if whole {
                (batch.next, batch.is_end) = (Some(next), is_end);
            }
            let now = self.reader.cloud.now();
            if batch.is_complete(now, whole, so_far) {
                return Ok(batch);
            }
        }
    }

    /// Whether there is room for more after it.
    fn put(&self, batch: &mut Batch, entry: Entry) -> bool {
        if self.lane_of(&entry.key) != self.place.lane || !self.reader.filters.take(&entry.event) {
            batch.next = Some(entry.next);
            return true;
        }
        batch.put(entry, self.reader.cloud.now()) == Fit::Taken
    }

    fn lane_of(&self, key: &str) -> usize {
        if self.place.lanes == 1 {
            return 0;
        }
        let hash = Sha256::digest(key);
        usize::from(u16::from_be_bytes([hash[0], hash[1]])) % self.place.lanes
    }

    /// Waits for records after a position.
    async fn page(&self, position: Option<String>, room: usize, deadline: Timestamp) -> Result<Page> {
        let reader = self.reader.clone();
        let picks = self.place.lanes > 1 || !reader.work.filters.is_empty();
        let read = Read {
            arn: reader.work.source.clone(),
            shard: self.place.shard.clone(),
            position,
            limit: if picks { PAGE } else { room.min(PAGE) },
        };
        let attempt = move |cx: &mut Cx| reader.as_function(cx, |cx| (reader.stream.read)(cx, &read));
        self.reader.cloud.until(deadline, attempt, |it| it.is_end || !it.entries.is_empty()).await
    }
}

//! One Niebla in a test: its services on a disk in memory, its clock in the test's hand.

use kernel::driver::Drivers;
use kernel::{Caller, Clock, Entropy, Kernel, Principal, Service, Settings};
use model::{Result, Timestamp, Value};
use std::sync::Arc;
use std::time::Duration;
use store::engine::{Disk, Fault};
use store::{Place, Store, Table};

pub struct World {
    pub kernel: Arc<Kernel>,
    /// What survives a crash.
    disk: Disk,
    seed: u64,
    build: Box<dyn Fn() -> (Vec<Service>, Drivers) + Send + Sync>,
}

/// Written only to see that it cannot be written.
static STOPPED: Table<()> = Table::partition("sim.stopped");

/// 2025-09-06T12:00:00Z, the day of the first seed document.
const BEGINNING: Timestamp = Timestamp(1_757_160_000_000);

impl World {
    /// Call inside a Tokio runtime.
    pub fn new(seed: u64, build: impl Fn() -> (Vec<Service>, Drivers) + Send + Sync + 'static) -> World {
        let (disk, build) = (Disk::new(), Box::new(build));
        let kernel = start(&disk, seed, BEGINNING, build());
        World { kernel, disk, seed, build }
    }

    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Niebla ends without a word and starts again on what its disk holds.
    pub async fn crash(&mut self) {
        self.seed = self.seed.wrapping_add(1);
        let now = self.kernel.clock.now();
        self.kernel.abandon().await;
        // Whoever still holds the old store can write no more: its engine has stopped.
        self.disk.fail(1, Fault::CrashBefore);
        let stopped = self.kernel.store.write(|tx| tx.put(&STOPPED, Place::PARTITION, &(), &()));
        assert!(stopped.await.is_err(), "a crashed disk takes nothing");
        // A store that had failed before did not ask the disk: the new one must not find what was meant for the old.
        self.disk.mend();
        self.kernel = start(&self.disk, self.seed, now, (self.build)());
    }

    /// Time passes, and what became due is done before this returns.
    pub async fn wait(&self, by: Duration) {
        self.kernel.clock.advance(by);
        self.settle().await;
    }

    /// Until no job is due and none is under way.
    pub async fn settle(&self) {
        while self.kernel.has_due_jobs() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// An operation as the root of an account.
    pub async fn call(&self, account: &str, service: &str, operation: &str, input: Value) -> Result<Value> {
        let id = self.kernel.entropy.uuid();
        let caller = Caller::internal(Principal::root(account), "us-east-1", id);
        self.kernel.call(Arc::new(caller), service, operation, input).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kernel.forget();
    }
}

fn start(disk: &Disk, seed: u64, now: Timestamp, built: (Vec<Service>, Drivers)) -> Arc<Kernel> {
    let (services, drivers) = built;
    let settings = Settings { endpoint: "http://niebla.test".to_owned(), version: "0.0.0", ..Settings::default() };
    let (store, clock, entropy) = (Store::over(disk.engine(), None), Clock::frozen(now), Entropy::seeded(seed));
    let kernel = Kernel::new(store, clock, entropy, drivers, settings, services);
    kernel.start();
    kernel
}

//! The one clock. It runs with the machine's, moved by an offset, or stands until it is moved by hand.

use model::Timestamp;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

pub struct Clock {
    /// Milliseconds added to the machine's clock; the whole time when frozen.
    offset: AtomicI64,
    frozen: AtomicBool,
    moved: Notify,
}

impl Clock {
    /// Runs with the machine's clock, `offset` milliseconds away from it.
    pub fn running(offset: i64) -> Self {
        Self { offset: AtomicI64::new(offset), frozen: AtomicBool::new(false), moved: Notify::new() }
    }

    /// Stands at `now` until it is moved: for tests and the simulator.
    pub fn frozen(now: Timestamp) -> Self {
        Self { offset: AtomicI64::new(now.0), frozen: AtomicBool::new(true), moved: Notify::new() }
    }

    pub fn now(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::SeqCst);
        if self.frozen.load(Ordering::SeqCst) { Timestamp(offset) } else { Timestamp(machine_time() + offset) }
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::SeqCst)
    }

    /// Milliseconds away from the machine's clock; what has to be kept so that a restart goes on from here.
    pub fn offset(&self) -> i64 {
        self.now().0 - machine_time()
    }

    /// Moves forward. Everything that became due is done now.
    pub fn advance(&self, by: Duration) {
        self.offset.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Moves to a time, also backwards.
    pub fn set(&self, time: Timestamp) {
        let offset = if self.is_frozen() { time.0 } else { time.0 - machine_time() };
        self.offset.store(offset, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    pub fn freeze(&self) {
        let now = self.now();
        self.offset.store(now.0, Ordering::SeqCst);
        self.frozen.store(true, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    pub fn resume(&self) {
        let now = self.now();
        self.frozen.store(false, Ordering::SeqCst);
        self.offset.store(now.0 - machine_time(), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Returns once `now() >= time`.
    pub async fn until(&self, time: Timestamp) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Registered before looking, so that no move in between is missed.
            moved.as_mut().enable();
            let left = time.0 - self.now().0;
            if left <= 0 {
                return;
            }
            if self.is_frozen() {
                moved.await;
            } else {
                let _ = tokio::time::timeout(Duration::from_millis(left as u64), moved).await;
            }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
fn machine_time() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64)
}

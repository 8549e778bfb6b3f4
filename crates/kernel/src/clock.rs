//! The one clock. It runs with the machine's, moved by an offset, or stands until it is moved by hand.

use model::Timestamp;
use std::sync::RwLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

pub struct Clock {
    state: RwLock<State>,
    moved: Notify,
}

/// One value, so that nobody ever sees half a change.
#[derive(Clone, Copy)]
enum State {
    /// Milliseconds added to the machine's clock.
    Running(i64),
    Frozen(Timestamp),
}

impl State {
    fn now(self) -> Timestamp {
        match self {
            State::Running(offset) => Timestamp(machine_time() + offset),
            State::Frozen(now) => now,
        }
    }

    /// The same kind of clock, showing another time.
    fn at(self, time: Timestamp) -> State {
        match self {
            State::Running(_) => State::Running(time.0 - machine_time()),
            State::Frozen(_) => State::Frozen(time),
        }
    }
}

impl Clock {
    /// Runs with the machine's clock, `offset` milliseconds away from it.
    pub fn running(offset: i64) -> Self {
        Self { state: RwLock::new(State::Running(offset)), moved: Notify::new() }
    }

    /// Stands at `now` until it is moved: for tests and the simulator.
    pub fn frozen(now: Timestamp) -> Self {
        Self { state: RwLock::new(State::Frozen(now)), moved: Notify::new() }
    }

    pub fn now(&self) -> Timestamp {
        self.state().now()
    }

    pub fn is_frozen(&self) -> bool {
        matches!(self.state(), State::Frozen(_))
    }

    /// Milliseconds away from the machine's clock; what has to be kept so that a restart goes on from here.
    pub fn offset(&self) -> i64 {
        self.now().0 - machine_time()
    }

    /// Moves forward. Everything that became due is done now.
    pub fn advance(&self, by: Duration) {
        self.change(|it| it.at(Timestamp(it.now().0.saturating_add(by.as_millis() as i64))));
    }

    /// Moves to a time, also backwards.
    pub fn set(&self, time: Timestamp) {
        self.change(|it| it.at(time));
    }

    pub fn freeze(&self) {
        self.change(|it| State::Frozen(it.now()));
    }

    pub fn resume(&self) {
        self.change(|it| State::Running(it.now().0 - machine_time()));
    }

    fn state(&self) -> State {
        *self.state.read().expect("no panic while the clock is read")
    }

    fn change(&self, to: impl FnOnce(State) -> State) {
        let mut state = self.state.write().expect("no panic while the clock is moved");
        *state = to(*state);
        drop(state);
        self.moved.notify_waiters();
    }

    /// Returns once `now() >= time`.
    pub async fn until(&self, time: Timestamp) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Registered before looking, so that no move in between is missed.
            moved.as_mut().enable();
            let left = time.0.saturating_sub(self.now().0);
            if left <= 0 {
                return;
            }
            if self.is_frozen() {
                moved.await;
            } else {
                // Timers stand while a machine sleeps, so a long wait looks at the time again and again.
                let wait = Duration::from_millis(left as u64).min(LONGEST_WAIT);
                let _ = tokio::time::timeout(wait, moved).await;
            }
        }
    }
}

/// Waits by the machine's time, for what only the machine is concerned with: its troubles, and how its work is gathered.
pub(crate) async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}

const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[allow(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
fn machine_time() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64)
}

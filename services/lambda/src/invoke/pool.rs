//! Sandboxes that wait for their next event, and how many events are under way.
//!
//! All of it is memory: what is lost is started again.

use super::log::Log;
use crate::function::{FUNCTIONS, Function};
use api::lambda::error;
use kernel::driver::Sandbox;
use kernel::{Cloud, Cx};
use model::{Result, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A sandbox that nobody uses is stopped after this long: it holds memory of the user's machine.
const IDLE_MS: i64 = 10 * 60 * 1000;
/// Concurrent executions of an account in a region (Lambda quotas in the developer guide).
const MOST_AT_ONCE: usize = 1000;

#[derive(Default)]
pub struct Pools {
    state: Arc<Mutex<State>>,
    /// The first idle sandbox has come.
    filled: Notify,
}

#[derive(Default)]
struct State {
    /// By the function's ARN; the one that was used last comes last.
    idle: BTreeMap<String, Vec<Warm>>,
    /// By account and region, as the ARNs begin.
    running: BTreeMap<String, usize>,
}

/// A sandbox between two events.
pub struct Warm {
    pub sandbox: Box<dyn Sandbox>,
    pub log: Arc<Log>,
    /// The function's, when it was started.
    pub revision: String,
    /// Its credentials expire soon after.
    pub serves_until: Timestamp,
    pub idle_since: Timestamp,
    /// It has served an event.
    pub used: bool,
}

/// Held while an event is under way.
pub struct Slot {
    state: Arc<Mutex<State>>,
    place: String,
}

impl Pools {
    /// # Errors
    /// `TooManyRequestsException`: as many run as may.
    pub fn enter(&self, function: &Function) -> Result<Slot> {
        let place = place(&function.arn);
        let mut state = self.lock();
        let running = state.running.entry(place.clone()).or_default();
        if *running >= MOST_AT_ONCE {
            return Err(error::TOO_MANY_REQUESTS
                .with("Rate Exceeded.")
                .field("Reason", "ConcurrentInvocationLimitExceeded".to_owned())
                .field("Type", "User".to_owned()));
        }
        *running += 1;
        Ok(Slot { state: self.state.clone(), place })
    }

    /// The sandbox of this revision that was used last, so that the others grow old.
    pub fn take(&self, function: &Function, now: Timestamp) -> Option<Warm> {
        let mut state = self.lock();
        let idle = state.idle.get_mut(&function.arn)?;
        let mut found = None;
        while let Some(warm) = idle.pop() {
            if warm.revision == function.revision && warm.serves_until > now && warm.sandbox.is_ready() {
                found = Some(warm);
                break;
            }
        }
        if idle.is_empty() {
            state.idle.remove(&function.arn);
        }
        found
    }

    pub fn put(&self, function: &Function, mut warm: Warm, now: Timestamp) {
        warm.idle_since = now;
        let mut state = self.lock();
        if state.idle.is_empty() {
            self.filled.notify_one();
        }
        state.idle.entry(function.arn.clone()).or_default().push(warm);
    }

    /// Stops what is too old or no longer current; when to look again.
    fn sweep(&self, now: Timestamp, is_current: impl Fn(&str, &str) -> bool) -> Option<Timestamp> {
        let mut state = self.lock();
        state.idle.retain(|arn, idle| {
            idle.retain(|it| it.ends_at() > now && is_current(arn, &it.revision));
            !idle.is_empty()
        });
        state.idle.values().flatten().map(Warm::ends_at).min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Warm {
    fn ends_at(&self) -> Timestamp {
        Timestamp(self.idle_since.0 + IDLE_MS).min(self.serves_until)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = state.running.get_mut(&self.place) {
            *running -= 1;
            if *running == 0 {
                state.running.remove(&self.place);
            }
        }
    }
}

/// The reconciler: stops sandboxes that were idle for long, and those of functions that were changed or deleted.
pub async fn retire(cloud: Cloud) {
    let pools = cloud.kernel().memory::<Pools>();
    let mut changes = cloud.kernel().store.subscribe(&FUNCTIONS);
    loop {
        let next = cloud.read(|cx| pools.sweep(cx.now(), |arn, revision| is_current(cx, arn, revision)));
        let due = async {
            match next {
                Some(time) => cloud.sleep_until(time).await,
                None => pools.filled.notified().await,
            }
        };
        tokio::select! {
            () = changes.changed() => {}
            () = due => {}
        }
    }
}

fn is_current(cx: &Cx, arn: &str, revision: &str) -> bool {
    let name = crate::name::parse(arn).function;
    cx.look_in_place_of(arn, |cx| cx.get(&FUNCTIONS, &name)).is_some_and(|it| it.revision == revision)
}

/// `arn:aws:lambda:us-east-1:000000000000`.
fn place(arn: &str) -> String {
    let end = arn.match_indices(':').nth(4).map_or(arn.len(), |(index, _)| index);
    arn[..end].to_owned()
}

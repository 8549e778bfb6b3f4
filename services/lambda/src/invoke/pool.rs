//! Sandboxes that wait for their next event, and how many events are under way.
//!
//! All of it is memory: what is lost is started again.

use super::log::Log;
use crate::function::{self, FUNCTIONS, Function};
use crate::{concurrency, name};
use api::lambda::error;
use kernel::driver::Sandbox;
use kernel::{Cloud, Cx};
use model::{Error, Result, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A sandbox that nobody uses is stopped after this long: it holds memory of the user's machine.
const IDLE_MS: i64 = 10 * 60 * 1000;

#[derive(Default)]
pub struct Pools {
    state: Arc<Mutex<State>>,
    /// The first idle sandbox has come.
    filled: Notify,
}

#[derive(Default)]
struct State {
    /// By the version's ARN; the one that was used last comes last.
    idle: BTreeMap<String, Vec<Warm>>,
    /// Events under way: by account and region, as the ARNs begin, and by function.
    running: BTreeMap<String, BTreeMap<String, i64>>,
    /// What all sandboxes, idle or not, may take of the machine's memory.
    memory_mb: u64,
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
    pub memory: Memory,
}

/// Held while an event is under way.
pub struct Slot {
    state: Arc<Mutex<State>>,
    place: String,
    function: String,
}

/// A sandbox's part of the machine's memory.
pub struct Memory {
    state: Arc<Mutex<State>>,
    mb: u64,
}

impl Pools {
    /// # Errors
    /// `TooManyRequestsException`: as many events are under way as may be.
    pub fn enter(&self, function: &Function, reserved: &BTreeMap<String, i64>) -> Result<Slot> {
        let place = place(&function.arn);
        let mut state = self.lock();
        let running = state.running.entry(place.clone()).or_default();
        match reserved.get(&function.name) {
            Some(most) => {
                if running.get(&function.name).is_some_and(|it| it >= most) || *most == 0 {
                    return Err(throttled("Rate Exceeded.", "ReservedFunctionConcurrentInvocationLimitExceeded"));
                }
            }
            None => {
                let others = running.iter().filter(|(name, _)| !reserved.contains_key(*name));
                if others.map(|(_, count)| count).sum::<i64>() >= concurrency::unreserved(reserved) {
                    return Err(throttled("Rate Exceeded.", "ConcurrentInvocationLimitExceeded"));
                }
            }
        }
        *running.entry(function.name.clone()).or_default() += 1;
        Ok(Slot { state: self.state.clone(), place, function: function.name.clone() })
    }

    /// Makes room for one more sandbox: the ones that were idle for longest go first.
    ///
    /// # Errors
    /// `TooManyRequestsException`: those that are at work take all of it.
    pub fn reserve(&self, function: &Function, room_mb: u64) -> Result<Memory> {
        let mb = function.memory as u64;
        let mut gone = Vec::new();
        let mut state = self.lock();
        while state.memory_mb.saturating_add(mb) > room_mb {
            let Some(mut oldest) = state.take_oldest() else {
                let message = format!(
                    "Niebla gives functions {room_mb} MB of this machine's memory, and those at work take {} MB.",
                    state.memory_mb
                );
                return Err(throttled(&message, "ConcurrentInvocationLimitExceeded"));
            };
            // Counted off here, since dropping it has to wait for the lock.
            state.memory_mb -= std::mem::take(&mut oldest.memory.mb);
            gone.push(oldest);
        }
        state.memory_mb += mb;
        Ok(Memory { state: self.state.clone(), mb })
    }

    /// The sandbox of this revision that was used last, so that the others grow old.
    pub fn take(&self, function: &Function, now: Timestamp) -> Option<Warm> {
        let mut state = self.lock();
        let arn = function.qualified_arn();
        let idle = state.idle.get_mut(&arn)?;
        let (mut found, mut useless) = (None, Vec::new());
        while let Some(warm) = idle.pop() {
            if warm.revision == function.revision && warm.serves_until > now && warm.sandbox.is_ready() {
                found = Some(warm);
                break;
            }
            useless.push(warm);
        }
        if idle.is_empty() {
            state.idle.remove(&arn);
        }
        // What is dropped gives its memory back, for which it needs the lock.
        drop(state);
        drop(useless);
        found
    }

    pub fn put(&self, function: &Function, mut warm: Warm, now: Timestamp) {
        warm.idle_since = now;
        let mut state = self.lock();
        if state.idle.is_empty() {
            self.filled.notify_one();
        }
        state.idle.entry(function.qualified_arn()).or_default().push(warm);
    }

    /// Stops what is too old or no longer current; when to look again.
    fn sweep(&self, now: Timestamp, is_current: impl Fn(&str, &str) -> bool) -> Option<Timestamp> {
        let mut useless = Vec::new();
        let mut state = self.lock();
        state.idle.retain(|arn, idle| {
            let stays = |it: &mut Warm| it.ends_at() > now && is_current(arn, &it.revision);
            useless.extend(idle.extract_if(.., |it| !stays(it)));
            !idle.is_empty()
        });
        let next = state.idle.values().flatten().map(Warm::ends_at).min();
        drop(state);
        drop(useless);
        next
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

impl State {
    fn take_oldest(&mut self) -> Option<Warm> {
        let oldest = self.idle.iter().filter_map(|(arn, idle)| Some((idle.first()?.idle_since, arn.clone()))).min();
        let (_, arn) = oldest?;
        let idle = self.idle.get_mut(&arn)?;
        let warm = idle.remove(0);
        if idle.is_empty() {
            self.idle.remove(&arn);
        }
        Some(warm)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = state.running.get_mut(&self.place) else { return };
        if let Some(count) = running.get_mut(&self.function) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.function);
            }
        }
        if running.is_empty() {
            state.running.remove(&self.place);
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.mb > 0 {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).memory_mb -= self.mb;
        }
    }
}

fn throttled(message: &str, reason: &str) -> Error {
    error::TOO_MANY_REQUESTS.with(message).field("Reason", reason.to_owned()).field("Type", "User".to_owned())
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
    let name = name::parse(arn);
    let found = cx.look_in_place_of(arn, |cx| function::by_name(cx, name.function, name.qualifier));
    found.is_ok_and(|it| it.revision == revision)
}

/// `arn:aws:lambda:us-east-1:000000000000`.
fn place(arn: &str) -> String {
    let end = arn.match_indices(':').nth(4).map_or(arn.len(), |(index, _)| index);
    arn[..end].to_owned()
}

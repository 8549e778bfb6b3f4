//! Watches: being woken by the commit that touches what was read.
//!
//! Transactions are numbered. A read set says what was read and which transaction was the last one seen; a written key
//! says which transaction wrote it. So a commit between the read and the watch is found in the hub's short history, and a
//! transaction never wakes itself.

use crate::engine::Changes;
use crate::span::common_length;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::ops::Bound;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// How many written keys are remembered for those who are about to watch. Whoever is later than that is woken at once.
const HISTORY_KEYS: usize = 4_096;

/// What an attempt has read: single keys, and everything under some prefixes.
#[derive(Clone, Debug, Default)]
pub struct ReadSet {
    seen: u64,
    points: BTreeSet<Vec<u8>>,
    prefixes: BTreeSet<Vec<u8>>,
}

impl ReadSet {
    pub(crate) fn new(seen: u64) -> ReadSet {
        ReadSet { seen, ..ReadSet::default() }
    }

    pub(crate) fn add_point(&mut self, key: &[u8]) {
        if !self.points.contains(key) {
            self.points.insert(key.to_vec());
        }
    }

    pub(crate) fn add_prefix(&mut self, prefix: &[u8]) {
        if !self.prefixes.contains(prefix) {
            self.prefixes.insert(prefix.to_vec());
        }
    }

    fn covers(&self, key: &[u8]) -> bool {
        self.points.contains(key) || self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}

/// Resolves once, when a commit touches what was read. Dropping it ends the watch.
pub struct Watch(Registered);

impl Watch {
    /// Whether it would resolve now.
    pub fn is_ready(&self) -> bool {
        self.0.signal.lock().fired
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.signal.poll(cx, false)
    }
}

/// Tells of every commit that touches a table; several at once are told as one.
pub struct Subscription(Registered);

impl Subscription {
    /// Waits for the next change since the last call, or since the subscription was made.
    pub async fn changed(&mut self) {
        std::future::poll_fn(|cx| self.0.signal.poll(cx, true)).await;
    }

    /// Whether there was a change since the last call.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.0.signal.lock().fired)
    }
}

/// A signal's entries in the hub, taken out again at the end.
struct Registered {
    hub: Arc<Hub>,
    number: u64,
    signal: Arc<Signal>,
    reads: ReadSet,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        for point in &self.reads.points {
            remove(&mut state.points, point, self.number);
        }
        for prefix in &self.reads.prefixes {
            remove(&mut state.prefixes, prefix, self.number);
        }
    }
}

#[derive(Default)]
struct Signal(Mutex<SignalState>);

#[derive(Default)]
struct SignalState {
    fired: bool,
    waker: Option<Waker>,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, SignalState> {
        self.0.lock().unwrap_or_else(|it| it.into_inner())
    }

    fn fire(&self) {
        let waker = {
            let mut state = self.lock();
            state.fired = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, cx: &mut Context<'_>, again: bool) -> Poll<()> {
        let mut state = self.lock();
        if state.fired {
            state.fired = !again;
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// Where watches and commits meet.
#[derive(Default)]
pub(crate) struct Hub(Mutex<HubState>);

type Waiters = BTreeMap<Vec<u8>, Vec<Waiter>>;

struct Waiter {
    number: u64,
    /// Writes of transactions up to this one were seen already.
    seen: u64,
    signal: Arc<Signal>,
}

#[derive(Default)]
struct HubState {
    next: u64,
    points: Waiters,
    prefixes: Waiters,
    /// The keys written last and who wrote them, oldest first.
    history: VecDeque<(Arc<[u8]>, u64)>,
    /// All writes of transactions after this one are in the history.
    history_from: u64,
}

impl Hub {
    pub fn watch(self: &Arc<Hub>, reads: ReadSet) -> Watch {
        Watch(self.register(reads))
    }

    pub fn subscribe(self: &Arc<Hub>, prefix: &[u8], seen: u64) -> Subscription {
        let mut reads = ReadSet::new(seen);
        reads.add_prefix(prefix);
        Subscription(self.register(reads))
    }

    fn register(self: &Arc<Hub>, reads: ReadSet) -> Registered {
        let signal = Arc::new(Signal::default());
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let mut recent = state.history.iter().rev().take_while(|(_, writer)| *writer > reads.seen);
        if reads.seen < state.history_from || recent.any(|(key, _)| reads.covers(key)) {
            signal.lock().fired = true;
        }
        for point in &reads.points {
            add(&mut state.points, point, Waiter { number, seen: reads.seen, signal: signal.clone() });
        }
        for prefix in &reads.prefixes {
            add(&mut state.prefixes, prefix, Waiter { number, seen: reads.seen, signal: signal.clone() });
        }
        Registered { hub: self.clone(), number, signal, reads }
    }

    /// Wakes who waits for one of these keys. Called in commit order.
    pub fn committed(&self, changes: &Changes) {
        let mut state = self.lock();
        let mut written: Vec<_> = changes.iter().map(|(key, change)| (key.clone(), change.writer)).collect();
        for (key, writer) in &written {
            fire(state.points.get(&**key).into_iter().flatten(), *writer);
            fire_prefixes(&state.prefixes, key, *writer);
        }
        written.sort_unstable_by_key(|(_, writer)| *writer);
        state.history.extend(written);
        while state.history.len() > HISTORY_KEYS {
            let (_, writer) = state.history.pop_front().expect("the history is longer than its limit");
            state.history_from = writer;
        }
    }

    /// Wakes everybody: all rows have changed.
    pub fn all_changed(&self, writer: u64) {
        let mut state = self.lock();
        fire(state.points.values().flatten(), u64::MAX);
        fire(state.prefixes.values().flatten(), u64::MAX);
        state.history.clear();
        state.history_from = writer;
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        self.0.lock().unwrap_or_else(|it| it.into_inner())
    }
}

fn fire<'w>(waiters: impl Iterator<Item = &'w Waiter>, writer: u64) {
    for waiter in waiters.filter(|it| it.seen < writer) {
        waiter.signal.fire();
    }
}

/// Finds the watched prefixes of `key`, longest first. Each step looks for the greatest watched prefix that is not above
/// what is left of the key; where it is not itself a prefix, every shorter one is a prefix of what the two have in common.
/// So the steps are as many as the watched prefixes of this key and a few more, however many others there are.
fn fire_prefixes(prefixes: &Waiters, key: &[u8], writer: u64) {
    let mut rest = key;
    while let Some((prefix, waiters)) = prefixes.range::<[u8], _>((Bound::Unbounded, Bound::Included(rest))).next_back()
    {
        let common = common_length(prefix, rest);
        if common < prefix.len() {
            rest = &rest[..common];
            continue;
        }
        fire(waiters.iter(), writer);
        let Some(shorter) = common.checked_sub(1) else { return };
        rest = &rest[..shorter];
    }
}

fn add(waiters: &mut Waiters, key: &[u8], waiter: Waiter) {
    match waiters.get_mut(key) {
        Some(them) => them.push(waiter),
        None => {
            waiters.insert(key.to_vec(), vec![waiter]);
        }
    }
}

fn remove(waiters: &mut Waiters, key: &[u8], number: u64) {
    let Some(them) = waiters.get_mut(key) else { return };
    them.retain(|it| it.number != number);
    if them.is_empty() {
        waiters.remove(key);
    }
}

//! A disk for the simulator: rows in memory that survive a crash, and commits that fail as they are told to.

use super::{Changes, Engine, EngineError, Memory, Snapshot};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// What goes wrong at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No room: the commit is refused and nothing else happens.
    Full,
    /// The machine stops before anything has reached the disk, or the last write is torn: the old state is there after
    /// the restart.
    CrashBefore,
    /// The machine stops, or syncing fails, when everything has reached the disk but nobody has been told.
    CrashAfter,
}

/// A disk that outlives its engines. Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<DiskInner>);

#[derive(Default)]
struct DiskInner {
    rows: Memory,
    commits: AtomicU64,
    /// By the number of the commit, from 1 on.
    plan: Mutex<BTreeMap<u64, Fault>>,
}

impl Disk {
    pub fn new() -> Disk {
        Disk::default()
    }

    /// The engine of one run, as after a restart. The runs before it must be over.
    pub fn engine(&self) -> Faulty {
        Faulty { disk: self.clone(), crashed: AtomicBool::new(false) }
    }

    /// Commits so far, failed ones included.
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::SeqCst)
    }

    /// Lets a commit fail: 1 is the next one.
    pub fn fail(&self, commits_from_now: u64, fault: Fault) {
        self.plan().insert(self.commits() + commits_from_now, fault);
    }

    /// Nothing more goes wrong that was planned.
    pub fn mend(&self) {
        self.plan().clear();
    }

    fn plan(&self) -> MutexGuard<'_, BTreeMap<u64, Fault>> {
        self.0.plan.lock().unwrap_or_else(|it| it.into_inner())
    }

    fn next_fault(&self) -> Option<Fault> {
        let number = self.0.commits.fetch_add(1, Ordering::SeqCst) + 1;
        self.plan().remove(&number)
    }
}

/// An engine on a [`Disk`]. After a crash it refuses everything, until there is another one.
pub struct Faulty {
    disk: Disk,
    crashed: AtomicBool,
}

impl Faulty {
    fn commit(&self, commit: impl Fn(&Memory) -> Result<(), EngineError>) -> Result<(), EngineError> {
        let crash = || {
            self.crashed.store(true, Ordering::SeqCst);
            EngineError::Failed("a crash, as planned".to_owned())
        };
        if self.crashed.load(Ordering::SeqCst) {
            return Err(crash());
        }
        match self.disk.next_fault() {
            None => commit(&self.disk.0.rows),
            Some(Fault::Full) => Err(EngineError::Full),
            Some(Fault::CrashBefore) => Err(crash()),
            Some(Fault::CrashAfter) => commit(&self.disk.0.rows).and(Err(crash())),
        }
    }
}

impl Engine for Faulty {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        self.disk.0.rows.snapshot()
    }

    fn apply(&self, changes: &Changes) -> Result<(), EngineError> {
        self.commit(|rows| rows.apply(changes))
    }

    fn clear(&self) -> Result<(), EngineError> {
        self.commit(Memory::clear)
    }

    fn bytes(&self) -> u64 {
        self.disk.0.rows.bytes()
    }
}

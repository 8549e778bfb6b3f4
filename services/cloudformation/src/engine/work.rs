//! What the steps of one phase have in common: the rows, and whose turn it is.
//!
//! A step would have to read all of it to take one resource further, and a stack would cost the square of its size. So
//! a step leaves it in memory for the next, under an id that stands in the next one's job: what a commit did not take,
//! no job names. A step that finds nothing under its id reads the rows.

use super::build::Plan;
use crate::resource::{self, Resource, Rows, Step};
use crate::stack::Stack;
use crate::template::graph::Walk;
use kernel::Cx;
use model::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Logical id and slot.
pub type Key = (String, u64);

#[derive(Debug)]
pub struct Work {
    pub rows: Rows,
    /// When each resource's type is to be asked next, in milliseconds since 1970.
    due: BTreeSet<(i64, Key)>,
    /// None before the first step of a phase that goes along a graph, and where there is none.
    walk: Option<Walk<Key>>,
    /// Of a phase that builds.
    pub plan: Option<Arc<Plan>>,
}

impl Work {
    fn over(rows: Rows) -> Self {
        let mut work = Self { rows, due: BTreeSet::new(), walk: None, plan: None };
        for key in work.rows.keys().cloned().collect::<Vec<_>>() {
            work.note(&key);
        }
        work
    }

    /// Goes on along a graph, as far as the rows have not come.
    pub fn along(&mut self, mut walk: Walk<Key>) {
        for (key, _) in self.rows.iter().filter(|(_, it)| it.step == Step::Done) {
            walk.finish(key);
        }
        self.walk = Some(walk);
    }

    pub fn is_along_graph(&self) -> bool {
        self.walk.is_some()
    }

    /// Those that can be begun now.
    pub fn take_ready(&mut self) -> Vec<Key> {
        let ready = self.walk.as_mut().map(Walk::take_ready).unwrap_or_default().into_iter();
        ready.filter(|key| self.rows.get(key).is_none_or(|it| it.step == Step::Untouched)).collect()
    }

    /// The row whose type is to be asked now. It has to be put back.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Resource> {
        let (_, key) = self.due.first().filter(|(at, _)| *at <= now.0)?;
        let row = self.rows.remove(key).expect("what is due has a row");
        self.due.pop_first();
        Some(row)
    }

    /// When the next type is to be asked.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| Timestamp(*at))
    }

    pub fn put_back(&mut self, row: Resource) {
        let key = (row.logical_id.clone(), row.slot);
        self.rows.insert(key.clone(), row);
        self.note(&key);
    }

    fn note(&mut self, key: &Key) {
        match self.rows[key].step {
            Step::Begun => drop(self.due.insert((i64::MIN, key.clone()))),
            Step::Waiting { until } => drop(self.due.insert((until, key.clone()))),
            Step::Done => {
                if let Some(walk) = &mut self.walk {
                    walk.finish(key);
                }
            }
            Step::Untouched | Step::Failed => {}
        }
    }
}

/// The work that goes on. Key: the stack's ARN. With the id of the step that may take it up.
#[derive(Default)]
struct Remembered(Mutex<BTreeMap<String, (String, Work)>>);

/// More stacks at work than this read their rows at every step, so that memory stays bounded.
const MOST_REMEMBERED: usize = 64;

impl Remembered {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, (String, Work)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn take(cx: &Cx, stack: &Stack, step: &str) -> Option<Work> {
    let (id, work) = cx.kernel().memory::<Remembered>().all().remove(&stack.id)?;
    (id == step).then_some(work)
}

pub fn remember(cx: &Cx, stack: &Stack, step: String, work: Work) {
    let remembered = cx.kernel().memory::<Remembered>();
    let mut all = remembered.all();
    if all.len() < MOST_REMEMBERED {
        all.insert(stack.id.clone(), (step, work));
    }
}

/// The rows as they stand in the store.
pub fn read(cx: &Cx, stack: &Stack) -> Work {
    Work::over(resource::load(cx, stack))
}

//! Removing: deletes what was given up, each after those that depend on it.

use super::work::{Key, Work};
use super::{Attempt, Failure, Kept, Next, Phase, handler, operation, operation_mut};
use crate::event;
use crate::resource::{self, Resource, Rows, Step};
use crate::stack::Stack;
use crate::status::ResourceStatus;
use crate::template::Policy;
use crate::template::graph::Walk;
use kernel::Cx;
use std::collections::BTreeMap;

pub fn step(cx: &mut Cx, stack: &mut Stack, work: &mut Work, phase: Phase) -> Next {
    if !work.is_along_graph() {
        let walk = walk(&work.rows);
        work.along(walk);
    }
    let ready = work.take_ready();
    if !ready.is_empty() {
        for key in ready {
            let mut row = work.rows.remove(&key).expect("the walk goes over rows");
            begin(cx, stack, &mut row, phase);
            work.put_back(row);
        }
        return Next::Again;
    }
    if let Some(mut row) = work.take_due(cx.now()) {
        run(cx, stack, &mut row, phase);
        work.put_back(row);
        return Next::Again;
    }
    work.next_due().map_or(Next::Finished, Next::At)
}

/// Over what is given up, each after all that need it.
fn walk(rows: &Rows) -> Walk<Key> {
    let waits: Vec<&Resource> = rows.values().filter(|it| it.given_up && it.step != Step::Done).collect();
    let mut slots: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for row in &waits {
        slots.entry(&row.logical_id).or_default().push(row.slot);
    }
    let mut edges = Vec::new();
    for row in &waits {
        let before = (row.logical_id.clone(), row.slot);
        for name in row.depends_on.iter().filter(|it| **it != row.logical_id) {
            let of = slots.get(name.as_str()).into_iter().flatten();
            edges.extend(of.map(|slot| ((name.clone(), *slot), before.clone())));
        }
    }
    Walk::new(waits.iter().map(|it| (it.logical_id.clone(), it.slot)), edges)
}

fn begin(cx: &mut Cx, stack: &Stack, row: &mut Resource, phase: Phase) {
    // Only what a creation made itself is deleted although it is to be kept otherwise.
    let undoes = matches!(phase, Phase::Rollback | Phase::UpdateRollbackCleanup);
    let nothing_new = operation(stack).kept == Kept::NothingNew && (undoes || phase == Phase::Delete);
    let keeps = match row.deletion_policy {
        Policy::Delete => false,
        Policy::Retain => !nothing_new,
        Policy::RetainExceptOnCreate => !undoes && !nothing_new,
    };
    if row.physical_id.is_none() {
        end(cx, stack, row, ResourceStatus::DeleteComplete, phase);
    } else if keeps {
        end(cx, stack, row, ResourceStatus::DeleteSkipped, phase);
    } else {
        (row.status, row.step) = (ResourceStatus::DeleteInProgress, Step::Begun);
        event::of_resource(cx, stack, row, None);
        resource::put(cx, stack, row);
    }
}

fn run(cx: &mut Cx, stack: &mut Stack, row: &mut Resource, phase: Phase) {
    match handler::delete(cx, stack, row) {
        Ok(None) => end(cx, stack, row, ResourceStatus::DeleteComplete, phase),
        Ok(Some(until)) => {
            row.step = Step::Waiting { until: until.0 };
            resource::put(cx, stack, row);
        }
        Err(error) => {
            (row.status, row.step) = (ResourceStatus::DeleteFailed, Step::Failed);
            let reason = handler::reason(cx, &row.type_name, &error);
            event::of_resource(cx, stack, row, Some(&reason));
            if operation(stack).kept == Kept::Undeletable {
                return end(cx, stack, row, ResourceStatus::DeleteSkipped, phase);
            }
            if is_cleanup(phase) {
                // It stays behind, and nothing waits for it.
                row.step = Step::Done;
                return resource::remove(cx, stack, row);
            }
            resource::put(cx, stack, row);
            let failure = Failure { logical_id: row.logical_id.clone(), what: Attempt::Delete };
            operation_mut(stack).failures.push(failure);
        }
    }
}

fn end(cx: &mut Cx, stack: &Stack, row: &mut Resource, status: ResourceStatus, phase: Phase) {
    (row.status, row.step) = (status, Step::Done);
    event::of_resource(cx, stack, row, None);
    if is_cleanup(phase) || row.slot > 0 {
        return resource::remove(cx, stack, row);
    }
    // Deleted resources of a stack that is undone or deleted can still be looked at.
    resource::put(cx, stack, row);
    resource::disown(cx, stack, row);
}

fn is_cleanup(phase: Phase) -> bool {
    matches!(phase, Phase::UpdateCleanup | Phase::UpdateRollbackCleanup)
}

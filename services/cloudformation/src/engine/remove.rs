//! Removing: deletes what was given up, each after those that depend on it.

use super::{Attempt, Failure, Kept, Next, Phase, due, handler, next_due, operation, operation_mut};
use crate::event;
use crate::resource::{self, Resource, Rows, Step};
use crate::stack::Stack;
use crate::status::ResourceStatus;
use crate::template::Policy;
use kernel::Cx;

pub fn step(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows, phase: Phase) -> Next {
    let ready = ready(rows);
    if !ready.is_empty() {
        for key in ready {
            let mut row = rows.remove(&key).expect("just found");
            begin(cx, stack, &mut row, phase);
            rows.insert(key, row);
        }
        return Next::Again;
    }
    if let Some(key) = due(rows, cx.now()) {
        let mut row = rows.remove(&key).expect("just found");
        run(cx, stack, &mut row, phase);
        return Next::Again;
    }
    next_due(rows).map_or(Next::Finished, Next::At)
}

/// Given up, and needed by nothing else that is.
fn ready(rows: &Rows) -> Vec<(String, u64)> {
    let waits = |it: &&Resource| it.given_up && it.step != Step::Done;
    let is_needed = |row: &Resource| {
        rows.values().filter(waits).any(|it| it.logical_id != row.logical_id && it.depends_on.contains(&row.logical_id))
    };
    let ready = rows.iter().filter(|(_, it)| it.given_up && it.step == Step::Untouched && !is_needed(it));
    ready.map(|(key, _)| key.clone()).collect()
}

fn begin(cx: &mut Cx, stack: &mut Stack, row: &mut Resource, phase: Phase) {
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
                return resource::remove(cx, stack, row);
            }
            resource::put(cx, stack, row);
            let failure = Failure { logical_id: row.logical_id.clone(), what: Attempt::Delete };
            operation_mut(stack).failures.push(failure);
        }
    }
}

fn end(cx: &mut Cx, stack: &mut Stack, row: &mut Resource, status: ResourceStatus, phase: Phase) {
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

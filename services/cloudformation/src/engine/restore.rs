//! Restoring: what an update changed becomes what it was; what it made is given up.

use super::handler::{self, Outcome};
use super::{Attempt, Failure, Next, build, due, next_due, operation_mut};
use crate::event;
use crate::resource::{self, Resource, Rows, Step, Touched};
use crate::stack::Stack;
use crate::status::ResourceStatus;
use kernel::Cx;

/// At the beginning of the phase: says of each resource what has to be done.
pub fn prepare(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    let keys: Vec<_> = rows.keys().cloned().collect();
    for key in keys {
        let mut row = rows.remove(&key).expect("its key was just read");
        match (row.touched, row.before.take()) {
            (Touched::Created, _) => (row.given_up, row.step) = (true, Step::Untouched),
            (Touched::Replaced, Some(old)) => row = bring_back(cx, stack, rows, row, *old),
            (Touched::Updated, Some(old)) => {
                // Its type is asked to go from what was attempted back to what was.
                let attempted = Resource { before: None, ..row.clone() };
                row = Resource {
                    status: ResourceStatus::UpdateInProgress,
                    step: Step::Begun,
                    touched: Touched::Updated,
                    before: Some(Box::new(attempted)),
                    ..*old
                };
                event::of_resource(cx, stack, &mut row, None);
            }
            (Touched::No | Touched::Updated | Touched::Replaced, _) => row.step = Step::Done,
        }
        resource::put(cx, stack, &row);
        rows.insert(key, row);
    }
}

pub fn step(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) -> Next {
    let Some(key) = due(rows, cx.now()) else {
        return next_due(rows).map_or(Next::Finished, Next::At);
    };
    let mut row = rows.remove(&key).expect("just found");
    run(cx, stack, &mut row);
    resource::put(cx, stack, &row);
    Next::Again
}

/// Without a rollback: what failed is again what it was, and what was replaced is deleted by the next update.
pub fn keep_as_it_is(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    let keys: Vec<_> = rows.keys().cloned().collect();
    for key in keys {
        let mut row = rows.remove(&key).expect("its key was just read");
        match (row.step, row.before.take()) {
            (Step::Failed, Some(old)) => {
                row = Resource { status: row.status, reason: row.reason, ..*old };
            }
            (_, Some(old)) if row.touched == Touched::Replaced => {
                let policy = old.update_replace_policy;
                build::leave_over(cx, stack, rows, Resource { deletion_policy: policy, ..*old });
            }
            _ => {}
        }
        resource::put(cx, stack, &row);
        rows.insert(key, row);
    }
}

/// The old resource takes its place again; the new one, if it came to be, is given up.
fn bring_back(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows, row: Resource, old: Resource) -> Resource {
    if row.physical_id.is_some() {
        build::leave_over(cx, stack, rows, Resource { deletion_policy: Default::default(), ..row });
    }
    let mut old = Resource { status: ResourceStatus::UpdateComplete, step: Step::Done, touched: Touched::No, ..old };
    event::of_resource(cx, stack, &mut old, None);
    old
}

fn run(cx: &mut Cx, stack: &mut Stack, row: &mut Resource) {
    let attempted = row.before.as_ref().map(|it| it.properties.clone()).unwrap_or_default();
    match handler::update(cx, stack, row, attempted) {
        Ok(Outcome::Done { physical_id, attributes }) => {
            (row.physical_id, row.attributes) = (Some(physical_id), attributes);
            (row.status, row.step) = (ResourceStatus::UpdateComplete, Step::Done);
            (row.touched, row.before) = (Touched::No, None);
            event::of_resource(cx, stack, row, None);
        }
        Ok(Outcome::Waiting { until, .. }) => row.step = Step::Waiting { until: until.0 },
        Err(error) => {
            (row.status, row.step) = (ResourceStatus::UpdateFailed, Step::Failed);
            let reason = handler::reason(cx, &row.type_name, &error);
            event::of_resource(cx, stack, row, Some(&reason));
            operation_mut(stack).failures.push(Failure { logical_id: row.logical_id.clone(), what: Attempt::Update });
        }
    }
}

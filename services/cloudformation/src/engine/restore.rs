//! Restoring: what an update changed becomes what it was; what it made is given up.

use super::handler::{self, Outcome};
use super::work::Work;
use super::{Attempt, Failure, Next, build, operation_mut};
use crate::event;
use crate::resource::{self, Origin, Resource, Rows, Step, Touched};
use crate::stack::Stack;
use crate::status::ResourceStatus;
use kernel::Cx;

/// At the beginning of the phase: says of each resource what has to be done.
pub fn prepare(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    let keys: Vec<_> = rows.keys().cloned().collect();
    for key in keys {
        let mut row = rows.remove(&key).expect("its key was just read");
        let row = match target(cx, stack, rows, &mut row) {
            Target::Stay if row.given_up => Resource { step: Step::Untouched, ..row },
            Target::Stay => Resource { step: Step::Done, ..row },
            Target::Vanish => Resource { given_up: true, step: Step::Untouched, ..row },
            Target::Become(old) if row.physical_id == old.physical_id => go_back(cx, stack, row, *old),
            Target::Become(old) => bring_back(cx, stack, rows, row, *old),
        };
        resource::put(cx, stack, &row);
        rows.insert(key, row);
    }
}

/// What is to become of a resource when its stack returns to what it was.
enum Target {
    Stay,
    Vanish,
    Become(Box<Resource>),
}

/// Earlier updates that failed and were not undone count too; what they left in between is given up.
fn target(cx: &mut Cx, stack: &Stack, rows: &mut Rows, row: &mut Resource) -> Target {
    let (origin, before) = (row.origin.take(), row.before.take());
    let Some(origin) = origin else {
        return match (row.touched, before) {
            (Touched::Created, _) => Target::Vanish,
            (Touched::Updated | Touched::Replaced, Some(old)) => Target::Become(old),
            (Touched::No | Touched::Updated | Touched::Replaced, _) => Target::Stay,
        };
    };
    let stable = match origin {
        Origin::Absent => None,
        Origin::Was(old) => Some(old),
    };
    let between = before.filter(|_| row.touched == Touched::Replaced);
    if let Some(it) = between.filter(|it| stable.as_ref().is_none_or(|old| old.physical_id != it.physical_id)) {
        build::leave_over(cx, stack, rows, Resource { deletion_policy: Default::default(), ..*it });
    }
    stable.map_or(Target::Vanish, Target::Become)
}

/// Its type is asked to go from what was attempted back to what was.
fn go_back(cx: &mut Cx, stack: &mut Stack, row: Resource, old: Resource) -> Resource {
    let attempted = Resource { before: None, ..row };
    let mut row = Resource {
        status: ResourceStatus::UpdateInProgress,
        step: Step::Begun,
        touched: Touched::Updated,
        before: Some(Box::new(attempted)),
        ..old
    };
    event::of_resource(cx, stack, &mut row, None);
    row
}

/// Once more what failed, but for what is to be left as it is.
pub fn retry(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows, skipped: &[String]) {
    for row in rows.values_mut().filter(|it| it.step == Step::Failed) {
        if skipped.contains(&row.logical_id) {
            (row.status, row.step, row.touched, row.before) =
                (ResourceStatus::UpdateComplete, Step::Done, Touched::No, None);
        } else {
            (row.status, row.step) = (ResourceStatus::UpdateInProgress, Step::Begun);
        }
        event::of_resource(cx, stack, row, None);
        resource::put(cx, stack, row);
    }
}

pub fn step(cx: &mut Cx, stack: &mut Stack, work: &mut Work) -> Next {
    let Some(mut row) = work.take_due(cx.now()) else {
        return work.next_due().map_or(Next::Finished, Next::At);
    };
    run(cx, stack, &mut row);
    resource::put(cx, stack, &row);
    work.put_back(row);
    Next::Again
}

/// Without a rollback: what failed is again what it was, and every other resource remembers what it was.
pub fn keep_as_it_is(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    let keys: Vec<_> = rows.keys().cloned().collect();
    for key in keys {
        let mut row = rows.remove(&key).expect("its key was just read");
        match (row.touched, row.before.take()) {
            (Touched::Created, _) => row.origin = Some(Origin::Absent),
            (_, Some(old)) if row.step == Step::Failed => {
                let half_made = row.physical_id.is_some() && row.physical_id != old.physical_id;
                let (status, reason) = (row.status, row.reason.clone());
                if half_made {
                    build::leave_over(cx, stack, rows, Resource { deletion_policy: Default::default(), ..row });
                }
                row = Resource { status, reason, ..*old };
            }
            (Touched::Updated | Touched::Replaced, Some(old)) if row.origin.is_none() => {
                row.origin = Some(Origin::Was(old));
            }
            (Touched::Replaced, Some(old)) if !is_origin(&row, &old) => {
                build::leave_over(cx, stack, rows, Resource { deletion_policy: Default::default(), ..*old });
            }
            (Touched::No | Touched::Updated | Touched::Replaced, _) => {}
        }
        resource::put(cx, stack, &row);
        rows.insert(key, row);
    }
}

pub fn is_origin(row: &Resource, other: &Resource) -> bool {
    matches!(&row.origin, Some(Origin::Was(old)) if old.physical_id == other.physical_id)
}

/// What resources were before updates that failed and were not undone: it is no longer wanted.
pub fn give_up_origins(cx: &mut Cx, stack: &Stack, rows: &mut Rows) {
    let keys: Vec<_> = rows.iter().filter(|(_, it)| it.origin.is_some()).map(|(key, _)| key.clone()).collect();
    for key in keys {
        let row = rows.get_mut(&key).expect("its key was just read");
        let (origin, now) = (row.origin.take(), row.physical_id.clone());
        resource::put(cx, stack, row);
        if let Some(Origin::Was(old)) = origin.filter(|it| matches!(it, Origin::Was(old) if old.physical_id != now)) {
            let policy = old.update_replace_policy;
            build::leave_over(cx, stack, rows, Resource { deletion_policy: policy, ..*old });
        }
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

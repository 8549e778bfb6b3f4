//! The engine: carries a stack from what it is to what it is to be, one committed step at a time.
//!
//! An operation is a row on its stack and a chain of jobs. Each job looks at the rows, takes one step and asks for the
//! next, so a restart goes on where the last commit left off. The steps act as the caller who asked for the operation.
//! The engine names no resource type: it walks the graph and asks the types.

mod build;
mod handler;
mod remove;
mod restore;

pub use handler::is_changed;

use crate::export;
use crate::resource::{self, Rows, Step, Touched};
use crate::stack::{self, Definition, OnFailure, STACKS, Stack};
use crate::status::{ResourceStatus, StackStatus};
use crate::template::Template;
use crate::template::evaluate::{Made, Place, Scope};
use crate::{change_set, event};
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The next step of an operation.
pub static ADVANCE: Job<Advance> = Job::new("cloudformation.advance");

#[derive(Serialize, Deserialize)]
pub struct Advance {
    stack_id: String,
    /// A step of an operation that was overtaken by another does nothing.
    operation: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    id: String,
    /// The client's.
    pub token: Option<String>,
    phase: Phase,
    /// What the stack was, while it is updated.
    previous: Option<Definition>,
    failures: Vec<Failure>,
    /// What failed where no resource did.
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Create,
    /// Undoes a creation.
    Rollback,
    Update,
    /// Deletes what an update replaced or left out.
    UpdateCleanup,
    /// Brings back what an update changed.
    UpdateRollback,
    /// Deletes what the undone update had made.
    UpdateRollbackCleanup,
    Delete,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Failure {
    logical_id: String,
    what: Attempt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Attempt {
    Create,
    Update,
    Delete,
}

/// What a walk says after one step.
enum Next {
    Again,
    At(Timestamp),
    /// All that there was to do in this phase is done, or failed.
    Finished,
}

impl Phase {
    fn status(self) -> StackStatus {
        match self {
            Phase::Create => StackStatus::CreateInProgress,
            Phase::Rollback => StackStatus::RollbackInProgress,
            Phase::Update => StackStatus::UpdateInProgress,
            Phase::UpdateCleanup => StackStatus::UpdateCompleteCleanupInProgress,
            Phase::UpdateRollback => StackStatus::UpdateRollbackInProgress,
            Phase::UpdateRollbackCleanup => StackStatus::UpdateRollbackCompleteCleanupInProgress,
            Phase::Delete => StackStatus::DeleteInProgress,
        }
    }
}

/// Begins an operation that a user asked for; writes the stack.
pub fn begin(cx: &mut Cx, mut stack: Stack, phase: Phase, becomes: Option<Definition>, token: Option<String>) {
    if phase == Phase::Delete
        && let Some((export, importer)) = export::in_use(cx, &stack)
    {
        stack.status = StackStatus::DeleteFailed;
        let reason = format!("Delete canceled. Cannot delete export {export} as it is in use by {importer}.");
        event::of_stack(cx, &mut stack, Some(&reason), token.as_deref());
        return stack::put(cx, &stack);
    }
    let mut rows = resource::load(cx, &stack);
    for row in rows.values_mut() {
        let is_gone = matches!(row.status, ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped);
        row.step = if phase == Phase::Delete && is_gone { Step::Done } else { Step::Untouched };
        row.given_up |= phase == Phase::Delete;
        (row.touched, row.before) = (Touched::No, None);
        resource::put(cx, &stack, row);
    }
    let previous = becomes.map(|it| std::mem::replace(&mut stack.definition, it));
    if phase == Phase::Update {
        stack.updated_at = Some(cx.now().0);
    }
    stack.last_token.clone_from(&token);
    let operation = Operation { id: cx.id(), token, phase, previous, failures: Vec::new(), reason: None };
    stack.operation = Some(operation);
    enter(cx, &mut stack, phase, Some("User Initiated"));
    stack::put(cx, &stack);
    again(cx, &stack, cx.now());
}

/// The job: one step.
pub fn advance(cx: &mut Cx, it: Advance) -> Result<()> {
    let Some(mut stack) = cx.get(&STACKS, &it.stack_id.as_str()) else { return Ok(()) };
    let Some(phase) = stack.operation.as_ref().filter(|operation| operation.id == it.operation).map(|it| it.phase)
    else {
        return Ok(());
    };
    let mut rows = resource::load(cx, &stack);
    let next = match phase {
        Phase::Create | Phase::Update => build::step(cx, &mut stack, &mut rows)?,
        Phase::UpdateRollback => restore::step(cx, &mut stack, &mut rows),
        Phase::Rollback | Phase::UpdateCleanup | Phase::UpdateRollbackCleanup | Phase::Delete => {
            remove::step(cx, &mut stack, &mut rows, phase)
        }
    };
    match next {
        Next::Again => again(cx, &stack, cx.now()),
        Next::At(time) => again(cx, &stack, time),
        Next::Finished => turn(cx, &mut stack, &mut rows, phase),
    }
    stack::put(cx, &stack);
    Ok(())
}

/// What follows a finished phase.
fn turn(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows, phase: Phase) {
    let failed = operation(stack).reason.is_some() || !operation(stack).failures.is_empty();
    match (phase, failed) {
        (Phase::Create, false) => end(cx, stack, StackStatus::CreateComplete, None),
        (Phase::Create, true) => undo_creation(cx, stack, rows),
        (Phase::Rollback, _) => end_by(cx, stack, StackStatus::RollbackComplete, StackStatus::RollbackFailed),
        (Phase::Update, false) => {
            enter(cx, stack, Phase::UpdateCleanup, None);
            again(cx, stack, cx.now());
        }
        (Phase::Update, true) => undo_update(cx, stack, rows),
        // What cleaning up cannot delete stays behind, and the update is complete all the same.
        (Phase::UpdateCleanup, _) => end(cx, stack, StackStatus::UpdateComplete, None),
        (Phase::UpdateRollback, false) => {
            enter(cx, stack, Phase::UpdateRollbackCleanup, None);
            again(cx, stack, cx.now());
        }
        (Phase::UpdateRollback, true) => {
            let reason = blame(operation(stack));
            end(cx, stack, StackStatus::UpdateRollbackFailed, Some(reason));
        }
        (Phase::UpdateRollbackCleanup, _) => end(cx, stack, StackStatus::UpdateRollbackComplete, None),
        (Phase::Delete, _) => {
            end_by(cx, stack, StackStatus::DeleteComplete, StackStatus::DeleteFailed);
            if stack.status == StackStatus::DeleteComplete {
                bury(cx, stack);
            }
        }
    }
}

fn undo_creation(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    let reason = blame(operation(stack));
    let (phase, reason) = match stack.on_failure {
        OnFailure::DoNothing => return end(cx, stack, StackStatus::CreateFailed, Some(reason)),
        OnFailure::Rollback => (Phase::Rollback, format!("{reason}Rollback requested by user.")),
        OnFailure::Delete => (Phase::Delete, format!("{reason}Delete requested by user.")),
    };
    for row in rows.values_mut() {
        (row.given_up, row.step) = (true, Step::Untouched);
        resource::put(cx, stack, row);
    }
    enter(cx, stack, phase, Some(&reason));
    again(cx, stack, cx.now());
}

fn undo_update(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    let reason = blame(operation(stack));
    if stack.on_failure == OnFailure::DoNothing {
        restore::keep_as_it_is(cx, stack, rows);
        return end(cx, stack, StackStatus::UpdateFailed, Some(reason));
    }
    if let Some(previous) = operation_mut(stack).previous.take() {
        stack.definition = previous;
    }
    enter(cx, stack, Phase::UpdateRollback, Some(&reason));
    restore::prepare(cx, stack, rows);
    again(cx, stack, cx.now());
}

fn enter(cx: &mut Cx, stack: &mut Stack, phase: Phase, reason: Option<&str>) {
    let operation = operation_mut(stack);
    (operation.phase, operation.reason) = (phase, None);
    operation.failures.clear();
    let token = operation.token.clone();
    stack.status = phase.status();
    event::of_stack(cx, stack, reason, token.as_deref());
}

fn end_by(cx: &mut Cx, stack: &mut Stack, well: StackStatus, badly: StackStatus) {
    let failed = !operation(stack).failures.is_empty();
    let reason = failed.then(|| blame(operation(stack)));
    end(cx, stack, if failed { badly } else { well }, reason);
}

fn end(cx: &mut Cx, stack: &mut Stack, status: StackStatus, reason: Option<String>) {
    let token = stack.operation.take().and_then(|it| it.token);
    stack.status = status;
    event::of_stack(cx, stack, reason.as_deref(), token.as_deref());
}

fn bury(cx: &mut Cx, stack: &mut Stack) {
    let kept = export::publish(cx, stack, &[]);
    debug_assert!(kept.is_ok(), "whether an export is in use was looked at when the deletion began");
    export::import(cx, stack, Default::default());
    change_set::forget_all(cx, stack, None);
    stack::bury(cx, stack);
}

fn again(cx: &mut Cx, stack: &Stack, time: Timestamp) {
    let operation = operation(stack).id.clone();
    cx.at(time, &ADVANCE, &Advance { stack_id: stack.id.clone(), operation });
}

/// AWS's sentences for what failed, each with a space behind it.
fn blame(operation: &Operation) -> String {
    let mut out = operation.reason.as_ref().map(|it| format!("{}. ", it.trim_end_matches('.'))).unwrap_or_default();
    for (what, verb) in [(Attempt::Create, "create"), (Attempt::Update, "update"), (Attempt::Delete, "delete")] {
        let of_kind = operation.failures.iter().filter(|it| it.what == what);
        let names: Vec<&str> = of_kind.map(|it| it.logical_id.as_str()).collect();
        if !names.is_empty() {
            out.push_str(&format!("The following resource(s) failed to {verb}: [{}]. ", names.join(", ")));
        }
    }
    out
}

fn operation(stack: &Stack) -> &Operation {
    stack.operation.as_ref().expect("looked at when the step began")
}

fn operation_mut(stack: &mut Stack) -> &mut Operation {
    stack.operation.as_mut().expect("looked at when the step began")
}

/// The row whose type is to be asked now, and when the next is.
fn due(rows: &Rows, now: Timestamp) -> Option<(String, u64)> {
    let is_due = |step: Step| match step {
        Step::Begun => true,
        Step::Waiting { until } => until <= now.0,
        Step::Untouched | Step::Done | Step::Failed => false,
    };
    rows.iter().find(|(_, it)| is_due(it.step)).map(|(key, _)| key.clone())
}

fn next_due(rows: &Rows) -> Option<Timestamp> {
    let waits = rows.values().filter_map(|it| match it.step {
        Step::Waiting { until } => Some(until),
        Step::Untouched | Step::Begun | Step::Done | Step::Failed => None,
    });
    waits.min().map(Timestamp)
}

/// What expressions of a stack's template see: the resources that `made` lets through.
pub fn scope<'a>(
    template: &'a Template,
    stack: &Stack,
    cx: &Cx,
    values: &BTreeMap<String, String>,
    imports: &'a dyn Fn(&str) -> Option<String>,
) -> Result<Scope<'a>> {
    let place = Place {
        account: cx.account().to_owned(),
        region: cx.region().to_owned(),
        partition: cx.partition().to_owned(),
        stack_id: stack.id.clone(),
        stack_name: stack.name.clone(),
    };
    Scope::new(template, place, values, imports)
}

pub fn made(row: &resource::Resource) -> Option<Made> {
    Some(Made { physical_id: row.physical_id.clone()?, attributes: row.attributes.clone() })
}

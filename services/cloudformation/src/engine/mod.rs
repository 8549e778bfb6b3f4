//! The engine: carries a stack from what it is to what it is to be, one committed step at a time.
//!
//! An operation is a row on its stack and a chain of jobs. Each job looks at the rows, takes one step and asks for the
//! next, so a restart goes on where the last commit left off. The steps act as the caller who asked for the operation.
//! The engine names no resource type: it walks the graph and asks the types.

mod build;
mod handler;
mod remove;
mod restore;
mod work;

pub use handler::{is_changed, read};

use crate::export;
use crate::policy::StackPolicy;
use crate::resource::{self, Rows, Step, Touched};
use crate::stack::{self, Definition, OnFailure, STACKS, Stack};
use crate::status::{ResourceStatus, StackStatus};
use crate::template::Template;
use crate::template::evaluate::{Made, Place, Scope};
use crate::{change_set, drift, event};
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use work::Work;

/// The next step of an operation.
pub static ADVANCE: Job<Advance> = Job::new("cloudformation.advance");

#[derive(Serialize, Deserialize)]
pub struct Advance {
    stack_id: String,
    /// A step of an operation that was overtaken by another does nothing.
    operation: String,
    /// Names what the step before left in memory.
    #[serde(default)]
    step: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The stack policy that holds for this update, where it is not the stack's own.
    #[serde(default)]
    policy: Option<StackPolicy>,
    /// When a creation has to be done, in milliseconds since 1970.
    #[serde(default)]
    deadline: Option<i64>,
    #[serde(default)]
    kept: Kept,
    /// The user wants it undone.
    #[serde(default)]
    cancelled: bool,
}

/// What a user asks the engine to do with a stack.
pub struct Order {
    pub phase: Phase,
    /// What it is to become, with an update.
    pub becomes: Option<Definition>,
    pub token: Option<String>,
    pub policy: Option<StackPolicy>,
    pub kept: Kept,
}

/// What stays of resources that an operation gives up, beside what the template says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    #[default]
    AsDeclared,
    /// `RetainExceptOnCreate`: nothing of what this operation made, if it is undone.
    NothingNew,
    /// `FORCE_DELETE_STACK`: what cannot be deleted.
    Undeletable,
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

impl Kept {
    /// What a request says of `RetainExceptOnCreate`.
    pub fn of(retain_except_on_create: Option<bool>) -> Kept {
        if retain_except_on_create == Some(true) { Kept::NothingNew } else { Kept::AsDeclared }
    }
}

impl Order {
    pub fn new(phase: Phase, token: Option<String>) -> Self {
        Self { phase, becomes: None, token, policy: None, kept: Kept::default() }
    }
}

const USER_INITIATED: &str = "User Initiated";
const TOO_LATE: &str = "Stack creation time exceeded the specified timeout";

/// Begins an operation that a user asked for; writes the stack.
pub fn begin(cx: &mut Cx, mut stack: Stack, order: Order) {
    let Order { phase, becomes, token, policy, kept } = order;
    if phase == Phase::Delete
        && let Some((export, importer)) = export::in_use(cx, &stack)
    {
        stack.status = StackStatus::DeleteFailed;
        let reason = format!("Delete canceled. Cannot delete export {export} as it is in use by {importer}.");
        event::of_stack(cx, &mut stack, Some(&reason), token.as_deref());
        return stack::put(cx, &stack);
    }
    let mut rows = resource::load(cx, &stack);
    if phase == Phase::Delete {
        restore::give_up_origins(cx, &stack, &mut rows);
    }
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
    let minutes = stack.timeout_minutes.filter(|_| phase == Phase::Create);
    let deadline = minutes.map(|it| cx.now().0.saturating_add(it.saturating_mul(60_000)));
    let (failures, reason, cancelled) = (Vec::new(), None, false);
    let id = cx.id();
    stack.operation =
        Some(Operation { id, token, phase, previous, failures, reason, policy, deadline, kept, cancelled });
    if phase == Phase::UpdateRollback
        && let Some(stable) = stack.stable.take()
    {
        stack.definition = stable;
    }
    enter(cx, &mut stack, phase, Some(USER_INITIATED));
    if phase == Phase::UpdateRollback {
        restore::prepare(cx, &mut stack, &mut rows);
    }
    stack::put(cx, &stack);
    again(cx, &stack, cx.now());
}

/// Has the update that is going on undone; writes the stack.
pub fn cancel(cx: &mut Cx, mut stack: Stack) {
    let id = cx.id();
    let operation = operation_mut(&mut stack);
    // Under a new id, so that a step which waits for its time does nothing more.
    (operation.id, operation.cancelled) = (id, true);
    stack::put(cx, &stack);
    again(cx, &stack, cx.now());
}

/// Goes on with an undoing that failed, without the resources in `skipped`; writes the stack.
pub fn resume(cx: &mut Cx, mut stack: Stack, skipped: &[String], token: Option<String>) {
    let mut rows = resource::load(cx, &stack);
    stack.last_token.clone_from(&token);
    let Order { phase, token, policy, kept, .. } = Order::new(Phase::UpdateRollback, token);
    stack.operation = Some(Operation {
        id: cx.id(),
        token,
        phase,
        previous: None,
        failures: Vec::new(),
        reason: None,
        policy,
        deadline: None,
        kept,
        cancelled: false,
    });
    enter(cx, &mut stack, phase, Some(USER_INITIATED));
    restore::retry(cx, &mut stack, &mut rows, skipped);
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
    let before = stack.clone();
    let mut work = work::take(cx, &stack, &it.step).unwrap_or_else(|| work::read(cx, &stack));
    if operation(&stack).cancelled {
        operation_mut(&mut stack).reason = Some(USER_INITIATED.to_owned());
    } else if phase == Phase::Create && operation(&stack).deadline.is_some_and(|it| it <= cx.now().0) {
        operation_mut(&mut stack).reason = Some(TOO_LATE.to_owned());
    }
    let next = match phase {
        Phase::Create | Phase::Update => build::step(cx, &mut stack, &mut work),
        Phase::UpdateRollback => restore::step(cx, &mut stack, &mut work),
        Phase::Rollback | Phase::UpdateCleanup | Phase::UpdateRollbackCleanup | Phase::Delete => {
            remove::step(cx, &mut stack, &mut work, phase)
        }
    };
    match next {
        Next::Again => go_on(cx, &stack, cx.now(), work),
        Next::At(time) => {
            let deadline = operation(&stack).deadline.filter(|_| phase == Phase::Create);
            go_on(cx, &stack, deadline.map_or(time, |it| time.min(Timestamp(it))), work);
        }
        Next::Finished => turn(cx, &mut stack, &mut work.rows, phase),
    }
    // Most steps change rows of resources alone, and the stack's holds the template.
    if stack != before {
        stack::put(cx, &stack);
    }
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
            stack.stable = None;
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
    let cancelled = std::mem::take(&mut operation_mut(stack).cancelled);
    let reason = if cancelled { USER_INITIATED.to_owned() } else { blame(operation(stack)) };
    let previous = operation_mut(stack).previous.take();
    if stack.on_failure == OnFailure::DoNothing && !cancelled {
        stack.stable = stack.stable.take().or(previous);
        restore::keep_as_it_is(cx, stack, rows);
        return end(cx, stack, StackStatus::UpdateFailed, Some(reason));
    }
    if let Some(stable) = stack.stable.take().or(previous) {
        stack.definition = stable;
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
    drift::forget(cx, stack);
    stack::bury(cx, stack);
}

/// The first step of a phase.
fn again(cx: &mut Cx, stack: &Stack, time: Timestamp) {
    ask_for(cx, stack, time, String::new());
}

/// The next step of the same phase.
fn go_on(cx: &mut Cx, stack: &Stack, time: Timestamp, work: Work) {
    let step = cx.id();
    ask_for(cx, stack, time, step.clone());
    work::remember(cx, stack, step, work);
}

fn ask_for(cx: &mut Cx, stack: &Stack, time: Timestamp, step: String) {
    let operation = operation(stack).id.clone();
    cx.at(time, &ADVANCE, &Advance { stack_id: stack.id.clone(), operation, step });
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

/// What expressions of a stack's template see: the resources that `made` lets through.
pub fn scope<'a>(
    template: &'a Template,
    stack: &Stack,
    cx: &Cx,
    values: &BTreeMap<String, String>,
    imports: &'a dyn Fn(&str) -> Option<String>,
) -> Result<Scope<'a>> {
    Scope::new(template, place(cx, stack), values, imports)
}

fn place(cx: &Cx, stack: &Stack) -> Place {
    Place {
        account: cx.account().to_owned(),
        region: cx.region().to_owned(),
        partition: cx.partition().to_owned(),
        stack_id: stack.id.clone(),
        stack_name: stack.name.clone(),
    }
}

pub fn made(row: &resource::Resource) -> Option<Made> {
    Some(Made { physical_id: row.physical_id.clone()?, attributes: row.attributes.clone() })
}

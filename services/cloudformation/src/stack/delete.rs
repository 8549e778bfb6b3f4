//! DeleteStack.

use super::{bury, find, put, request, role};
use crate::engine::{self, Kept, Order, Phase};
use crate::event;
use crate::status::StackStatus;
use crate::template::invalid;
use crate::{change_set, resource};
use api::cloudformation::{DeleteStack, DeleteStackOutput};
use kernel::Cx;
use model::Result;

/// A stack that does not exist, or no more, is deleted already.
pub fn delete(cx: &mut Cx, input: DeleteStack) -> Result<DeleteStackOutput> {
    request::refuse("DeleteStack", &[("DeploymentConfig", input.deployment_config.is_some())])?;
    let Some(mut stack) = find(cx, &input.stack_name).filter(|it| it.deleted_at.is_none()) else {
        return Ok(DeleteStackOutput {});
    };
    let is_retry = request::is_retry(&stack, input.client_request_token.as_deref(), "DeleteStack")?;
    if is_retry || stack.status == StackStatus::DeleteInProgress {
        return Ok(DeleteStackOutput {});
    }
    if is_updating(stack.status) {
        let (name, status) = (&stack.name, stack.status.text());
        return Err(invalid(format!("Stack [{name}] cannot be deleted while in status {status}")));
    }
    if stack.termination_protection {
        return Err(invalid(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    let retain = input.retain_resources.unwrap_or_default();
    if !retain.is_empty() && stack.status != StackStatus::DeleteFailed {
        return Err(invalid(format!(
            "Invalid operation on stack [{}]. Retain Resources only works for stacks in [DELETE_FAILED] state.",
            stack.id
        )));
    }
    let kept = match input.deletion_mode.as_deref() {
        Some("FORCE_DELETE_STACK") if stack.status != StackStatus::DeleteFailed => {
            return Err(invalid(format!(
                "Invalid operation on stack [{}]. FORCE_DELETE_STACK only works for stacks in [DELETE_FAILED] state.",
                stack.id
            )));
        }
        Some("FORCE_DELETE_STACK") => Kept::Undeletable,
        _ => Kept::AsDeclared,
    };
    if let Some(arn) = input.role_arn {
        role::check(cx, &arn)?;
        stack.role_arn = Some(arn);
    }
    if stack.status == StackStatus::ReviewInProgress {
        // Nothing was ever made of it.
        change_set::forget_all(cx, &stack, None);
        stack.status = StackStatus::DeleteComplete;
        bury(cx, &mut stack);
        event::of_stack(cx, &mut stack, None, input.client_request_token.as_deref());
        put(cx, &stack);
        return Ok(DeleteStackOutput {});
    }
    let mut rows = resource::load(cx, &stack);
    if let Some(other) = retain.iter().find(|id| !rows.contains_key(&((*id).clone(), 0))) {
        return Err(invalid(format!("Resource {other} does not exist for stack {}", stack.name)));
    }
    for row in rows.values_mut().filter(|it| retain.contains(&it.logical_id)) {
        row.deletion_policy = crate::template::Policy::Retain;
        resource::put(cx, &stack, row);
    }
    stack.last_verb = "DeleteStack".to_owned();
    engine::begin(cx, stack, Order { kept, ..Order::new(Phase::Delete, input.client_request_token) });
    Ok(DeleteStackOutput {})
}

/// A creation may be overtaken by the deletion; an update has to come to its end.
fn is_updating(status: StackStatus) -> bool {
    matches!(
        status,
        StackStatus::UpdateInProgress
            | StackStatus::UpdateCompleteCleanupInProgress
            | StackStatus::UpdateRollbackInProgress
            | StackStatus::UpdateRollbackCompleteCleanupInProgress
    )
}

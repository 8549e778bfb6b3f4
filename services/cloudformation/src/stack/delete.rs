//! DeleteStack.

use super::request;
use super::{bury, find, put};
use crate::engine::{self, Phase};
use crate::event;
use crate::status::StackStatus;
use crate::template::invalid;
use crate::{change_set, resource};
use api::cloudformation::{DeleteStack, DeleteStackOutput};
use kernel::Cx;
use model::Result;

/// A stack that does not exist, or no more, is deleted already.
pub fn delete(cx: &mut Cx, input: DeleteStack) -> Result<DeleteStackOutput> {
    request::refuse(
        "DeleteStack",
        &[
            ("RoleARN", input.role_arn.is_some()),
            ("DeletionMode", input.deletion_mode.as_deref().is_some_and(|it| it != "STANDARD")),
            ("DeploymentConfig", input.deployment_config.is_some()),
        ],
    )?;
    let Some(mut stack) = find(cx, &input.stack_name).filter(|it| it.deleted_at.is_none()) else {
        return Ok(DeleteStackOutput {});
    };
    if stack.status == StackStatus::DeleteInProgress {
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
    for row in rows.values_mut().filter(|it| retain.contains(&it.logical_id)) {
        row.deletion_policy = crate::template::Policy::Retain;
        resource::put(cx, &stack, row);
    }
    engine::begin(cx, stack, Phase::Delete, None, input.client_request_token);
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

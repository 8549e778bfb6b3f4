//! CancelUpdateStack, ContinueUpdateRollback and RollbackStack: updates that are undone because a user says so.

use super::{Stack, existing, named, request, role};
use crate::engine::{self, Kept, Order, Phase};
use crate::resource;
use crate::status::{ResourceStatus, StackStatus};
use crate::template::invalid;
use api::cloudformation::{
    CancelUpdateStack, CancelUpdateStackOutput, ContinueUpdateRollback, ContinueUpdateRollbackOutput, RollbackStack,
    RollbackStackOutput,
};
use kernel::Cx;
use model::Result;

pub fn cancel(cx: &mut Cx, input: CancelUpdateStack) -> Result<CancelUpdateStackOutput> {
    let mut stack = existing(cx, &input.stack_name)?;
    if request::is_retry(&stack, input.client_request_token.as_deref(), "CancelUpdateStack")? {
        return Ok(CancelUpdateStackOutput {});
    }
    if stack.status != StackStatus::UpdateInProgress {
        return Err(invalid("CancelUpdateStack cannot be called from current stack status"));
    }
    if input.client_request_token.is_some() {
        (stack.last_token, stack.last_verb) = (input.client_request_token, "CancelUpdateStack".to_owned());
    }
    engine::cancel(cx, stack);
    Ok(CancelUpdateStackOutput {})
}

pub fn go_on(cx: &mut Cx, input: ContinueUpdateRollback) -> Result<ContinueUpdateRollbackOutput> {
    request::refuse("ContinueUpdateRollback", &[("ForceRollback", input.force_rollback == Some(true))])?;
    let mut stack = existing(cx, &input.stack_name)?;
    if request::is_retry(&stack, input.client_request_token.as_deref(), "ContinueUpdateRollback")? {
        return Ok(ContinueUpdateRollbackOutput::default());
    }
    if stack.status != StackStatus::UpdateRollbackFailed {
        return Err(wrong(&stack, "can not be continued to roll back"));
    }
    take_role(cx, &mut stack, input.role_arn)?;
    let skipped = input.resources_to_skip.unwrap_or_default();
    let rows = resource::load(cx, &stack);
    let failed =
        |name: &&String| rows.get(&((*name).clone(), 0)).is_some_and(|it| it.status == ResourceStatus::UpdateFailed);
    let others: Vec<&str> = skipped.iter().filter(|it| !failed(it)).map(String::as_str).collect();
    if !others.is_empty() {
        return Err(invalid(format!(
            "Resources to skip must be in the UPDATE_FAILED state because of a failed rollback; these are not: [{}]",
            others.join(", ")
        )));
    }
    stack.last_verb = "ContinueUpdateRollback".to_owned();
    engine::resume(cx, stack, &skipped, input.client_request_token);
    Ok(ContinueUpdateRollbackOutput::default())
}

/// A stack that was never stable is deleted (RollbackStack, in the API reference).
pub fn roll_back(cx: &mut Cx, input: RollbackStack) -> Result<RollbackStackOutput> {
    request::refuse("RollbackStack", &[("DeploymentConfig", input.deployment_config.is_some())])?;
    let mut stack = named(cx, &input.stack_name)?;
    let output = RollbackStackOutput { stack_id: Some(stack.id.clone()), operation_id: None };
    if request::is_retry(&stack, input.client_request_token.as_deref(), "RollbackStack")? {
        return Ok(output);
    }
    let phase = match stack.status {
        StackStatus::CreateFailed => Phase::Delete,
        StackStatus::UpdateFailed => Phase::UpdateRollback,
        _ => return Err(wrong(&stack, "can not be rolled back")),
    };
    take_role(cx, &mut stack, input.role_arn)?;
    let kept = Kept::of(input.retain_except_on_create);
    stack.last_verb = "RollbackStack".to_owned();
    engine::begin(cx, stack, Order { kept, ..Order::new(phase, input.client_request_token) });
    Ok(output)
}

fn take_role(cx: &mut Cx, stack: &mut Stack, role_arn: Option<String>) -> Result<()> {
    if let Some(arn) = role_arn {
        role::check(cx, &arn)?;
        stack.role_arn = Some(arn);
    }
    Ok(())
}

fn wrong(stack: &Stack, what: &str) -> model::Error {
    invalid(format!("Stack:{} is in {} state and {what}.", stack.id, stack.status.text()))
}

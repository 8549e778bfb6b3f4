//! UpdateStack.

use super::request::{self, Wanted};
use super::{OnFailure, Stack, find};
use crate::change_set::diff;
use crate::engine::{self, Phase};
use crate::template::invalid;
use api::cloudformation::{UpdateStack, UpdateStackOutput};
use kernel::Cx;
use model::Result;

pub fn update(cx: &mut Cx, input: UpdateStack) -> Result<UpdateStackOutput> {
    refuse(&input)?;
    let mut stack = updatable(cx, &input.stack_name, input.client_request_token.as_deref())?;
    let stack_id = Some(stack.id.clone());
    if input.client_request_token.is_some() && stack.last_token == input.client_request_token {
        return Ok(UpdateStackOutput { stack_id, operation_id: None });
    }
    let wanted = Wanted {
        template_body: input.template_body,
        template_url: input.template_url,
        use_previous_template: input.use_previous_template == Some(true),
        parameters: input.parameters.unwrap_or_default(),
        capabilities: input.capabilities.unwrap_or_default(),
        tags: input.tags,
    };
    let (definition, template) = request::define(cx, wanted, Some(&stack.definition))?;
    if !diff::of(cx, &stack, &definition, &template)?.is_update() {
        return Err(invalid("No updates are to be performed."));
    }
    stack.on_failure = if input.disable_rollback == Some(true) { OnFailure::DoNothing } else { OnFailure::Rollback };
    engine::begin(cx, stack, Phase::Update, Some(definition), input.client_request_token);
    Ok(UpdateStackOutput { stack_id, operation_id: None })
}

/// A stack that can be updated now. One whose last change came with this token is answered again.
pub fn updatable(cx: &Cx, name: &str, token: Option<&str>) -> Result<Stack> {
    let missing = || invalid(format!("Stack [{name}] does not exist"));
    let stack = find(cx, name).filter(|it| it.deleted_at.is_none()).ok_or_else(missing)?;
    let is_retry = token.is_some() && stack.last_token.as_deref() == token;
    if !stack.status.takes_updates() && !is_retry {
        let (id, status) = (&stack.id, stack.status.text());
        return Err(invalid(format!("Stack:{id} is in {status} state and can not be updated.")));
    }
    Ok(stack)
}

fn refuse(input: &UpdateStack) -> Result<()> {
    request::refuse(
        "UpdateStack",
        &[
            ("StackPolicyDuringUpdateBody", input.stack_policy_during_update_body.is_some()),
            ("StackPolicyDuringUpdateURL", input.stack_policy_during_update_url.is_some()),
            ("ResourceTypes", input.resource_types.as_ref().is_some_and(|it| !it.is_empty())),
            ("RoleARN", input.role_arn.is_some()),
            ("RollbackConfiguration", input.rollback_configuration.is_some()),
            ("StackPolicyBody", input.stack_policy_body.is_some()),
            ("StackPolicyURL", input.stack_policy_url.is_some()),
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|it| !it.is_empty())),
            ("RetainExceptOnCreate", input.retain_except_on_create == Some(true)),
            ("DeploymentConfig", input.deployment_config.is_some()),
            ("DisableValidation", input.disable_validation == Some(true)),
        ],
    )
}

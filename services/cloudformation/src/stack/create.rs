//! CreateStack.

use super::request::{self, Wanted};
use super::{OnFailure, Stack, find, found};
use crate::engine::{self, Phase};
use crate::status::StackStatus;
use crate::template::invalid;
use api::cloudformation::{CreateStack, CreateStackOutput, error};
use kernel::Cx;
use model::Result;

pub fn create(cx: &mut Cx, input: CreateStack) -> Result<CreateStackOutput> {
    refuse(&input)?;
    request::check_name(&input.stack_name)?;
    let on_failure = on_failure(input.disable_rollback, input.on_failure.as_deref())?;
    if let Some(existing) = find(cx, &input.stack_name) {
        return again(existing, input.client_request_token.as_deref());
    }
    let wanted = Wanted {
        template_body: input.template_body,
        template_url: input.template_url,
        use_previous_template: false,
        parameters: input.parameters.unwrap_or_default(),
        capabilities: input.capabilities.unwrap_or_default(),
        tags: input.tags,
    };
    let (definition, _) = request::define(cx, wanted, None)?;
    let mut stack = found(cx, &input.stack_name, StackStatus::CreateInProgress, definition);
    stack.on_failure = on_failure;
    stack.termination_protection = input.enable_termination_protection == Some(true);
    let stack_id = Some(stack.id.clone());
    engine::begin(cx, stack, Phase::Create, None, input.client_request_token);
    Ok(CreateStackOutput { stack_id, operation_id: None })
}

/// `DisableRollback` and `OnFailure` say the same; AWS takes only one of them.
pub fn on_failure(disable_rollback: Option<bool>, on_failure: Option<&str>) -> Result<OnFailure> {
    match (disable_rollback, on_failure) {
        (Some(_), Some(_)) => Err(invalid("You can only specify one of DisableRollback or OnFailure.")),
        (Some(true), None) | (None, Some("DO_NOTHING")) => Ok(OnFailure::DoNothing),
        (Some(false) | None, None) | (None, Some("ROLLBACK")) => Ok(OnFailure::Rollback),
        (None, Some("DELETE")) => Ok(OnFailure::Delete),
        (None, Some(other)) => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]"
        ))),
    }
}

/// A retry with the same token is the same request.
fn again(existing: Stack, token: Option<&str>) -> Result<CreateStackOutput> {
    if token.is_some() && existing.last_token.as_deref() == token {
        return Ok(CreateStackOutput { stack_id: Some(existing.id), operation_id: None });
    }
    Err(error::ALREADY_EXISTS.with(format!("Stack [{}] already exists", existing.name)))
}

fn refuse(input: &CreateStack) -> Result<()> {
    request::refuse(
        "CreateStack",
        &[
            ("RollbackConfiguration", input.rollback_configuration.is_some()),
            ("TimeoutInMinutes", input.timeout_in_minutes.is_some()),
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|it| !it.is_empty())),
            ("ResourceTypes", input.resource_types.as_ref().is_some_and(|it| !it.is_empty())),
            ("RoleARN", input.role_arn.is_some()),
            ("StackPolicyBody", input.stack_policy_body.is_some()),
            ("StackPolicyURL", input.stack_policy_url.is_some()),
            ("RetainExceptOnCreate", input.retain_except_on_create == Some(true)),
            ("DeploymentConfig", input.deployment_config.is_some()),
            ("DisableValidation", input.disable_validation == Some(true)),
        ],
    )
}

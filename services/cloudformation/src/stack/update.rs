//! UpdateStack.

use super::protection::policy;
use super::request::{self, Expansion, Wanted};
use super::{OnFailure, Stack, existing, role};
use crate::change_set::diff;
use crate::engine::{self, Kept, Order, Phase};
use crate::template::invalid;
use api::cloudformation::{UpdateStack, UpdateStackOutput};
use kernel::Cx;
use model::Result;

pub fn update(cx: &mut Cx, input: UpdateStack) -> Result<UpdateStackOutput> {
    refuse(&input)?;
    let mut stack = updatable(cx, &input.stack_name, input.client_request_token.as_deref())?;
    let stack_id = Some(stack.id.clone());
    if request::is_retry(&stack, input.client_request_token.as_deref(), "UpdateStack")? {
        return Ok(UpdateStackOutput { stack_id, operation_id: None });
    }
    let during = policy(
        cx,
        input.stack_policy_during_update_body.as_deref(),
        input.stack_policy_during_update_url.as_deref(),
        "StackPolicyDuringUpdate",
    )?;
    let policy = policy(cx, input.stack_policy_body.as_deref(), input.stack_policy_url.as_deref(), "StackPolicy")?;
    if let Some(arn) = &input.role_arn {
        role::check(cx, arn)?;
    }
    let wanted = Wanted {
        template_body: input.template_body,
        template_url: input.template_url,
        use_previous_template: input.use_previous_template == Some(true),
        parameters: input.parameters.unwrap_or_default(),
        capabilities: input.capabilities.unwrap_or_default(),
        tags: input.tags,
        resource_types: input.resource_types.unwrap_or_default(),
        expansion: Expansion::NeedsCapability,
    };
    let (definition, template) = request::define(cx, wanted, Some(&stack.definition))?;
    if !diff::of(cx, &stack, &definition, &template)?.is_update() {
        return Err(invalid("No updates are to be performed."));
    }
    stack.on_failure = if input.disable_rollback == Some(true) { OnFailure::DoNothing } else { OnFailure::Rollback };
    stack.role_arn = input.role_arn.or(stack.role_arn);
    stack.policy = policy.or(stack.policy);
    let kept = Kept::of(input.retain_except_on_create);
    stack.kept = kept;
    stack.last_verb = "UpdateStack".to_owned();
    let order = Order::new(Phase::Update, input.client_request_token);
    engine::begin(cx, stack, Order { becomes: Some(definition), policy: during, kept, ..order });
    Ok(UpdateStackOutput { stack_id, operation_id: None })
}

/// A stack that can be updated now. One whose last change came with this token is answered again.
pub fn updatable(cx: &Cx, name: &str, token: Option<&str>) -> Result<Stack> {
    let stack = existing(cx, name)?;
    let is_retry = token.is_some() && stack.last_token.as_deref() == token;
    if !stack.status.takes_updates() && !is_retry {
        let (id, status) = (&stack.id, stack.status.text());
        return Err(invalid(format!("Stack:{id} is in {status} state and can not be updated.")));
    }
    Ok(stack)
}

fn refuse(input: &UpdateStack) -> Result<()> {
    request::refuse_triggers("UpdateStack", input.rollback_configuration.as_ref())?;
    request::refuse(
        "UpdateStack",
        &[
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|it| !it.is_empty())),
            ("DeploymentConfig", input.deployment_config.is_some()),
            ("DisableValidation", input.disable_validation == Some(true)),
        ],
    )
}

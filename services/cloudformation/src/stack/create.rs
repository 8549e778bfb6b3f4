//! CreateStack.

use super::protection::policy;
use super::request::{self, Expansion, MOST_STACKS, Wanted};
use super::{LIVE, OnFailure, Stack, find, found, role};
use crate::engine::{self, Kept, Order, Phase};
use crate::status::StackStatus;
use crate::template::invalid;
use api::cloudformation::{CreateStack, CreateStackOutput, error};
use kernel::Cx;
use model::Result;
use store::Span;

pub fn create(cx: &mut Cx, input: CreateStack) -> Result<CreateStackOutput> {
    refuse(&input)?;
    request::check_name(&input.stack_name)?;
    let on_failure = on_failure(input.disable_rollback, input.on_failure.as_deref())?;
    if let Some(existing) = find(cx, &input.stack_name) {
        return again(existing, input.client_request_token.as_deref());
    }
    check_quota(cx)?;
    let policy = policy(cx, input.stack_policy_body.as_deref(), input.stack_policy_url.as_deref(), "StackPolicy")?;
    if let Some(arn) = &input.role_arn {
        role::check(cx, arn)?;
    }
    let wanted = Wanted {
        template_body: input.template_body,
        template_url: input.template_url,
        use_previous_template: false,
        parameters: input.parameters.unwrap_or_default(),
        capabilities: input.capabilities.unwrap_or_default(),
        tags: input.tags,
        resource_types: input.resource_types.unwrap_or_default(),
        expansion: Expansion::NeedsCapability,
    };
    let (definition, _) = request::define(cx, wanted, None)?;
    let mut stack = found(cx, &input.stack_name, StackStatus::CreateInProgress, definition);
    stack.on_failure = on_failure;
    stack.termination_protection = input.enable_termination_protection == Some(true);
    (stack.role_arn, stack.policy) = (input.role_arn, policy);
    stack.timeout_minutes = input.timeout_in_minutes;
    stack.kept = Kept::of(input.retain_except_on_create);
    stack.last_verb = "CreateStack".to_owned();
    let stack_id = Some(stack.id.clone());
    let order = Order { kept: stack.kept, ..Order::new(Phase::Create, input.client_request_token) };
    engine::begin(cx, stack, order);
    Ok(CreateStackOutput { stack_id, operation_id: None })
}

/// Deleted stacks do not count.
pub fn check_quota(cx: &Cx) -> Result<()> {
    let live = cx.range(&LIVE, Span::all(), MOST_STACKS).len();
    match live < MOST_STACKS {
        true => Ok(()),
        false => Err(error::LIMIT_EXCEEDED.with(format!("Limit for stack has been exceeded. Limit: {MOST_STACKS}"))),
    }
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
    if request::is_retry(&existing, token, "CreateStack").unwrap_or(false) {
        return Ok(CreateStackOutput { stack_id: Some(existing.id), operation_id: None });
    }
    Err(error::ALREADY_EXISTS.with(format!("Stack [{}] already exists", existing.name)))
}

fn refuse(input: &CreateStack) -> Result<()> {
    request::refuse_triggers("CreateStack", input.rollback_configuration.as_ref())?;
    request::refuse(
        "CreateStack",
        &[
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|it| !it.is_empty())),
            ("DeploymentConfig", input.deployment_config.is_some()),
            ("DisableValidation", input.disable_validation == Some(true)),
        ],
    )
}

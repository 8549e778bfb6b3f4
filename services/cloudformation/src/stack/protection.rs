//! What keeps a stack from being deleted or changed: termination protection and the stack policy.

use super::{existing, put, request};
use crate::policy::StackPolicy;
use crate::template::{invalid, unsupported};
use api::cloudformation::{
    GetStackPolicy, GetStackPolicyOutput, SetStackPolicy, SetStackPolicyOutput, UpdateTerminationProtection,
    UpdateTerminationProtectionOutput,
};
use kernel::Cx;
use model::Result;

pub fn terminate_or_not(cx: &mut Cx, input: UpdateTerminationProtection) -> Result<UpdateTerminationProtectionOutput> {
    let mut stack = existing(cx, &input.stack_name)?;
    stack.termination_protection = input.enable_termination_protection;
    put(cx, &stack);
    Ok(UpdateTerminationProtectionOutput { stack_id: Some(stack.id) })
}

pub fn set_policy(cx: &mut Cx, input: SetStackPolicy) -> Result<SetStackPolicyOutput> {
    let mut stack = existing(cx, &input.stack_name)?;
    request::refuse("SetStackPolicy", &[("StackPolicyURL", input.stack_policy_url.is_some())])?;
    let body =
        input.stack_policy_body.ok_or_else(|| invalid("Either StackPolicyBody or StackPolicyURL is required."))?;
    stack.policy = Some(StackPolicy::parse(&body)?);
    put(cx, &stack);
    Ok(SetStackPolicyOutput {})
}

pub fn get_policy(cx: &Cx, input: GetStackPolicy) -> Result<GetStackPolicyOutput> {
    let stack = existing(cx, &input.stack_name)?;
    Ok(GetStackPolicyOutput { stack_policy_body: stack.policy.map(|it| it.text) })
}

/// The policy that a request brings, by text; by URL once there is a service that keeps files.
pub fn policy(body: Option<&String>, url: Option<&String>, member: &str) -> Result<Option<StackPolicy>> {
    if url.is_some() {
        return Err(unsupported(format!("the parameter {member}URL")));
    }
    body.map(|it| StackPolicy::parse(it)).transpose()
}

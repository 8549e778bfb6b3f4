//! What keeps a stack from being deleted or changed: termination protection and the stack policy.

use super::file::{self, Kind};
use super::{existing, put};
use crate::policy::StackPolicy;
use crate::template::invalid;
use api::cloudformation::{
    GetStackPolicy, GetStackPolicyOutput, SetStackPolicy, SetStackPolicyOutput, UpdateTerminationProtection,
    UpdateTerminationProtectionOutput,
};
use kernel::Cx;
use model::Result;

const POLICY: Kind = Kind { name: "Stack policy", most: 16 * 1024 };

pub fn terminate_or_not(cx: &mut Cx, input: UpdateTerminationProtection) -> Result<UpdateTerminationProtectionOutput> {
    let mut stack = existing(cx, &input.stack_name)?;
    stack.termination_protection = input.enable_termination_protection;
    put(cx, &stack);
    Ok(UpdateTerminationProtectionOutput { stack_id: Some(stack.id) })
}

pub fn set_policy(cx: &mut Cx, input: SetStackPolicy) -> Result<SetStackPolicyOutput> {
    let mut stack = existing(cx, &input.stack_name)?;
    let given = policy(cx, input.stack_policy_body.as_deref(), input.stack_policy_url.as_deref(), "StackPolicy")?;
    stack.policy = Some(given.ok_or_else(|| invalid("Either StackPolicyBody or StackPolicyURL is required."))?);
    put(cx, &stack);
    Ok(SetStackPolicyOutput {})
}

pub fn get_policy(cx: &Cx, input: GetStackPolicy) -> Result<GetStackPolicyOutput> {
    let stack = existing(cx, &input.stack_name)?;
    Ok(GetStackPolicyOutput { stack_policy_body: stack.policy.map(|it| it.text) })
}

/// The policy that a request brings: as text, or in S3.
pub fn policy(cx: &mut Cx, body: Option<&str>, url: Option<&str>, member: &str) -> Result<Option<StackPolicy>> {
    match (body, url) {
        (Some(_), Some(_)) => {
            Err(invalid(format!("You can specify either the {member}Body or the {member}URL parameter, but not both.")))
        }
        (Some(body), None) => StackPolicy::parse(body).map(Some),
        (None, Some(url)) => StackPolicy::parse(&file::fetch(cx, url, &format!("{member}URL"), &POLICY)?).map(Some),
        (None, None) => Ok(None),
    }
}

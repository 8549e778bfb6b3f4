//! Which managed policies are attached to which roles.

use crate::managed;
use crate::page::Page;
use crate::role;
use api::iam::{
    AttachRolePolicy, AttachRolePolicyOutput, AttachedPolicy, DetachRolePolicy, DetachRolePolicyOutput,
    ListAttachedRolePolicies, ListAttachedRolePoliciesOutput, error,
};
use kernel::Cx;
use model::Result;
use store::{Span, Table};

/// Key: (role, policy's ARN).
static ATTACHED: Table<()> = Table::account("iam.attached");
/// The same from the other side. Key: (policy's ARN, role).
static ATTACHED_TO: Table<()> = Table::account("iam.attached-to");

/// Managed policies per role (IAM and AWS STS quotas, the default).
const MOST_POLICIES: usize = 10;

pub fn attach(cx: &mut Cx, input: AttachRolePolicy) -> Result<AttachRolePolicyOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    managed::exists(cx, &input.policy_arn)?;
    let others = of(cx, &role.name);
    if !others.contains(&input.policy_arn) && others.len() >= MOST_POLICIES {
        return Err(error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for PoliciesPerRole: {MOST_POLICIES}")));
    }
    cx.put(&ATTACHED, &(role.name.as_str(), input.policy_arn.as_str()), &());
    cx.put(&ATTACHED_TO, &(input.policy_arn.as_str(), role.name.as_str()), &());
    Ok(AttachRolePolicyOutput {})
}

pub fn detach(cx: &mut Cx, input: DetachRolePolicy) -> Result<DetachRolePolicyOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    let key = (role.name.as_str(), input.policy_arn.as_str());
    if !cx.has(&ATTACHED, &key) {
        return Err(error::NO_SUCH_ENTITY.with(format!("Policy {} was not found.", input.policy_arn)));
    }
    cx.delete(&ATTACHED, &key);
    cx.delete(&ATTACHED_TO, &(input.policy_arn.as_str(), role.name.as_str()));
    Ok(DetachRolePolicyOutput {})
}

pub fn list(cx: &Cx, input: ListAttachedRolePolicies) -> Result<ListAttachedRolePoliciesOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let arns = of(cx, &role.name).into_iter().filter(|it| managed::path_of(it).starts_with(&prefix));
    let after = arns.filter(|it| page.after.as_ref().is_none_or(|after| it > after));
    let cut = page.cut(after.take(page.limit + 1).collect(), String::clone);
    let shown =
        |arn: String| AttachedPolicy { policy_name: arn.rsplit('/').next().map(str::to_owned), policy_arn: Some(arn) };
    Ok(ListAttachedRolePoliciesOutput {
        attached_policies: Some(cut.items.into_iter().map(shown).collect()),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub fn any(cx: &Cx, role: &str) -> bool {
    !cx.keys::<(String, String), _>(&ATTACHED, Span::prefix(role), 1).is_empty()
}

/// The ARNs of a role's managed policies.
pub fn of(cx: &Cx, role: &str) -> Vec<String> {
    let keys: Vec<(String, String)> = cx.keys(&ATTACHED, Span::prefix(role), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

/// How many roles have a policy.
pub fn count(cx: &Cx, arn: &str) -> usize {
    roles_with(cx, arn).len()
}

pub fn roles_with(cx: &Cx, arn: &str) -> Vec<String> {
    let keys: Vec<(String, String)> = cx.keys(&ATTACHED_TO, Span::prefix(arn), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

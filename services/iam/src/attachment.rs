//! Which managed policies are attached to which users, groups and roles.

use crate::entity::{Entity, Kind};
use crate::managed::POLICIES;
use crate::page::{Cut, Page};
use crate::{managed, role};
use api::iam::{
    AttachGroupPolicy, AttachGroupPolicyOutput, AttachRolePolicy, AttachRolePolicyOutput, AttachUserPolicy,
    AttachUserPolicyOutput, AttachedPolicy, DetachGroupPolicy, DetachGroupPolicyOutput, DetachRolePolicy,
    DetachRolePolicyOutput, DetachUserPolicy, DetachUserPolicyOutput, ListAttachedGroupPolicies,
    ListAttachedGroupPoliciesOutput, ListAttachedRolePolicies, ListAttachedRolePoliciesOutput,
    ListAttachedUserPolicies, ListAttachedUserPoliciesOutput, error,
};
use kernel::Cx;
use model::Result;
use store::{Span, Table};

/// Key: (id of the user, group or role; policy's ARN).
static ATTACHED: Table<()> = Table::account("iam.attached-policy");
/// The same from the other side. Key: (policy's ARN, id).
static ATTACHED_TO: Table<()> = Table::account("iam.attached-to-id");

/// Managed policies per user, group and role (IAM and AWS STS quotas, the default).
pub const MOST_POLICIES: usize = 10;

pub fn attach_user(cx: &mut Cx, it: AttachUserPolicy) -> Result<AttachUserPolicyOutput> {
    let user = Entity::user(cx, &it.user_name)?;
    attach(cx, &user, &it.policy_arn)?;
    Ok(AttachUserPolicyOutput {})
}

pub fn attach_group(cx: &mut Cx, it: AttachGroupPolicy) -> Result<AttachGroupPolicyOutput> {
    let group = Entity::group(cx, &it.group_name)?;
    attach(cx, &group, &it.policy_arn)?;
    Ok(AttachGroupPolicyOutput {})
}

pub fn attach_role(cx: &mut Cx, it: AttachRolePolicy) -> Result<AttachRolePolicyOutput> {
    let role = Entity::from(role::changeable(cx, &it.role_name)?);
    attach(cx, &role, &it.policy_arn)?;
    Ok(AttachRolePolicyOutput {})
}

pub fn detach_user(cx: &mut Cx, it: DetachUserPolicy) -> Result<DetachUserPolicyOutput> {
    let user = Entity::user(cx, &it.user_name)?;
    detach(cx, &user, &it.policy_arn)?;
    Ok(DetachUserPolicyOutput {})
}

pub fn detach_group(cx: &mut Cx, it: DetachGroupPolicy) -> Result<DetachGroupPolicyOutput> {
    let group = Entity::group(cx, &it.group_name)?;
    detach(cx, &group, &it.policy_arn)?;
    Ok(DetachGroupPolicyOutput {})
}

pub fn detach_role(cx: &mut Cx, it: DetachRolePolicy) -> Result<DetachRolePolicyOutput> {
    let role = Entity::from(role::changeable(cx, &it.role_name)?);
    detach(cx, &role, &it.policy_arn)?;
    Ok(DetachRolePolicyOutput {})
}

pub fn list_user(cx: &Cx, it: ListAttachedUserPolicies) -> Result<ListAttachedUserPoliciesOutput> {
    let cut = list(cx, &Entity::user(cx, &it.user_name)?, it.path_prefix, &Page::of(it.max_items, it.marker)?);
    let (attached_policies, is_truncated, marker) = (Some(cut.items), cut.is_truncated, cut.marker);
    Ok(ListAttachedUserPoliciesOutput { attached_policies, is_truncated, marker })
}

pub fn list_group(cx: &Cx, it: ListAttachedGroupPolicies) -> Result<ListAttachedGroupPoliciesOutput> {
    let cut = list(cx, &Entity::group(cx, &it.group_name)?, it.path_prefix, &Page::of(it.max_items, it.marker)?);
    let (attached_policies, is_truncated, marker) = (Some(cut.items), cut.is_truncated, cut.marker);
    Ok(ListAttachedGroupPoliciesOutput { attached_policies, is_truncated, marker })
}

pub fn list_role(cx: &Cx, it: ListAttachedRolePolicies) -> Result<ListAttachedRolePoliciesOutput> {
    let cut = list(cx, &Entity::role(cx, &it.role_name)?, it.path_prefix, &Page::of(it.max_items, it.marker)?);
    let (attached_policies, is_truncated, marker) = (Some(cut.items), cut.is_truncated, cut.marker);
    Ok(ListAttachedRolePoliciesOutput { attached_policies, is_truncated, marker })
}

pub fn any(cx: &Cx, id: &str) -> bool {
    !cx.keys::<(String, String), _>(&ATTACHED, Span::prefix(id), 1).is_empty()
}

/// The ARNs of an entity's managed policies.
pub fn of(cx: &Cx, id: &str) -> Vec<String> {
    let keys: Vec<(String, String)> = cx.keys(&ATTACHED, Span::prefix(id), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

/// The ids of those who have a policy.
pub fn holders(cx: &Cx, arn: &str) -> Vec<String> {
    let keys: Vec<(String, String)> = cx.keys(&ATTACHED_TO, Span::prefix(arn), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

pub fn shown(arn: String) -> AttachedPolicy {
    AttachedPolicy { policy_name: arn.rsplit('/').next().map(str::to_owned), policy_arn: Some(arn) }
}

fn attach(cx: &mut Cx, entity: &Entity, arn: &str) -> Result<()> {
    managed::check_arn(arn)?;
    if !managed::exists(cx, arn) {
        return Err(managed::not_attachable(arn));
    }
    managed::check_attachable(arn)?;
    let others = of(cx, &entity.id);
    if others.iter().all(|it| it != arn) && others.len() >= MOST_POLICIES {
        return Err(
            error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for {}: {MOST_POLICIES}", quota(entity.kind)))
        );
    }
    note(cx, &entity.id, arn);
    Ok(())
}

pub fn note(cx: &mut Cx, id: &str, arn: &str) {
    cx.put(&ATTACHED, &(id, arn), &());
    cx.put(&ATTACHED_TO, &(arn, id), &());
}

/// All that somebody has.
pub fn forget(cx: &mut Cx, id: &str) {
    for arn in of(cx, id) {
        remove(cx, id, &arn);
    }
}

fn quota(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "PoliciesPerUser",
        Kind::Group => "PoliciesPerGroup",
        Kind::Role => "PoliciesPerRole",
    }
}

fn detach(cx: &mut Cx, entity: &Entity, arn: &str) -> Result<()> {
    managed::check_arn(arn)?;
    if !cx.has(&ATTACHED, &(entity.id.as_str(), arn)) {
        return Err(POLICIES.missing(arn));
    }
    remove(cx, &entity.id, arn);
    Ok(())
}

fn remove(cx: &mut Cx, id: &str, arn: &str) {
    cx.delete(&ATTACHED, &(id, arn));
    cx.delete(&ATTACHED_TO, &(arn, id));
}

fn list(cx: &Cx, entity: &Entity, prefix: Option<String>, page: &Page) -> Cut<AttachedPolicy> {
    let prefix = prefix.unwrap_or_else(|| "/".to_owned());
    let arns = of(cx, &entity.id).into_iter().filter(|it| managed::path_of(it).starts_with(&prefix));
    page.cut(arns.map(shown), |it| it.policy_arn.clone().unwrap_or_default())
}

//! Inline policies of users, groups and roles.

use crate::document::{check, encoded};
use crate::entity::{Entity, Kind};
use crate::page::{Cut, Page};
use crate::role;
use api::iam::{
    DeleteGroupPolicy, DeleteGroupPolicyOutput, DeleteRolePolicy, DeleteRolePolicyOutput, DeleteUserPolicy,
    DeleteUserPolicyOutput, GetGroupPolicy, GetGroupPolicyOutput, GetRolePolicy, GetRolePolicyOutput, GetUserPolicy,
    GetUserPolicyOutput, ListGroupPolicies, ListGroupPoliciesOutput, ListRolePolicies, ListRolePoliciesOutput,
    ListUserPolicies, ListUserPoliciesOutput, PolicyDetail, PutGroupPolicy, PutGroupPolicyOutput, PutRolePolicy,
    PutRolePolicyOutput, PutUserPolicy, PutUserPolicyOutput, error,
};
use kernel::Cx;
use model::{Error, Result};
use store::{Span, Table};

/// Their documents. Key: (id of the user, group or role; policy's name).
static INLINE: Table<String> = Table::account("iam.inline");

/// All inline policies of one together, white space not counted (IAM and AWS STS quotas).
pub fn most_characters(kind: Kind) -> usize {
    match kind {
        Kind::User => 2_048,
        Kind::Group => 5_120,
        Kind::Role => 10_240,
    }
}

pub fn put_user(cx: &mut Cx, it: PutUserPolicy) -> Result<PutUserPolicyOutput> {
    let user = Entity::user(cx, &it.user_name)?;
    put(cx, &user, &it.policy_name, &it.policy_document)?;
    Ok(PutUserPolicyOutput {})
}

pub fn put_group(cx: &mut Cx, it: PutGroupPolicy) -> Result<PutGroupPolicyOutput> {
    let group = Entity::group(cx, &it.group_name)?;
    put(cx, &group, &it.policy_name, &it.policy_document)?;
    Ok(PutGroupPolicyOutput {})
}

pub fn put_role(cx: &mut Cx, it: PutRolePolicy) -> Result<PutRolePolicyOutput> {
    let role = Entity::from(role::changeable(cx, &it.role_name)?);
    put(cx, &role, &it.policy_name, &it.policy_document)?;
    Ok(PutRolePolicyOutput {})
}

pub fn get_user(cx: &Cx, it: GetUserPolicy) -> Result<GetUserPolicyOutput> {
    let user = Entity::user(cx, &it.user_name)?;
    let policy_document = get(cx, &user, &it.policy_name)?;
    Ok(GetUserPolicyOutput { user_name: user.name, policy_name: it.policy_name, policy_document })
}

pub fn get_group(cx: &Cx, it: GetGroupPolicy) -> Result<GetGroupPolicyOutput> {
    let group = Entity::group(cx, &it.group_name)?;
    let policy_document = get(cx, &group, &it.policy_name)?;
    Ok(GetGroupPolicyOutput { group_name: group.name, policy_name: it.policy_name, policy_document })
}

pub fn get_role(cx: &Cx, it: GetRolePolicy) -> Result<GetRolePolicyOutput> {
    let role = Entity::role(cx, &it.role_name)?;
    let policy_document = get(cx, &role, &it.policy_name)?;
    Ok(GetRolePolicyOutput { role_name: role.name, policy_name: it.policy_name, policy_document })
}

pub fn list_user(cx: &Cx, it: ListUserPolicies) -> Result<ListUserPoliciesOutput> {
    let cut = list(cx, &Entity::user(cx, &it.user_name)?, &Page::of(it.max_items, it.marker)?);
    Ok(ListUserPoliciesOutput { policy_names: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list_group(cx: &Cx, it: ListGroupPolicies) -> Result<ListGroupPoliciesOutput> {
    let cut = list(cx, &Entity::group(cx, &it.group_name)?, &Page::of(it.max_items, it.marker)?);
    Ok(ListGroupPoliciesOutput { policy_names: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list_role(cx: &Cx, it: ListRolePolicies) -> Result<ListRolePoliciesOutput> {
    let cut = list(cx, &Entity::role(cx, &it.role_name)?, &Page::of(it.max_items, it.marker)?);
    Ok(ListRolePoliciesOutput { policy_names: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn delete_user(cx: &mut Cx, it: DeleteUserPolicy) -> Result<DeleteUserPolicyOutput> {
    let user = Entity::user(cx, &it.user_name)?;
    delete(cx, &user, &it.policy_name)?;
    Ok(DeleteUserPolicyOutput {})
}

pub fn delete_group(cx: &mut Cx, it: DeleteGroupPolicy) -> Result<DeleteGroupPolicyOutput> {
    let group = Entity::group(cx, &it.group_name)?;
    delete(cx, &group, &it.policy_name)?;
    Ok(DeleteGroupPolicyOutput {})
}

pub fn delete_role(cx: &mut Cx, it: DeleteRolePolicy) -> Result<DeleteRolePolicyOutput> {
    let role = Entity::from(role::changeable(cx, &it.role_name)?);
    delete(cx, &role, &it.policy_name)?;
    Ok(DeleteRolePolicyOutput {})
}

pub fn any(cx: &Cx, id: &str) -> bool {
    !cx.keys::<(String, String), _>(&INLINE, Span::prefix(id), 1).is_empty()
}

/// (name, document).
pub fn of(cx: &Cx, id: &str) -> Vec<(String, String)> {
    let rows: Vec<((String, String), String)> = cx.rows(&INLINE, Span::prefix(id), usize::MAX);
    rows.into_iter().map(|((_, name), document)| (name, document)).collect()
}

/// As GetAccountAuthorizationDetails shows them.
pub fn details(cx: &Cx, id: &str) -> Vec<PolicyDetail> {
    let shown = |(name, document): (String, String)| PolicyDetail {
        policy_name: Some(name),
        policy_document: Some(encoded(&document)),
    };
    of(cx, id).into_iter().map(shown).collect()
}

fn put(cx: &mut Cx, entity: &Entity, name: &str, document: &str) -> Result<()> {
    check(document, policy::Kind::Identity)?;
    let others = of(cx, &entity.id).into_iter().filter(|(it, _)| it != name);
    let size = others.map(|(_, it)| policy::size(&it)).sum::<usize>() + policy::size(document);
    let most = most_characters(entity.kind);
    if size > most {
        let (kind, name) = (entity.kind.word(), &entity.name);
        let sentence = format!("Maximum policy size of {most} bytes exceeded for {kind} {name}");
        return Err(error::LIMIT_EXCEEDED.with(sentence));
    }
    cx.put(&INLINE, &(entity.id.as_str(), name), &document.to_owned());
    Ok(())
}

fn get(cx: &Cx, entity: &Entity, name: &str) -> Result<String> {
    let document = cx.get(&INLINE, &(entity.id.as_str(), name));
    document.map(|it| encoded(&it)).ok_or_else(|| no_such(entity.kind, name))
}

fn list(cx: &Cx, entity: &Entity, page: &Page) -> Cut<String> {
    let keys: Vec<(String, String)> = cx.keys(&INLINE, Span::prefix(entity.id.as_str()), usize::MAX);
    page.cut(keys.into_iter().map(|it| it.1), String::clone)
}

fn delete(cx: &mut Cx, entity: &Entity, name: &str) -> Result<()> {
    let key = (entity.id.as_str(), name);
    if !cx.has(&INLINE, &key) {
        return Err(no_such(entity.kind, name));
    }
    cx.delete(&INLINE, &key);
    Ok(())
}

fn no_such(kind: Kind, name: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("The {} policy with name {name} cannot be found.", kind.word()))
}

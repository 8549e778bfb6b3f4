//! Inline policies of roles.

use crate::document::{check, encoded};
use crate::page::Page;
use crate::role;
use api::iam::{
    DeleteRolePolicy, DeleteRolePolicyOutput, GetRolePolicy, GetRolePolicyOutput, ListRolePolicies,
    ListRolePoliciesOutput, PutRolePolicy, PutRolePolicyOutput, error,
};
use kernel::Cx;
use model::{Error, Result};
use policy::Kind;
use store::{Span, Table};

/// Their documents. Key: (role, policy's name).
pub static INLINE: Table<String> = Table::account("iam.role-inline");

/// All inline policies of a role together, white space not counted (IAM and AWS STS quotas).
const MOST_CHARACTERS: usize = 10_240;

pub fn put(cx: &mut Cx, input: PutRolePolicy) -> Result<PutRolePolicyOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    check(&input.policy_document, Kind::Identity)?;
    let others = of(cx, &role.name).into_iter().filter(|(name, _)| *name != input.policy_name);
    let size = others.map(|(_, it)| policy::size(&it)).sum::<usize>() + policy::size(&input.policy_document);
    if size > MOST_CHARACTERS {
        return Err(error::LIMIT_EXCEEDED
            .with(format!("Maximum policy size of {MOST_CHARACTERS} bytes exceeded for role {}", role.name)));
    }
    cx.put(&INLINE, &(role.name.as_str(), input.policy_name.as_str()), &input.policy_document);
    Ok(PutRolePolicyOutput {})
}

pub fn get(cx: &Cx, input: GetRolePolicy) -> Result<GetRolePolicyOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    let document = cx.get(&INLINE, &(role.name.as_str(), input.policy_name.as_str()));
    let document = document.ok_or_else(|| no_such(&input.policy_name))?;
    Ok(GetRolePolicyOutput {
        role_name: role.name,
        policy_name: input.policy_name,
        policy_document: encoded(&document),
    })
}

pub fn list(cx: &Cx, input: ListRolePolicies) -> Result<ListRolePoliciesOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let mut span = Span::prefix(&role.name.as_str());
    if let Some(after) = &page.after {
        span = span.after(&(role.name.as_str(), after.as_str()));
    }
    let keys: Vec<(String, String)> = cx.keys(&INLINE, span, page.limit + 1);
    let cut = page.cut(keys.into_iter().map(|it| it.1).collect(), String::clone);
    Ok(ListRolePoliciesOutput { policy_names: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn delete(cx: &mut Cx, input: DeleteRolePolicy) -> Result<DeleteRolePolicyOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    let key = (role.name.as_str(), input.policy_name.as_str());
    if !cx.has(&INLINE, &key) {
        return Err(no_such(&input.policy_name));
    }
    cx.delete(&INLINE, &key);
    Ok(DeleteRolePolicyOutput {})
}

pub fn any(cx: &Cx, role: &str) -> bool {
    !cx.keys::<(String, String), _>(&INLINE, Span::prefix(role), 1).is_empty()
}

/// (name, document).
pub fn of(cx: &Cx, role: &str) -> Vec<(String, String)> {
    let rows: Vec<((String, String), String)> = cx.rows(&INLINE, Span::prefix(role), usize::MAX);
    rows.into_iter().map(|((_, name), document)| (name, document)).collect()
}

fn no_such(name: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("The role policy with name {name} cannot be found."))
}

//! Roles.

use crate::document::{check, encoded};
use crate::managed;
use crate::page::Page;
use crate::{attachment, inline};
use api::iam::{
    AttachedPermissionsBoundary, CreateRole, CreateRoleOutput, DeleteRole, DeleteRoleOutput, GetRole, GetRoleOutput,
    ListRoles, ListRolesOutput, Role, Tag, UpdateAssumeRolePolicy, UpdateAssumeRolePolicyOutput, UpdateRole,
    UpdateRoleDescription, UpdateRoleDescriptionOutput, UpdateRoleOutput, error,
};
use kernel::Cx;
use model::{Error, Result, Timestamp};
use policy::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};

/// Every role. Key: name.
pub static ROLES: Table<Stored> = Table::account("iam.role");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AROA…`
    pub id: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub trust_policy: String,
    pub description: Option<String>,
    /// Seconds.
    pub max_session: i64,
    /// The ARN of a managed policy.
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// The characters of ids: base 32 without what is easily misread.
pub const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const DEFAULT_SESSION: i64 = 3_600;
const MOST_TAGS: usize = 50;

pub fn create(cx: &mut Cx, input: CreateRole) -> Result<CreateRoleOutput> {
    let name = input.role_name;
    check(&input.assume_role_policy_document, Kind::Trust)?;
    if cx.has(&ROLES, &name.as_str()) {
        return Err(error::ENTITY_ALREADY_EXISTS.with(format!("Role with name {name} already exists.")));
    }
    if let Some(boundary) = &input.permissions_boundary {
        managed::exists(cx, boundary)?;
    }
    let role = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: format!("AROA{}", cx.random_text(17, ID_LETTERS)),
        created_at: cx.now().0,
        trust_policy: input.assume_role_policy_document,
        description: input.description,
        max_session: input.max_session_duration.unwrap_or(DEFAULT_SESSION),
        boundary: input.permissions_boundary,
        tags: tags(input.tags)?,
        name,
    };
    put(cx, &role);
    Ok(CreateRoleOutput { role: shown(cx, &role) })
}

pub fn get(cx: &Cx, input: GetRole) -> Result<GetRoleOutput> {
    let role = by_name(cx, &input.role_name)?;
    Ok(GetRoleOutput { role: shown(cx, &role) })
}

/// Without tags and boundaries, as ListRoles in the IAM API reference says.
pub fn list(cx: &Cx, input: ListRoles) -> Result<ListRolesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let mut span = Span::all();
    if let Some(after) = &page.after {
        span = span.after(&after.as_str());
    }
    let roles = cx.range(&ROLES, span, usize::MAX).into_iter().filter(|it| it.path.starts_with(&prefix));
    let cut = page.cut(roles.take(page.limit + 1).collect(), |it| it.name.clone());
    let listed = |it: &Stored| Role { tags: None, permissions_boundary: None, ..shown(cx, it) };
    let roles = cut.items.iter().map(listed).collect();
    Ok(ListRolesOutput { roles, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn update(cx: &mut Cx, input: UpdateRole) -> Result<UpdateRoleOutput> {
    let mut role = by_name(cx, &input.role_name)?;
    role.description = input.description.or(role.description);
    role.max_session = input.max_session_duration.unwrap_or(role.max_session);
    put(cx, &role);
    Ok(UpdateRoleOutput {})
}

pub fn update_description(cx: &mut Cx, input: UpdateRoleDescription) -> Result<UpdateRoleDescriptionOutput> {
    let mut role = by_name(cx, &input.role_name)?;
    role.description = Some(input.description);
    put(cx, &role);
    Ok(UpdateRoleDescriptionOutput { role: Some(shown(cx, &role)) })
}

pub fn update_trust(cx: &mut Cx, input: UpdateAssumeRolePolicy) -> Result<UpdateAssumeRolePolicyOutput> {
    let mut role = by_name(cx, &input.role_name)?;
    check(&input.policy_document, Kind::Trust)?;
    role.trust_policy = input.policy_document;
    put(cx, &role);
    Ok(UpdateAssumeRolePolicyOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteRole) -> Result<DeleteRoleOutput> {
    let role = by_name(cx, &input.role_name)?;
    if inline::any(cx, &role.name) {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must delete policies first."));
    }
    if attachment::any(cx, &role.name) {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must detach all policies first."));
    }
    cx.delete(&ROLES, &role.name.as_str());
    Ok(DeleteRoleOutput {})
}

pub fn put(cx: &mut Cx, role: &Stored) {
    cx.put(&ROLES, &role.name.as_str(), role);
}

pub fn by_name(cx: &Cx, name: &str) -> Result<Stored> {
    cx.get(&ROLES, name).ok_or_else(|| no_such(name))
}

pub fn no_such(name: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("The role with name {name} cannot be found."))
}

/// What IAM is asked about: the role with its path, or as if it had none when there is no such role.
pub fn arn(cx: &Cx, name: &str) -> String {
    let path = cx.get(&ROLES, name).map_or_else(|| "/".to_owned(), |it| it.path);
    cx.global_arn("iam", &format!("role{path}{name}"))
}

pub fn new_arn(cx: &Cx, input: &CreateRole) -> String {
    cx.global_arn("iam", &format!("role{}{}", input.path.as_deref().unwrap_or("/"), input.role_name))
}

pub fn tags(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>> {
    let tags: BTreeMap<_, _> = given.unwrap_or_default().into_iter().map(|it| (it.key, it.value)).collect();
    if tags.len() > MOST_TAGS {
        return Err(
            error::LIMIT_EXCEEDED.with(format!("The number of tags has reached the maximum limit: {MOST_TAGS}."))
        );
    }
    Ok(tags)
}

pub fn shown_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

fn shown(cx: &Cx, role: &Stored) -> Role {
    Role {
        path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        arn: cx.global_arn("iam", &format!("role{}{}", role.path, role.name)),
        create_date: Timestamp(role.created_at),
        assume_role_policy_document: Some(encoded(&role.trust_policy)),
        description: role.description.clone(),
        max_session_duration: Some(role.max_session),
        permissions_boundary: role.boundary.clone().map(|arn| AttachedPermissionsBoundary {
            permissions_boundary_type: Some("Policy".to_owned()),
            permissions_boundary_arn: Some(arn),
        }),
        tags: (!role.tags.is_empty()).then(|| shown_tags(&role.tags)),
        role_last_used: None,
        source_role_template: None,
    }
}

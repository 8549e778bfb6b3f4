//! Roles.

use crate::document::encoded;
use crate::entity::{self, Entity, Kind, VALIDATION_ERROR};
use crate::page::Page;
use crate::row::Rows;
use crate::tag::{Tags, shown_tags};
use crate::{boundary, profile, tag, trust};
use api::iam::{
    CreateRole, CreateRoleOutput, DeleteRole, DeleteRoleOutput, GetRole, GetRoleOutput, ListRoles, ListRolesOutput,
    Role, RoleLastUsed, UpdateAssumeRolePolicy, UpdateAssumeRolePolicyOutput, UpdateRole, UpdateRoleDescription,
    UpdateRoleDescriptionOutput, UpdateRoleOutput, error,
};
use kernel::{BoundPolicy, Cx};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Table;

/// Every role. Key: name in lower case.
pub static ROLES: Rows<Stored> = Rows {
    table: Table::account("iam.role"),
    kind: "role",
    quota: ("RolesPerAccount", 1_000),
    place: |it| (&it.path, &it.name),
    missing: |name| format!("The role with name {name} cannot be found."),
    taken: |name| format!("Role with name {name} already exists."),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AROA…`
    pub id: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub trust: BoundPolicy,
    pub description: Option<String>,
    /// Seconds.
    pub max_session: i64,
    /// The ARN of a managed policy.
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// Seconds.
pub const DEFAULT_SESSION: i64 = 3_600;
/// Roles that services of AWS make for themselves.
pub const SERVICE_LINKED: &str = "/aws-service-role/";

impl Stored {
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with(SERVICE_LINKED)
    }
}

pub fn create(cx: &mut Cx, input: CreateRole) -> Result<CreateRoleOutput> {
    let name = input.role_name;
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    if path.starts_with(SERVICE_LINKED) {
        return Err(VALIDATION_ERROR.with(format!("The path {SERVICE_LINKED} is reserved for service-linked roles.")));
    }
    let trust = trust::bound(cx, input.assume_role_policy_document)?;
    ROLES.check_free(cx, &name)?;
    if let Some(arn) = &input.permissions_boundary {
        boundary::check(cx, arn)?;
    }
    let role = Stored {
        path,
        id: entity::new_id(cx, "AROA"),
        created_at: cx.now().0,
        trust,
        description: input.description,
        max_session: input.max_session_duration.unwrap_or(DEFAULT_SESSION),
        boundary: input.permissions_boundary,
        tags: tag::first(cx, input.tags)?,
        name,
    };
    add(cx, &role)?;
    Ok(CreateRoleOutput { role: shown(cx, &role) })
}

/// A new one, if there is room.
pub fn add(cx: &mut Cx, role: &Stored) -> Result<()> {
    ROLES.check_room(cx)?;
    boundary::note(cx, &role.id, None, role.boundary.as_deref());
    entity::identify(cx, &role.id, Kind::Role, &role.name);
    ROLES.put(cx, role);
    Ok(())
}

pub fn get(cx: &Cx, input: GetRole) -> Result<GetRoleOutput> {
    let role = ROLES.by_name(cx, &input.role_name)?;
    let role_last_used = Some(last_used(cx, &role));
    Ok(GetRoleOutput { role: Role { role_last_used, ..shown(cx, &role) } })
}

/// Without tags and boundaries, as ListRoles in the IAM API reference says.
pub fn list(cx: &Cx, input: ListRoles) -> Result<ListRolesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let cut = ROLES.page(cx, input.path_prefix.as_deref(), &page);
    let listed = |it: &Stored| Role { tags: None, permissions_boundary: None, ..shown(cx, it) };
    let roles = cut.items.iter().map(listed).collect();
    Ok(ListRolesOutput { roles, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn update(cx: &mut Cx, input: UpdateRole) -> Result<UpdateRoleOutput> {
    // What may be changed of a service-linked role is its description (Edit a service-linked role, in the user guide).
    let mut role = match input.max_session_duration {
        Some(_) => changeable(cx, &input.role_name)?,
        None => ROLES.by_name(cx, &input.role_name)?,
    };
    role.description = input.description.or(role.description);
    role.max_session = input.max_session_duration.unwrap_or(role.max_session);
    ROLES.put(cx, &role);
    Ok(UpdateRoleOutput {})
}

pub fn update_description(cx: &mut Cx, input: UpdateRoleDescription) -> Result<UpdateRoleDescriptionOutput> {
    let mut role = ROLES.by_name(cx, &input.role_name)?;
    role.description = Some(input.description);
    ROLES.put(cx, &role);
    Ok(UpdateRoleDescriptionOutput { role: Some(shown(cx, &role)) })
}

pub fn update_trust(cx: &mut Cx, input: UpdateAssumeRolePolicy) -> Result<UpdateAssumeRolePolicyOutput> {
    let mut role = changeable(cx, &input.role_name)?;
    role.trust = trust::bound(cx, input.policy_document)?;
    ROLES.put(cx, &role);
    Ok(UpdateAssumeRolePolicyOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteRole) -> Result<DeleteRoleOutput> {
    let role = changeable(cx, &input.role_name)?;
    if !profile::with_role(cx, &role.id).is_empty() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must remove roles from instance profile first."));
    }
    entity::check_bare(cx, &Entity::from(role.clone()))?;
    remove(cx, role);
    Ok(DeleteRoleOutput {})
}

pub fn remove(cx: &mut Cx, role: Stored) {
    ROLES.delete(cx, &role.name);
    entity::forget(cx, &Entity::from(role));
}

/// To be changed by somebody else than AWS.
pub fn changeable(cx: &Cx, name: &str) -> Result<Stored> {
    let role = ROLES.by_name(cx, name)?;
    if !role.is_service_linked() {
        return Ok(role);
    }
    Err(error::UNMODIFIABLE_ENTITY.with(format!(
        "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
        role.name
    )))
}

/// Empty when it was never used.
pub fn last_used(cx: &Cx, role: &Stored) -> RoleLastUsed {
    let Some(last) = cx.last_use(&role.id) else { return RoleLastUsed::default() };
    RoleLastUsed { last_used_date: Some(Timestamp(last.time)), region: Some(last.region) }
}

pub fn shown(cx: &Cx, role: &Stored) -> Role {
    Role {
        path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        arn: ROLES.arn(cx, role),
        create_date: Timestamp(role.created_at),
        assume_role_policy_document: Some(encoded(&role.trust.shown(cx))),
        description: role.description.clone(),
        max_session_duration: Some(role.max_session),
        permissions_boundary: boundary::shown(role.boundary.as_ref()),
        tags: shown_tags(&role.tags),
        role_last_used: None,
        source_role_template: None,
    }
}

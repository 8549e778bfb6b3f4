//! Permissions boundaries of users and roles: managed policies that bound what the others allow.

use crate::entity::Entity;
use crate::role::ROLES;
use crate::user::USERS;
use crate::{managed, role};
use api::iam::{
    AttachedPermissionsBoundary, DeleteRolePermissionsBoundary, DeleteRolePermissionsBoundaryOutput,
    DeleteUserPermissionsBoundary, DeleteUserPermissionsBoundaryOutput, PutRolePermissionsBoundary,
    PutRolePermissionsBoundaryOutput, PutUserPermissionsBoundary, PutUserPermissionsBoundaryOutput, error,
};
use kernel::Cx;
use model::Result;
use store::{Span, Table};

/// Whom a policy bounds. Key: (policy's ARN, id).
static BOUNDED: Table<()> = Table::account("iam.bounded");

pub fn put_user(cx: &mut Cx, input: PutUserPermissionsBoundary) -> Result<PutUserPermissionsBoundaryOutput> {
    let mut user = USERS.by_name(cx, &input.user_name)?;
    check(cx, &input.permissions_boundary)?;
    note(cx, &user.id, user.boundary.as_deref(), Some(&input.permissions_boundary));
    user.boundary = Some(input.permissions_boundary);
    USERS.put(cx, &user);
    Ok(PutUserPermissionsBoundaryOutput {})
}

pub fn delete_user(cx: &mut Cx, input: DeleteUserPermissionsBoundary) -> Result<DeleteUserPermissionsBoundaryOutput> {
    let mut user = USERS.by_name(cx, &input.user_name)?;
    let boundary = user.boundary.take().ok_or_else(|| none(&Entity::from(user.clone())))?;
    note(cx, &user.id, Some(&boundary), None);
    USERS.put(cx, &user);
    Ok(DeleteUserPermissionsBoundaryOutput {})
}

pub fn put_role(cx: &mut Cx, input: PutRolePermissionsBoundary) -> Result<PutRolePermissionsBoundaryOutput> {
    let mut role = role::changeable(cx, &input.role_name)?;
    check(cx, &input.permissions_boundary)?;
    note(cx, &role.id, role.boundary.as_deref(), Some(&input.permissions_boundary));
    role.boundary = Some(input.permissions_boundary);
    ROLES.put(cx, &role);
    Ok(PutRolePermissionsBoundaryOutput {})
}

pub fn delete_role(cx: &mut Cx, input: DeleteRolePermissionsBoundary) -> Result<DeleteRolePermissionsBoundaryOutput> {
    let mut role = role::changeable(cx, &input.role_name)?;
    let boundary = role.boundary.take().ok_or_else(|| none(&Entity::from(role.clone())))?;
    note(cx, &role.id, Some(&boundary), None);
    ROLES.put(cx, &role);
    Ok(DeleteRolePermissionsBoundaryOutput {})
}

/// A boundary is a managed policy, AWS's or the account's.
pub fn check(cx: &Cx, arn: &str) -> Result<()> {
    managed::check_arn(arn)?;
    if managed::exists(cx, arn) {
        return managed::check_attachable(arn);
    }
    Err(error::NO_SUCH_ENTITY.with(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

/// The one place that keeps the index in line with the entities.
pub fn note(cx: &mut Cx, id: &str, before: Option<&str>, after: Option<&str>) {
    if let Some(arn) = before {
        cx.delete(&BOUNDED, &(arn, id));
    }
    if let Some(arn) = after {
        cx.put(&BOUNDED, &(arn, id), &());
    }
}

/// The ids of whom a policy bounds.
pub fn bounded_by(cx: &Cx, arn: &str) -> Vec<String> {
    let keys: Vec<(String, String)> = cx.keys(&BOUNDED, Span::prefix(arn), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

pub fn shown(arn: Option<&String>) -> Option<AttachedPermissionsBoundary> {
    Some(AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".to_owned()),
        permissions_boundary_arn: Some(arn?.clone()),
    })
}

fn none(entity: &Entity) -> model::Error {
    let (kind, name) = (entity.kind.word(), &entity.name);
    error::NO_SUCH_ENTITY.with(format!("The {kind} with name {name} has no permissions boundary."))
}

//! Service-linked roles: roles that a service of AWS makes for itself, with a name, a trust policy and permissions that
//! it alone decides on (Create a service-linked role, in the IAM user guide).

mod known;

use crate::attachment;
use crate::entity::{self, Entity};
use crate::role::ROLES;
use crate::role::{self, SERVICE_LINKED};
use crate::tag::Tags;
use crate::trust;
use api::iam::{
    CreateServiceLinkedRole, CreateServiceLinkedRoleOutput, DeleteServiceLinkedRole, DeleteServiceLinkedRoleOutput,
    GetServiceLinkedRoleDeletionStatus, GetServiceLinkedRoleDeletionStatusOutput, error,
};
use kernel::{Cx, Job};
use known::Linked;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Table;

/// Deletions, until they are forgotten. Key: the task's id.
static DELETIONS: Table<Deletion> = Table::account("iam.service-linked-role-deletion");
/// Deletes a role. Its task's id.
pub static DELETE: Job<String> = Job::new("iam.delete-service-linked-role");
/// Forgets a deletion.
pub static FORGET: Job<String> = Job::new("iam.forget-deletion");

#[derive(Serialize, Deserialize)]
struct Deletion {
    /// The role's id.
    role: String,
    is_done: bool,
}

const NAME: &str = "AWSServiceRoleFor";
const TASK: &str = "task";
/// Milliseconds for which the end of a deletion can be asked for.
const REMEMBERED: i64 = 86_400_000;

pub fn create(cx: &mut Cx, input: CreateServiceLinkedRole) -> Result<CreateServiceLinkedRoleOutput> {
    let service = &input.aws_service_name;
    let Some(linked) = known::find(service) else {
        return Err(error::INVALID_INPUT.with(format!("Cannot find Service Principal for {service}")));
    };
    if input.custom_suffix.is_some() && !linked.takes_suffix() {
        return Err(error::INVALID_INPUT.with(format!("Custom suffix is not allowed for {service}")));
    }
    let name = name(linked, input.custom_suffix.as_deref());
    if ROLES.by_name(cx, &name).is_ok() {
        return Err(error::INVALID_INPUT
            .with(format!("Service role name {name} has been taken in this account, please try a different suffix.")));
    }
    let trust_policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    ]});
    let role = role::Stored {
        path: format!("{SERVICE_LINKED}{service}/"),
        id: entity::new_id(cx, "AROA"),
        created_at: cx.now().0,
        trust: trust::bound(cx, trust_policy.to_string())?,
        description: input.description,
        max_session: role::DEFAULT_SESSION,
        boundary: None,
        tags: Tags::new(),
        name,
    };
    role::add(cx, &role)?;
    attachment::note(cx, &role.id, &format!("arn:aws:iam::aws:policy{SERVICE_LINKED}{}", linked.policy));
    Ok(CreateServiceLinkedRoleOutput { role: Some(role::shown(cx, &role)) })
}

/// Nothing here uses such a role yet, so every deletion succeeds.
pub fn delete(cx: &mut Cx, input: DeleteServiceLinkedRole) -> Result<DeleteServiceLinkedRoleOutput> {
    let role = ROLES.by_name(cx, &input.role_name)?;
    if !role.is_service_linked() {
        return Err(ROLES.missing(&input.role_name));
    }
    let id = format!("{TASK}{}{}/{}", role.path, role.name, cx.id());
    cx.put(&DELETIONS, id.as_str(), &Deletion { role: role.id, is_done: false });
    cx.at(cx.now(), &DELETE, &id);
    Ok(DeleteServiceLinkedRoleOutput { deletion_task_id: id })
}

pub fn deletion_status(
    cx: &Cx,
    input: GetServiceLinkedRoleDeletionStatus,
) -> Result<GetServiceLinkedRoleDeletionStatusOutput> {
    let id = &input.deletion_task_id;
    if role_of(id).is_none() {
        return Err(error::INVALID_INPUT.with(format!("Invalid DeletionTaskId: {id}")));
    }
    let Some(deletion) = cx.get(&DELETIONS, id.as_str()) else {
        return Err(error::NO_SUCH_ENTITY.with(format!("The deletion task with id {id} cannot be found.")));
    };
    let status = if deletion.is_done { "SUCCEEDED" } else { "IN_PROGRESS" };
    Ok(GetServiceLinkedRoleDeletionStatusOutput { status: status.to_owned(), reason: None })
}

pub fn carry_out(cx: &mut Cx, id: String) -> Result<()> {
    let Some(deletion) = cx.get(&DELETIONS, id.as_str()) else { return Ok(()) };
    let role = Entity::by_id(cx, &deletion.role).and_then(|it| ROLES.find(cx, &it.name));
    if let Some(role) = role {
        attachment::forget(cx, &role.id);
        role::remove(cx, role);
    }
    cx.put(&DELETIONS, id.as_str(), &Deletion { is_done: true, ..deletion });
    cx.at(Timestamp(cx.now().0 + REMEMBERED), &FORGET, &id);
    Ok(())
}

pub fn forget(cx: &mut Cx, id: String) -> Result<()> {
    cx.delete(&DELETIONS, id.as_str());
    Ok(())
}

/// What IAM is asked about.
pub fn new_arn(cx: &Cx, input: &CreateServiceLinkedRole) -> String {
    let service = &input.aws_service_name;
    let name = known::find(service).map(|it| name(it, input.custom_suffix.as_deref()));
    cx.global_arn("iam", &format!("role{SERVICE_LINKED}{service}/{}", name.as_deref().unwrap_or("*")))
}

/// What IAM is asked about: the role that the task deletes.
pub fn deleted_arn(cx: &Cx, task: &str) -> String {
    cx.global_arn("iam", &format!("role{}", role_of(task).unwrap_or("/*")))
}

fn name(linked: &Linked, suffix: Option<&str>) -> String {
    let suffix = suffix.map(|it| format!("_{it}"));
    format!("{NAME}{}{}", linked.role, suffix.unwrap_or_default())
}

/// `/aws-service-role/SERVICE/ROLE` of `task/aws-service-role/SERVICE/ROLE/ID` (DeleteServiceLinkedRole in the IAM API
/// reference).
fn role_of(task: &str) -> Option<&str> {
    let role = task.strip_prefix(TASK)?.rsplit_once('/')?.0;
    (role.starts_with(SERVICE_LINKED) && role.split('/').count() == 4).then_some(role)
}

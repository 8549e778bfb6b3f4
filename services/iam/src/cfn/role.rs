//! `AWS::IAM::Role`.

use super::holder::Holder;
use super::{ROLE_NAME, changed_tags, decoded, document, new_tags, number, tag_list, text, tree};
use crate::entity::Kind;
use api::iam::{
    CreateRole, DeleteRole, DeleteRolePermissionsBoundary, GetRole, PutRolePermissionsBoundary, TagRole, UntagRole,
    UpdateAssumeRolePolicy, UpdateRole,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

pub static ROLE: ResourceType = ResourceType {
    name: "AWS::IAM::Role",
    properties: &[
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "RoleName",
        "Tags",
    ],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

const DEFAULT_SESSION: i64 = 3_600;

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let name = text(it, "RoleName").unwrap_or_else(|| new.name_of_at_most(ROLE_NAME));
    cx.call(CreateRole {
        role_name: name.clone(),
        path: text(it, "Path"),
        assume_role_policy_document: document(it, "AssumeRolePolicyDocument"),
        description: text(it, "Description"),
        max_session_duration: number(it, "MaxSessionDuration"),
        permissions_boundary: text(it, "PermissionsBoundary"),
        tags: new_tags(new),
    })?;
    Holder::new(Kind::Role, &name).update(cx, &Properties::new(), it)?;
    Ok(Progress::Done { physical_id: name })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (name, before, after) = (change.physical_id.clone(), &change.before, &change.after);
    cx.call(UpdateAssumeRolePolicy {
        role_name: name.clone(),
        policy_document: document(after, "AssumeRolePolicyDocument"),
    })?;
    cx.call(UpdateRole {
        role_name: name.clone(),
        description: Some(text(after, "Description").unwrap_or_default()),
        max_session_duration: Some(number(after, "MaxSessionDuration").unwrap_or(DEFAULT_SESSION)),
    })?;
    match (text(before, "PermissionsBoundary"), text(after, "PermissionsBoundary")) {
        (before, Some(arn)) if before.as_ref() != Some(&arn) => {
            cx.call(PutRolePermissionsBoundary { role_name: name.clone(), permissions_boundary: arn })?;
        }
        (Some(_), None) => {
            cx.call(DeleteRolePermissionsBoundary { role_name: name.clone() })?;
        }
        (_, _) => {}
    }
    Holder::new(Kind::Role, &name).update(cx, before, after)?;
    let (tag_keys, tags) = changed_tags(change);
    if !tag_keys.is_empty() {
        cx.call(UntagRole { role_name: name.clone(), tag_keys })?;
    }
    if !tags.is_empty() {
        cx.call(TagRole { role_name: name.clone(), tags })?;
    }
    Ok(Progress::Done { physical_id: name })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let name = existing.physical_id.clone();
    Holder::new(Kind::Role, &name).strip(cx)?;
    cx.call(DeleteRole { role_name: name.clone() })?;
    Ok(Progress::Done { physical_id: name })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let role = cx.call(GetRole { role_name: existing.physical_id.clone() })?.role;
    let boundary = role.permissions_boundary.as_ref().and_then(|it| it.permissions_boundary_arn.clone());
    let trust = tree(&decoded(role.assume_role_policy_document.as_deref().unwrap_or_default()));
    let tags = tag_list(role.tags.clone());
    let mut properties = properties_of(role, &["Description", "MaxSessionDuration", "Path", "RoleName"]);
    properties.insert("AssumeRolePolicyDocument".to_owned(), trust);
    properties.extend(boundary.map(|it| ("PermissionsBoundary".to_owned(), json!(it))));
    properties.insert("Tags".to_owned(), tags);
    properties.extend(Holder::new(Kind::Role, &existing.physical_id).read(cx));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let role = cx.call(GetRole { role_name: existing.physical_id.clone() })?.role;
    Ok(Properties::from_iter([("Arn".to_owned(), json!(role.arn)), ("RoleId".to_owned(), json!(role.role_id))]))
}

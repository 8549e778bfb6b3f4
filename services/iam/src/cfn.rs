//! `AWS::IAM::Role`, `AWS::IAM::Policy`, `AWS::IAM::ManagedPolicy`.

use crate::{attachment, inline};
use api::iam::{
    AttachRolePolicy, CreatePolicy, CreateRole, DeletePolicy, DeleteRole, DeleteRolePolicy, DetachRolePolicy,
    GetPolicy, GetRole, PutRolePolicy, Tag, TagRole, UntagRole, UpdateAssumeRolePolicy, UpdateRole, error,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

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
    create: create_role,
    update: update_role,
    delete: delete_role,
    attributes: role_attributes,
};

pub static POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::Policy",
    properties: &["PolicyDocument", "PolicyName", "Roles"],
    create: create_policy,
    update: update_policy,
    delete: delete_policy,
    attributes: |_, existing| Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))])),
};

pub static MANAGED_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::ManagedPolicy",
    properties: &["Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"],
    create: create_managed,
    update: update_managed,
    delete: delete_managed,
    attributes: managed_attributes,
};

/// The longest name of a role and of a policy.
const ROLE_NAME: usize = 64;
const POLICY_NAME: usize = 128;

fn create_role(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let name = text(it, "RoleName").unwrap_or_else(|| new.name_of_at_most(ROLE_NAME));
    let mut tags = tags_of(it);
    tags.extend(new.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }));
    cx.call(CreateRole {
        role_name: name.clone(),
        path: text(it, "Path"),
        assume_role_policy_document: document(it, "AssumeRolePolicyDocument"),
        description: text(it, "Description"),
        max_session_duration: number(it, "MaxSessionDuration"),
        permissions_boundary: text(it, "PermissionsBoundary"),
        tags: Some(tags),
    })?;
    for (policy_name, policy_document) in policies_of(it) {
        cx.call(PutRolePolicy { role_name: name.clone(), policy_name, policy_document })?;
    }
    for policy_arn in list(it, "ManagedPolicyArns") {
        cx.call(AttachRolePolicy { role_name: name.clone(), policy_arn })?;
    }
    Ok(Progress::Done { physical_id: name })
}

fn update_role(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (role_name, before, after) = (change.physical_id.clone(), &change.before, &change.after);
    if text(before, "PermissionsBoundary") != text(after, "PermissionsBoundary") {
        return Err(error::INVALID_INPUT.with("Niebla cannot change PermissionsBoundary of AWS::IAM::Role yet."));
    }
    cx.call(UpdateAssumeRolePolicy {
        role_name: role_name.clone(),
        policy_document: document(after, "AssumeRolePolicyDocument"),
    })?;
    cx.call(UpdateRole {
        role_name: role_name.clone(),
        description: Some(text(after, "Description").unwrap_or_default()),
        max_session_duration: Some(number(after, "MaxSessionDuration").unwrap_or(3_600)),
    })?;
    let wanted: BTreeSet<String> = policies_of(after).into_iter().map(|it| it.0).collect();
    for (policy_name, _) in policies_of(before).into_iter().filter(|it| !wanted.contains(&it.0)) {
        cx.call(DeleteRolePolicy { role_name: role_name.clone(), policy_name })?;
    }
    for (policy_name, policy_document) in policies_of(after) {
        cx.call(PutRolePolicy { role_name: role_name.clone(), policy_name, policy_document })?;
    }
    let (had, wants) = (list(before, "ManagedPolicyArns"), list(after, "ManagedPolicyArns"));
    for policy_arn in had.iter().filter(|it| !wants.contains(it)).cloned() {
        cx.call(DetachRolePolicy { role_name: role_name.clone(), policy_arn })?;
    }
    for policy_arn in wants.iter().filter(|it| !had.contains(it)).cloned() {
        cx.call(AttachRolePolicy { role_name: role_name.clone(), policy_arn })?;
    }
    update_tags(cx, &role_name, before, after)?;
    Ok(Progress::Done { physical_id: role_name })
}

fn update_tags(cx: &mut Cx, role_name: &str, before: &Properties, after: &Properties) -> Result<()> {
    let tags = tags_of(after);
    let gone = tags_of(before).into_iter().map(|it| it.key).filter(|key| tags.iter().all(|it| it.key != *key));
    let tag_keys: Vec<String> = gone.collect();
    if !tag_keys.is_empty() {
        cx.call(UntagRole { role_name: role_name.to_owned(), tag_keys })?;
    }
    if !tags.is_empty() {
        cx.call(TagRole { role_name: role_name.to_owned(), tags })?;
    }
    Ok(())
}

/// With the policies that belong to it, also those that AWS::IAM::Policy has put there and not yet taken away.
fn delete_role(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let role_name = existing.physical_id.clone();
    for (policy_name, _) in inline::of(cx, &role_name) {
        cx.call(DeleteRolePolicy { role_name: role_name.clone(), policy_name })?;
    }
    for policy_arn in attachment::of(cx, &role_name) {
        cx.call(DetachRolePolicy { role_name: role_name.clone(), policy_arn })?;
    }
    cx.call(DeleteRole { role_name: role_name.clone() })?;
    Ok(Progress::Done { physical_id: role_name })
}

fn role_attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let role = cx.call(GetRole { role_name: existing.physical_id.clone() })?.role;
    Ok(Properties::from_iter([("Arn".to_owned(), json!(role.arn)), ("RoleId".to_owned(), json!(role.role_id))]))
}

fn create_policy(cx: &mut Cx, new: &New) -> Result<Progress> {
    put_policy(cx, &new.properties)?;
    Ok(Progress::Done { physical_id: new.generated_name.clone() })
}

fn put_policy(cx: &mut Cx, it: &Properties) -> Result<()> {
    for role_name in list(it, "Roles") {
        cx.call(PutRolePolicy {
            role_name,
            policy_name: text(it, "PolicyName").unwrap_or_default(),
            policy_document: document(it, "PolicyDocument"),
        })?;
    }
    Ok(())
}

fn update_policy(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (before, after) = (list(&change.before, "Roles"), list(&change.after, "Roles"));
    let renamed = text(&change.before, "PolicyName") != text(&change.after, "PolicyName");
    for role_name in before.into_iter().filter(|it| renamed || !after.contains(it)) {
        remove_policy(cx, role_name, &change.before)?;
    }
    put_policy(cx, &change.after)?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete_policy(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    for role_name in list(&existing.properties, "Roles") {
        remove_policy(cx, role_name, &existing.properties)?;
    }
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

/// What is gone already needs no removing.
fn remove_policy(cx: &mut Cx, role_name: String, it: &Properties) -> Result<()> {
    let policy_name = text(it, "PolicyName").unwrap_or_default();
    if inline::of(cx, &role_name).iter().any(|(name, _)| *name == policy_name) {
        cx.call(DeleteRolePolicy { role_name, policy_name })?;
    }
    Ok(())
}

fn create_managed(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let output = cx.call(CreatePolicy {
        policy_name: text(it, "ManagedPolicyName").unwrap_or_else(|| new.name_of_at_most(POLICY_NAME)),
        path: text(it, "Path"),
        policy_document: document(it, "PolicyDocument"),
        description: text(it, "Description"),
        tags: None,
    })?;
    let policy_arn = output.policy.and_then(|it| it.arn).unwrap_or_default();
    for role_name in list(it, "Roles") {
        cx.call(AttachRolePolicy { role_name, policy_arn: policy_arn.clone() })?;
    }
    Ok(Progress::Done { physical_id: policy_arn })
}

fn update_managed(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let policy_arn = change.physical_id.clone();
    if document(&change.before, "PolicyDocument") != document(&change.after, "PolicyDocument") {
        // That would be CreatePolicyVersion, which is not there yet and must not be passed by.
        return Err(error::INVALID_INPUT.with("Niebla cannot change PolicyDocument of AWS::IAM::ManagedPolicy yet."));
    }
    let (before, after) = (list(&change.before, "Roles"), list(&change.after, "Roles"));
    for role_name in before.iter().filter(|it| !after.contains(it)).cloned() {
        cx.call(DetachRolePolicy { role_name, policy_arn: policy_arn.clone() })?;
    }
    for role_name in after.iter().filter(|it| !before.contains(it)).cloned() {
        cx.call(AttachRolePolicy { role_name, policy_arn: policy_arn.clone() })?;
    }
    Ok(Progress::Done { physical_id: policy_arn })
}

fn delete_managed(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let policy_arn = existing.physical_id.clone();
    for role_name in attachment::roles_with(cx, &policy_arn) {
        cx.call(DetachRolePolicy { role_name, policy_arn: policy_arn.clone() })?;
    }
    cx.call(DeletePolicy { policy_arn: policy_arn.clone() })?;
    Ok(Progress::Done { physical_id: policy_arn })
}

fn managed_attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let policy = cx.call(GetPolicy { policy_arn: existing.physical_id.clone() })?.policy.unwrap_or_default();
    Ok(Properties::from_iter([
        ("PolicyArn".to_owned(), json!(policy.arn)),
        ("PolicyId".to_owned(), json!(policy.policy_id)),
        ("AttachmentCount".to_owned(), json!(policy.attachment_count)),
        ("CreateDate".to_owned(), json!(policy.create_date.map(|it| it.iso_8601()))),
        ("DefaultVersionId".to_owned(), json!(policy.default_version_id)),
        ("IsAttachable".to_owned(), json!(policy.is_attachable)),
        ("PermissionsBoundaryUsageCount".to_owned(), json!(policy.permissions_boundary_usage_count)),
        ("UpdateDate".to_owned(), json!(policy.update_date.map(|it| it.iso_8601()))),
    ]))
}

fn text(it: &Properties, name: &str) -> Option<String> {
    it.get(name)?.as_str().map(str::to_owned)
}

fn number(it: &Properties, name: &str) -> Option<i64> {
    let value = it.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A policy may be given as JSON or as text.
fn document(it: &Properties, name: &str) -> String {
    match it.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(json) => json.to_string(),
        None => String::new(),
    }
}

fn list(it: &Properties, name: &str) -> Vec<String> {
    let items = it.get(name).and_then(Json::as_array).into_iter().flatten();
    items.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// (name, document) of a role's `Policies`.
fn policies_of(it: &Properties) -> Vec<(String, String)> {
    let items = it.get("Policies").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object);
    items.filter_map(|it| Some((text(it, "PolicyName")?, document(it, "PolicyDocument")))).collect()
}

fn tags_of(it: &Properties) -> Vec<Tag> {
    let items = it.get("Tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object);
    items.filter_map(|it| Some(Tag { key: text(it, "Key")?, value: text(it, "Value")? })).collect()
}

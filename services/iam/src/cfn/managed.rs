//! `AWS::IAM::ManagedPolicy`.

use super::holder::Holder;
use super::{LONG_NAME, decoded, document, text, tree};
use crate::entity::Entity;
use crate::version::MOST_VERSIONS;
use crate::{attachment, managed, version};
use api::iam::{CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, GetPolicy, GetPolicyVersion};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

pub static MANAGED_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::ManagedPolicy",
    properties: &["Description", "Groups", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let output = cx.call(CreatePolicy {
        policy_name: text(it, "ManagedPolicyName").unwrap_or_else(|| new.name_of_at_most(LONG_NAME)),
        path: text(it, "Path"),
        policy_document: document(it, "PolicyDocument"),
        description: text(it, "Description"),
        tags: None,
    })?;
    let policy_arn = output.policy.and_then(|it| it.arn).unwrap_or_default();
    for holder in Holder::named_in(it) {
        holder.attach(cx, policy_arn.clone())?;
    }
    Ok(Progress::Done { physical_id: policy_arn })
}

/// A changed document becomes a new default version; the oldest makes room for it.
fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let policy_arn = change.physical_id.clone();
    let policy_document = document(&change.after, "PolicyDocument");
    if document(&change.before, "PolicyDocument") != policy_document {
        let others = other_versions(cx, &policy_arn)?;
        if let Some(oldest) = others.first().filter(|_| others.len() + 1 >= MOST_VERSIONS) {
            cx.call(DeletePolicyVersion { policy_arn: policy_arn.clone(), version_id: oldest.clone() })?;
        }
        let set_as_default = Some(true);
        cx.call(CreatePolicyVersion { policy_arn: policy_arn.clone(), policy_document, set_as_default })?;
    }
    let (before, after) = (Holder::named_in(&change.before), Holder::named_in(&change.after));
    for holder in before.iter().filter(|it| !after.contains(it)) {
        holder.detach(cx, policy_arn.clone())?;
    }
    for holder in after.iter().filter(|it| !before.contains(it)) {
        holder.attach(cx, policy_arn.clone())?;
    }
    Ok(Progress::Done { physical_id: policy_arn })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let policy_arn = existing.physical_id.clone();
    for Entity { kind, name, .. } in
        attachment::holders(cx, &policy_arn).iter().filter_map(|id| Entity::by_id(cx, id)).collect::<Vec<_>>()
    {
        Holder { kind, name }.detach(cx, policy_arn.clone())?;
    }
    for version_id in other_versions(cx, &policy_arn)? {
        cx.call(DeletePolicyVersion { policy_arn: policy_arn.clone(), version_id })?;
    }
    cx.call(DeletePolicy { policy_arn: policy_arn.clone() })?;
    Ok(Progress::Done { physical_id: policy_arn })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let policy_arn = existing.physical_id.clone();
    let policy = cx.call(GetPolicy { policy_arn: policy_arn.clone() })?.policy.unwrap_or_default();
    let (name, version_id) = (policy.policy_name.clone(), policy.default_version_id.clone().unwrap_or_default());
    let mut properties = properties_of(policy, &["Description", "Path"]);
    properties.insert("ManagedPolicyName".to_owned(), json!(name));
    let version = cx.call(GetPolicyVersion { policy_arn: policy_arn.clone(), version_id })?.policy_version;
    let document = version.and_then(|it| it.document).unwrap_or_default();
    properties.insert("PolicyDocument".to_owned(), tree(&decoded(&document)));
    // Others may attach it too: that is no drift of the policy.
    let named = Holder::named_in(&existing.properties);
    properties.extend(Holder::named_as(&named, |it| it.has_attached(cx, &policy_arn)));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
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

/// Those that are not the default, oldest first.
fn other_versions(cx: &Cx, arn: &str) -> Result<Vec<String>> {
    let policy = managed::by_arn(cx, arn)?;
    let numbers = version::numbers(cx, &policy.id).into_iter().filter(|it| *it != policy.default_version);
    Ok(numbers.map(|it| format!("v{it}")).collect())
}

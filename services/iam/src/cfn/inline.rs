//! `AWS::IAM::UserPolicy`, `AWS::IAM::GroupPolicy`, `AWS::IAM::RolePolicy`: one inline policy each.
//!
//! Their physical id is both parts of their identifier: `policy|user`.

use super::holder::Holder;
use super::{document, text};
use crate::entity::Kind;
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;

pub static USER_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::UserPolicy",
    properties: &["PolicyDocument", "PolicyName", "UserName"],
    create: |cx, new| create(cx, Kind::User, new),
    update: |cx, change| update(cx, Kind::User, change),
    delete: |cx, existing| delete(cx, Kind::User, existing),
    attributes: |_, _| Ok(Properties::new()),
};

pub static GROUP_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::GroupPolicy",
    properties: &["GroupName", "PolicyDocument", "PolicyName"],
    create: |cx, new| create(cx, Kind::Group, new),
    update: |cx, change| update(cx, Kind::Group, change),
    delete: |cx, existing| delete(cx, Kind::Group, existing),
    attributes: |_, _| Ok(Properties::new()),
};

pub static ROLE_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::RolePolicy",
    properties: &["PolicyDocument", "PolicyName", "RoleName"],
    create: |cx, new| create(cx, Kind::Role, new),
    update: |cx, change| update(cx, Kind::Role, change),
    delete: |cx, existing| delete(cx, Kind::Role, existing),
    attributes: |_, _| Ok(Properties::new()),
};

fn create(cx: &mut Cx, kind: Kind, new: &New) -> Result<Progress> {
    put(cx, kind, &new.properties)
}

fn update(cx: &mut Cx, kind: Kind, change: &Change) -> Result<Progress> {
    put(cx, kind, &change.after)
}

fn delete(cx: &mut Cx, kind: Kind, existing: &Existing) -> Result<Progress> {
    let (holder, name) = holder(kind, &existing.properties);
    holder.remove(cx, name)?;
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn put(cx: &mut Cx, kind: Kind, it: &Properties) -> Result<Progress> {
    let (holder, name) = holder(kind, it);
    let physical_id = format!("{name}|{}", holder.name);
    holder.put(cx, name, document(it, "PolicyDocument"))?;
    Ok(Progress::Done { physical_id })
}

fn holder(kind: Kind, it: &Properties) -> (Holder, String) {
    let property = match kind {
        Kind::User => "UserName",
        Kind::Group => "GroupName",
        Kind::Role => "RoleName",
    };
    let name = text(it, property).unwrap_or_default();
    (Holder { kind, name }, text(it, "PolicyName").unwrap_or_default())
}

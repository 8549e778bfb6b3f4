//! `AWS::IAM::UserPolicy`, `AWS::IAM::GroupPolicy`, `AWS::IAM::RolePolicy`: one inline policy each.
//!
//! Their physical id is both parts of their identifier: `policy|user`.

use super::holder::Holder;
use super::{document, text};
use crate::entity::Kind;
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::json;

pub static USER_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::UserPolicy",
    properties: &["PolicyDocument", "PolicyName", "UserName"],
    create: |cx, new| create(cx, Kind::User, new),
    update: |cx, change| update(cx, Kind::User, change),
    delete: |cx, existing| delete(cx, Kind::User, existing),
    attributes: |_, _| Ok(Properties::new()),
    read: Some(|cx, existing| read(cx, Kind::User, existing)),
};

pub static GROUP_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::GroupPolicy",
    properties: &["GroupName", "PolicyDocument", "PolicyName"],
    create: |cx, new| create(cx, Kind::Group, new),
    update: |cx, change| update(cx, Kind::Group, change),
    delete: |cx, existing| delete(cx, Kind::Group, existing),
    attributes: |_, _| Ok(Properties::new()),
    read: Some(|cx, existing| read(cx, Kind::Group, existing)),
};

pub static ROLE_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::RolePolicy",
    properties: &["PolicyDocument", "PolicyName", "RoleName"],
    create: |cx, new| create(cx, Kind::Role, new),
    update: |cx, change| update(cx, Kind::Role, change),
    delete: |cx, existing| delete(cx, Kind::Role, existing),
    attributes: |_, _| Ok(Properties::new()),
    read: Some(|cx, existing| read(cx, Kind::Role, existing)),
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

fn read(cx: &mut Cx, kind: Kind, existing: &Existing) -> Result<Properties> {
    let (holder, name) = holder(kind, &existing.properties);
    let document = holder.document(cx, name.clone())?;
    Ok(Properties::from_iter([
        (holder_property(kind).to_owned(), json!(holder.name)),
        ("PolicyName".to_owned(), json!(name)),
        ("PolicyDocument".to_owned(), document),
    ]))
}

fn put(cx: &mut Cx, kind: Kind, it: &Properties) -> Result<Progress> {
    let (holder, name) = holder(kind, it);
    let physical_id = format!("{name}|{}", holder.name);
    holder.put(cx, name, document(it, "PolicyDocument"))?;
    Ok(Progress::Done { physical_id })
}

fn holder(kind: Kind, it: &Properties) -> (Holder, String) {
    let name = text(it, holder_property(kind)).unwrap_or_default();
    (Holder { kind, name }, text(it, "PolicyName").unwrap_or_default())
}

fn holder_property(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "UserName",
        Kind::Group => "GroupName",
        Kind::Role => "RoleName",
    }
}

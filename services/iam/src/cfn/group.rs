//! `AWS::IAM::Group`.

use super::holder::Holder;
use super::{LONG_NAME, text};
use crate::entity::Kind;
use api::iam::{CreateGroup, DeleteGroup, GetGroup, UpdateGroup};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

pub static GROUP: ResourceType = ResourceType {
    name: "AWS::IAM::Group",
    properties: &["GroupName", "ManagedPolicyArns", "Path", "Policies"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let name = text(it, "GroupName").unwrap_or_else(|| new.name_of_at_most(LONG_NAME));
    cx.call(CreateGroup { group_name: name.clone(), path: text(it, "Path") })?;
    Holder::new(Kind::Group, &name).update(cx, &Properties::new(), it)?;
    Ok(Progress::Done { physical_id: name })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (name, before, after) = (change.physical_id.clone(), &change.before, &change.after);
    if text(before, "Path") != text(after, "Path") {
        let new_path = Some(text(after, "Path").unwrap_or_else(|| "/".to_owned()));
        cx.call(UpdateGroup { group_name: name.clone(), new_path, new_group_name: None })?;
    }
    Holder::new(Kind::Group, &name).update(cx, before, after)?;
    Ok(Progress::Done { physical_id: name })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let name = existing.physical_id.clone();
    Holder::new(Kind::Group, &name).strip(cx)?;
    cx.call(DeleteGroup { group_name: name.clone() })?;
    Ok(Progress::Done { physical_id: name })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let input = GetGroup { group_name: existing.physical_id.clone(), ..GetGroup::default() };
    let mut properties = properties_of(cx.call(input)?.group, &["GroupName", "Path"]);
    properties.extend(Holder::new(Kind::Group, &existing.physical_id).read(cx));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let input = GetGroup { group_name: existing.physical_id.clone(), ..GetGroup::default() };
    let group = cx.call(input)?.group;
    Ok(Properties::from_iter([("Arn".to_owned(), json!(group.arn))]))
}

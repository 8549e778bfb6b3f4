//! `AWS::IAM::InstanceProfile`.

use super::{LONG_NAME, list, text, without};
use api::iam::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile,
    RemoveRoleFromInstanceProfile,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

pub static INSTANCE_PROFILE: ResourceType = ResourceType {
    name: "AWS::IAM::InstanceProfile",
    properties: &["InstanceProfileName", "Path", "Roles"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let name = text(it, "InstanceProfileName").unwrap_or_else(|| new.name_of_at_most(LONG_NAME));
    let path = text(it, "Path");
    cx.call(CreateInstanceProfile { instance_profile_name: name.clone(), path, tags: None })?;
    add(cx, &name, list(it, "Roles"))?;
    Ok(Progress::Done { physical_id: name })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (had, wants) = (list(&change.before, "Roles"), list(&change.after, "Roles"));
    remove(cx, &change.physical_id, &without(&had, &wants))?;
    add(cx, &change.physical_id, without(&wants, &had))?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let name = existing.physical_id.clone();
    remove(cx, &name, &list(&existing.properties, "Roles"))?;
    cx.call(DeleteInstanceProfile { instance_profile_name: name.clone() })?;
    Ok(Progress::Done { physical_id: name })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let input = GetInstanceProfile { instance_profile_name: existing.physical_id.clone() };
    let profile = cx.call(input)?.instance_profile;
    let roles: Vec<String> = profile.roles.iter().map(|it| it.role_name.clone()).collect();
    let mut properties = properties_of(profile, &["InstanceProfileName", "Path"]);
    properties.insert("Roles".to_owned(), json!(roles));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let input = GetInstanceProfile { instance_profile_name: existing.physical_id.clone() };
    let profile = cx.call(input)?.instance_profile;
    Ok(Properties::from_iter([("Arn".to_owned(), json!(profile.arn))]))
}

fn add(cx: &mut Cx, name: &str, roles: Vec<String>) -> Result<()> {
    for role_name in roles {
        cx.call(AddRoleToInstanceProfile { instance_profile_name: name.to_owned(), role_name })?;
    }
    Ok(())
}

/// A role that is out of it already needs no removing.
fn remove(cx: &mut Cx, name: &str, roles: &[String]) -> Result<()> {
    let profile = cx.call(GetInstanceProfile { instance_profile_name: name.to_owned() })?.instance_profile;
    for role in profile.roles.into_iter().filter(|it| roles.contains(&it.role_name)) {
        let (instance_profile_name, role_name) = (name.to_owned(), role.role_name);
        cx.call(RemoveRoleFromInstanceProfile { instance_profile_name, role_name })?;
    }
    Ok(())
}

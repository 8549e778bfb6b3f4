//! `AWS::IAM::UserToGroupAddition`.

use super::{list, text, without};
use crate::entity::Entity;
use crate::membership;
use api::iam::{AddUserToGroup, GetGroup, RemoveUserFromGroup};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::json;

pub static USER_TO_GROUP_ADDITION: ResourceType = ResourceType {
    name: "AWS::IAM::UserToGroupAddition",
    properties: &["GroupName", "Users"],
    create,
    update,
    delete,
    attributes: |_, existing| Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))])),
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let group = text(&new.properties, "GroupName").unwrap_or_default();
    add(cx, &group, list(&new.properties, "Users"))?;
    Ok(Progress::Done { physical_id: new.generated_name.clone() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let group = |it| text(it, "GroupName").unwrap_or_default();
    let (before, after) = (group(&change.before), group(&change.after));
    let (had, wants) = (list(&change.before, "Users"), list(&change.after, "Users"));
    if before == after {
        remove(cx, &before, without(&had, &wants))?;
        add(cx, &after, without(&wants, &had))?;
    } else {
        remove(cx, &before, had)?;
        add(cx, &after, wants)?;
    }
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let group = text(&existing.properties, "GroupName").unwrap_or_default();
    remove(cx, &group, list(&existing.properties, "Users"))?;
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

/// Of the users that the template names, those that are in the group.
fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let group_name = text(&existing.properties, "GroupName").unwrap_or_default();
    let members = cx.call(GetGroup { group_name: group_name.clone(), ..GetGroup::default() })?.users;
    let named = list(&existing.properties, "Users").into_iter();
    let users: Vec<String> = named.filter(|name| members.iter().any(|it| it.user_name == *name)).collect();
    Ok(Properties::from_iter([("GroupName".to_owned(), json!(group_name)), ("Users".to_owned(), json!(users))]))
}

fn add(cx: &mut Cx, group: &str, users: Vec<String>) -> Result<()> {
    for user_name in users {
        cx.call(AddUserToGroup { group_name: group.to_owned(), user_name })?;
    }
    Ok(())
}

/// Who has left already needs no removing.
fn remove(cx: &mut Cx, group: &str, users: Vec<String>) -> Result<()> {
    let Ok(members) = Entity::group(cx, group).map(|it| membership::users_of(cx, &it.id)) else { return Ok(()) };
    for user_name in users.into_iter().filter(|it| members.iter().any(|member| member.name == *it)) {
        cx.call(RemoveUserFromGroup { group_name: group.to_owned(), user_name })?;
    }
    Ok(())
}

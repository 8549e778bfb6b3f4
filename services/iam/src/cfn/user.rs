//! `AWS::IAM::User`.

use super::holder::Holder;
use super::{USER_NAME, changed_tags, list, new_tags, tag_list, text, without};
use crate::entity::{Entity, Kind};
use crate::membership;
use api::iam::{
    AddUserToGroup, CreateUser, DeleteUser, DeleteUserPermissionsBoundary, GetUser, ListGroupsForUser,
    PutUserPermissionsBoundary, RemoveUserFromGroup, TagUser, UntagUser, UpdateUser,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

pub static USER: ResourceType = ResourceType {
    name: "AWS::IAM::User",
    properties: &["Groups", "ManagedPolicyArns", "Path", "PermissionsBoundary", "Policies", "Tags", "UserName"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let name = text(it, "UserName").unwrap_or_else(|| new.name_of_at_most(USER_NAME));
    cx.call(CreateUser {
        user_name: name.clone(),
        path: text(it, "Path"),
        permissions_boundary: text(it, "PermissionsBoundary"),
        tags: new_tags(new),
    })?;
    for group_name in list(it, "Groups") {
        cx.call(AddUserToGroup { group_name, user_name: name.clone() })?;
    }
    Holder::new(Kind::User, &name).update(cx, &Properties::new(), it)?;
    Ok(Progress::Done { physical_id: name })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let (name, before, after) = (change.physical_id.clone(), &change.before, &change.after);
    if text(before, "Path") != text(after, "Path") {
        let new_path = Some(text(after, "Path").unwrap_or_else(|| "/".to_owned()));
        cx.call(UpdateUser { user_name: name.clone(), new_path, new_user_name: None })?;
    }
    match (text(before, "PermissionsBoundary"), text(after, "PermissionsBoundary")) {
        (before, Some(arn)) if before.as_ref() != Some(&arn) => {
            cx.call(PutUserPermissionsBoundary { user_name: name.clone(), permissions_boundary: arn })?;
        }
        (Some(_), None) => {
            cx.call(DeleteUserPermissionsBoundary { user_name: name.clone() })?;
        }
        (_, _) => {}
    }
    let (had, wants) = (list(before, "Groups"), list(after, "Groups"));
    for group_name in without(&had, &wants) {
        cx.call(RemoveUserFromGroup { group_name, user_name: name.clone() })?;
    }
    for group_name in without(&wants, &had) {
        cx.call(AddUserToGroup { group_name, user_name: name.clone() })?;
    }
    Holder::new(Kind::User, &name).update(cx, before, after)?;
    let (tag_keys, tags) = changed_tags(change);
    if !tag_keys.is_empty() {
        cx.call(UntagUser { user_name: name.clone(), tag_keys })?;
    }
    if !tags.is_empty() {
        cx.call(TagUser { user_name: name.clone(), tags })?;
    }
    Ok(Progress::Done { physical_id: name })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let name = existing.physical_id.clone();
    if let Ok(user) = Entity::user(cx, &name) {
        for group in membership::groups_of(cx, &user.id) {
            cx.call(RemoveUserFromGroup { group_name: group.name, user_name: name.clone() })?;
        }
    }
    Holder::new(Kind::User, &name).strip(cx)?;
    cx.call(DeleteUser { user_name: name.clone() })?;
    Ok(Progress::Done { physical_id: name })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let name = existing.physical_id.clone();
    let user = cx.call(GetUser { user_name: Some(name.clone()) })?.user;
    let boundary = user.permissions_boundary.as_ref().and_then(|it| it.permissions_boundary_arn.clone());
    let tags = tag_list(user.tags.clone());
    let mut properties = properties_of(user, &["Path", "UserName"]);
    properties.extend(boundary.map(|it| ("PermissionsBoundary".to_owned(), json!(it))));
    properties.insert("Tags".to_owned(), tags);
    let groups = cx.call(ListGroupsForUser { user_name: name.clone(), ..ListGroupsForUser::default() })?.groups;
    let groups: Vec<String> = groups.into_iter().map(|it| it.group_name).collect();
    properties.insert("Groups".to_owned(), json!(groups));
    properties.extend(Holder::new(Kind::User, &name).read(cx));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let user = cx.call(GetUser { user_name: Some(existing.physical_id.clone()) })?.user;
    Ok(Properties::from_iter([("Arn".to_owned(), json!(user.arn))]))
}

//! Groups of users.

use crate::entity::{self, Entity, Kind, key};
use crate::membership;
use crate::page::Page;
use crate::user;
use api::iam::{
    CreateGroup, CreateGroupOutput, DeleteGroup, DeleteGroupOutput, GetGroup, GetGroupOutput, Group, ListGroups,
    ListGroupsOutput, UpdateGroup, UpdateGroupOutput, User, error,
};
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every group. Key: name in lower case.
pub static GROUPS: Table<Stored> = Table::account("iam.group");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AGPA…`
    pub id: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

pub const QUOTA: (&str, usize) = ("GroupsPerAccount", 300);

pub fn create(cx: &mut Cx, input: CreateGroup) -> Result<CreateGroupOutput> {
    check_free(cx, &input.group_name)?;
    entity::check_room(cx, &GROUPS, QUOTA)?;
    let group = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: entity::new_id(cx, "AGPA"),
        created_at: cx.now().0,
        name: input.group_name,
    };
    entity::identify(cx, &group.id, Kind::Group, &group.name);
    put(cx, &group);
    Ok(CreateGroupOutput { group: shown(cx, &group) })
}

/// With its users.
pub fn get(cx: &Cx, input: GetGroup) -> Result<GetGroupOutput> {
    let group = by_name(cx, &input.group_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(membership::users_of(cx, &group.id), |it| key(&it.name));
    let listed = |it: &user::Stored| User { tags: None, permissions_boundary: None, ..user::shown(cx, it) };
    let users = cut.items.iter().map(listed).collect();
    Ok(GetGroupOutput { group: shown(cx, &group), users, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list(cx: &Cx, input: ListGroups) -> Result<ListGroupsOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let groups = all(cx).into_iter().filter(|it| it.path.starts_with(&prefix));
    let cut = page.cut(groups, |it| key(&it.name));
    let groups = cut.items.iter().map(|it| shown(cx, it)).collect();
    Ok(ListGroupsOutput { groups, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn update(cx: &mut Cx, input: UpdateGroup) -> Result<UpdateGroupOutput> {
    let mut group = by_name(cx, &input.group_name)?;
    let before = key(&group.name);
    if let Some(name) = input.new_group_name {
        if key(&name) != before {
            check_free(cx, &name)?;
        }
        group.name = name;
    }
    group.path = input.new_path.unwrap_or(group.path);
    cx.delete(&GROUPS, before.as_str());
    entity::identify(cx, &group.id, Kind::Group, &group.name);
    put(cx, &group);
    Ok(UpdateGroupOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteGroup) -> Result<DeleteGroupOutput> {
    let group = Entity::group(cx, &input.group_name)?;
    if !membership::users_of(cx, &group.id).is_empty() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must remove users from group first."));
    }
    entity::check_bare(cx, &group)?;
    entity::forget(cx, &group);
    cx.delete(&GROUPS, key(&group.name).as_str());
    Ok(DeleteGroupOutput {})
}

pub fn by_name(cx: &Cx, name: &str) -> Result<Stored> {
    cx.get(&GROUPS, key(name).as_str()).ok_or_else(|| no_such(name))
}

pub fn all(cx: &Cx) -> Vec<Stored> {
    cx.range(&GROUPS, Span::all(), usize::MAX)
}

/// What IAM is asked about: the group with its path, or as if it had none when there is no such group.
pub fn arn(cx: &Cx, name: &str) -> String {
    let path = cx.get(&GROUPS, key(name).as_str()).map_or_else(|| "/".to_owned(), |it| it.path);
    cx.global_arn("iam", &format!("group{path}{name}"))
}

pub fn new_arn(cx: &Cx, input: &CreateGroup) -> String {
    cx.global_arn("iam", &format!("group{}{}", input.path.as_deref().unwrap_or("/"), input.group_name))
}

pub fn shown(cx: &Cx, group: &Stored) -> Group {
    Group {
        path: group.path.clone(),
        group_name: group.name.clone(),
        group_id: group.id.clone(),
        arn: cx.global_arn("iam", &format!("group{}{}", group.path, group.name)),
        create_date: Timestamp(group.created_at),
    }
}

fn put(cx: &mut Cx, group: &Stored) {
    cx.put(&GROUPS, key(&group.name).as_str(), group);
}

fn check_free(cx: &Cx, name: &str) -> Result<()> {
    if !cx.has(&GROUPS, key(name).as_str()) {
        return Ok(());
    }
    Err(error::ENTITY_ALREADY_EXISTS.with(format!("Group with name {name} already exists.")))
}

fn no_such(name: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("The group with name {name} cannot be found."))
}

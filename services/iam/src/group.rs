//! Groups of users.

use crate::entity::{self, Entity, Kind};
use crate::membership;
use crate::page::Page;
use crate::row::{Rows, key};
use crate::user;
use api::iam::{
    CreateGroup, CreateGroupOutput, DeleteGroup, DeleteGroupOutput, GetGroup, GetGroupOutput, Group, ListGroups,
    ListGroupsOutput, UpdateGroup, UpdateGroupOutput, User, error,
};
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Table;

/// Every group. Key: name in lower case.
pub static GROUPS: Rows<Stored> = Rows {
    table: Table::account("iam.group"),
    kind: "group",
    quota: ("GroupsPerAccount", 300),
    place: |it| (&it.path, &it.name),
    missing: |name| format!("The group with name {name} cannot be found."),
    taken: |name| format!("Group with name {name} already exists."),
};

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

pub fn create(cx: &mut Cx, input: CreateGroup) -> Result<CreateGroupOutput> {
    GROUPS.check_free(cx, &input.group_name)?;
    GROUPS.check_room(cx)?;
    let group = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: entity::new_id(cx, "AGPA"),
        created_at: cx.now().0,
        name: input.group_name,
    };
    entity::identify(cx, &group.id, Kind::Group, &group.name);
    GROUPS.put(cx, &group);
    Ok(CreateGroupOutput { group: shown(cx, &group) })
}

/// With its users.
pub fn get(cx: &Cx, input: GetGroup) -> Result<GetGroupOutput> {
    let group = GROUPS.by_name(cx, &input.group_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(membership::users_of(cx, &group.id), |it| key(&it.name));
    let listed = |it: &user::Stored| User { tags: None, permissions_boundary: None, ..user::shown(cx, it) };
    let users = cut.items.iter().map(listed).collect();
    Ok(GetGroupOutput { group: shown(cx, &group), users, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list(cx: &Cx, input: ListGroups) -> Result<ListGroupsOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let cut = GROUPS.page(cx, input.path_prefix.as_deref(), &page);
    let groups = cut.items.iter().map(|it| shown(cx, it)).collect();
    Ok(ListGroupsOutput { groups, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn update(cx: &mut Cx, input: UpdateGroup) -> Result<UpdateGroupOutput> {
    let mut group = GROUPS.by_name(cx, &input.group_name)?;
    let before = group.name.clone();
    group.name = input.new_group_name.unwrap_or(group.name);
    group.path = input.new_path.unwrap_or(group.path);
    GROUPS.replace(cx, &before, &group)?;
    entity::identify(cx, &group.id, Kind::Group, &group.name);
    Ok(UpdateGroupOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteGroup) -> Result<DeleteGroupOutput> {
    let group = Entity::group(cx, &input.group_name)?;
    if !membership::users_of(cx, &group.id).is_empty() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must remove users from group first."));
    }
    entity::check_bare(cx, &group)?;
    entity::forget(cx, &group);
    GROUPS.delete(cx, &group.name);
    Ok(DeleteGroupOutput {})
}

pub fn shown(cx: &Cx, group: &Stored) -> Group {
    Group {
        path: group.path.clone(),
        group_name: group.name.clone(),
        group_id: group.id.clone(),
        arn: GROUPS.arn(cx, group),
        create_date: Timestamp(group.created_at),
    }
}

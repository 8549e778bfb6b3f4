//! Which users are in which groups.

use crate::entity::Entity;
use crate::group::GROUPS;
use crate::page::Page;
use crate::row::key;
use crate::user::USERS;
use crate::{group, user};
use api::iam::{
    AddUserToGroup, AddUserToGroupOutput, ListGroupsForUser, ListGroupsForUserOutput, RemoveUserFromGroup,
    RemoveUserFromGroupOutput, error,
};
use kernel::Cx;
use model::Result;
use store::{Span, Table};

/// Key: (group's id, user's id).
static MEMBERS: Table<()> = Table::account("iam.member");
/// The same from the other side. Key: (user's id, group's id).
static GROUPS_OF: Table<()> = Table::account("iam.member-of");

pub const MOST_GROUPS: usize = 10;

pub fn add(cx: &mut Cx, input: AddUserToGroup) -> Result<AddUserToGroupOutput> {
    let (group, user) = (Entity::group(cx, &input.group_name)?, Entity::user(cx, &input.user_name)?);
    let groups = group_ids(cx, &user.id);
    if !groups.contains(&group.id) && groups.len() >= MOST_GROUPS {
        return Err(error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for GroupsPerUser: {MOST_GROUPS}")));
    }
    cx.put(&MEMBERS, &(group.id.as_str(), user.id.as_str()), &());
    cx.put(&GROUPS_OF, &(user.id.as_str(), group.id.as_str()), &());
    Ok(AddUserToGroupOutput {})
}

pub fn remove(cx: &mut Cx, input: RemoveUserFromGroup) -> Result<RemoveUserFromGroupOutput> {
    let (group, user) = (Entity::group(cx, &input.group_name)?, Entity::user(cx, &input.user_name)?);
    if !cx.has(&MEMBERS, &(group.id.as_str(), user.id.as_str())) {
        let sentence = format!("User {} is not in group {}.", user.name, group.name);
        return Err(error::NO_SUCH_ENTITY.with(sentence));
    }
    cx.delete(&MEMBERS, &(group.id.as_str(), user.id.as_str()));
    cx.delete(&GROUPS_OF, &(user.id.as_str(), group.id.as_str()));
    Ok(RemoveUserFromGroupOutput {})
}

pub fn list(cx: &Cx, input: ListGroupsForUser) -> Result<ListGroupsForUserOutput> {
    let user = Entity::user(cx, &input.user_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(groups_of(cx, &user.id), |it| key(&it.name));
    let groups = cut.items.iter().map(|it| group::shown(cx, it)).collect();
    Ok(ListGroupsForUserOutput { groups, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn group_ids(cx: &Cx, user: &str) -> Vec<String> {
    let keys: Vec<(String, String)> = cx.keys(&GROUPS_OF, Span::prefix(user), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

/// In the order of their names.
pub fn groups_of(cx: &Cx, user: &str) -> Vec<group::Stored> {
    let found = group_ids(cx, user).into_iter().filter_map(|id| Entity::by_id(cx, &id));
    let mut groups: Vec<_> = found.filter_map(|it| GROUPS.by_name(cx, &it.name).ok()).collect();
    groups.sort_by_key(|it| key(&it.name));
    groups
}

/// In the order of their names.
pub fn users_of(cx: &Cx, group: &str) -> Vec<user::Stored> {
    let keys: Vec<(String, String)> = cx.keys(&MEMBERS, Span::prefix(group), usize::MAX);
    let found = keys.into_iter().filter_map(|it| Entity::by_id(cx, &it.1));
    let mut users: Vec<_> = found.filter_map(|it| USERS.by_name(cx, &it.name).ok()).collect();
    users.sort_by_key(|it| key(&it.name));
    users
}

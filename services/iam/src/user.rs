//! Users.

use crate::entity::{self, Entity, Kind, VALIDATION_ERROR};
use crate::page::Page;
use crate::row::Rows;
use crate::tag::{Tags, shown_tags};
use crate::{access_key, boundary, membership, tag};
use api::iam::{
    CreateUser, CreateUserOutput, DeleteUser, DeleteUserOutput, GetUser, GetUserOutput, ListUsers, ListUsersOutput,
    UpdateUser, UpdateUserOutput, User, error,
};
use kernel::{Cx, Principal};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Table;

/// Every user. Key: name in lower case.
pub static USERS: Rows<Stored> = Rows {
    table: Table::account("iam.user"),
    kind: "user",
    quota: ("UsersPerAccount", 5_000),
    place: |it| (&it.path, &it.name),
    missing: |name| format!("The user with name {name} cannot be found."),
    taken: |name| format!("User with name {name} already exists."),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AIDA…`
    pub id: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// The ARN of a managed policy.
    pub boundary: Option<String>,
    pub tags: Tags,
}

pub fn create(cx: &mut Cx, input: CreateUser) -> Result<CreateUserOutput> {
    USERS.check_free(cx, &input.user_name)?;
    USERS.check_room(cx)?;
    if let Some(arn) = &input.permissions_boundary {
        boundary::check(cx, arn)?;
    }
    let user = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: entity::new_id(cx, "AIDA"),
        created_at: cx.now().0,
        boundary: input.permissions_boundary,
        tags: tag::first(cx, input.tags)?,
        name: input.user_name,
    };
    boundary::note(cx, &user.id, None, user.boundary.as_deref());
    entity::identify(cx, &user.id, Kind::User, &user.name);
    USERS.put(cx, &user);
    Ok(CreateUserOutput { user: Some(shown(cx, &user)) })
}

/// Without a name, the user who asks.
pub fn get(cx: &Cx, input: GetUser) -> Result<GetUserOutput> {
    if let (None, Principal::Root { account }) = (&input.user_name, &cx.caller().principal) {
        // The root is no user; AWS answers with its ARN all the same.
        let arn = cx.caller().principal.arn();
        return Ok(GetUserOutput { user: User { user_id: account.clone(), arn, ..User::default() } });
    }
    let user = USERS.by_name(cx, &named(cx, input.user_name)?)?;
    Ok(GetUserOutput { user: shown(cx, &user) })
}

/// Without tags and boundaries, as ListUsers in the IAM API reference says.
pub fn list(cx: &Cx, input: ListUsers) -> Result<ListUsersOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let cut = USERS.page(cx, input.path_prefix.as_deref(), &page);
    let listed = |it: &Stored| User { tags: None, permissions_boundary: None, ..shown(cx, it) };
    let users = cut.items.iter().map(listed).collect();
    Ok(ListUsersOutput { users, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn update(cx: &mut Cx, input: UpdateUser) -> Result<UpdateUserOutput> {
    let mut user = USERS.by_name(cx, &input.user_name)?;
    let before = user.name.clone();
    user.name = input.new_user_name.unwrap_or(user.name);
    user.path = input.new_path.unwrap_or(user.path);
    USERS.replace(cx, &before, &user)?;
    entity::identify(cx, &user.id, Kind::User, &user.name);
    Ok(UpdateUserOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteUser) -> Result<DeleteUserOutput> {
    let user = Entity::user(cx, &input.user_name)?;
    entity::check_bare(cx, &user)?;
    if !membership::groups_of(cx, &user.id).is_empty() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must remove users from group first."));
    }
    if !access_key::of(cx, &user.id).is_empty() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must delete access keys first."));
    }
    entity::forget(cx, &user);
    USERS.delete(cx, &user.name);
    Ok(DeleteUserOutput {})
}

/// Whom an operation is about that takes the caller where no name is given.
pub fn named(cx: &Cx, given: Option<String>) -> Result<String> {
    match (given, &cx.caller().principal) {
        (Some(name), _) => Ok(name),
        (None, Principal::User { name, .. }) => Ok(name.clone()),
        (None, _) => Err(VALIDATION_ERROR.with("Must specify userName when calling with non-User credentials")),
    }
}

/// The caller itself where no name is given.
pub fn arn_or_own(cx: &Cx, name: Option<&String>) -> String {
    name.map_or_else(|| cx.caller().principal.arn(), |it| USERS.arn_of(cx, it))
}

pub fn shown(cx: &Cx, user: &Stored) -> User {
    User {
        path: user.path.clone(),
        user_name: user.name.clone(),
        user_id: user.id.clone(),
        arn: USERS.arn(cx, user),
        create_date: Timestamp(user.created_at),
        password_last_used: None,
        permissions_boundary: boundary::shown(user.boundary.as_ref()),
        tags: shown_tags(&user.tags),
    }
}

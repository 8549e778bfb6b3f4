//! Users.

use crate::entity::{self, Entity, Kind, VALIDATION_ERROR, key};
use crate::page::Page;
use crate::tag::{Tags, shown_tags};
use crate::{access_key, boundary, membership, tag};
use api::iam::{
    CreateUser, CreateUserOutput, DeleteUser, DeleteUserOutput, GetUser, GetUserOutput, ListUsers, ListUsersOutput,
    UpdateUser, UpdateUserOutput, User, error,
};
use kernel::{Cx, Principal};
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every user. Key: name in lower case.
pub static USERS: Table<Stored> = Table::account("iam.user");

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

pub const QUOTA: (&str, usize) = ("UsersPerAccount", 5_000);

pub fn create(cx: &mut Cx, input: CreateUser) -> Result<CreateUserOutput> {
    check_free(cx, &input.user_name)?;
    entity::check_room(cx, &USERS, QUOTA)?;
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
    put(cx, &user);
    Ok(CreateUserOutput { user: Some(shown(cx, &user)) })
}

/// Without a name, the user who asks.
pub fn get(cx: &Cx, input: GetUser) -> Result<GetUserOutput> {
    if let (None, Principal::Root { account }) = (&input.user_name, &cx.caller().principal) {
        // The root is no user; AWS answers with its ARN all the same.
        let arn = cx.caller().principal.arn();
        return Ok(GetUserOutput { user: User { user_id: account.clone(), arn, ..User::default() } });
    }
    let user = by_name(cx, &named(cx, input.user_name)?)?;
    Ok(GetUserOutput { user: shown(cx, &user) })
}

/// Without tags and boundaries, as ListUsers in the IAM API reference says.
pub fn list(cx: &Cx, input: ListUsers) -> Result<ListUsersOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let users = all(cx).into_iter().filter(|it| it.path.starts_with(&prefix));
    let cut = page.cut(users, |it| key(&it.name));
    let listed = |it: &Stored| User { tags: None, permissions_boundary: None, ..shown(cx, it) };
    let users = cut.items.iter().map(listed).collect();
    Ok(ListUsersOutput { users, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn update(cx: &mut Cx, input: UpdateUser) -> Result<UpdateUserOutput> {
    let mut user = by_name(cx, &input.user_name)?;
    let before = key(&user.name);
    if let Some(name) = input.new_user_name {
        if key(&name) != before {
            check_free(cx, &name)?;
        }
        user.name = name;
    }
    user.path = input.new_path.unwrap_or(user.path);
    cx.delete(&USERS, before.as_str());
    entity::identify(cx, &user.id, Kind::User, &user.name);
    put(cx, &user);
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
    cx.delete(&USERS, key(&user.name).as_str());
    Ok(DeleteUserOutput {})
}

pub fn put(cx: &mut Cx, user: &Stored) {
    cx.put(&USERS, key(&user.name).as_str(), user);
}

pub fn by_name(cx: &Cx, name: &str) -> Result<Stored> {
    cx.get(&USERS, key(name).as_str()).ok_or_else(|| no_such(name))
}

pub fn all(cx: &Cx) -> Vec<Stored> {
    cx.range(&USERS, Span::all(), usize::MAX)
}

/// Whom an operation is about that takes the caller where no name is given.
pub fn named(cx: &Cx, given: Option<String>) -> Result<String> {
    match (given, &cx.caller().principal) {
        (Some(name), _) => Ok(name),
        (None, Principal::User { name, .. }) => Ok(name.clone()),
        (None, _) => Err(VALIDATION_ERROR.with("Must specify userName when calling with non-User credentials")),
    }
}

/// What IAM is asked about: the user with its path, or as if it had none when there is no such user.
pub fn arn(cx: &Cx, name: &str) -> String {
    let path = cx.get(&USERS, key(name).as_str()).map_or_else(|| "/".to_owned(), |it| it.path);
    cx.global_arn("iam", &format!("user{path}{name}"))
}

/// The caller itself where no name is given.
pub fn arn_or_own(cx: &Cx, name: Option<&String>) -> String {
    name.map_or_else(|| cx.caller().principal.arn(), |it| arn(cx, it))
}

pub fn new_arn(cx: &Cx, input: &CreateUser) -> String {
    cx.global_arn("iam", &format!("user{}{}", input.path.as_deref().unwrap_or("/"), input.user_name))
}

pub fn shown(cx: &Cx, user: &Stored) -> User {
    User {
        path: user.path.clone(),
        user_name: user.name.clone(),
        user_id: user.id.clone(),
        arn: cx.global_arn("iam", &format!("user{}{}", user.path, user.name)),
        create_date: Timestamp(user.created_at),
        password_last_used: None,
        permissions_boundary: boundary::shown(user.boundary.as_ref()),
        tags: shown_tags(&user.tags),
    }
}

fn check_free(cx: &Cx, name: &str) -> Result<()> {
    if !cx.has(&USERS, key(name).as_str()) {
        return Ok(());
    }
    Err(error::ENTITY_ALREADY_EXISTS.with(format!("User with name {name} already exists.")))
}

fn no_such(name: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("The user with name {name} cannot be found."))
}

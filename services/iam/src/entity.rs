//! Users, groups and roles alike: ids, names, and what all of them have.

use crate::group::GROUPS;
use crate::role::ROLES;
use crate::tag::Tags;
use crate::user::USERS;
use crate::{attachment, boundary, group, inline, role, user};
use api::iam::error;
use kernel::Cx;
use model::{ErrorShape, Result};
use serde::{Deserialize, Serialize};
use store::Table;

pub const VALIDATION_ERROR: ErrorShape = ErrorShape::sender("ValidationError");

/// Whose an id is. What belongs to an entity is kept under its id, which stays when it is renamed, and which nobody gets
/// who comes later under the same name. Key: id.
static IDS: Table<Named> = Table::account("iam.id");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub kind: Kind,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    User,
    Group,
    Role,
}

/// A user, a group or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub kind: Kind,
    pub name: String,
    pub path: String,
    pub id: String,
    /// The ARN of a managed policy.
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// The characters of ids: base 32 without what is easily misread.
pub const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS_OF_AN_ID: usize = 17;

impl Kind {
    /// As sentences and ARNs name it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
        }
    }

    /// As quotas and details name it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::User => "User",
            Kind::Group => "Group",
            Kind::Role => "Role",
        }
    }
}

impl Entity {
    pub fn user(cx: &Cx, name: &str) -> Result<Entity> {
        USERS.by_name(cx, name).map(Entity::from)
    }

    pub fn group(cx: &Cx, name: &str) -> Result<Entity> {
        GROUPS.by_name(cx, name).map(Entity::from)
    }

    pub fn role(cx: &Cx, name: &str) -> Result<Entity> {
        ROLES.by_name(cx, name).map(Entity::from)
    }

    pub fn by_id(cx: &Cx, id: &str) -> Option<Entity> {
        let named = cx.get(&IDS, id)?;
        match named.kind {
            Kind::User => Entity::user(cx, &named.name).ok(),
            Kind::Group => Entity::group(cx, &named.name).ok(),
            Kind::Role => Entity::role(cx, &named.name).ok(),
        }
    }

    /// Of the account in which it runs.
    pub fn by_arn(cx: &Cx, arn: &str) -> Option<Entity> {
        let (_, resource) = arn.rsplit_once(':')?;
        let (kind, name) = (resource.split('/').next()?, resource.rsplit('/').next()?);
        let found = match kind {
            "user" => Entity::user(cx, name),
            "group" => Entity::group(cx, name),
            "role" => Entity::role(cx, name),
            _ => return None,
        };
        found.ok().filter(|it| it.arn(cx) == arn)
    }

    pub fn arn(&self, cx: &Cx) -> String {
        cx.global_arn("iam", &format!("{}{}{}", self.kind.word(), self.path, self.name))
    }
}

/// `AIDA` and 17 letters more.
pub fn new_id(cx: &Cx, prefix: &str) -> String {
    format!("{prefix}{}", cx.random_text(LETTERS_OF_AN_ID, ID_LETTERS))
}

/// Whose the id is from now on.
pub fn identify(cx: &mut Cx, id: &str, kind: Kind, name: &str) {
    cx.put(&IDS, id, &Named { kind, name: name.to_owned() });
}

/// Refuses to delete what still has policies.
pub fn check_bare(cx: &Cx, entity: &Entity) -> Result<()> {
    if inline::any(cx, &entity.id) {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must delete policies first."));
    }
    if attachment::any(cx, &entity.id) {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must detach all policies first."));
    }
    Ok(())
}

/// Its row is gone; so is what only points at it.
pub fn forget(cx: &mut Cx, entity: &Entity) {
    boundary::note(cx, &entity.id, entity.boundary.as_deref(), None);
    cx.delete(&IDS, entity.id.as_str());
}

impl From<user::Stored> for Entity {
    fn from(it: user::Stored) -> Self {
        Self { kind: Kind::User, name: it.name, path: it.path, id: it.id, boundary: it.boundary, tags: it.tags }
    }
}

impl From<group::Stored> for Entity {
    fn from(it: group::Stored) -> Self {
        Self { kind: Kind::Group, name: it.name, path: it.path, id: it.id, boundary: None, tags: Tags::new() }
    }
}

impl From<role::Stored> for Entity {
    fn from(it: role::Stored) -> Self {
        Self { kind: Kind::Role, name: it.name, path: it.path, id: it.id, boundary: it.boundary, tags: it.tags }
    }
}

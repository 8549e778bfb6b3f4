//! Instance profiles: how an instance gets its role.

use crate::entity::{self, Entity, key};
use crate::page::Page;
use crate::tag::{Tags, shown_tags};
use crate::{role, tag};
use api::iam::{
    AddRoleToInstanceProfile, AddRoleToInstanceProfileOutput, CreateInstanceProfile, CreateInstanceProfileOutput,
    DeleteInstanceProfile, DeleteInstanceProfileOutput, GetInstanceProfile, GetInstanceProfileOutput, InstanceProfile,
    ListInstanceProfiles, ListInstanceProfilesForRole, ListInstanceProfilesForRoleOutput, ListInstanceProfilesOutput,
    RemoveRoleFromInstanceProfile, RemoveRoleFromInstanceProfileOutput, error,
};
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Key: name in lower case.
pub static PROFILES: Table<Stored> = Table::account("iam.instance-profile");
/// Which have a role. Key: (role's id, name in lower case).
static WITH_ROLE: Table<()> = Table::account("iam.instance-profile-of");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `AIPA…`
    pub id: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// The role's id.
    pub role: Option<String>,
    pub tags: Tags,
}

pub const QUOTA: (&str, usize) = ("InstanceProfilesPerAccount", 1_000);

pub fn create(cx: &mut Cx, input: CreateInstanceProfile) -> Result<CreateInstanceProfileOutput> {
    let name = input.instance_profile_name;
    if cx.has(&PROFILES, key(&name).as_str()) {
        return Err(error::ENTITY_ALREADY_EXISTS.with(format!("Instance Profile {name} already exists.")));
    }
    entity::check_room(cx, &PROFILES, QUOTA)?;
    let profile = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: entity::new_id(cx, "AIPA"),
        created_at: cx.now().0,
        role: None,
        tags: tag::first(cx, input.tags)?,
        name,
    };
    put(cx, &profile);
    Ok(CreateInstanceProfileOutput { instance_profile: shown(cx, &profile) })
}

pub fn get(cx: &Cx, input: GetInstanceProfile) -> Result<GetInstanceProfileOutput> {
    let profile = by_name(cx, &input.instance_profile_name)?;
    Ok(GetInstanceProfileOutput { instance_profile: shown(cx, &profile) })
}

pub fn list(cx: &Cx, input: ListInstanceProfiles) -> Result<ListInstanceProfilesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let all: Vec<Stored> = cx.range(&PROFILES, Span::all(), usize::MAX);
    let cut = page.cut(all.into_iter().filter(|it| it.path.starts_with(&prefix)), |it| key(&it.name));
    let listed = |it: &Stored| InstanceProfile { tags: None, ..shown(cx, it) };
    let instance_profiles = cut.items.iter().map(listed).collect();
    Ok(ListInstanceProfilesOutput { instance_profiles, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list_of_role(cx: &Cx, input: ListInstanceProfilesForRole) -> Result<ListInstanceProfilesForRoleOutput> {
    let role = Entity::role(cx, &input.role_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(with_role(cx, &role.id), |it| key(&it.name));
    let instance_profiles = cut.items.iter().map(|it| shown(cx, it)).collect();
    Ok(ListInstanceProfilesForRoleOutput { instance_profiles, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn delete(cx: &mut Cx, input: DeleteInstanceProfile) -> Result<DeleteInstanceProfileOutput> {
    let profile = by_name(cx, &input.instance_profile_name)?;
    if profile.role.is_some() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must remove roles from instance profile first."));
    }
    cx.delete(&PROFILES, key(&profile.name).as_str());
    Ok(DeleteInstanceProfileOutput {})
}

/// The caller hands the role to EC2, so it needs `iam:PassRole`.
pub fn add_role(cx: &mut Cx, input: AddRoleToInstanceProfile) -> Result<AddRoleToInstanceProfileOutput> {
    let role = Entity::from(role::changeable(cx, &input.role_name)?);
    let mut profile = by_name(cx, &input.instance_profile_name)?;
    let arn = role.arn(cx);
    cx.require("iam", "iam:PassRole", &arn, |context| context.insert("iam:PassedToService", "ec2.amazonaws.com"))?;
    if profile.role.is_some() {
        return Err(error::LIMIT_EXCEEDED.with("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
    }
    cx.put(&WITH_ROLE, &(role.id.as_str(), key(&profile.name).as_str()), &());
    profile.role = Some(role.id);
    put(cx, &profile);
    Ok(AddRoleToInstanceProfileOutput {})
}

pub fn remove_role(cx: &mut Cx, input: RemoveRoleFromInstanceProfile) -> Result<RemoveRoleFromInstanceProfileOutput> {
    let mut profile = by_name(cx, &input.instance_profile_name)?;
    let role = Entity::from(role::changeable(cx, &input.role_name)?);
    if profile.role.as_ref() != Some(&role.id) {
        return Err(role::no_such(&input.role_name));
    }
    cx.delete(&WITH_ROLE, &(role.id.as_str(), key(&profile.name).as_str()));
    profile.role = None;
    put(cx, &profile);
    Ok(RemoveRoleFromInstanceProfileOutput {})
}

pub fn put(cx: &mut Cx, profile: &Stored) {
    cx.put(&PROFILES, key(&profile.name).as_str(), profile);
}

pub fn by_name(cx: &Cx, name: &str) -> Result<Stored> {
    let found = cx.get(&PROFILES, key(name).as_str());
    found.ok_or_else(|| error::NO_SUCH_ENTITY.with(format!("Instance Profile {name} cannot be found.")))
}

/// In the order of their names.
pub fn with_role(cx: &Cx, role: &str) -> Vec<Stored> {
    let keys: Vec<(String, String)> = cx.keys(&WITH_ROLE, Span::prefix(role), usize::MAX);
    keys.iter().filter_map(|(_, name)| cx.get(&PROFILES, name.as_str())).collect()
}

/// What IAM is asked about.
pub fn arn(cx: &Cx, name: &str) -> String {
    let path = cx.get(&PROFILES, key(name).as_str()).map_or_else(|| "/".to_owned(), |it| it.path);
    cx.global_arn("iam", &format!("instance-profile{path}{name}"))
}

pub fn new_arn(cx: &Cx, input: &CreateInstanceProfile) -> String {
    let path = input.path.as_deref().unwrap_or("/");
    cx.global_arn("iam", &format!("instance-profile{path}{}", input.instance_profile_name))
}

pub fn shown(cx: &Cx, profile: &Stored) -> InstanceProfile {
    let role = profile.role.as_ref().and_then(|id| Entity::by_id(cx, id));
    let roles = role.and_then(|it| role::by_name(cx, &it.name).ok()).into_iter();
    InstanceProfile {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: cx.global_arn("iam", &format!("instance-profile{}{}", profile.path, profile.name)),
        create_date: Timestamp(profile.created_at),
        roles: roles.map(|it| role::shown(cx, &it)).collect(),
        tags: shown_tags(&profile.tags),
    }
}

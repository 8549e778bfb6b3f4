//! Instance profiles: how an instance gets its role.

use crate::entity::{self, Entity};
use crate::page::Page;
use crate::role::ROLES;
use crate::row::{Rows, key};
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
pub static PROFILES: Rows<Stored> = Rows {
    table: Table::account("iam.instance-profile"),
    kind: "instance-profile",
    quota: ("InstanceProfilesPerAccount", 1_000),
    place: |it| (&it.path, &it.name),
    missing: |name| format!("Instance Profile {name} cannot be found."),
    taken: |name| format!("Instance Profile {name} already exists."),
};
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

pub fn create(cx: &mut Cx, input: CreateInstanceProfile) -> Result<CreateInstanceProfileOutput> {
    let name = input.instance_profile_name;
    PROFILES.check_free(cx, &name)?;
    PROFILES.check_room(cx)?;
    let profile = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: entity::new_id(cx, "AIPA"),
        created_at: cx.now().0,
        role: None,
        tags: tag::first(cx, input.tags)?,
        name,
    };
    PROFILES.put(cx, &profile);
    Ok(CreateInstanceProfileOutput { instance_profile: shown(cx, &profile) })
}

pub fn get(cx: &Cx, input: GetInstanceProfile) -> Result<GetInstanceProfileOutput> {
    let profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    Ok(GetInstanceProfileOutput { instance_profile: shown(cx, &profile) })
}

pub fn list(cx: &Cx, input: ListInstanceProfiles) -> Result<ListInstanceProfilesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let cut = PROFILES.page(cx, input.path_prefix.as_deref(), &page);
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
    let profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    if profile.role.is_some() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete entity, must remove roles from instance profile first."));
    }
    PROFILES.delete(cx, &profile.name);
    Ok(DeleteInstanceProfileOutput {})
}

/// The caller hands the role to EC2, so it needs `iam:PassRole`.
pub fn add_role(cx: &mut Cx, input: AddRoleToInstanceProfile) -> Result<AddRoleToInstanceProfileOutput> {
    let role = Entity::from(role::changeable(cx, &input.role_name)?);
    let mut profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    let arn = role.arn(cx);
    cx.require("iam", "iam:PassRole", &arn, |context| context.insert("iam:PassedToService", "ec2.amazonaws.com"))?;
    if profile.role.is_some() {
        return Err(error::LIMIT_EXCEEDED.with("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
    }
    cx.put(&WITH_ROLE, &(role.id.as_str(), key(&profile.name).as_str()), &());
    profile.role = Some(role.id);
    PROFILES.put(cx, &profile);
    Ok(AddRoleToInstanceProfileOutput {})
}

pub fn remove_role(cx: &mut Cx, input: RemoveRoleFromInstanceProfile) -> Result<RemoveRoleFromInstanceProfileOutput> {
    let mut profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    let role = Entity::from(role::changeable(cx, &input.role_name)?);
    if profile.role.as_ref() != Some(&role.id) {
        return Err(ROLES.missing(&input.role_name));
    }
    cx.delete(&WITH_ROLE, &(role.id.as_str(), key(&profile.name).as_str()));
    profile.role = None;
    PROFILES.put(cx, &profile);
    Ok(RemoveRoleFromInstanceProfileOutput {})
}

/// In the order of their names.
pub fn with_role(cx: &Cx, role: &str) -> Vec<Stored> {
    let keys: Vec<(String, String)> = cx.keys(&WITH_ROLE, Span::prefix(role), usize::MAX);
    keys.iter().filter_map(|(_, name)| PROFILES.find(cx, name)).collect()
}

pub fn shown(cx: &Cx, profile: &Stored) -> InstanceProfile {
    let role = profile.role.as_ref().and_then(|id| Entity::by_id(cx, id));
    let roles = role.and_then(|it| ROLES.by_name(cx, &it.name).ok()).into_iter();
    InstanceProfile {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: PROFILES.arn(cx, profile),
        create_date: Timestamp(profile.created_at),
        roles: roles.map(|it| role::shown(cx, &it)).collect(),
        tags: shown_tags(&profile.tags),
    }
}

//! Tags of users, roles, managed policies and instance profiles.

use crate::entity::VALIDATION_ERROR;
use crate::managed;
use crate::managed::POLICIES;
use crate::page::{Cut, Page};
use crate::profile::PROFILES;
use crate::role::ROLES;
use crate::user::USERS;
use api::iam::{
    ListInstanceProfileTags, ListInstanceProfileTagsOutput, ListPolicyTags, ListPolicyTagsOutput, ListRoleTags,
    ListRoleTagsOutput, ListUserTags, ListUserTagsOutput, Tag, TagInstanceProfile, TagInstanceProfileOutput, TagPolicy,
    TagPolicyOutput, TagRole, TagRoleOutput, TagUser, TagUserOutput, UntagInstanceProfile, UntagInstanceProfileOutput,
    UntagPolicy, UntagPolicyOutput, UntagRole, UntagRoleOutput, UntagUser, UntagUserOutput, error,
};
use kernel::Cx;
use model::Result;
use policy::Context;
use std::collections::BTreeMap;

pub type Tags = BTreeMap<String, String>;

const MOST_TAGS: usize = 50;
/// Only services of AWS set tags that begin so.
const RESERVED: &str = "aws:";

pub fn tag_user(cx: &mut Cx, input: TagUser) -> Result<TagUserOutput> {
    let mut user = USERS.by_name(cx, &input.user_name)?;
    add(cx, &mut user.tags, input.tags)?;
    USERS.put(cx, &user);
    Ok(TagUserOutput {})
}

pub fn tag_role(cx: &mut Cx, input: TagRole) -> Result<TagRoleOutput> {
    let mut role = ROLES.by_name(cx, &input.role_name)?;
    add(cx, &mut role.tags, input.tags)?;
    ROLES.put(cx, &role);
    Ok(TagRoleOutput {})
}

pub fn tag_policy(cx: &mut Cx, input: TagPolicy) -> Result<TagPolicyOutput> {
    let mut policy = managed::by_arn(cx, &input.policy_arn)?;
    add(cx, &mut policy.tags, input.tags)?;
    POLICIES.put(cx, &policy);
    Ok(TagPolicyOutput {})
}

pub fn tag_profile(cx: &mut Cx, input: TagInstanceProfile) -> Result<TagInstanceProfileOutput> {
    let mut profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    add(cx, &mut profile.tags, input.tags)?;
    PROFILES.put(cx, &profile);
    Ok(TagInstanceProfileOutput {})
}

pub fn untag_user(cx: &mut Cx, input: UntagUser) -> Result<UntagUserOutput> {
    let mut user = USERS.by_name(cx, &input.user_name)?;
    remove(&mut user.tags, &input.tag_keys);
    USERS.put(cx, &user);
    Ok(UntagUserOutput {})
}

pub fn untag_role(cx: &mut Cx, input: UntagRole) -> Result<UntagRoleOutput> {
    let mut role = ROLES.by_name(cx, &input.role_name)?;
    remove(&mut role.tags, &input.tag_keys);
    ROLES.put(cx, &role);
    Ok(UntagRoleOutput {})
}

pub fn untag_policy(cx: &mut Cx, input: UntagPolicy) -> Result<UntagPolicyOutput> {
    let mut policy = managed::by_arn(cx, &input.policy_arn)?;
    remove(&mut policy.tags, &input.tag_keys);
    POLICIES.put(cx, &policy);
    Ok(UntagPolicyOutput {})
}

pub fn untag_profile(cx: &mut Cx, input: UntagInstanceProfile) -> Result<UntagInstanceProfileOutput> {
    let mut profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    remove(&mut profile.tags, &input.tag_keys);
    PROFILES.put(cx, &profile);
    Ok(UntagInstanceProfileOutput {})
}

pub fn list_user(cx: &Cx, input: ListUserTags) -> Result<ListUserTagsOutput> {
    let cut = list(&USERS.by_name(cx, &input.user_name)?.tags, &Page::of(input.max_items, input.marker)?);
    Ok(ListUserTagsOutput { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list_role(cx: &Cx, input: ListRoleTags) -> Result<ListRoleTagsOutput> {
    let cut = list(&ROLES.by_name(cx, &input.role_name)?.tags, &Page::of(input.max_items, input.marker)?);
    Ok(ListRoleTagsOutput { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list_policy(cx: &Cx, input: ListPolicyTags) -> Result<ListPolicyTagsOutput> {
    let cut = list(&managed::by_arn(cx, &input.policy_arn)?.tags, &Page::of(input.max_items, input.marker)?);
    Ok(ListPolicyTagsOutput { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn list_profile(cx: &Cx, input: ListInstanceProfileTags) -> Result<ListInstanceProfileTagsOutput> {
    let profile = PROFILES.by_name(cx, &input.instance_profile_name)?;
    let cut = list(&profile.tags, &Page::of(input.max_items, input.marker)?);
    Ok(ListInstanceProfileTagsOutput { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

/// Those that something is created with.
pub fn first(cx: &Cx, given: Option<Vec<Tag>>) -> Result<Tags> {
    let mut tags = Tags::new();
    add(cx, &mut tags, given.unwrap_or_default())?;
    Ok(tags)
}

pub fn shown_tags(tags: &Tags) -> Option<Vec<Tag>> {
    let tags: Vec<Tag> = tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    (!tags.is_empty()).then_some(tags)
}

/// For the door: the tags of whatever an ARN names.
pub fn of(cx: &Cx, arn: &str) -> Vec<(String, String)> {
    let Some((_, resource)) = arn.rsplit_once(':') else { return Vec::new() };
    let name = resource.rsplit('/').next().unwrap_or_default();
    let tags = match resource.split('/').next() {
        Some("user") => USERS.by_name(cx, name).map(|it| it.tags),
        Some("role") => ROLES.by_name(cx, name).map(|it| it.tags),
        Some("policy") => managed::by_arn(cx, arn).map(|it| it.tags),
        Some("instance-profile") => PROFILES.by_name(cx, name).map(|it| it.tags),
        _ => return Vec::new(),
    };
    tags.unwrap_or_default().into_iter().collect()
}

/// `aws:RequestTag/…` and `aws:TagKeys`.
pub fn requested(context: &mut Context, tags: &[Tag]) {
    for tag in tags {
        context.insert(format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    requested_keys(context, tags.iter().map(|it| it.key.clone()).collect());
}

pub fn requested_keys(context: &mut Context, keys: Vec<String>) {
    if !keys.is_empty() {
        context.insert("aws:TagKeys", keys);
    }
}

/// Keys differ in more than their case; a new value comes with the new case (Rules for tagging in IAM, in the user guide).
fn add(cx: &Cx, tags: &mut Tags, given: Vec<Tag>) -> Result<()> {
    let repeated = |(at, it): (usize, &Tag)| given[..at].iter().any(|before| before.key.eq_ignore_ascii_case(&it.key));
    if given.iter().enumerate().any(repeated) {
        return Err(
            error::INVALID_INPUT.with("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        );
    }
    let by_a_service = cx.caller().via.is_some();
    let is_reserved = |it: &Tag| {
        it.key.len() >= RESERVED.len() && it.key.as_bytes()[..RESERVED.len()].eq_ignore_ascii_case(RESERVED.as_bytes())
    };
    if !by_a_service && given.iter().any(is_reserved) {
        return Err(VALIDATION_ERROR.with("aws: prefixed tag key names are not allowed for external use."));
    }
    for tag in given {
        tags.retain(|key, _| !key.eq_ignore_ascii_case(&tag.key));
        tags.insert(tag.key, tag.value);
    }
    // What AWS itself has set does not count.
    if tags.keys().filter(|it| !it.starts_with(RESERVED)).count() > MOST_TAGS {
        return Err(error::LIMIT_EXCEEDED.with("The number of tags has reached the maximum limit."));
    }
    Ok(())
}

fn remove(tags: &mut Tags, keys: &[String]) {
    tags.retain(|key, _| keys.iter().all(|it| !it.eq_ignore_ascii_case(key)));
}

fn list(tags: &Tags, page: &Page) -> Cut<Tag> {
    page.cut(shown_tags(tags).unwrap_or_default(), |it| it.key.clone())
}

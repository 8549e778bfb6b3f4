//! Tags of roles.

use crate::page::Page;
use crate::role::{self, shown_tags, tags};
use api::iam::{ListRoleTags, ListRoleTagsOutput, TagRole, TagRoleOutput, UntagRole, UntagRoleOutput};
use kernel::Cx;
use model::Result;

pub fn add(cx: &mut Cx, input: TagRole) -> Result<TagRoleOutput> {
    let mut role = role::by_name(cx, &input.role_name)?;
    let mut all = shown_tags(&role.tags);
    all.extend(input.tags);
    role.tags = tags(Some(all))?;
    role::put(cx, &role);
    Ok(TagRoleOutput {})
}

pub fn remove(cx: &mut Cx, input: UntagRole) -> Result<UntagRoleOutput> {
    let mut role = role::by_name(cx, &input.role_name)?;
    role.tags.retain(|key, _| !input.tag_keys.contains(key));
    role::put(cx, &role);
    Ok(UntagRoleOutput {})
}

pub fn list(cx: &Cx, input: ListRoleTags) -> Result<ListRoleTagsOutput> {
    let role = role::by_name(cx, &input.role_name)?;
    let page = Page::of(input.max_items, input.marker)?;
    let tags = shown_tags(&role.tags).into_iter().filter(|it| page.after.as_ref().is_none_or(|after| it.key > *after));
    let cut = page.cut(tags.collect(), |it| it.key.clone());
    Ok(ListRoleTagsOutput { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

//! Tags of log groups.

use crate::group::{self, Group, MOST_TAGS};
use crate::resource;
use api::logs::{
    ListTagsForResource, ListTagsForResourceOutput, ListTagsLogGroup, ListTagsLogGroupOutput, TagLogGroup,
    TagLogGroupOutput, TagResource, TagResourceOutput, UntagLogGroup, UntagLogGroupOutput, UntagResource,
    UntagResourceOutput, error,
};
use kernel::Cx;
use model::Result;

pub fn add(cx: &mut Cx, input: TagResource) -> Result<TagResourceOutput> {
    let mut group = tagged(cx, &input.resource_arn)?;
    group.tags.extend(input.tags);
    if group.tags.len() > MOST_TAGS {
        return Err(error::TOO_MANY_TAGS
            .with("The resource already has the maximum number of tags.")
            .field("resourceName", group.name));
    }
    group::put(cx, &group);
    Ok(TagResourceOutput {})
}

pub fn remove(cx: &mut Cx, input: UntagResource) -> Result<UntagResourceOutput> {
    let mut group = tagged(cx, &input.resource_arn)?;
    group.tags.retain(|key, _| !input.tag_keys.contains(key));
    group::put(cx, &group);
    Ok(UntagResourceOutput {})
}

/// The older operation, without an error of its own for too many tags.
pub fn add_to_group(cx: &mut Cx, input: TagLogGroup) -> Result<TagLogGroupOutput> {
    let mut group = group::by_name(cx, &input.log_group_name)?;
    group.tags.extend(input.tags);
    if group.tags.len() > MOST_TAGS {
        return Err(error::INVALID_PARAMETER.with("The log group already has the maximum number of tags."));
    }
    group::put(cx, &group);
    Ok(TagLogGroupOutput {})
}

pub fn remove_from_group(cx: &mut Cx, input: UntagLogGroup) -> Result<UntagLogGroupOutput> {
    let mut group = group::by_name(cx, &input.log_group_name)?;
    group.tags.retain(|key, _| !input.tags.contains(key));
    group::put(cx, &group);
    Ok(UntagLogGroupOutput {})
}

pub fn list(cx: &Cx, input: ListTagsForResource) -> Result<ListTagsForResourceOutput> {
    Ok(ListTagsForResourceOutput { tags: Some(tagged(cx, &input.resource_arn)?.tags) })
}

pub fn list_of_group(cx: &Cx, input: ListTagsLogGroup) -> Result<ListTagsLogGroupOutput> {
    Ok(ListTagsLogGroupOutput { tags: Some(group::by_name(cx, &input.log_group_name)?.tags) })
}

fn tagged(cx: &Cx, arn: &str) -> Result<Group> {
    group::by_name(cx, resource::tagged_name(cx, arn)?)
}

//! Tags of functions and of event source mappings.

use crate::function::{self, FUNCTIONS};
use crate::mapping;
use crate::name;
use api::lambda::{
    ListTags, ListTagsOutput, TagResource, TagResourceOutput, UntagResource, UntagResourceOutput, error,
};
use kernel::Cx;
use model::Result;
use policy::Context;
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

/// Of one resource, those of AWS itself not counted.
const MOST_TAGS: usize = 50;

pub fn add(cx: &mut Cx, input: TagResource) -> Result<TagResourceOutput> {
    change(cx, &input.resource, |tags| {
        tags.extend(input.tags);
        check(tags)
    })?;
    Ok(TagResourceOutput {})
}

pub fn remove(cx: &mut Cx, input: UntagResource) -> Result<UntagResourceOutput> {
    change(cx, &input.resource, |tags| {
        tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    })?;
    Ok(UntagResourceOutput {})
}

pub fn list(cx: &Cx, input: ListTags) -> Result<ListTagsOutput> {
    let tags = match of_arn(&input.resource)? {
        Tagged::Function(name) => function::by_name(cx, name, None)?.tags,
        Tagged::Mapping(uuid) => mapping::by_uuid(cx, uuid)?.tags,
    };
    Ok(ListTagsOutput { tags: Some(tags) })
}

/// For the door: a version and an alias have the tags of their function.
pub fn of_resource(cx: &Cx, arn: &str) -> Vec<(String, String)> {
    let tags = match arn.rsplit_once(":event-source-mapping:") {
        Some((_, uuid)) => mapping::by_uuid(cx, uuid).map(|it| it.tags),
        None => function::by_name(cx, name::parse(arn).function, None).map(|it| it.tags),
    };
    tags.unwrap_or_default().into_iter().collect()
}

pub fn check(tags: &Tags) -> Result<()> {
    let own = tags.keys().filter(|it| !it.starts_with("aws:")).count();
    if own > MOST_TAGS {
        return Err(
            error::INVALID_PARAMETER_VALUE.with(format!("Number of tags exceeds resource tag limit of {MOST_TAGS}."))
        );
    }
    Ok(())
}

// `aws:RequestTag/…` and `aws:TagKeys`.

pub fn conditions_of_add(_: &Cx, input: &TagResource, context: &mut Context) {
    requested(Some(&input.tags), context);
}

pub fn conditions_of_remove(_: &Cx, input: &UntagResource, context: &mut Context) {
    context.insert("aws:TagKeys", input.tag_keys.clone());
}

/// The tags that a request brings for what it makes.
pub fn requested(tags: Option<&Tags>, context: &mut Context) {
    let Some(tags) = tags.filter(|it| !it.is_empty()) else { return };
    for (key, value) in tags {
        context.insert(format!("aws:RequestTag/{key}"), value.clone());
    }
    context.insert("aws:TagKeys", tags.keys().cloned().collect::<Vec<_>>());
}

enum Tagged<'i> {
    Function(&'i str),
    Mapping(&'i str),
}

fn of_arn(arn: &str) -> Result<Tagged<'_>> {
    match arn.splitn(7, ':').skip(5).collect::<Vec<_>>().as_slice() {
        ["function", name] if !name.contains(':') => Ok(Tagged::Function(name)),
        ["function", _] => Err(error::INVALID_PARAMETER_VALUE
            .with("Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.")),
        ["event-source-mapping", uuid] => Ok(Tagged::Mapping(uuid)),
        _ => Err(error::INVALID_PARAMETER_VALUE.with(format!("Niebla does not support tags of {arn} yet."))),
    }
}

fn change(cx: &mut Cx, arn: &str, change: impl FnOnce(&mut Tags) -> Result<()>) -> Result<()> {
    match of_arn(arn)? {
        Tagged::Function(name) => {
            let mut function = function::by_name(cx, name, None)?;
            change(&mut function.tags)?;
            cx.put(&FUNCTIONS, &function.name.as_str(), &function);
        }
        Tagged::Mapping(uuid) => {
            let mut mapping = mapping::by_uuid(cx, uuid)?;
            change(&mut mapping.tags)?;
            mapping::put(cx, &mapping);
        }
    }
    Ok(())
}

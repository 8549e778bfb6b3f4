//! Tags of tables.

use crate::failure::{Invalid, invalid, invalid_value};
use crate::schema;
use crate::settings::{self, SETTINGS};
use api::dynamodb::{
    ListTagsOfResource, ListTagsOfResourceOutput, Tag, TagResource, TagResourceOutput, UntagResource,
    UntagResourceOutput, error,
};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;

/// Of one table ("Tagging restrictions in DynamoDB"), and of one page.
const MOST_TAGS: usize = 50;
const PAGE: usize = 10;

pub fn add(cx: &mut Cx, input: TagResource) -> Result<TagResourceOutput> {
    let (number, mut settings) = find(cx, &input.resource_arn)?;
    settings.tags.extend(of(input.tags)?);
    check(&settings.tags)?;
    cx.put(&SETTINGS, &number, &settings);
    Ok(TagResourceOutput {})
}

pub fn remove(cx: &mut Cx, input: UntagResource) -> Result<UntagResourceOutput> {
    let (number, mut settings) = find(cx, &input.resource_arn)?;
    settings.tags.retain(|key, _| !input.tag_keys.contains(key));
    cx.put(&SETTINGS, &number, &settings);
    Ok(UntagResourceOutput {})
}

pub fn list(cx: &Cx, input: ListTagsOfResource) -> Result<ListTagsOfResourceOutput> {
    let (_, settings) = find(cx, &input.resource_arn)?;
    let after = input.next_token.as_deref();
    let mut rest = settings.tags.into_iter().filter(|(key, _)| after.is_none_or(|it| key.as_str() > it));
    let page: Vec<Tag> = rest.by_ref().take(PAGE).map(|(key, value)| Tag { key, value }).collect();
    let next = rest.next().and_then(|_| page.last().map(|it| it.key.clone()));
    Ok(ListTagsOfResourceOutput { tags: Some(page), next_token: next })
}

/// For `aws:ResourceTag/…`.
pub fn of_arn(cx: &Cx, arn: &str) -> Vec<(String, String)> {
    let table = arn.split_once("/index/").map_or(arn, |(table, _)| table);
    find(cx, table).map(|(_, it)| it.tags.into_iter().collect()).unwrap_or_default()
}

pub fn of(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Invalid> {
    let mut found = BTreeMap::new();
    for Tag { key, value } in tags {
        if key.starts_with("aws:") {
            return Err(invalid_value("Tag keys starting with 'aws:' are reserved for system use"));
        }
        if found.insert(key.clone(), value).is_some() {
            return Err(invalid(format!("Duplicate tag key found: {key}")));
        }
    }
    check(&found)?;
    Ok(found)
}

fn check(tags: &BTreeMap<String, String>) -> Result<(), Invalid> {
    if tags.len() > MOST_TAGS { Err(invalid("Too many tags: a table can have at most 50")) } else { Ok(()) }
}

fn find(cx: &Cx, arn: &str) -> Result<(u64, settings::Settings)> {
    let found = arn.starts_with("arn:").then(|| schema::by_name(cx, arn)).transpose()?;
    let missing =
        || error::RESOURCE_NOT_FOUND.with(format!("Requested resource not found: ResourcArn: {arn} not found"));
    let schema = found.ok_or_else(missing)?;
    Ok((schema.number, settings::of(cx, &schema)))
}

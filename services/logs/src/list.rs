//! ListLogGroups: groups by parts of their names and by their tags.

use crate::group::{self, DESCRIBE_LIMIT, GROUPS, Group};
use api::logs::{ListLogGroups, ListLogGroupsOutput, LogGroupSummary, TagFilter};
use kernel::Cx;
use model::Result;
use store::Span;

/// Groups looked at together.
const PAGE: usize = 500;

pub fn list(cx: &Cx, input: ListLogGroups) -> Result<ListLogGroupsOutput> {
    for (given, name) in [
        (input.include_linked_accounts == Some(true), "includeLinkedAccounts"),
        (input.account_identifiers.is_some(), "accountIdentifiers"),
        (input.data_sources.is_some(), "dataSources"),
        (input.field_index_names.is_some(), "fieldIndexNames"),
    ] {
        if given {
            return Err(group::unsupported(name));
        }
    }
    // Every group here is of the class STANDARD.
    if input.log_group_class.as_ref().is_some_and(|it| it != "STANDARD") {
        return Ok(ListLogGroupsOutput { log_groups: Some(Vec::new()), next_token: None });
    }
    let limit = input.limit.unwrap_or(DESCRIBE_LIMIT) as usize;
    let pattern = input.log_group_name_pattern.unwrap_or_default();
    let tags = input.log_group_tags.unwrap_or_default();
    let mut after = input.next_token.as_deref().map(group::read_token).transpose()?;
    let mut found: Vec<Group> = Vec::new();
    while found.len() <= limit {
        let span = after.as_ref().map_or(Span::all(), |name| Span::all().after(&name.as_str()));
        let page: Vec<Group> = cx.range(&GROUPS, span, PAGE);
        let is_last = page.len() < PAGE;
        after = page.last().map(|it| it.name.clone());
        found.extend(page.into_iter().filter(|it| is_named(&it.name, &pattern) && tags.iter().all(|tag| has(it, tag))));
        if is_last {
            break;
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next_token = found.last().filter(|_| more).map(|it| group::token(&it.name));
    let summary = |it: Group| LogGroupSummary {
        log_group_arn: Some(group::arn_of(cx, &it.name)),
        log_group_name: Some(it.name),
        log_group_class: Some("STANDARD".to_owned()),
    };
    Ok(ListLogGroupsOutput { log_groups: Some(found.into_iter().map(summary).collect()), next_token })
}

/// Parts of a name with bars in between, those after a caret at its beginning (ListLogGroups in the API reference).
fn is_named(name: &str, pattern: &str) -> bool {
    pattern.split('|').any(|part| match part.strip_prefix('^') {
        Some(start) => name.starts_with(start),
        None => name.contains(part),
    })
}

/// Any of the values, or any value where none is given. An exclamation mark turns one around, asterisks at its ends stand
/// for any text.
fn has(group: &Group, wanted: &TagFilter) -> bool {
    let Some(value) = group.tags.get(&wanted.key) else { return false };
    let values = wanted.values.as_deref().unwrap_or_default();
    values.is_empty()
        || values.iter().any(|it| match it.strip_prefix('!') {
            Some(unwanted) => !is_like(value, unwanted),
            None => is_like(value, it),
        })
}

fn is_like(value: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (None, None) => value == pattern,
        (Some(end), None) => value.ends_with(end),
        (None, Some(start)) => value.starts_with(start),
        (Some(_), Some(_)) => value.contains(pattern.trim_matches('*')),
    }
}

//! Which rules a version comes under.

use crate::tag::Tags;
use api::s3::{ReplicationConfiguration, ReplicationRule, Tag};
use std::collections::BTreeSet;

/// The rule that says how a bucket gets its copy.
pub struct Target<'c>(pub &'c ReplicationRule);

impl<'c> Target<'c> {
    /// By name.
    pub fn bucket(&self) -> &'c str {
        name_of(&self.0.destination.bucket)
    }
}

/// `arn:aws:s3:::photos` → `photos`
pub fn name_of(arn: &str) -> &str {
    arn.strip_prefix("arn:aws:s3:::").unwrap_or_default()
}

/// One rule for each destination: that of the highest priority. A delete marker has no tags.
pub fn targets<'c>(given: &'c ReplicationConfiguration, key: &str, tags: Option<&Tags>) -> Vec<Target<'c>> {
    let mut rules: Vec<&ReplicationRule> = given.rules.iter().filter(|it| applies(it, key, tags)).collect();
    rules.sort_by_key(|it| std::cmp::Reverse(it.priority.unwrap_or_default()));
    let mut seen = BTreeSet::new();
    rules.into_iter().filter(|it| seen.insert(it.destination.bucket.as_str())).map(Target).collect()
}

fn applies(rule: &ReplicationRule, key: &str, tags: Option<&Tags>) -> bool {
    if rule.status != "Enabled" || !key.starts_with(prefix(rule)) {
        return false;
    }
    match tags {
        Some(tags) => {
            wanted_tags(rule).iter().all(|it| tags.iter().any(|(key, value)| *key == it.key && *value == it.value))
        }
        None => replicates_markers(rule),
    }
}

/// Rules of the first version, which have no filter, always do.
pub fn replicates_markers(rule: &ReplicationRule) -> bool {
    match &rule.delete_marker_replication {
        Some(it) => it.status.as_deref() == Some("Enabled"),
        None => rule.filter.is_none(),
    }
}

pub fn wanted_tags(rule: &ReplicationRule) -> Vec<Tag> {
    let Some(filter) = &rule.filter else { return Vec::new() };
    let and = filter.and.clone().unwrap_or_default();
    filter.tag.iter().cloned().chain(and.tags.unwrap_or_default()).collect()
}

fn prefix(rule: &ReplicationRule) -> &str {
    let of_filter = || {
        let filter = rule.filter.as_ref()?;
        filter.prefix.as_deref().or_else(|| filter.and.as_ref()?.prefix.as_deref())
    };
    rule.prefix.as_deref().or_else(of_filter).unwrap_or_default()
}

//! Log groups: create, describe, delete.
//!
//! A group's streams and events are kept under its `store`, a number that no other group or stream ever had. Deleting the
//! group gives the number up, so it costs the same for ten events as for ten million; a job sweeps them away afterwards.

use crate::event::TALLIES;
use crate::{resource, sweep};
use api::logs::{
    CreateLogGroup, CreateLogGroupOutput, DeleteLogGroup, DeleteLogGroupOutput, DescribeLogGroups,
    DescribeLogGroupsOutput, LogGroup, PutLogGroupDeletionProtection, PutLogGroupDeletionProtectionOutput, error,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::Cx;
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};

/// Every log group. No append touches these rows. Key: name.
pub static GROUPS: Table<Group> = Table::regional("logs.group");
/// The next `store` of a group and number of a stream. Key: ().
static NEXT_NUMBER: Table<u64> = Table::partition("logs.next-number");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    /// What the keys of its streams and events begin with.
    pub store: u64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub retention_days: Option<i64>,
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub protected: bool,
}

/// The most groups and streams that one page of a list gives (`DescribeLimit` in the model).
pub const DESCRIBE_LIMIT: i64 = 50;
pub const MOST_TAGS: usize = 50;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Groups looked at together while a pattern is sought.
const PAGE: usize = 500;

impl Group {
    /// Events of this time (milliseconds since 1970) and before are expired.
    pub fn expired_through(&self, now: i64) -> Option<i64> {
        self.retention_days.map(|days| now - days * DAY_MS)
    }
}

pub fn create(cx: &mut Cx, input: CreateLogGroup) -> Result<CreateLogGroupOutput> {
    let name = input.log_group_name;
    if input.kms_key_id.is_some() {
        return Err(unsupported("kmsKeyId"));
    }
    if let Some(class) = input.log_group_class.filter(|it| it != "STANDARD") {
        return Err(unsupported(&format!("logGroupClass {class}")));
    }
    if name.starts_with("aws/") {
        return Err(error::INVALID_PARAMETER.with("Log groups starting with AWS/ are reserved for AWS."));
    }
    if cx.has(&GROUPS, &name.as_str()) {
        return Err(error::RESOURCE_ALREADY_EXISTS.with("The specified log group already exists"));
    }
    let (store, created_at) = (take_number(cx), cx.now().0);
    let (tags, protected) = (input.tags.unwrap_or_default(), input.deletion_protection_enabled.unwrap_or(false));
    let group = Group { name, store, created_at, retention_days: None, tags, protected };
    put(cx, &group);
    Ok(CreateLogGroupOutput {})
}

pub fn describe(cx: &Cx, input: DescribeLogGroups) -> Result<DescribeLogGroupsOutput> {
    if input.include_linked_accounts == Some(true) {
        return Err(unsupported("includeLinkedAccounts"));
    }
    if input.account_identifiers.is_some() {
        return Err(unsupported("accountIdentifiers"));
    }
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(error::INVALID_PARAMETER
            .with("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    // Every group here is of the class STANDARD.
    if input.log_group_class.as_ref().is_some_and(|it| it != "STANDARD") {
        return Ok(DescribeLogGroupsOutput { log_groups: Some(Vec::new()), next_token: None });
    }
    if let Some(identifiers) = &input.log_group_identifiers {
        return describe_named(cx, identifiers);
    }
    let pattern = input.log_group_name_pattern.as_deref();
    let limit = input.limit.unwrap_or(DESCRIBE_LIMIT) as usize;
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let after = input.next_token.as_deref().map(read_token).transpose()?;
    let (groups, more) = find(cx, &prefix, pattern.unwrap_or_default(), after, limit);
    let next_token = groups.last().filter(|_| more).map(|it| token(&it.name));
    let described = groups.into_iter().map(|it| match pattern {
        None => described(cx, it),
        Some(_) => brief(cx, it),
    });
    Ok(DescribeLogGroupsOutput { log_groups: Some(described.collect()), next_token })
}

pub fn delete(cx: &mut Cx, input: DeleteLogGroup) -> Result<DeleteLogGroupOutput> {
    let group = by_name(cx, &input.log_group_name)?;
    // The code and the sentence stand in the user guide, "Protecting log groups from deletion".
    if group.protected {
        return Err(error::VALIDATION
            .with("Cannot delete log group with deletion protection enabled. Disable deletion protection first."));
    }
    cx.delete(&GROUPS, &group.name.as_str());
    sweep::abandon_group(cx, group.store);
    Ok(DeleteLogGroupOutput {})
}

pub fn protect(cx: &mut Cx, input: PutLogGroupDeletionProtection) -> Result<PutLogGroupDeletionProtectionOutput> {
    let mut group = of_input(cx, &None, &Some(input.log_group_identifier))?;
    group.protected = input.deletion_protection_enabled;
    put(cx, &group);
    Ok(PutLogGroupDeletionProtectionOutput {})
}

pub fn put(cx: &mut Cx, group: &Group) {
    cx.put(&GROUPS, &group.name.as_str(), group);
}

pub fn by_name(cx: &Cx, name: &str) -> Result<Group> {
    cx.get(&GROUPS, &name).ok_or_else(|| error::RESOURCE_NOT_FOUND.with("The specified log group does not exist."))
}

/// The group that an input names, or identifies by name or ARN.
pub fn of_input(cx: &Cx, name: &Option<String>, identifier: &Option<String>) -> Result<Group> {
    by_name(cx, resource::name_of(cx, name, identifier)?)
}

/// A number that no group or stream ever had.
pub fn take_number(cx: &mut Cx) -> u64 {
    let number = cx.get(&NEXT_NUMBER, &()).unwrap_or(1);
    cx.put(&NEXT_NUMBER, &(), &(number + 1));
    number
}

/// Without the `:*` that most policies need.
pub fn arn_of(cx: &Cx, name: &str) -> String {
    cx.arn("logs", &format!("log-group:{name}"))
}

/// CloudWatch Logs names another code than most services for what its model forbids.
pub fn invalid(_: &'static model::Service, violations: &model::Violations) -> Result<()> {
    Err(error::INVALID_PARAMETER.with(violations.to_string()))
}

/// What Niebla lacks is named, not ignored.
pub fn unsupported(what: &str) -> Error {
    error::INVALID_PARAMETER.with(format!("Niebla does not support {what} of CloudWatch Logs yet."))
}

/// What the next page of a list begins after.
pub fn token(last: &str) -> String {
    BASE64.encode(last)
}

pub fn read_token(token: &str) -> Result<String> {
    let bytes = BASE64.decode(token).ok().and_then(|it| String::from_utf8(it).ok());
    bytes.ok_or_else(invalid_token)
}

pub fn invalid_token() -> Error {
    error::INVALID_PARAMETER.with("The specified nextToken is invalid.")
}

/// At most `limit` groups by name, and whether there are more.
fn find(cx: &Cx, prefix: &str, pattern: &str, mut after: Option<String>, limit: usize) -> (Vec<Group>, bool) {
    let mut found = Vec::new();
    loop {
        let mut span = Span::beginning(&(), prefix.as_bytes());
        if let Some(after) = &after {
            span = span.after(&after.as_str());
        }
        let page = cx.range(&GROUPS, span, PAGE.min(if pattern.is_empty() { limit + 1 } else { PAGE }));
        let whole = page.len();
        after = page.last().map(|it: &Group| it.name.clone());
        // The documentation of logGroupNamePattern: a case-sensitive search for a part of the name.
        found.extend(page.into_iter().filter(|it| it.name.contains(pattern)));
        if found.len() > limit {
            found.truncate(limit);
            return (found, true);
        }
        if whole < PAGE {
            return (found, false);
        }
    }
}

fn describe_named(cx: &Cx, identifiers: &[String]) -> Result<DescribeLogGroupsOutput> {
    let mut groups = Vec::new();
    for it in identifiers {
        let name = resource::name_of(cx, &None, &Some(it.clone()))?.to_owned();
        groups.extend(cx.get(&GROUPS, &name.as_str()).map(|it| described(cx, it)));
    }
    Ok(DescribeLogGroupsOutput { log_groups: Some(groups), next_token: None })
}

fn described(cx: &Cx, group: Group) -> LogGroup {
    let tally = cx.get(&TALLIES, &group.store).unwrap_or_default();
    LogGroup {
        retention_in_days: group.retention_days,
        metric_filter_count: Some(0),
        stored_bytes: Some(tally.bytes),
        log_group_class: Some("STANDARD".to_owned()),
        log_group_arn: Some(arn_of(cx, &group.name)),
        deletion_protection_enabled: Some(group.protected),
        ..brief(cx, group)
    }
}

/// All that a search by pattern gives (DescribeLogGroups in the API reference).
fn brief(cx: &Cx, group: Group) -> LogGroup {
    LogGroup {
        arn: Some(format!("{}:*", arn_of(cx, &group.name))),
        creation_time: Some(group.created_at),
        log_group_name: Some(group.name),
        ..LogGroup::default()
    }
}

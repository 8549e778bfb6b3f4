//! What a lifecycle configuration must not say.
//!
//! Sources: PutBucketLifecycleConfiguration in the API Reference, "Lifecycle configuration elements" and "Transitioning
//! objects using Amazon S3 Lifecycle" in the user guide.

use super::DAY_MS;
use super::rule::rank;
use crate::fault;
use crate::object::StorageClass;
use api::s3::{
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition,
    Tag, Transition,
};
use model::{Result, Timestamp};

const MOST_RULES: usize = 1000;
const LONGEST_ID: usize = 255;
const LONGEST_PREFIX: usize = 1024;
const MOST_SPARED: i64 = 100;
/// In Standard-IA and One Zone-IA.
const LEAST_DAYS_OF_IA: i64 = 30;

pub fn check(rules: &[LifecycleRule]) -> Result<()> {
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(fault::malformed_xml());
    }
    if rules.iter().any(|it| it.filter.is_some()) && rules.iter().any(|it| it.prefix.is_some()) {
        return request("Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.");
    }
    for (at, rule) in rules.iter().enumerate() {
        if rule.id.is_some() && rules[..at].iter().any(|it| it.id == rule.id) {
            return argument("Rule ID must be unique. Found same ID for one or more rules");
        }
        let prefix = rule.prefix.as_ref();
        if let Some(prefix) = prefix.filter(|_| rules[..at].iter().any(|it| it.prefix.as_ref() == prefix)) {
            return argument(format!("Found two rules with same prefix '{prefix}'"));
        }
        check_rule(rule)?;
    }
    Ok(())
}

fn check_rule(rule: &LifecycleRule) -> Result<()> {
    if rule.id.as_ref().is_some_and(|it| it.chars().count() > LONGEST_ID) {
        return argument("ID length should not exceed allowed limit of 255");
    }
    if rule.filter.is_some() == rule.prefix.is_some() {
        return Err(fault::malformed_xml());
    }
    rule.filter.as_ref().map_or(Ok(()), check_filter)?;
    if prefix_of(rule).len() > LONGEST_PREFIX {
        return request("The maximum size of a prefix is 1024.");
    }
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let old_transitions = rule.noncurrent_version_transitions.as_deref().unwrap_or_default();
    if rule.expiration.is_none()
        && transitions.is_empty()
        && old_transitions.is_empty()
        && rule.noncurrent_version_expiration.is_none()
        && rule.abort_incomplete_multipart_upload.is_none()
    {
        return request("At least one action needs to be specified in a rule");
    }
    rule.expiration.as_ref().map_or(Ok(()), |it| check_expiration(rule, it))?;
    check_transitions(rule, transitions)?;
    rule.noncurrent_version_expiration.as_ref().map_or(Ok(()), |it| check_old_expiration(rule, it))?;
    check_old_transitions(rule, old_transitions)?;
    check_abortion(rule)
}

fn check_filter(filter: &LifecycleRuleFilter) -> Result<()> {
    let given = [
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.object_size_greater_than.is_some(),
        filter.object_size_less_than.is_some(),
        filter.and.is_some(),
    ];
    if given.iter().filter(|it| **it).count() > 1 {
        return Err(fault::malformed_xml());
    }
    check_tags(filter.tag.as_slice())?;
    check_sizes(filter.object_size_greater_than, filter.object_size_less_than)?;
    let Some(and) = &filter.and else { return Ok(()) };
    let tags = and.tags.as_deref().unwrap_or_default();
    let sizes = [and.object_size_greater_than, and.object_size_less_than];
    let count = tags.len() + usize::from(and.prefix.is_some()) + sizes.iter().flatten().count();
    if count < 2 {
        return Err(fault::malformed_xml());
    }
    check_tags(tags)?;
    check_sizes(sizes[0], sizes[1])
}

fn check_tags(tags: &[Tag]) -> Result<()> {
    let repeated = |at: usize| tags[..at].iter().any(|it| it.key == tags[at].key);
    if (0..tags.len()).any(repeated) {
        return request("Duplicate Tag Keys are not allowed.");
    }
    Ok(())
}

fn check_sizes(above: Option<i64>, below: Option<i64>) -> Result<()> {
    if above.is_some_and(|it| it < 0) || below.is_some_and(|it| it < 1) {
        return Err(fault::malformed_xml());
    }
    match (above, below) {
        (Some(above), Some(below)) if below <= above => {
            request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
        }
        _ => Ok(()),
    }
}

fn check_expiration(rule: &LifecycleRule, it: &LifecycleExpiration) -> Result<()> {
    let given = [it.days.is_some(), it.date.is_some(), it.expired_object_delete_marker.is_some()];
    if given.iter().filter(|it| **it).count() != 1 {
        return Err(fault::malformed_xml());
    }
    if it.days.is_some_and(|it| it < 1) {
        return argument("'Days' for Expiration action must be a positive integer");
    }
    if it.expired_object_delete_marker == Some(true)
        && let Some(what) = beside_prefix(rule)
    {
        return request(format!("ExpiredObjectDeleteMarker cannot be specified with {what}."));
    }
    check_date(it.date)
}

fn check_date(date: Option<Timestamp>) -> Result<()> {
    if date.is_some_and(|it| it.0 % DAY_MS != 0) {
        return argument("'Date' must be at midnight GMT");
    }
    Ok(())
}

fn check_transitions(rule: &LifecycleRule, transitions: &[Transition]) -> Result<()> {
    let scope = scope(rule);
    let mut moves = Vec::new();
    for it in transitions {
        let class = class_of(it.storage_class.as_deref())?;
        if it.days.is_some() == it.date.is_some() {
            return Err(fault::malformed_xml());
        }
        if it.days.is_some_and(|it| it < 0) {
            return argument("'Days' in Transition action must be nonnegative");
        }
        check_date(it.date)?;
        if is_ia(class) && it.days.is_some_and(|it| it < LEAST_DAYS_OF_IA) {
            return argument(format!(
                "'Days' in Transition action must be greater than or equal to 30 for storageClass '{}'",
                class.name()
            ));
        }
        moves.push(Move { class, days: it.days.unwrap_or_default() });
    }
    check_moves(&moves.iter().collect::<Vec<_>>(), "Transition", &scope)?;
    let mixed = |days: bool| transitions.iter().any(|it| it.days.is_some() != days);
    if transitions.first().is_some_and(|first| mixed(first.days.is_some())) {
        return request(format!(
            "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for {scope}"
        ));
    }
    let Some(expiration) = &rule.expiration else { return Ok(()) };
    let by_days = expiration.days.is_some();
    if (by_days || expiration.date.is_some()) && mixed(by_days) {
        return request(format!(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {scope}"
        ));
    }
    if transitions.iter().any(|it| it.days.zip(expiration.days).is_some_and(|(moved, ended)| ended <= moved)) {
        return argument(format!(
            "'Days' in the Expiration action for {scope} must be greater than 'Days' in the Transition action"
        ));
    }
    if transitions.iter().any(|it| it.date.zip(expiration.date).is_some_and(|(moved, ended)| ended <= moved)) {
        return argument(format!(
            "'Date' in the Expiration action for {scope} must be later than 'Date' in the Transition action"
        ));
    }
    Ok(())
}

fn check_old_expiration(rule: &LifecycleRule, it: &NoncurrentVersionExpiration) -> Result<()> {
    let days = it.noncurrent_days.ok_or_else(fault::malformed_xml)?;
    if days < 1 {
        return argument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
    }
    check_spared(rule, it.newer_noncurrent_versions, "NoncurrentVersionExpiration")
}

fn check_old_transitions(rule: &LifecycleRule, transitions: &[NoncurrentVersionTransition]) -> Result<()> {
    const NAME: &str = "NoncurrentVersionTransition";
    let scope = scope(rule);
    let mut moves = Vec::new();
    for it in transitions {
        let class = class_of(it.storage_class.as_deref())?;
        let days = it.noncurrent_days.ok_or_else(fault::malformed_xml)?;
        if days < 0 {
            return argument("'NoncurrentDays' in NoncurrentVersionTransition action must be nonnegative");
        }
        if is_ia(class) && days < LEAST_DAYS_OF_IA {
            return argument(format!(
                "'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to 30 for storageClass '{}'",
                class.name()
            ));
        }
        check_spared(rule, it.newer_noncurrent_versions, NAME)?;
        moves.push(Move { class, days });
    }
    check_moves(&moves.iter().collect::<Vec<_>>(), NAME, &scope)?;
    let ended = rule.noncurrent_version_expiration.as_ref().and_then(|it| it.noncurrent_days);
    if ended.is_some_and(|ended| moves.iter().any(|it| ended <= it.days)) {
        return argument(format!(
            "'NoncurrentDays' in the NoncurrentVersionExpiration action for {scope} must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action"
        ));
    }
    Ok(())
}

/// A transition to a class, after so many days.
struct Move {
    class: StorageClass,
    days: i64,
}

/// Each class once, the deeper ones later, and nothing leaves Standard-IA or One Zone-IA within 30 days.
fn check_moves(moves: &[&Move], name: &str, scope: &str) -> Result<()> {
    for (at, one) in moves.iter().enumerate() {
        for other in &moves[at + 1..] {
            if one.class == other.class {
                return request(format!(
                    "'StorageClass' must be different for '{name}' actions in same 'Rule' with {scope}"
                ));
            }
            let (first, second) = if rank(one.class) < rank(other.class) { (one, other) } else { (other, one) };
            let least = if is_ia(first.class) { LEAST_DAYS_OF_IA } else { 1 };
            let by_days = first.days != 0 || second.days != 0;
            if by_days && second.days - first.days < least {
                let much = if least > 1 { "30 days more" } else { "greater" };
                return argument(format!(
                    "'Days' in the '{name}' action for StorageClass '{}' for {scope} must be {much} than 'Days' in the '{name}' action for StorageClass '{}' for {scope}",
                    second.class.name(),
                    first.class.name()
                ));
            }
        }
    }
    Ok(())
}

fn check_spared(rule: &LifecycleRule, spared: Option<i64>, name: &str) -> Result<()> {
    let Some(spared) = spared else { return Ok(()) };
    if rule.filter.is_none() {
        return request(format!("'NewerNoncurrentVersions' for {name} action can only be used with a Filter element"));
    }
    if spared < 1 {
        return argument(format!("'NewerNoncurrentVersions' for {name} action must be a positive integer"));
    }
    if spared > MOST_SPARED {
        return argument(format!("'NewerNoncurrentVersions' for {name} action must not exceed {MOST_SPARED}"));
    }
    Ok(())
}

fn check_abortion(rule: &LifecycleRule) -> Result<()> {
    let Some(abortion) = &rule.abort_incomplete_multipart_upload else { return Ok(()) };
    if abortion.days_after_initiation.ok_or_else(fault::malformed_xml)? < 1 {
        return argument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
    }
    match beside_prefix(rule) {
        Some(what) => request(format!("AbortIncompleteMultipartUpload cannot be specified with {what}.")),
        None => Ok(()),
    }
}

fn class_of(name: Option<&str>) -> Result<StorageClass> {
    let name = name.ok_or_else(fault::malformed_xml)?;
    StorageClass::of(Some(name)).map_err(|_| fault::malformed_xml())
}

fn is_ia(class: StorageClass) -> bool {
    matches!(class, StorageClass::StandardIa | StorageClass::OnezoneIa)
}

/// What a filter asks for that uploads and markers do not have.
fn beside_prefix(rule: &LifecycleRule) -> Option<&'static str> {
    let filter = rule.filter.as_ref()?;
    let and = filter.and.clone().unwrap_or_default();
    let tags = filter.tag.is_some() || and.tags.is_some_and(|it| !it.is_empty());
    let sizes = [
        filter.object_size_greater_than,
        filter.object_size_less_than,
        and.object_size_greater_than,
        and.object_size_less_than,
    ];
    match (tags, sizes.iter().any(Option::is_some)) {
        (true, _) => Some("Tags"),
        (false, true) => Some("Object Size"),
        (false, false) => None,
    }
}

fn prefix_of(rule: &LifecycleRule) -> &str {
    let of_filter = || {
        let filter = rule.filter.as_ref()?;
        filter.prefix.as_deref().or_else(|| filter.and.as_ref()?.prefix.as_deref())
    };
    rule.prefix.as_deref().or_else(of_filter).unwrap_or_default()
}

/// As messages name a rule.
fn scope(rule: &LifecycleRule) -> String {
    match &rule.prefix {
        Some(prefix) => format!("prefix '{prefix}'"),
        None => format!("filter '(prefix={})'", prefix_of(rule)),
    }
}

fn argument(message: impl Into<String>) -> Result<()> {
    Err(fault::INVALID_ARGUMENT.with(message))
}

fn request(message: impl Into<String>) -> Result<()> {
    Err(fault::INVALID_REQUEST.with(message))
}

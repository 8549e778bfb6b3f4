//! What narrows a session: policies and tags; and how much room they take.

use crate::session::VALIDATION_ERROR;
use api::sts::{PolicyDescriptorType, Tag, error};
use kernel::{Cx, Session};
use model::{ErrorShape, Result};
use policy::{Context, Kind};
use std::collections::{BTreeMap, BTreeSet};

const INVALID_PARAMETER_VALUE: ErrorShape = ErrorShape::sender("InvalidParameterValue");
const RESERVED: &str = "aws:";

/// AWS packs policies and tags into the token and tells how full it gets, but not how it packs. These numbers are near to
/// what has been reported: nine tags of 252 characters were 498 %.
const ROOM_FOR_TAGS: usize = 455;
const ROOM_FOR_POLICIES: usize = 4_096;
const OF_AN_ARN: usize = 20;
/// Of a policy's text and the ARNs together (AssumeRole in the STS API reference).
const MOST_CHARACTERS: usize = 2_048;

/// The policies that are passed: (name or ARN, document).
pub fn policies(
    cx: &Cx,
    text: Option<String>,
    arns: Option<Vec<PolicyDescriptorType>>,
) -> Result<Vec<(String, String)>> {
    let mut policies = Vec::new();
    if let Some(text) = text {
        policy::Policy::parse(&text, Kind::Session).map_err(|it| error::MALFORMED_POLICY_DOCUMENT.with(it.message))?;
        policies.push(("session policy".to_owned(), text));
    }
    for arn in arns.unwrap_or_default().into_iter().filter_map(|it| it.arn) {
        let found = cx.managed_policy(&arn).filter(|_| is_at_hand(cx, &arn));
        let missing = || VALIDATION_ERROR.with(format!("The policy {arn} does not exist or is not attachable."));
        policies.push((arn.clone(), found.ok_or_else(missing)?));
    }
    Ok(policies)
}

/// A policy of the account whose session it is, or AWS's.
fn is_at_hand(cx: &Cx, arn: &str) -> bool {
    arn.split(':').nth(4).is_some_and(|it| it == "aws" || it == cx.account())
}

/// The tags that are passed.
pub fn tags(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>> {
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for Tag { key, value } in given.unwrap_or_default() {
        if tags.keys().any(|it| it.eq_ignore_ascii_case(&key)) {
            let sentence = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(INVALID_PARAMETER_VALUE.with(sentence));
        }
        if key.to_ascii_lowercase().starts_with(RESERVED) {
            return Err(INVALID_PARAMETER_VALUE.with("aws: prefixed tag key names are not allowed for external use."));
        }
        tags.insert(key, value);
    }
    Ok(tags)
}

/// The tags of the session that follows on another one, and which of them go on from there (Passing session tags in AWS
/// STS, "Chaining roles with session tags").
pub fn inherit(
    tags: BTreeMap<String, String>,
    transitive: Vec<String>,
    before: Option<&Session>,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>)> {
    let has = |key: &String| tags.keys().any(|it| it.eq_ignore_ascii_case(key));
    if !transitive.iter().all(has) {
        let sentence = "The specified transitive tag key must be included in the requested tags.";
        return Err(INVALID_PARAMETER_VALUE.with(sentence));
    }
    let inherited = before.map(|it| it.transitive.clone()).unwrap_or_default();
    if inherited.iter().any(has) {
        return Err(INVALID_PARAMETER_VALUE.with("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."));
    }
    let mut all: BTreeMap<String, String> = before
        .iter()
        .flat_map(|it| &it.tags)
        .filter(|(key, _)| inherited.contains(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    all.extend(tags);
    Ok((all, inherited.into_iter().chain(transitive).collect()))
}

/// `PackedPolicySize`: a percentage. Inherited tags do not count.
pub fn packed_size(policies: &[(String, String)], tags: &BTreeMap<String, String>) -> Result<Option<i64>> {
    let written = |(name, text): &(String, String)| if is_arn(name) { name.len() } else { text.chars().count() };
    if policies.iter().map(written).sum::<usize>() > MOST_CHARACTERS {
        let percent = policies.iter().map(written).sum::<usize>() * 100 / MOST_CHARACTERS;
        return Err(error::PACKED_POLICY_TOO_LARGE
            .with(format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")));
    }
    let packed = |(name, text): &(String, String)| if is_arn(name) { OF_AN_ARN } else { text.len() };
    let of_policies = (policies.iter().map(packed).sum::<usize>() * 100).div_ceil(ROOM_FOR_POLICIES);
    let of_tags =
        (tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() * 100).div_ceil(ROOM_FOR_TAGS);
    if of_policies + of_tags > 100 {
        let percent = of_policies + of_tags;
        let sentence = format!("Packed size of session tags consumes {percent}% of allotted space.");
        return Err(error::PACKED_POLICY_TOO_LARGE.with(sentence));
    }
    Ok((of_policies + of_tags > 0).then_some((of_policies + of_tags) as i64))
}

/// `aws:RequestTag/…` and `aws:TagKeys`.
pub fn requested(tags: Option<&Vec<Tag>>, context: &mut Context) {
    let Some(tags) = tags.filter(|it| !it.is_empty()) else { return };
    for tag in tags {
        context.insert(format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    context.insert("aws:TagKeys", tags.iter().map(|it| it.key.clone()).collect::<Vec<_>>());
}

fn is_arn(name: &str) -> bool {
    name.starts_with("arn:")
}

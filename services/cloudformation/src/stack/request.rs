//! What requests that define a stack have in common: the template, the parameters, the tags, and what is refused.

use super::file::{self, Kind};
use super::{Definition, Stack};
use crate::admission;
use crate::policy::like;
use crate::template::evaluate::Place;
use crate::template::parameter::Given;
use crate::template::{self, Expanded, Template, invalid, rules, unsupported};
use api::cloudformation::{Parameter, RollbackConfiguration, Tag, error};
use kernel::Cx;
use model::Result;
use std::collections::{BTreeMap, BTreeSet};

/// AWS's limit.
const MOST_TAGS: usize = 50;

/// AWS's quota for an account and region.
pub const MOST_STACKS: usize = 2_000;

/// The parts of a request that define a stack.
pub struct Wanted {
    pub template_body: Option<String>,
    pub template_url: Option<String>,
    pub use_previous_template: bool,
    pub parameters: Vec<Parameter>,
    pub capabilities: Vec<String>,
    /// Kept from before where not given.
    pub tags: Option<Vec<Tag>>,
    /// The types that a template may name: `AWS::SQS::*`. All where none are given.
    pub resource_types: Vec<String>,
    /// `CAPABILITY_AUTO_EXPAND` has no meaning for change sets, which show what macros make (CreateChangeSet).
    pub expansion: Expansion,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    NeedsCapability,
    Shown,
}

/// Refuses the members that Niebla does not honour, by name.
pub fn refuse(operation: &str, members: &[(&str, bool)]) -> Result<()> {
    match members.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(unsupported(format!("the parameter {name} of {operation}"))),
        None => Ok(()),
    }
}

/// AWS's limit for a template that is sent with the request.
const LONGEST_BODY: usize = 51_200;
const TEMPLATE: Kind = Kind { name: "Template", most: template::LARGEST as i64 };

/// The text of the template: sent along, in S3, or the one from before.
pub fn body(cx: &mut Cx, body: Option<String>, url: Option<&str>, previous: Option<&str>) -> Result<String> {
    match (body, url, previous) {
        (Some(_), Some(_), _) => Err(invalid("Only one of Template URL or Template Body may be specified.")),
        (Some(body), None, _) if body.len() > LONGEST_BODY => Err(invalid(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_BODY}"
        ))),
        (Some(body), None, _) => Ok(body),
        (None, Some(url), _) => file::fetch(cx, url, "TemplateURL", &TEMPLATE),
        (None, None, Some(previous)) => Ok(previous.to_owned()),
        (None, None, None) => Err(invalid("Either Template URL or Template Body must be specified.")),
    }
}

/// Everything about a definition that can be checked before anything is done.
pub fn define(cx: &mut Cx, wanted: Wanted, previous: Option<&Definition>) -> Result<(Definition, Template)> {
    let before = previous.filter(|_| wanted.use_previous_template).map(|it| it.template.as_str());
    let text = body(cx, wanted.template_body, wanted.template_url.as_deref(), before)?;
    check_capabilities(&wanted.capabilities)?;
    let given: Vec<Given> = wanted.parameters.into_iter().map(given).collect();
    let none = BTreeMap::new();
    let kept = previous.map_or(&none, |it| &it.parameters);
    let place = place(cx);
    let Expanded { template, processed, values } = template::expand(&text, &given, kept, &place)?;
    if processed.is_some()
        && wanted.expansion == Expansion::NeedsCapability
        && !wanted.capabilities.iter().any(|it| it == AUTO_EXPAND)
    {
        return Err(error::INSUFFICIENT_CAPABILITIES.with(format!("Requires capabilities : [{AUTO_EXPAND}]")));
    }
    rules::check(&template, &values, &place)?;
    check_types(&template, &wanted.resource_types)?;
    let tags = match wanted.tags {
        Some(tags) => check_tags(tags)?,
        None => previous.map(|it| it.tags.clone()).unwrap_or_default(),
    };
    admission::check(cx, &template, &wanted.capabilities)?;
    let definition = Definition {
        template: text,
        processed,
        parameters: values,
        hidden: template.parameters.iter().filter(|it| it.no_echo).map(|it| it.name.clone()).collect(),
        description: template.description.clone(),
        capabilities: wanted.capabilities,
        tags,
    };
    Ok((definition, template))
}

/// Where expressions are evaluated before there is a stack.
fn place(cx: &Cx) -> Place {
    Place {
        account: cx.account().to_owned(),
        region: cx.region().to_owned(),
        partition: cx.partition().to_owned(),
        ..Place::default()
    }
}

const AUTO_EXPAND: &str = "CAPABILITY_AUTO_EXPAND";

fn check_capabilities(named: &[String]) -> Result<()> {
    const KNOWN: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", AUTO_EXPAND];
    match named.iter().any(|it| !KNOWN.contains(&it.as_str())) {
        true => Err(invalid(format!(
            "1 validation error detected: Value '[{}]' at 'capabilities' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]]",
            named.join(", ")
        ))),
        false => Ok(()),
    }
}

fn check_types(template: &Template, allowed: &[String]) -> Result<()> {
    if allowed.is_empty() {
        return Ok(());
    }
    let fits = |name: &str| allowed.iter().any(|it| like(it, name));
    let types: BTreeSet<&str> = template.resources.values().map(|it| it.type_name.as_str()).collect();
    match types.into_iter().find(|it| !fits(it)) {
        Some(other) => Err(invalid(format!("Resource type {other} is not allowed by parameter ResourceTypes"))),
        None => Ok(()),
    }
}

/// A request that was made before, by its token. The same token for another operation is refused.
pub fn is_retry(stack: &Stack, token: Option<&str>, verb: &str) -> Result<bool> {
    if token.is_none() || stack.last_token.as_deref() != token {
        return Ok(false);
    }
    match stack.last_verb == verb {
        true => Ok(true),
        false => Err(error::TOKEN_ALREADY_EXISTS.with("A client request token already exists.")),
    }
}

/// Alarms that roll back need CloudWatch; without any there is nothing to watch.
pub fn refuse_triggers(operation: &str, it: Option<&RollbackConfiguration>) -> Result<()> {
    let triggers = it.and_then(|it| it.rollback_triggers.as_ref()).is_some_and(|it| !it.is_empty());
    let minutes = it.and_then(|it| it.monitoring_time_in_minutes).is_some_and(|it| it != 0);
    refuse(operation, &[("RollbackConfiguration", triggers || minutes)])
}

pub fn check_name(name: &str) -> Result<()> {
    let fits = name.len() <= 128
        && name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    match fits {
        true => Ok(()),
        false => Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        ))),
    }
}

fn given(it: Parameter) -> Given {
    Given {
        name: it.parameter_key.unwrap_or_default(),
        value: it.parameter_value,
        use_previous: it.use_previous_value == Some(true),
    }
}

fn check_tags(tags: Vec<Tag>) -> Result<Vec<(String, String)>> {
    if tags.len() > MOST_TAGS {
        return Err(invalid(format!("Number of tags, {}, is greater than maximum allowed, {MOST_TAGS}", tags.len())));
    }
    if let Some(tag) = tags.iter().find(|it| it.key.starts_with("aws:")) {
        return Err(invalid(format!(
            "Tag key {} is invalid: aws: prefixed tag key names are not allowed for external use",
            tag.key
        )));
    }
    let mut tags: Vec<_> = tags.into_iter().map(|it| (it.key, it.value)).collect();
    tags.sort();
    Ok(tags)
}

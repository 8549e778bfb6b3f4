//! What requests that define a stack have in common: the template, the parameters, the tags, and what is refused.

use super::Definition;
use crate::admission;
use crate::template::parameter::{self, Given};
use crate::template::{Template, invalid, parse, unsupported};
use api::cloudformation::{Parameter, Tag};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;

/// AWS's limit.
const MOST_TAGS: usize = 50;

/// The parts of a request that define a stack.
pub struct Wanted {
    pub template_body: Option<String>,
    pub template_url: Option<String>,
    pub use_previous_template: bool,
    pub parameters: Vec<Parameter>,
    pub capabilities: Vec<String>,
    /// Kept from before where not given.
    pub tags: Option<Vec<Tag>>,
}

/// Refuses the members that Niebla does not honour, by name.
pub fn refuse(operation: &str, members: &[(&str, bool)]) -> Result<()> {
    match members.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(unsupported(format!("the parameter {name} of {operation}"))),
        None => Ok(()),
    }
}

/// The text of the template: sent along, or the one from before.
pub fn body(body: Option<String>, url: Option<&String>, previous: Option<&str>, use_previous: bool) -> Result<String> {
    match (body, url, previous) {
        (Some(body), _, _) => Ok(body),
        (None, Some(_), _) => Err(unsupported("the parameter TemplateURL")),
        (None, None, Some(previous)) if use_previous => Ok(previous.to_owned()),
        (None, None, _) => Err(invalid("Either Template URL or Template Body must be specified.")),
    }
}

/// Everything about a definition that can be checked before anything is done.
pub fn define(cx: &Cx, wanted: Wanted, previous: Option<&Definition>) -> Result<(Definition, Template)> {
    let before = previous.map(|it| it.template.as_str());
    let text = body(wanted.template_body, wanted.template_url.as_ref(), before, wanted.use_previous_template)?;
    let template = parse(&text)?;
    let given: Vec<Given> = wanted.parameters.into_iter().map(given).collect();
    let none = BTreeMap::new();
    let values = parameter::values(&template.parameters, &given, previous.map_or(&none, |it| &it.parameters))?;
    let tags = match wanted.tags {
        Some(tags) => check_tags(tags)?,
        None => previous.map(|it| it.tags.clone()).unwrap_or_default(),
    };
    admission::check(cx, &template, &wanted.capabilities)?;
    let definition = Definition {
        template: text,
        parameters: values,
        hidden: template.parameters.iter().filter(|it| it.no_echo).map(|it| it.name.clone()).collect(),
        description: template.description.clone(),
        capabilities: wanted.capabilities,
        tags,
    };
    Ok((definition, template))
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

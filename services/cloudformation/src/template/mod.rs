//! Templates: text in, one checked tree out. Nothing here knows of stacks.
//!
//! The sentences are those that CloudFormation answers; a section or attribute that Niebla lacks is refused by its name.

mod declaration;
pub mod evaluate;
pub mod functions;
pub mod graph;
mod json;
pub mod parameter;
pub mod reference;
mod short_forms;
pub mod validate;
mod yaml;

pub use declaration::{Declared, OutputDeclared, Policy};

use model::{Error, ErrorShape, Result};
use parameter::Declaration;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

pub const VALIDATION_ERROR: ErrorShape = ErrorShape::sender("ValidationError");

/// AWS's limit for a body that is sent with the request.
pub const LONGEST_BODY: usize = 51_200;
const LONGEST_DESCRIPTION: usize = 1_024;
const MOST_PARAMETERS: usize = 200;
const MOST_MAPPINGS: usize = 200;
const MOST_RESOURCES: usize = 500;
const MOST_OUTPUTS: usize = 200;

#[derive(Clone, Debug)]
pub struct Template {
    pub version: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<Json>,
    /// In the template's order.
    pub parameters: Vec<Declaration>,
    pub mappings: Map<String, Json>,
    pub conditions: Map<String, Json>,
    /// In the order of their names.
    pub resources: BTreeMap<String, Declared>,
    pub outputs: Vec<OutputDeclared>,
}

/// A refusal in CloudFormation's usual form.
pub fn invalid(message: impl Into<String>) -> Error {
    VALIDATION_ERROR.with(message)
}

/// What Niebla lacks, by name.
pub fn unsupported(what: impl std::fmt::Display) -> Error {
    invalid(format!("Niebla does not support {what} yet."))
}

pub fn parse(body: &str) -> Result<Template> {
    if body.len() > LONGEST_BODY {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_BODY}"
        )));
    }
    let tree = if body.trim_start().starts_with('{') { json::parse(body)? } else { yaml::parse(body)? };
    let Json::Object(sections) = tree else {
        return Err(invalid("Template format error: unsupported structure."));
    };
    of_sections(sections)
}

fn of_sections(mut sections: Map<String, Json>) -> Result<Template> {
    known_sections(&sections)?;
    let version = text(&mut sections, "AWSTemplateFormatVersion")?;
    if let Some(version) = version.as_deref().filter(|it| *it != "2010-09-09") {
        return Err(invalid(format!(
            "Template format error: {version} is not a supported value for AWSTemplateFormatVersion."
        )));
    }
    let description = text(&mut sections, "Description")?;
    if description.as_ref().is_some_and(|it| it.len() > LONGEST_DESCRIPTION) {
        return Err(invalid(format!(
            "Template format error: 'Description' length is greater than {LONGEST_DESCRIPTION}."
        )));
    }
    let metadata = sections.shift_remove("Metadata");
    let parameters = object(&mut sections, "Parameters", MOST_PARAMETERS)?;
    let parameters =
        parameters.into_iter().map(|(name, it)| parameter::declaration(name, it)).collect::<Result<_>>()?;
    let mappings = object(&mut sections, "Mappings", MOST_MAPPINGS)?;
    check_mappings(&mappings)?;
    let conditions = object(&mut sections, "Conditions", MOST_RESOURCES)?;
    let resources = object(&mut sections, "Resources", MOST_RESOURCES)?;
    if resources.is_empty() {
        return Err(invalid("Template format error: At least one Resources member must be defined."));
    }
    let resources: BTreeMap<_, _> = resources
        .into_iter()
        .map(|(name, it)| Ok((name.clone(), declaration::resource(&name, it)?)))
        .collect::<Result<_>>()?;
    let outputs = object(&mut sections, "Outputs", MOST_OUTPUTS)?;
    let outputs = outputs.into_iter().map(|(name, it)| declaration::output(name, it)).collect::<Result<_>>()?;
    let template = Template { version, description, metadata, parameters, mappings, conditions, resources, outputs };
    validate::check(&template)?;
    Ok(template)
}

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

fn known_sections(sections: &Map<String, Json>) -> Result<()> {
    let unknown: Vec<&str> = sections.keys().map(String::as_str).filter(|it| !SECTIONS.contains(it)).collect();
    if !unknown.is_empty() {
        return Err(invalid(format!("Invalid template property or properties [{}]", unknown.join(", "))));
    }
    for name in ["Rules", "Transform"] {
        if let Some(content) = sections.get(name) {
            let which = content.as_str().map(|it| format!(" ({it})")).unwrap_or_default();
            return Err(unsupported(format!("the template section {name}{which}")));
        }
    }
    match sections.iter().find(|(name, it)| it.is_null() && *name != "Metadata") {
        Some((name, _)) => Err(null(&format!("/{name}"))),
        None => Ok(()),
    }
}

pub(crate) fn null(path: &str) -> Error {
    invalid(format!("Template format error: [{path}] 'null' values are not allowed in templates"))
}

fn text(sections: &mut Map<String, Json>, name: &str) -> Result<Option<String>> {
    match sections.shift_remove(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("Template format error: every {name} member must be a string."))),
    }
}

fn object(sections: &mut Map<String, Json>, name: &str, most: usize) -> Result<Map<String, Json>> {
    let members = match sections.shift_remove(name) {
        None => return Ok(Map::new()),
        Some(Json::Object(members)) => members,
        Some(_) => return Err(invalid(format!("Template format error: Every {name} member must be an object."))),
    };
    if members.len() > most {
        let (what, count) = (name.to_lowercase(), members.len());
        return Err(invalid(format!(
            "Template format error: Number of {what}, {count}, is greater than maximum allowed, {most}"
        )));
    }
    match members.keys().find(|it| it.is_empty() || !it.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        // Conditions and mappings may have other names.
        Some(bad) if matches!(name, "Resources" | "Parameters" | "Outputs") => Err(invalid(format!(
            "Template format error: {} name {bad} is non alphanumeric.",
            name.trim_end_matches('s')
        ))),
        _ => Ok(members),
    }
}

/// Two levels of names, then a text or a list of texts.
fn check_mappings(mappings: &Map<String, Json>) -> Result<()> {
    for (name, map) in mappings {
        let Some(tops) = map.as_object() else {
            return Err(invalid("Template format error: Every Mappings member must be a map"));
        };
        for (top, seconds) in tops {
            let Some(seconds) = seconds.as_object() else {
                return Err(invalid(format!(
                    "Template format error: Every Mappings attribute must be a map: {name}/{top}"
                )));
            };
            if let Some((second, _)) = seconds.iter().find(|(_, it)| it.is_object() || it.is_null()) {
                return Err(invalid(format!(
                    "Template format error: Every Mappings attribute must be a String or a List: {name}/{top}/{second}"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

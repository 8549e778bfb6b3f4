//! Templates: text in, one checked tree out. Nothing here knows of stacks.
//!
//! The sentences are those that CloudFormation answers; a section or attribute that Niebla lacks is refused by its name.

mod declaration;
pub mod evaluate;
pub mod extensions;
pub mod functions;
pub mod graph;
mod json;
pub mod parameter;
pub mod reference;
pub mod rules;
mod short_forms;
pub mod validate;
mod yaml;

pub use declaration::{Declared, OutputDeclared, Policy};

use evaluate::Place;
use model::{Error, ErrorShape, Result};
use parameter::{Declaration, Given};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

pub const VALIDATION_ERROR: ErrorShape = ErrorShape::sender("ValidationError");

/// AWS's limit for a template, wherever it lies.
pub const LARGEST: usize = 1_000_000;
const LONGEST_DESCRIPTION: usize = 1_024;
const MOST_PARAMETERS: usize = 200;
const MOST_MAPPINGS: usize = 200;
const MOST_RULES: usize = 200;
const MOST_RESOURCES: usize = 500;
/// Of parameters, resources, outputs and the like.
const LONGEST_NAME: usize = 255;
/// AWS's limit for a template that transforms have grown.
const LARGEST_PROCESSED: usize = 1_000_000;
pub const MOST_OUTPUTS: usize = 200;

#[derive(Clone, Debug)]
pub struct Template {
    pub version: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<Json>,
    /// By `Transform: AWS::LanguageExtensions`.
    pub extended: bool,
    /// In the template's order.
    pub parameters: Vec<Declaration>,
    pub rules: Map<String, Json>,
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

/// Of a text that was sent, for itself: what transforms need of parameters is taken from their defaults.
pub fn parse(body: &str) -> Result<Template> {
    let mut sections = sections(body)?;
    if extensions::are_asked_for(&sections)? {
        let declared = declarations(&mut sections.clone())?;
        let value = |it: &Declaration| (it.name.clone(), it.default.clone().unwrap_or_default());
        let values = declared.iter().map(value).collect();
        sections = extensions::carry_out(sections, &parameter::referred(&declared, &values), &Place::default())?;
    }
    of_sections(sections)
}

/// Of a stack: its text was checked, and its transforms carried out, when it was defined.
pub fn parse_processed(text: &str) -> Result<Template> {
    of_sections(tree(text)?)
}

/// A template whose transforms were carried out, with the values of its parameters.
pub struct Expanded {
    pub template: Template,
    /// Its text then, where it has transforms.
    pub processed: Option<String>,
    pub values: BTreeMap<String, String>,
}

pub fn expand(body: &str, given: &[Given], previous: &BTreeMap<String, String>, place: &Place) -> Result<Expanded> {
    let sections = sections(body)?;
    let extended = extensions::are_asked_for(&sections)?;
    if !extended {
        let template = of_sections(sections)?;
        let values = parameter::values(&template.parameters, given, previous, &place.region)?;
        return Ok(Expanded { template, processed: None, values });
    }
    let declared = declarations(&mut sections.clone())?;
    let values = parameter::values(&declared, given, previous, &place.region)?;
    let sections = extensions::carry_out(sections, &parameter::referred(&declared, &values), place)?;
    let processed = Json::Object(sections.clone()).to_string();
    if processed.len() > LARGEST_PROCESSED {
        return Err(invalid(format!(
            "Template format error: the processed template has {} bytes, more than {LARGEST_PROCESSED}",
            processed.len()
        )));
    }
    Ok(Expanded { template: of_sections(sections)?, processed: Some(processed), values })
}

fn sections(body: &str) -> Result<Map<String, Json>> {
    if body.len() > LARGEST {
        return Err(invalid(format!("Template may not exceed {LARGEST} bytes in size.")));
    }
    tree(body)
}

fn tree(text: &str) -> Result<Map<String, Json>> {
    let tree = if text.trim_start().starts_with('{') { json::parse(text)? } else { yaml::parse(text)? };
    let Json::Object(sections) = tree else {
        return Err(invalid("Template format error: unsupported structure."));
    };
    known_sections(&sections)?;
    Ok(sections)
}

fn declarations(sections: &mut Map<String, Json>) -> Result<Vec<Declaration>> {
    let parameters = object(sections, "Parameters", MOST_PARAMETERS)?;
    parameters.into_iter().map(|(name, it)| parameter::declaration(name, it)).collect()
}

fn of_sections(mut sections: Map<String, Json>) -> Result<Template> {
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
    let extended = extensions::are_asked_for(&sections)?;
    let metadata = sections.shift_remove("Metadata");
    let parameters = declarations(&mut sections)?;
    let rules = object(&mut sections, "Rules", MOST_RULES)?;
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
    let template = Template {
        version,
        description,
        metadata,
        extended,
        parameters,
        rules,
        mappings,
        conditions,
        resources,
        outputs,
    };
    validate::check(&template)?;
    rules::check_form(&template)?;
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

fn object(sections: &mut Map<String, Json>, section: &str, most: usize) -> Result<Map<String, Json>> {
    let members = match sections.shift_remove(section) {
        None => return Ok(Map::new()),
        Some(Json::Object(members)) => members,
        Some(_) => return Err(invalid(format!("Template format error: Every {section} member must be an object."))),
    };
    if members.len() > most {
        let (what, count) = (section.to_lowercase(), members.len());
        return Err(invalid(format!(
            "Template format error: Number of {what}, {count}, is greater than maximum allowed, {most}"
        )));
    }
    if let Some(name) = members.keys().find(|it| it.len() > LONGEST_NAME) {
        return Err(invalid(format!(
            "Template format error: {} name '{}...' is longer than {LONGEST_NAME} characters.",
            section.trim_end_matches('s'),
            name.chars().take(32).collect::<String>()
        )));
    }
    match members.keys().find(|it| it.is_empty() || !it.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        // Conditions and mappings may have other names.
        Some(bad) if matches!(section, "Resources" | "Parameters" | "Outputs") => Err(invalid(format!(
            "Template format error: {} name {bad} is non alphanumeric.",
            section.trim_end_matches('s')
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

//! What CloudFormation checks of a template by itself: names that exist, functions that are known, no circles.

use super::functions::{EXTENSIONS, FUNCTIONS, call, is_function};
use super::graph::{circle, graph};
use super::reference::{self, Piece, Reference, references};
use super::{Template, invalid, null, unsupported};
use crate::schema;
use model::Result;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

pub fn check(template: &Template) -> Result<()> {
    for (name, condition) in &template.conditions {
        check_functions(template, condition, &format!("/Conditions/{name}"))?;
    }
    for (name, declared) in &template.resources {
        for (property, tree) in &declared.properties {
            check_functions(template, tree, &format!("/Resources/{name}/Properties/{property}"))?;
        }
    }
    for output in &template.outputs {
        check_functions(template, &output.value, &format!("/Outputs/{}/Value", output.name))?;
    }
    recognized_types(template)?;
    conditions_exist(template)?;
    references_exist(template)?;
    match circle(&graph(template, None)) {
        circle if circle.is_empty() => Ok(()),
        circle => {
            let names: Vec<String> = circle.into_iter().collect();
            Err(invalid(format!("Circular dependency between resources: [{}]", names.join(", "))))
        }
    }
}

fn check_functions(template: &Template, tree: &Json, path: &str) -> Result<()> {
    match tree {
        Json::Null => return Err(null(path)),
        Json::String(text) if text.contains("{{resolve:") => {
            return Err(unsupported(format!("dynamic references ({text}, at {path})")));
        }
        Json::Array(items) => items.iter().try_for_each(|it| check_functions(template, it, path))?,
        Json::Object(members) => {
            members.iter().try_for_each(|(key, it)| check_functions(template, it, &format!("{path}/{key}")))?;
        }
        _ => {}
    }
    let Some((name, argument)) = call(tree) else { return Ok(()) };
    match name {
        "Fn::Transform" => Err(unsupported("macros (Fn::Transform)")),
        "Ref" if !argument.is_string() => {
            Err(invalid("Template error: every Ref object must have a single String value."))
        }
        "Fn::GetAtt" if reference::of_get_att(argument).and_then(|it| it.attribute).is_none() => Err(invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
        )),
        "Fn::Sub" => check_sub(argument),
        name if template.extended && EXTENSIONS.contains(&name) => Ok(()),
        name if is_function(name) && !FUNCTIONS.contains(&name) => Err(invalid(format!(
            "Template format error: Encountered unsupported function: {name} Supported functions are: [{}]",
            FUNCTIONS.join(", ")
        ))),
        _ => Ok(()),
    }
}

fn check_sub(argument: &Json) -> Result<()> {
    let text = match argument {
        Json::String(text) => Some(text),
        Json::Array(parts) if parts.len() == 2 && parts[1].is_object() => match &parts[0] {
            Json::String(text) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let Some(text) = text else {
        return Err(invalid(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
        ));
    };
    let fits =
        |name: &str| !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.:".contains(&it));
    let bad = reference::pieces(text).into_iter().any(|it| matches!(it, Piece::Variable(name) if !fits(name)));
    match bad {
        true => Err(invalid(
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
        )),
        false => Ok(()),
    }
}

fn recognized_types(template: &Template) -> Result<()> {
    let types: BTreeSet<&str> = template.resources.values().map(|it| it.type_name.as_str()).collect();
    let unknown: Vec<&str> =
        types.into_iter().filter(|it| !it.starts_with("Custom::") && schema::of(it).is_none()).collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(invalid(format!("Template format error: Unrecognized resource types: [{}]", unknown.join(", ")))),
    }
}

fn conditions_exist(template: &Template) -> Result<()> {
    let unknown = |it: &&str| !template.conditions.contains_key(*it);
    let of_resources: Vec<&str> =
        template.resources.values().filter_map(|it| it.condition.as_deref()).filter(unknown).collect();
    if !of_resources.is_empty() {
        let names = of_resources.join(", ");
        return Err(invalid(format!(
            "Template format error: Unresolved condition dependencies [{names}] in the Resources block of the template"
        )));
    }
    let of_outputs: Vec<&str> =
        template.outputs.iter().filter_map(|it| it.condition.as_deref()).filter(unknown).collect();
    if !of_outputs.is_empty() {
        let names = of_outputs.join(", ");
        return Err(invalid(format!(
            "Template format error: Unresolved condition dependencies [{names}] in the Outputs block of the template"
        )));
    }
    let mut asked = Vec::new();
    for declared in template.resources.values() {
        declared.properties.values().for_each(|it| reference::conditions_asked(it, &mut asked));
    }
    template.outputs.iter().for_each(|it| reference::conditions_asked(&it.value, &mut asked));
    match asked.iter().find(|it| unknown(&it.as_str())) {
        Some(name) => Err(invalid(format!("Template error: unresolved condition dependency {name} in Fn::If"))),
        None => Ok(()),
    }
}

fn references_exist(template: &Template) -> Result<()> {
    let is_parameter =
        |name: &str| PSEUDO_PARAMETERS.contains(&name) || template.parameters.iter().any(|it| it.name == name);
    let asked: Vec<Reference> = template.conditions.values().flat_map(|it| references(it, None)).collect();
    unresolved(asked.iter().map(|it| it.name.as_str()).filter(|it| !is_parameter(it)), |names| {
        format!(
            "Template format error: Unresolved dependencies [{names}]. Cannot reference resources in the Conditions block of the template"
        )
    })?;
    let is_known = |name: &str| is_parameter(name) || template.resources.contains_key(name);

    let mut of_resources = Vec::new();
    for declared in template.resources.values() {
        of_resources.extend(declared.properties.values().flat_map(|it| references(it, None)));
    }
    let of_outputs: Vec<Reference> = template.outputs.iter().flat_map(|it| references(&it.value, None)).collect();
    for it in of_resources.iter().chain(&of_outputs) {
        if it.attribute.is_some() && !template.resources.contains_key(&it.name) {
            return Err(invalid(format!(
                "Template error: instance of Fn::GetAtt references undefined resource {}",
                it.name
            )));
        }
    }
    let named = template.resources.values().flat_map(|it| it.depends_on.iter().map(String::as_str));
    let named = named.filter(|it| !template.resources.contains_key(*it));
    let referred = of_resources.iter().map(|it| it.name.as_str()).filter(|it| !is_known(it));
    unresolved(named.chain(referred), |names| {
        format!(
            "Template format error: Unresolved resource dependencies [{names}] in the Resources block of the template"
        )
    })?;
    unresolved(of_outputs.iter().map(|it| it.name.as_str()).filter(|it| !is_known(it)), |names| {
        format!(
            "Template format error: Unresolved resource dependencies [{names}] in the Outputs block of the template"
        )
    })
}

fn unresolved<'n>(names: impl Iterator<Item = &'n str>, sentence: impl Fn(&str) -> String) -> Result<()> {
    let names: BTreeSet<&str> = names.collect();
    match names.is_empty() {
        true => Ok(()),
        false => Err(invalid(sentence(&names.into_iter().collect::<Vec<_>>().join(", ")))),
    }
}

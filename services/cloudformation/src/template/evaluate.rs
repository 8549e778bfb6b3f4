//! Evaluation: a tree with functions in, a plain tree out.

use super::functions::{self, call};
use super::parameter;
use super::reference::{self, Piece, of_variable, pieces};
use super::{Template, invalid};
use model::Result;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// All that an expression can see.
pub struct Scope<'a> {
    pub template: &'a Template,
    pub place: Place,
    /// What `Ref` gives for a parameter.
    parameters: BTreeMap<String, Json>,
    pub conditions: BTreeMap<String, bool>,
    pub resources: BTreeMap<String, Made>,
    pub imports: &'a dyn Fn(&str) -> Option<String>,
    /// What is not known yet is given as [`UNKNOWN`]: for change sets.
    pub forecast: bool,
}

/// Which stack, and where.
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub account: String,
    pub region: String,
    pub partition: String,
    pub stack_id: String,
    pub stack_name: String,
}

/// A resource that exists.
#[derive(Clone, Debug)]
pub struct Made {
    pub physical_id: String,
    pub attributes: Map<String, Json>,
}

/// How AWS writes what is known only after a change set was executed.
pub const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// What is shown of a parameter with `NoEcho`.
pub const HIDDEN: &str = "****";

/// What stays the same as long as the template and its parameters do.
#[derive(Clone, Debug)]
pub struct Settled {
    parameters: BTreeMap<String, Json>,
    pub conditions: BTreeMap<String, bool>,
}

impl<'a> Scope<'a> {
    pub fn of(
        template: &'a Template,
        place: Place,
        settled: Settled,
        imports: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let Settled { parameters, conditions } = settled;
        Self { template, place, parameters, conditions, resources: BTreeMap::new(), imports, forecast: false }
    }

    pub fn settled(self) -> Settled {
        Settled { parameters: self.parameters, conditions: self.conditions }
    }

    /// Evaluates the conditions; there are no resources yet.
    pub fn new(
        template: &'a Template,
        place: Place,
        values: &BTreeMap<String, String>,
        imports: &'a dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let parameters = parameter::referred(&template.parameters, values);
        let mut it = Self::of(template, place, Settled { parameters, conditions: BTreeMap::new() }, imports);
        for name in template.conditions.keys() {
            it.settle(name, &mut Vec::new())?;
        }
        Ok(it)
    }

    /// The same, with asterisks for what these parameters hide.
    pub fn masked(&self, hidden: &[String]) -> Scope<'a> {
        let mut parameters = self.parameters.clone();
        for name in hidden {
            if let Some(value) = parameters.get_mut(name) {
                *value = match value {
                    Json::Array(items) => Json::Array(vec![json!(HIDDEN); items.len()]),
                    _ => json!(HIDDEN),
                };
            }
        }
        Scope {
            template: self.template,
            place: self.place.clone(),
            parameters,
            conditions: self.conditions.clone(),
            resources: self.resources.clone(),
            imports: self.imports,
            forecast: self.forecast,
        }
    }

    pub fn holds(&self, condition: &Option<String>) -> bool {
        condition.as_ref().is_none_or(|it| self.conditions.get(it).copied().unwrap_or(false))
    }

    pub fn properties(&self, properties: &Map<String, Json>) -> Result<Map<String, Json>> {
        let mut out = Map::new();
        for (name, tree) in properties {
            if let Some(value) = self.evaluate(tree)? {
                out.insert(name.clone(), value);
            }
        }
        Ok(out)
    }

    /// `None` is `AWS::NoValue`: the member is left out.
    pub fn evaluate(&self, tree: &Json) -> Result<Option<Json>> {
        if let Some((name, argument)) = call(tree) {
            return self.function(name, argument);
        }
        Ok(Some(match tree {
            Json::Array(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|it| self.evaluate(it)).collect::<Result<_>>()?;
                Json::Array(items.into_iter().flatten().collect())
            }
            Json::Object(members) => Json::Object(self.properties(members)?),
            plain => plain.clone(),
        }))
    }

    fn function(&self, name: &str, argument: &Json) -> Result<Option<Json>> {
        match name {
            "Ref" => return self.reference(argument.as_str().unwrap_or_default()),
            "Fn::If" => return self.choose(argument),
            "Fn::GetAtt" => return self.attribute(argument).map(Some),
            "Fn::Sub" => return self.substitute(argument).map(|it| Some(json!(it))),
            "Fn::FindInMap" => return self.find_in_map(argument).map(Some),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                return Err(invalid(format!("Template error: {name} is allowed in conditions only")));
            }
            _ => {}
        }
        let argument = self.evaluate(argument)?.unwrap_or(Json::Null);
        if self.forecast && mentions_unknown(&argument) {
            return Ok(Some(json!(UNKNOWN)));
        }
        let value = match name {
            "Fn::ImportValue" => self.import(&argument)?,
            "Fn::GetAZs" => functions::availability_zones(&argument, &self.place.region),
            name => functions::plain(name, &argument)?,
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Result<Option<Json>> {
        let place = &self.place;
        let value = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => json!(place.account),
            "AWS::Region" => json!(place.region),
            "AWS::Partition" => json!(place.partition),
            "AWS::StackId" => json!(place.stack_id),
            "AWS::StackName" => json!(place.stack_name),
            "AWS::URLSuffix" => json!("amazonaws.com"),
            // Stacks with notification topics are refused, so there are none.
            "AWS::NotificationARNs" => json!([]),
            name => match (self.parameters.get(name), self.resources.get(name)) {
                (Some(value), _) => value.clone(),
                (None, Some(made)) => json!(made.physical_id),
                (None, None) => self.not_made(name)?,
            },
        };
        Ok(Some(value))
    }

    fn attribute(&self, argument: &Json) -> Result<Json> {
        let named = self.evaluate(argument)?.unwrap_or(Json::Null);
        let asked = reference::of_get_att(&named).unwrap_or_else(|| of_variable(""));
        self.attribute_of(&asked.name, asked.attribute.as_deref().unwrap_or_default())
    }

    fn attribute_of(&self, name: &str, attribute: &str) -> Result<Json> {
        let Some(made) = self.resources.get(name) else { return self.not_made(name) };
        let mut parts = attribute.split('.');
        let top = parts.next().and_then(|it| made.attributes.get(it));
        let nested = top.and_then(|top| parts.try_fold(top, |at, part| at.get(part)));
        made.attributes.get(attribute).or(nested).cloned().ok_or_else(|| {
            invalid(format!(
                "Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            ))
        })
    }

    /// A resource that is referred to and does not exist.
    fn not_made(&self, name: &str) -> Result<Json> {
        if self.forecast {
            return Ok(json!(UNKNOWN));
        }
        Err(invalid(format!(
            "Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )))
    }

    fn choose(&self, argument: &Json) -> Result<Option<Json>> {
        let parts = argument.as_array().filter(|it| it.len() == 3);
        let Some((parts, name)) = parts.and_then(|it| Some((it, it[0].as_str()?))) else {
            return Err(invalid(
                "Template error: Fn::If requires a list argument with the first element being a condition",
            ));
        };
        let holds = self.conditions.get(name).copied().unwrap_or(false);
        self.evaluate(&parts[if holds { 1 } else { 2 }])
    }

    fn substitute(&self, argument: &Json) -> Result<String> {
        let (text, own) = match argument {
            Json::Array(parts) => (parts.first(), parts.get(1).and_then(Json::as_object)),
            text => (Some(text), None),
        };
        let mut out = String::new();
        for piece in pieces(text.and_then(Json::as_str).unwrap_or_default()) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Literal(name) => out.extend(["${", name, "}"]),
                Piece::Variable(name) => out.push_str(&self.variable(name, own)?),
            }
        }
        Ok(out)
    }

    fn variable(&self, name: &str, own: Option<&Map<String, Json>>) -> Result<String> {
        let value = match own.and_then(|it| it.get(name)) {
            Some(tree) => self.evaluate(tree)?,
            None => {
                let asked = of_variable(name);
                match &asked.attribute {
                    Some(attribute) => Some(self.attribute_of(&asked.name, attribute)?),
                    None => self.reference(name)?,
                }
            }
        };
        match value {
            Some(Json::Array(_) | Json::Object(_)) => {
                Err(invalid("Template error: Fn::Sub requires that all variables resolve to strings"))
            }
            value => Ok(value.map(|it| functions::text_of(&it)).unwrap_or_default()),
        }
    }

    fn find_in_map(&self, argument: &Json) -> Result<Json> {
        let (names, default) = match argument.as_array().map(Vec::as_slice) {
            Some([names @ .., last]) if self.template.extended && names.len() == 3 => (names, default_value(last)),
            Some(names) => (names, None),
            None => (&[][..], None),
        };
        let names: Vec<Option<Json>> = names.iter().map(|it| self.evaluate(it)).collect::<Result<_>>()?;
        let names: Vec<String> = names.into_iter().flatten().map(|it| functions::text_of(&it)).collect();
        let [map, top, second] = names.as_slice() else {
            return Err(invalid(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
            ));
        };
        let tops = self.template.mappings.get(map);
        let found = tops.and_then(|it| it.get(top)).and_then(|it| it.get(second)).cloned();
        match (found, default, tops) {
            (Some(found), _, _) => Ok(found),
            (None, Some(default), _) => Ok(self.evaluate(default)?.unwrap_or(Json::Null)),
            (None, None, None) => Err(invalid(format!(
                "Template error: Mapping named '{map}' is not present in the 'Mappings' section of template."
            ))),
            (None, None, Some(_)) => {
                Err(invalid(format!("Template error: Unable to get mapping for {map}::{top}::{second}")))
            }
        }
    }

    fn import(&self, name: &Json) -> Result<Json> {
        let name = functions::text_of(name);
        (self.imports)(&name).map(Json::String).ok_or_else(|| invalid(format!("No export named {name} found")))
    }

    fn settle(&mut self, name: &str, asking: &mut Vec<String>) -> Result<bool> {
        if let Some(known) = self.conditions.get(name) {
            return Ok(*known);
        }
        if asking.iter().any(|it| it == name) {
            return Err(invalid(format!(
                "Template error: Found circular condition dependency between {}",
                asking.join(" and ")
            )));
        }
        let Some(tree) = self.template.conditions.get(name) else {
            return Err(invalid(format!(
                "Template format error: Unresolved condition dependency {name} in the Conditions block"
            )));
        };
        asking.push(name.to_owned());
        let holds = self.condition(tree, asking)?;
        asking.pop();
        self.conditions.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn condition(&mut self, tree: &Json, asking: &mut Vec<String>) -> Result<bool> {
        let malformed = || {
            invalid(
                "Template format error: Conditions can only be boolean operations on parameters and other conditions",
            )
        };
        let (name, argument) = tree.as_object().and_then(|it| it.iter().next()).ok_or_else(malformed)?;
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match name.as_str() {
            "Condition" => self.settle(argument.as_str().ok_or_else(malformed)?, asking),
            "Fn::Equals" if parts.len() == 2 => {
                let (one, other) = (self.evaluate(&parts[0])?, self.evaluate(&parts[1])?);
                let text = |it: Option<Json>| it.map(|it| functions::text_of(&it));
                Ok(text(one) == text(other))
            }
            "Fn::Equals" => {
                Err(invalid("Template error: every Fn::Equals object requires a list of 2 string parameters."))
            }
            "Fn::Not" if parts.len() == 1 => Ok(!self.condition(&parts[0], asking)?),
            "Fn::Not" => Err(invalid("Template error: every Fn::Not object requires one boolean parameter.")),
            "Fn::And" | "Fn::Or" => {
                if !(2..=10).contains(&parts.len()) {
                    return Err(invalid(format!(
                        "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
                    )));
                }
                let mut values = Vec::new();
                for part in parts {
                    values.push(self.condition(part, asking)?);
                }
                Ok(if name == "Fn::And" { values.iter().all(|it| *it) } else { values.iter().any(|it| *it) })
            }
            _ => Err(malformed()),
        }
    }
}

/// `{"DefaultValue": …}`, the fourth of `Fn::FindInMap` in the extended language.
pub fn default_value(tree: &Json) -> Option<&Json> {
    tree.as_object().filter(|it| it.len() == 1)?.get("DefaultValue")
}

pub fn mentions_unknown(tree: &Json) -> bool {
    match tree {
        Json::String(text) => text.contains(UNKNOWN),
        Json::Array(items) => items.iter().any(mentions_unknown),
        Json::Object(members) => members.values().any(mentions_unknown),
        _ => false,
    }
}

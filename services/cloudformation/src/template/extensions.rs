//! `Transform: AWS::LanguageExtensions`: `Fn::ForEach` written out, and policies of resources that name parameters.
//!
//! `Fn::Length`, `Fn::ToJsonString` and the default of `Fn::FindInMap` are evaluated with the other functions.

use super::evaluate::{Place, default_value};
use super::functions::{call, text_of};
use super::{LARGEST_PROCESSED, invalid, unsupported};
use model::Result;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

const TRANSFORM: &str = "AWS::LanguageExtensions";
const FOR_EACH: &str = "Fn::ForEach::";
/// AWS nests loops no deeper.
const DEEPEST: usize = 5;

/// Whether a template names the transform. Any other is a macro, which Niebla has none of.
pub fn are_asked_for(sections: &Map<String, Json>) -> Result<bool> {
    let named: Vec<&Json> = match sections.get("Transform") {
        None => return Ok(false),
        Some(Json::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    };
    match named.iter().find(|it| it.as_str() != Some(TRANSFORM)) {
        Some(other) => Err(unsupported(format!("the transform {}", text_of(other)))),
        None => Ok(!named.is_empty()),
    }
}

/// The sections with all loops written out. `values` is what `Ref` gives for parameters.
pub fn carry_out(
    sections: Map<String, Json>,
    values: &BTreeMap<String, Json>,
    place: &Place,
) -> Result<Map<String, Json>> {
    let mappings = sections.get("Mappings").cloned().unwrap_or(Json::Null);
    let mut loops = Loops { values, place, mappings, written: 0, depth: 0 };
    let mut out = Map::new();
    for (name, mut section) in sections {
        if matches!(name.as_str(), "Conditions" | "Outputs" | "Resources") {
            section = loops.expand(section, &BTreeMap::new())?;
        }
        out.insert(name, section);
    }
    let resources = out.get_mut("Resources").and_then(Json::as_object_mut);
    for resource in resources.into_iter().flat_map(|it| it.values_mut()) {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if let Some(tree) = resource.get_mut(policy).filter(|it| it.is_object()) {
                *tree = loops.known(tree)?;
            }
        }
    }
    Ok(out)
}

struct Loops<'a> {
    values: &'a BTreeMap<String, Json>,
    place: &'a Place,
    mappings: Json,
    /// Bytes written out so far: loops within loops multiply.
    written: usize,
    depth: usize,
}

/// Loop variable → its value in this round.
type Bound = BTreeMap<String, String>;

impl Loops<'_> {
    fn expand(&mut self, tree: Json, bound: &Bound) -> Result<Json> {
        self.written += 8;
        let expanded = match tree {
            Json::Object(members) => {
                if let [(name, Json::String(variable))] = members.iter().collect::<Vec<_>>()[..]
                    && name == "Ref"
                    && let Some(value) = bound.get(variable)
                {
                    return Ok(json!(value));
                }
                let mut out = Map::new();
                for (key, value) in members {
                    if key.starts_with(FOR_EACH) {
                        self.expand_loop(&key, &value, bound, &mut out)?;
                        continue;
                    }
                    let key = self.text(&key, bound);
                    let value = self.expand(value, bound)?;
                    if out.contains_key(&key) {
                        return Err(invalid(format!("Fn::ForEach writes the key {key} twice")));
                    }
                    out.insert(key, value);
                }
                Json::Object(out)
            }
            Json::Array(items) => {
                Json::Array(items.into_iter().map(|it| self.expand(it, bound)).collect::<Result<_>>()?)
            }
            Json::String(text) => Json::String(self.text(&text, bound)),
            plain => plain,
        };
        match self.written > LARGEST_PROCESSED {
            true => Err(invalid(format!(
                "Template format error: the processed template is larger than {LARGEST_PROCESSED} bytes"
            ))),
            false => Ok(expanded),
        }
    }

    /// `"Fn::ForEach::Name": [variable, [values], {key: body}]`.
    fn expand_loop(&mut self, key: &str, tree: &Json, bound: &Bound, out: &mut Map<String, Json>) -> Result<()> {
        let malformed = || {
            invalid(format!(
                "{key} could not be resolved: it is a list of a variable, a list of values, and an object to repeat"
            ))
        };
        let Some([Json::String(variable), collection, Json::Object(body)]) = tree.as_array().map(Vec::as_slice) else {
            return Err(malformed());
        };
        if self.depth == DEEPEST {
            return Err(invalid(format!("{key} is nested more than {DEEPEST} levels deep")));
        }
        if bound.contains_key(variable) || self.values.contains_key(variable) {
            return Err(invalid(format!(
                "{key}: the variable {variable} has the name of a parameter or another variable"
            )));
        }
        let collection = self.expand(collection.clone(), bound)?;
        let Json::Array(rounds) = self.known(&collection)? else { return Err(malformed()) };
        self.depth += 1;
        for round in rounds {
            let value = self.known(&round)?;
            let Json::String(value) = value else { return Err(malformed()) };
            let mut inside = bound.clone();
            inside.insert(variable.clone(), value);
            let Json::Object(members) = self.expand(Json::Object(body.clone()), &inside)? else {
                return Err(malformed());
            };
            for (key, value) in members {
                if out.insert(key.clone(), value).is_some() {
                    return Err(invalid(format!("Fn::ForEach writes the key {key} twice")));
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// `${Variable}` as it is, `&{Variable}` with only its letters and digits.
    fn text(&mut self, text: &str, bound: &Bound) -> String {
        let mut text = text.to_owned();
        for (variable, value) in bound {
            let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            text = text.replace(&format!("${{{variable}}}"), value).replace(&format!("&{{{variable}}}"), &plain);
        }
        self.written += text.len();
        text
    }

    /// What can be known before there are resources: parameters and mappings.
    fn known(&self, tree: &Json) -> Result<Json> {
        match call(tree) {
            None => Ok(tree.clone()),
            Some(("Ref", name)) => self.reference(name.as_str().unwrap_or_default()),
            Some(("Fn::FindInMap", Json::Array(parts))) if parts.len() >= 3 => {
                let mut at = &self.mappings;
                for part in &parts[..3] {
                    let name = text_of(&self.known(part)?);
                    at = at.get(&name).unwrap_or(&Json::Null);
                }
                match (at, parts.get(3).and_then(default_value)) {
                    (Json::Null, Some(default)) => self.known(default),
                    (Json::Null, None) => {
                        Err(invalid("Template error: Unable to get mapping for a value of Fn::ForEach"))
                    }
                    (found, _) => Ok(found.clone()),
                }
            }
            Some((name, _)) => Err(unsupported(format!("{name} where AWS::LanguageExtensions needs a value at once"))),
        }
    }

    fn reference(&self, name: &str) -> Result<Json> {
        let place = self.place;
        match name {
            "AWS::Region" => Ok(json!(place.region)),
            "AWS::AccountId" => Ok(json!(place.account)),
            "AWS::Partition" => Ok(json!(place.partition)),
            name => self.values.get(name).cloned().ok_or_else(|| {
                invalid(format!("Template error: {name} is no parameter, and Fn::ForEach can repeat nothing else"))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expanded, expand, parameter::Given};
    use super::*;

    fn expanded(body: &str, given: &[(&str, &str)]) -> std::result::Result<Expanded, String> {
        let given: Vec<_> = given
            .iter()
            .map(|(name, value)| Given { name: (*name).into(), value: Some((*value).into()), use_previous: false })
            .collect();
        let place = Place { region: "us-east-1".into(), ..Place::default() };
        let body = format!("Transform: AWS::LanguageExtensions\n{body}");
        expand(&body, &given, &BTreeMap::new(), &place).map_err(|it| it.message().to_owned())
    }

    #[test]
    fn a_loop_over_a_parameter_makes_resources_and_outputs() {
        let body = r#"
Parameters: {Names: {Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Queues:
    - Name
    - !Ref Names
    - "Queue&{Name}":
        Type: AWS::SQS::Queue
        DeletionPolicy: !FindInMap [Kept, !Ref AWS::Region, all, {DefaultValue: Delete}]
        Properties: {QueueName: !Sub "${AWS::StackName}-${Name}", Tags: [{Key: n, Value: !Ref Name}]}
Mappings: {Kept: {eu-west-1: {all: Retain}}}
Outputs:
  Fn::ForEach::Urls:
    - Name
    - [a-b]
    - "Url&{Name}": {Value: !Ref "Queue&{Name}"}
"#;
        let template = expanded(body, &[("Names", "a-b,c")]).unwrap().template;
        assert_eq!(template.resources.keys().collect::<Vec<_>>(), ["Queueab", "Queuec"]);
        let properties = &template.resources["Queueab"].properties;
        assert_eq!(properties["QueueName"], json!({"Fn::Sub": "${AWS::StackName}-a-b"}));
        assert_eq!(properties["Tags"][0]["Value"], json!("a-b"));
        assert_eq!(
            (template.outputs[0].name.as_str(), &template.outputs[0].value),
            ("Urlab", &json!({"Ref": "Queueab"}))
        );
    }

    #[test]
    fn loops_that_would_never_end_are_refused_at_once() {
        let values = format!("[{}]", (0..40).map(|it| format!("v{it}")).collect::<Vec<_>>().join(","));
        let mut body = "{Type: AWS::SQS::Queue}".to_owned();
        for level in 0..5 {
            body = format!(r#"{{"Fn::ForEach::L{level}": [V{level}, {values}, {{"A${{V{level}}}": {body}}}]}}"#);
        }
        let error = expanded(&format!("Resources: {body}"), &[]).err().unwrap();
        assert_eq!(error, "Template format error: the processed template is larger than 1000000 bytes");
    }

    #[test]
    fn what_is_no_loop_says_so() {
        for (body, expected) in [
            ("Resources: {'Fn::ForEach::A': [X, [a]]}", "Fn::ForEach::A could not be resolved"),
            (
                "Resources: {'Fn::ForEach::A': [X, [a, b], {Q: {Type: AWS::SQS::Queue}}]}",
                "Fn::ForEach writes the key Q twice",
            ),
            (
                "Resources: {'Fn::ForEach::A': [X, !Ref P, {'Q${X}': {Type: AWS::SQS::Queue}}]}",
                "Template error: P is no parameter",
            ),
        ] {
            let error = expanded(body, &[]).err().unwrap();
            assert!(error.starts_with(expected), "{body}: {error}");
        }
    }
}

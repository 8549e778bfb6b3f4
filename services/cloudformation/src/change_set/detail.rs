//! The details of a change: what of a resource becomes something else, and why.
//!
//! Their shape is that of the examples in "Example change sets for CloudFormation stacks" and "View a change set", in
//! the CloudFormation user guide.

use super::diff::Look;
use crate::engine;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::template::Declared;
use crate::template::evaluate::mentions_unknown;
use crate::template::functions::{call, text_of};
use crate::template::reference::{Reference, references};
use kernel::resource::Properties;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// `Properties`, `Metadata`, `DeletionPolicy`, `Tags`.
    pub attribute: String,
    /// Of a property: its first name.
    pub name: Option<String>,
    /// `Never` or `Always`.
    pub requires_recreation: String,
    /// `Static`, or `Dynamic` where the value is known only later, or is a parameter's.
    pub evaluation: String,
    pub source: String,
    pub causing_entity: Option<String>,
    /// What is shown with `IncludePropertyValues` alone.
    #[serde(default)]
    pub value: Option<Change>,
}

/// Of one value within the properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `/Properties/Tags/0/Value`.
    pub path: String,
    /// As texts.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Change {
    pub fn kind(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "Add",
            (Some(_), None) => "Remove",
            (Some(_), Some(_)) => "Modify",
        }
    }
}

/// A resource as it is and as it will be. What may be seen of it can differ from what it is.
pub struct Compared<'a> {
    pub declared: &'a Declared,
    pub row: &'a Resource,
    pub schema: &'a Schema,
    pub after: &'a Properties,
    pub shown: &'a Properties,
}

/// All that the change does. A value that takes a parameter's stands there twice: as what the template says, and as
/// what the parameter brings.
pub fn all(look: &Look, it: &Compared) -> Vec<Detail> {
    let (mut details, mut by_parameters) = (Vec::new(), Vec::new());
    let mut paths = Vec::new();
    let (before, after) = (Json::Object(it.row.properties.clone()), Json::Object(it.after.clone()));
    differing(Some(&before), Some(&after), &mut Vec::new(), &mut paths);
    for path in &paths {
        let plain = of_value(it, path);
        match cause(look, it, path) {
            Cause::Template => details.push(plain),
            Cause::Resource { source, causing_entity } => {
                details.push(Detail { source, causing_entity: Some(causing_entity), ..plain });
            }
            Cause::Parameters(names) => {
                details.push(Detail { evaluation: "Dynamic".to_owned(), ..plain.clone() });
                by_parameters.extend(names.into_iter().map(|name| Detail {
                    evaluation: "Static".to_owned(),
                    source: "ParameterReference".to_owned(),
                    causing_entity: Some(name),
                    ..plain.clone()
                }));
            }
        }
    }
    details.append(&mut by_parameters);
    details.extend(beside_properties(look, it));
    details
}

/// Without values there is one detail for each first name and cause, not one for each path.
pub fn without_values(details: Vec<Detail>) -> Vec<Detail> {
    let target = |it: &Detail| (it.attribute.clone(), it.name.clone());
    let always: BTreeSet<_> = details.iter().filter(|it| it.requires_recreation == "Always").map(target).collect();
    let mut out: Vec<Detail> = Vec::new();
    for it in details {
        let needs = if always.contains(&target(&it)) { "Always" } else { "Never" };
        let it = Detail { value: None, requires_recreation: needs.to_owned(), ..it };
        if !out.contains(&it) {
            out.push(it);
        }
    }
    out
}

fn of_value(it: &Compared, path: &[String]) -> Detail {
    let (before, after) = (at(&it.row.properties, path), at(it.after, path));
    let recreates = it.schema.recreates(path, &it.row.properties, it.after);
    let (attribute, name) = match it.schema.tag_property().as_ref() == path.first() {
        true => ("Tags", None),
        false => ("Properties", path.first().cloned()),
    };
    let shown = |exists: Option<&Json>, properties: &Properties| {
        let value = exists.map(|_| at(properties, path).map_or_else(String::new, shown_value))?;
        Some(value)
    };
    Detail {
        attribute: attribute.to_owned(),
        name,
        requires_recreation: if recreates { "Always" } else { "Never" }.to_owned(),
        evaluation: if after.is_some_and(mentions_unknown) { "Dynamic" } else { "Static" }.to_owned(),
        source: "DirectModification".to_owned(),
        causing_entity: None,
        value: Some(Change {
            path: format!("/Properties/{}", path.join("/")),
            before: shown(before, it.row.shown()),
            after: shown(after, it.shown),
        }),
    }
}

/// The paths below which two trees differ: as deep as both go.
fn differing(before: Option<&Json>, after: Option<&Json>, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if before == after {
        return;
    }
    let mut below = |key: String, before: Option<&Json>, after: Option<&Json>| {
        path.push(key);
        differing(before, after, path, found);
        path.pop();
    };
    match (before, after) {
        (Some(Json::Object(before)), Some(Json::Object(after))) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            keys.into_iter().for_each(|key| below(key.clone(), before.get(key), after.get(key)));
        }
        (Some(Json::Array(before)), Some(Json::Array(after))) => {
            let longest = before.len().max(after.len());
            (0..longest).for_each(|index| below(index.to_string(), before.get(index), after.get(index)));
        }
        _ => found.push(path.clone()),
    }
}

enum Cause {
    /// It says something else.
    Template,
    /// It says the same of parameters that changed.
    Parameters(Vec<String>),
    /// It says the same of a resource that changes.
    Resource { source: String, causing_entity: String },
}

fn cause(look: &Look, it: &Compared, path: &[String]) -> Cause {
    let old = look.before.and_then(|before| before.resources.get(&it.row.logical_id));
    let old = old.and_then(|declared| written(&declared.properties, path));
    let (Some(new), true) = (written(&it.declared.properties, path), old == written(&it.declared.properties, path))
    else {
        return Cause::Template;
    };
    let referred = references(new, None);
    let names: BTreeSet<&String> = referred.iter().map(|it| &it.name).filter(|it| look.changed.contains(it)).collect();
    if !names.is_empty() {
        return Cause::Parameters(names.into_iter().cloned().collect());
    }
    match referred.into_iter().find(|it| look.template.resources.contains_key(&it.name)) {
        Some(Reference { name, attribute: Some(attribute) }) => {
            Cause::Resource { source: "ResourceAttribute".to_owned(), causing_entity: format!("{name}.{attribute}") }
        }
        Some(Reference { name, attribute: None }) => {
            Cause::Resource { source: "ResourceReference".to_owned(), causing_entity: name }
        }
        None => Cause::Template,
    }
}

/// What a template says at a path of the properties that it makes: a function says all that is below it.
fn written<'t>(properties: &'t Properties, path: &[String]) -> Option<&'t Json> {
    let (first, rest) = path.split_first()?;
    let mut tree = properties.get(first)?;
    for part in rest {
        if call(tree).is_some() {
            break;
        }
        tree = step(tree, part)?;
    }
    Some(tree)
}

fn at<'t>(properties: &'t Properties, path: &[String]) -> Option<&'t Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(properties.get(first)?, |tree, part| step(tree, part))
}

fn step<'t>(tree: &'t Json, part: &str) -> Option<&'t Json> {
    match tree {
        Json::Array(items) => items.get(part.parse::<usize>().ok()?),
        tree => tree.get(part),
    }
}

fn shown_value(value: &Json) -> String {
    text_of(&with_texts(value.clone()))
}

/// AWS writes numbers and booleans as texts here.
pub fn with_texts(value: Json) -> Json {
    match value {
        Json::Array(items) => Json::Array(items.into_iter().map(with_texts).collect()),
        Json::Object(members) => Json::Object(members.into_iter().map(|(key, it)| (key, with_texts(it))).collect()),
        Json::Number(_) | Json::Bool(_) => Json::String(text_of(&value)),
        Json::String(_) | Json::Null => value,
    }
}

fn beside_properties(look: &Look, it: &Compared) -> Vec<Detail> {
    let (declared, row) = (it.declared, it.row);
    let differs = [
        ("Metadata", declared.metadata.as_ref().map(Json::to_string) != row.metadata),
        ("DeletionPolicy", declared.deletion_policy != row.deletion_policy),
        ("UpdateReplacePolicy", declared.update_replace_policy != row.update_replace_policy),
        // The stack's.
        ("Tags", engine::is_changed(look.cx, row, &row.properties, look.tags)),
    ];
    let plain = |attribute: &str| Detail {
        attribute: attribute.to_owned(),
        name: None,
        requires_recreation: "Never".to_owned(),
        evaluation: "Static".to_owned(),
        source: "DirectModification".to_owned(),
        causing_entity: None,
        value: None,
    };
    differs.iter().filter(|(_, differs)| *differs).map(|(attribute, _)| plain(attribute)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trees_are_compared_as_deep_as_both_go() {
        let before = json!({"a": 1, "b": {"c": [1, 2, {"d": 3}], "e": 4}, "f": [1], "g": {"h": 1}});
        let after = json!({"a": 1, "b": {"c": [1, 3, {"d": 5}, 6], "x": 4}, "f": {"1": 1}});
        let mut found = Vec::new();
        differing(Some(&before), Some(&after), &mut Vec::new(), &mut found);
        let paths: Vec<String> = found.iter().map(|it| it.join("/")).collect();
        assert_eq!(paths, ["b/c/1", "b/c/2/d", "b/c/3", "b/e", "b/x", "f", "g"]);
    }

    #[test]
    fn a_function_says_all_that_is_below_it() {
        let properties = json!({"a": {"b": [{"Ref": "X"}, {"c": 1}]}, "d": {"Fn::If": ["Y", {"e": 1}, {"e": 2}]}});
        let cases = [
            ("a/b/0", Some(json!({"Ref": "X"}))),
            ("a/b/0/deep", Some(json!({"Ref": "X"}))),
            ("a/b/1/c", Some(json!(1))),
            ("d/e", Some(json!({"Fn::If": ["Y", {"e": 1}, {"e": 2}]}))),
            ("a/z", None),
        ];
        for (path, expected) in cases {
            let path: Vec<String> = path.split('/').map(str::to_owned).collect();
            assert_eq!(written(properties.as_object().unwrap(), &path).cloned(), expected, "{path:?}");
        }
    }
}

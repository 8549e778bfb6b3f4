//! The published schemas of resource types: what a template may say, what forces replacement, what `Fn::GetAtt` knows.

use crate::template::functions::{call, text_of};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub struct Schema {
    tree: Json,
    pub required: Vec<String>,
    /// Paths below the properties: `["Code", "ZipFile"]`.
    create_only: Vec<Vec<String>>,
    read_only: Vec<Vec<String>>,
    write_only: Vec<Vec<String>>,
    primary_identifier: Vec<Vec<String>>,
}

/// Whether a change of a property needs a new resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    Never,
    Always,
}

/// Schemas that were asked for: unpacking one takes as long as a hundred requests.
static READ: Mutex<BTreeMap<String, Option<Arc<Schema>>>> = Mutex::new(BTreeMap::new());
/// More types than this are not kept, so that a hostile client cannot fill memory with names.
const MOST_KEPT: usize = 256;

pub fn of(type_name: &str) -> Option<Arc<Schema>> {
    let mut read = READ.lock().expect("no panic while a schema is kept");
    if let Some(known) = read.get(type_name) {
        return known.clone();
    }
    let schema = model::catalog::cloudformation_schema(type_name).map(|it| Arc::new(Schema::new(it)));
    if read.len() < MOST_KEPT {
        read.insert(type_name.to_owned(), schema.clone());
    }
    schema
}

impl Schema {
    fn new(tree: Json) -> Self {
        let paths = |name: &str| {
            let listed = tree[name].as_array().into_iter().flatten().filter_map(Json::as_str);
            listed
                .filter_map(|it| Some(it.strip_prefix("/properties/")?.split('/').map(str::to_owned).collect()))
                .collect()
        };
        let required = tree["required"].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
        Self {
            required: required.collect(),
            create_only: paths("createOnlyProperties"),
            read_only: paths("readOnlyProperties"),
            write_only: paths("writeOnlyProperties"),
            primary_identifier: paths("primaryIdentifier"),
            tree,
        }
    }

    /// What a template may set.
    pub fn has_property(&self, name: &str) -> bool {
        self.tree["properties"].get(name).is_some() && !self.read_only.iter().any(|it| it.len() == 1 && it[0] == name)
    }

    /// What `Fn::GetAtt` may ask for. Types give more than the read-only properties, so every property counts.
    pub fn has_attribute(&self, path: &str) -> bool {
        let top = path.split('.').next().unwrap_or_default();
        self.tree["properties"].get(top).is_some() || self.read_only.iter().any(|it| it.join(".") == path)
    }

    pub fn creates_only(&self, property: &str) -> bool {
        self.create_only.iter().any(|it| it[0] == property)
    }

    /// Whether a value within the properties, by its path, is one that needs a new resource.
    pub fn recreates(&self, path: &[String], before: &Map<String, Json>, after: &Map<String, Json>) -> bool {
        let first = &path[0];
        let is_below = |only: &&Vec<String>| only.iter().zip(path).all(|(a, b)| a == b || a == "*");
        self.create_only.iter().any(|it| is_below(&it))
            && self.replaces(first, before.get(first), after.get(first)) == Replacement::Always
    }

    /// Which create-only values differ.
    pub fn replaces(&self, property: &str, before: Option<&Json>, after: Option<&Json>) -> Replacement {
        let differs = self.create_only.iter().filter(|it| it[0] == property).any(|path| {
            let at = |tree: Option<&Json>| {
                path[1..].iter().try_fold(tree.cloned().unwrap_or(Json::Null), |at, part| at.get(part).cloned())
            };
            at(before) != at(after)
        });
        if differs { Replacement::Always } else { Replacement::Never }
    }

    /// The name that a template gave and that two resources cannot share.
    pub fn own_name<'p>(&self, properties: &'p Map<String, Json>) -> Option<&'p str> {
        match self.primary_identifier.as_slice() {
            [path] if path.len() == 1 && self.has_property(&path[0]) => properties.get(&path[0])?.as_str(),
            _ => None,
        }
    }

    /// No two of its resources have the same physical id: it is not made of several properties, as a log stream's is.
    pub fn has_own_id(&self) -> bool {
        self.primary_identifier.len() == 1
    }

    /// The properties that identify a resource.
    pub fn identifiers(&self) -> Vec<String> {
        self.primary_identifier.iter().map(|it| it.join("/")).collect()
    }

    /// The property that holds the tags, where tags can be changed.
    pub fn tag_property(&self) -> Option<String> {
        let tagging = &self.tree["tagging"];
        let takes = tagging["taggable"] != Json::Bool(false) && tagging["tagUpdatable"] != Json::Bool(false);
        let property = tagging["tagProperty"].as_str().unwrap_or("/properties/Tags").strip_prefix("/properties/")?;
        (takes && self.tree["properties"].get(property).is_some()).then(|| property.to_owned())
    }

    /// Takes tags that begin with `aws:cloudformation:`.
    pub fn takes_system_tags(&self) -> bool {
        self.tag_property().is_some() && self.tree["tagging"]["cloudFormationSystemTags"] != Json::Bool(false)
    }

    /// The shape of a property.
    pub fn property(&self, name: &str) -> &Json {
        &self.tree["properties"][name]
    }

    /// The shape of an object's member.
    pub fn member<'s>(&'s self, shape: &'s Json, name: &str) -> &'s Json {
        &self.resolved(shape)["properties"][name]
    }

    /// The shape of a list's items.
    pub fn item<'s>(&'s self, shape: &'s Json) -> &'s Json {
        &self.resolved(shape)["items"]
    }

    /// An object that may have any members: a map, or a document.
    pub fn is_free(&self, shape: &Json) -> bool {
        self.resolved(shape).get("properties").is_none()
    }

    /// What no service tells again, at this path or below.
    pub fn is_untold(&self, path: &[String]) -> bool {
        self.write_only.iter().any(|it| it.starts_with(path) || path.starts_with(it))
    }

    /// What is wrong with properties, as the schema's validator says it: unknown and missing keys, at any depth.
    pub fn violations(&self, properties: &Map<String, Json>) -> Vec<String> {
        let mut found = Vec::new();
        for key in &self.required {
            if !properties.contains_key(key) {
                found.push(format!("#: required key [{key}] not found"));
            }
        }
        for (key, value) in properties {
            match self.tree["properties"].get(key) {
                Some(schema) if self.has_property(key) => {
                    self.violations_below(schema, value, &format!("#/{key}"), &mut found)
                }
                Some(_) => found.push(format!("#: read-only property [{key}] cannot be specified")),
                None => found.push(format!("#: extraneous key [{key}] is not permitted")),
            }
        }
        found
    }

    fn violations_below(&self, schema: &Json, value: &Json, path: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        match value {
            _ if call(value).is_some() => {}
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(index, it)| {
                    self.violations_below(&schema["items"], it, &format!("{path}/{index}"), found);
                });
            }
            Json::Object(members) => {
                let Some(known) = schema["properties"].as_object() else { return };
                let closed =
                    schema["additionalProperties"] == Json::Bool(false) && schema.get("patternProperties").is_none();
                for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
                    if !members.contains_key(key) {
                        found.push(format!("{path}: required key [{key}] not found"));
                    }
                }
                for (key, it) in members {
                    match known.get(key) {
                        Some(below) => self.violations_below(below, it, &format!("{path}/{key}"), found),
                        None if closed => found.push(format!("{path}: extraneous key [{key}] is not permitted")),
                        None => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// Properties with the types that the schema names: templates write numbers as texts and the other way round.
    pub fn typed(&self, properties: Map<String, Json>) -> Map<String, Json> {
        properties
            .into_iter()
            .map(|(key, value)| {
                let value = self.typed_below(&self.tree["properties"][&key], value);
                (key, value)
            })
            .collect()
    }

    fn typed_below(&self, schema: &Json, value: Json) -> Json {
        let schema = self.resolved(schema);
        match value {
            Json::Array(items) => {
                Json::Array(items.into_iter().map(|it| self.typed_below(&schema["items"], it)).collect())
            }
            Json::Object(members) => {
                let any = schema["patternProperties"].as_object().and_then(|it| it.values().next());
                let below = |key: &str| schema["properties"].get(key).or(any).unwrap_or(&Json::Null);
                Json::Object(
                    members
                        .into_iter()
                        .map(|(key, it)| {
                            let it = self.typed_below(below(&key), it);
                            (key, it)
                        })
                        .collect(),
                )
            }
            scalar => typed_scalar(schema["type"].as_str().unwrap_or_default(), scalar),
        }
    }

    /// Follows `$ref`, at most eight in a row, so that a circle of them ends.
    fn resolved<'s>(&'s self, schema: &'s Json) -> &'s Json {
        let mut at = schema;
        for _ in 0..8 {
            let Some(name) = at["$ref"].as_str().and_then(|it| it.strip_prefix("#/")) else { break };
            at = name.split('/').fold(&self.tree, |tree, part| &tree[part]);
        }
        at
    }
}

fn typed_scalar(wanted: &str, value: Json) -> Json {
    match (wanted, &value) {
        ("string", Json::Number(_) | Json::Bool(_)) => Json::String(text_of(&value)),
        ("integer", Json::String(text)) => text.parse::<i64>().map_or(value, Json::from),
        ("number", Json::String(text)) => match text.parse::<i64>() {
            Ok(number) => Json::from(number),
            Err(_) => text.parse::<f64>().map_or(value, Json::from),
        },
        ("boolean", Json::String(text)) if text.eq_ignore_ascii_case("true") => Json::Bool(true),
        ("boolean", Json::String(text)) if text.eq_ignore_ascii_case("false") => Json::Bool(false),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_what_the_schema_wants() {
        let schema = of("AWS::SQS::Queue").unwrap();
        let given = json!({"VisibilityTimeout": "30", "FifoQueue": "true", "QueueName": 5, "Tags": [{"Key": 1, "Value": true}]});
        let wanted = json!({"VisibilityTimeout": 30, "FifoQueue": true, "QueueName": "5", "Tags": [{"Key": "1", "Value": "true"}]});
        assert_eq!(Json::Object(schema.typed(given.as_object().unwrap().clone())), wanted);
    }

    #[test]
    fn unknown_and_missing_keys_are_named_at_any_depth() {
        let schema = of("AWS::SQS::Queue").unwrap();
        let given = json!({"Nope": 1, "Arn": "x", "Tags": [{"Key": "a", "Wrong": 1}], "RedrivePolicy": {"Ref": "P"}});
        assert_eq!(
            schema.violations(given.as_object().unwrap()),
            [
                "#: extraneous key [Nope] is not permitted",
                "#: read-only property [Arn] cannot be specified",
                "#/Tags/0: required key [Value] not found",
                "#/Tags/0: extraneous key [Wrong] is not permitted",
            ]
        );
        let function = of("AWS::Lambda::Function").unwrap();
        assert!(function.violations(&Map::new()).contains(&"#: required key [Code] not found".to_owned()));
    }
}

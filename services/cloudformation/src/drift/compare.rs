//! What a template says of a resource, against what is there.
//!
//! "Only resource properties explicitly defined in the stack template are checked for drift" (StackResourceDrift in the
//! API reference).

use crate::schema::Schema;
use crate::template::functions::text_of;
use kernel::resource::Properties;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `/RedrivePolicy/maxReceiveCount`.
    pub path: String,
    pub expected: String,
    pub actual: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Add,
    Remove,
    NotEqual,
}

impl Kind {
    pub fn text(self) -> &'static str {
        match self {
            Kind::Add => "ADD",
            Kind::Remove => "REMOVE",
            Kind::NotEqual => "NOT_EQUAL",
        }
    }
}

pub fn differences(schema: &Schema, expected: &Properties, actual: &Properties) -> Vec<Difference> {
    let mut compared = Compared { schema, path: Vec::new(), found: Vec::new() };
    for (name, expected) in expected {
        compared.below(name, schema.property(name), expected, actual.get(name));
    }
    compared.found
}

struct Compared<'a> {
    schema: &'a Schema,
    path: Vec<String>,
    found: Vec<Difference>,
}

impl Compared<'_> {
    fn below(&mut self, key: &str, shape: &Json, expected: &Json, actual: Option<&Json>) {
        self.path.push(key.to_owned());
        match actual.filter(|it| !it.is_null()) {
            None if is_empty(expected) || self.schema.is_untold(&self.path) => {}
            None => self.note(Some(expected), None),
            Some(actual) => self.compare(shape, &unpacked(expected), &unpacked(actual)),
        }
        self.path.pop();
    }

    fn compare(&mut self, shape: &Json, expected: &Json, actual: &Json) {
        if alike(expected, actual) {
            return;
        }
        match (expected, actual) {
            (Json::Object(wanted), Json::Object(found)) => {
                for (key, it) in wanted {
                    self.below(key, self.schema.member(shape, key), it, found.get(key));
                }
                // What a shape lists has defaults of its own, and what it does not list was put there by somebody.
                let added = found.iter().filter(|(key, _)| !wanted.contains_key(*key));
                for (key, it) in added.filter(|_| self.schema.is_free(shape)) {
                    self.note_below(key, None, Some(it));
                }
            }
            (Json::Array(wanted), Json::Array(found)) => self.compare_lists(shape, wanted, found),
            _ => self.note(Some(expected), Some(actual)),
        }
    }

    /// Whatever their order: what one list has and the other has not, in pairs as far as they go.
    fn compare_lists(&mut self, shape: &Json, wanted: &[Json], found: &[Json]) {
        let mut left: Vec<(usize, &Json)> = found.iter().enumerate().collect();
        let mut missing = Vec::new();
        for (index, it) in wanted.iter().enumerate() {
            match left.iter().position(|(_, other)| alike(it, other)) {
                Some(at) => drop(left.remove(at)),
                None => missing.push((index, it)),
            }
        }
        let item = self.schema.item(shape);
        let mut left = left.into_iter();
        for (index, it) in missing {
            self.below(&index.to_string(), item, it, left.next().map(|(_, other)| other));
        }
        for (index, it) in left {
            self.note_below(&index.to_string(), None, Some(it));
        }
    }

    fn note_below(&mut self, key: &str, expected: Option<&Json>, actual: Option<&Json>) {
        self.path.push(key.to_owned());
        self.note(expected, actual);
        self.path.pop();
    }

    fn note(&mut self, expected: Option<&Json>, actual: Option<&Json>) {
        let kind = match (expected, actual) {
            (None, _) => Kind::Add,
            (Some(_), None) => Kind::Remove,
            (Some(_), Some(_)) => Kind::NotEqual,
        };
        let text = |it: Option<&Json>| it.map_or_else(|| "null".to_owned(), text_of);
        let path = format!("/{}", self.path.join("/"));
        self.found.push(Difference { path, expected: text(expected), actual: text(actual), kind });
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        Json::String(text) => text.is_empty(),
        Json::Null => true,
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// A document may stand there as a text.
fn unpacked(value: &Json) -> Json {
    let text = value.as_str().filter(|it| it.trim_start().starts_with('{'));
    text.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_else(|| value.clone())
}

/// The same to a service: numbers may be texts, and lists are in any order.
fn alike(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, it)| other.get(key).is_some_and(|other| alike(it, other)))
        }
        (Json::Array(one), Json::Array(other)) => {
            let mut left: Vec<&Json> = other.iter().collect();
            let mut takes = |it: &Json| left.iter().position(|other| alike(it, other)).map(|at| left.remove(at));
            one.len() == other.len() && one.iter().all(|it| takes(it).is_some())
        }
        (Json::Object(_) | Json::Array(_), _) | (_, Json::Object(_) | Json::Array(_)) => false,
        (one, other) => text_of(one) == text_of(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use serde_json::json;

    #[test]
    fn only_what_the_template_says_is_compared() {
        let said = json!({
            "DelaySeconds": 20,
            "RedrivePolicy": {"deadLetterTargetArn": "a", "maxReceiveCount": "10"},
            "RedriveAllowPolicy": "{\"redrivePermission\": \"denyAll\"}",
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}],
            "KmsMasterKeyId": "",
        });
        let found = json!({
            "DelaySeconds": 120,
            "VisibilityTimeout": 30,
            "RedrivePolicy": {"deadLetterTargetArn": "a", "maxReceiveCount": 12},
            "RedriveAllowPolicy": {"redrivePermission": "denyAll"},
            "Tags": [{"Key": "c", "Value": "4"}, {"Key": "a", "Value": "1"}],
        });
        let schema = schema::of("AWS::SQS::Queue").unwrap();
        let lines: Vec<String> = differences(&schema, said.as_object().unwrap(), found.as_object().unwrap())
            .into_iter()
            .map(|it| format!("{} {} {} {}", it.path, it.expected, it.actual, it.kind.text()))
            .collect();
        assert_eq!(
            lines,
            [
                "/DelaySeconds 20 120 NOT_EQUAL",
                "/RedrivePolicy/maxReceiveCount 10 12 NOT_EQUAL",
                "/Tags/1/Key b c NOT_EQUAL",
                "/Tags/1/Value 2 4 NOT_EQUAL",
                "/Tags/2 {\"Key\":\"c\",\"Value\":\"3\"} null REMOVE",
            ]
        );
    }

    #[test]
    fn what_is_put_into_a_map_was_added_and_what_is_never_told_is_no_drift() {
        let said = json!({"Environment": {"Variables": {"A": "1"}}, "Code": {"ZipFile": "x"}, "Timeout": 3});
        let found = json!({"Environment": {"Variables": {"A": "1", "B": "2"}}, "LoggingConfig": {"LogGroup": "g"}});
        let schema = schema::of("AWS::Lambda::Function").unwrap();
        let found = differences(&schema, said.as_object().unwrap(), found.as_object().unwrap());
        let paths: Vec<(&str, Kind)> = found.iter().map(|it| (it.path.as_str(), it.kind)).collect();
        assert_eq!(paths, [("/Environment/Variables/B", Kind::Add), ("/Timeout", Kind::Remove)]);
    }
}

//! What a model's request has to look like, and how Bedrock says that it does not: the sentences of its JSON Schema checks.

use api::bedrock_runtime::error;
use model::{Error, Result};
use serde_json::{Map, Value as Json};

/// Collects what is wrong with a body; all of it is said at once.
#[derive(Default)]
pub struct Violations(Vec<String>);

impl Violations {
    pub fn add(&mut self, pointer: &str, what: impl AsRef<str>) {
        self.0.push(format!("{pointer}: {}", what.as_ref()));
    }

    pub fn check(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed(&format!(": {}", self.0.concat()))) }
    }

    /// Members that the schema does not know.
    pub fn extraneous(&mut self, pointer: &str, object: &Map<String, Json>, known: &[&str]) {
        for name in object.keys().filter(|it| !known.contains(&it.as_str())) {
            self.add(pointer, format!("extraneous key [{name}] is not permitted"));
        }
    }

    pub fn expected(&mut self, pointer: &str, wanted: &str, found: &Json) {
        self.add(pointer, format!("expected type: {wanted}, found: {}", type_of(found)));
    }

    /// A number in a range, both ends included.
    pub fn range(&mut self, pointer: &str, number: &Json, least: i64, most: i64) {
        let value = number.as_f64().unwrap_or_default();
        if value < least as f64 {
            self.add(pointer, format!("{number} is not greater or equal to {least}"));
        }
        if value > most as f64 {
            self.add(pointer, format!("{number} is not less or equal to {most}"));
        }
    }
}

pub fn parse(body: &[u8]) -> Result<Json> {
    serde_json::from_slice(body).map_err(|_| malformed(""))
}

fn malformed(why: &str) -> Error {
    error::VALIDATION.with(format!("Malformed input request{why}, please reformat your input and try again."))
}

/// The type names of AWS's checks, which are Java's.
fn type_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "Null",
        Json::Bool(_) => "Boolean",
        Json::Number(it) if it.is_f64() => "BigDecimal",
        Json::Number(_) => "Integer",
        Json::String(_) => "String",
        Json::Array(_) => "JSONArray",
        Json::Object(_) => "JSONObject",
    }
}

//! What a model's request has to look like, and how Bedrock says that it does not: the sentences of its JSON Schema checks.

use api::bedrock_runtime::error;
use model::{Error, Result};
use serde_json::{Map, Value as Json};
use std::cell::RefCell;

/// Collects what is wrong with a body; all of it is said at once.
#[derive(Default)]
struct Violations(RefCell<String>);

/// An object of a body, and which of its members were asked for.
pub struct Object<'a> {
    pointer: String,
    members: &'a Map<String, Json>,
    known: RefCell<Vec<&'static str>>,
    violations: &'a Violations,
}

pub fn parse(body: &[u8]) -> Result<Json> {
    serde_json::from_slice(body).map_err(|_| malformed(""))
}

/// Reads a body. Members that `read` does not ask for are refused.
pub fn read<T>(body: &Json, read: impl FnOnce(&Object) -> Result<T>) -> Result<T> {
    let (violations, empty) = (Violations::default(), Map::new());
    let members = body.as_object().unwrap_or_else(|| {
        violations.expected("#", "JSONObject", body);
        &empty
    });
    let object = Object { pointer: "#".to_owned(), members, known: RefCell::default(), violations: &violations };
    let outcome = read(&object);
    // Whoever gave up has not asked for all that there may be.
    if body.is_object() && outcome.is_ok() {
        object.close();
    }
    let said = violations.0.take();
    if said.is_empty() { outcome } else { Err(malformed(&format!(": {said}"))) }
}

impl<'a> Object<'a> {
    pub fn has(&self, name: &'static str) -> bool {
        self.get(name).is_some()
    }

    /// Whatever it is.
    pub fn get(&self, name: &'static str) -> Option<&'a Json> {
        self.known.borrow_mut().push(name);
        self.members.get(name).filter(|it| !it.is_null())
    }

    /// The same of a member that must be there.
    pub fn required(&self, name: &'static str) -> Option<&'a Json> {
        let found = self.get(name);
        // Where the body is no object at all, that has been said.
        if found.is_none() && self.violations.is_empty_or(&self.pointer) {
            self.violations.add(&self.pointer, format!("required key [{name}] not found"));
        }
        found
    }

    pub fn text(&self, name: &'static str) -> Option<&'a str> {
        self.as_text(name, self.get(name)?)
    }

    /// A text of at least one character that must be there; empty where something is wrong, which is said at the end.
    pub fn required_text(&self, name: &'static str) -> &'a str {
        let text = self.required(name).and_then(|it| self.as_text(name, it));
        if text == Some("") {
            self.violations.add(&self.at(name), "expected minLength: 1, actual: 0");
        }
        text.unwrap_or_default()
    }

    /// In a range, both ends included.
    pub fn integer(&self, name: &'static str, least: i64, most: i64) -> Option<i64> {
        let value = self.get(name)?;
        if !value.is_i64() && !value.is_u64() {
            self.violations.expected(&self.at(name), "Integer", value);
            return None;
        }
        self.check_range(name, value, least, most);
        value.as_i64()
    }

    pub fn number(&self, name: &'static str, least: i64, most: i64) -> Option<f64> {
        let value = self.get(name)?;
        if !value.is_number() {
            self.violations.expected(&self.at(name), "Number", value);
            return None;
        }
        self.check_range(name, value, least, most);
        value.as_f64()
    }

    pub fn flag(&self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        if !value.is_boolean() {
            self.violations.expected(&self.at(name), "Boolean", value);
        }
        value.as_bool()
    }

    pub fn array(&self, name: &'static str) -> Option<&'a Vec<Json>> {
        let value = self.get(name)?;
        if !value.is_array() {
            self.violations.expected(&self.at(name), "JSONArray", value);
        }
        value.as_array()
    }

    pub fn texts(&self, name: &'static str) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.array(name).into_iter().flatten().enumerate() {
            match item {
                Json::String(it) => texts.push(it.clone()),
                other => self.violations.expected(&format!("{}/{index}", self.at(name)), "String", other),
            }
        }
        texts
    }

    /// A member that is an object itself.
    pub fn object<T>(&self, name: &'static str, read: impl FnOnce(&Object) -> Result<T>) -> Result<Option<T>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        self.inner(self.at(name), value, read)
    }

    /// Something is wrong with a member.
    pub fn violation(&self, name: &str, what: impl AsRef<str>) {
        self.violations.add(&self.at(name), what);
    }

    fn inner<T>(&self, pointer: String, value: &'a Json, read: impl FnOnce(&Object) -> Result<T>) -> Result<Option<T>> {
        let Some(members) = value.as_object() else {
            self.violations.expected(&pointer, "JSONObject", value);
            return Ok(None);
        };
        let object = Object { pointer, members, known: RefCell::default(), violations: self.violations };
        let outcome = read(&object)?;
        object.close();
        Ok(Some(outcome))
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    fn as_text(&self, name: &str, value: &'a Json) -> Option<&'a str> {
        if !value.is_string() {
            self.violations.expected(&self.at(name), "String", value);
        }
        value.as_str()
    }

    fn check_range(&self, name: &str, number: &Json, least: i64, most: i64) {
        let value = number.as_f64().unwrap_or_default();
        if value < least as f64 {
            self.violations.add(&self.at(name), format!("{number} is not greater or equal to {least}"));
        }
        if value > most as f64 {
            self.violations.add(&self.at(name), format!("{number} is not less or equal to {most}"));
        }
    }

    /// Members that nobody asked for.
    fn close(&self) {
        let known = self.known.borrow();
        for name in self.members.keys().filter(|it| !known.contains(&it.as_str())) {
            self.violations.add(&self.pointer, format!("extraneous key [{name}] is not permitted"));
        }
    }
}

impl Violations {
    fn add(&self, pointer: &str, what: impl AsRef<str>) {
        let mut said = self.0.borrow_mut();
        *said += &format!("{pointer}: {}", what.as_ref());
    }

    fn expected(&self, pointer: &str, wanted: &str, found: &Json) {
        self.add(pointer, format!("expected type: {wanted}, found: {}", type_of(found)));
    }

    /// Whether nothing was said of this object's own type.
    fn is_empty_or(&self, pointer: &str) -> bool {
        !self.0.borrow().contains(&format!("{pointer}: expected type: JSONObject"))
    }
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

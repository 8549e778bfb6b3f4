//! Constraints of the model, refused with AWS's sentences.
//!
//! AWS counts all violations of a request and lists them in one message:
//! `2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than
//! or equal to 1; Value null at 'role' failed to satisfy constraint: Member must not be null`.

mod pattern;

use std::fmt::{self, Write as _};

pub use pattern::{Pattern, pattern};

use crate::shape::{Constraints, Kind, Service, Shape, ShapeId, Structure};
use crate::value::{Timestamp, Value};
use crate::wire::format_timestamp;

/// AWS sets no bound; this one keeps an answer from growing with the request.
const MOST_LISTED: usize = 50;

/// All that is wrong, in AWS's order: the members of a structure as the model has them, deep before next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `tags.1.member.value`, `environment.variables`: member names with a small first letter.
    pub path: String,
    /// The value as AWS prints it: in quotes, or `null`.
    pub value: String,
    /// `Member must not be null`.
    pub constraint: String,
}

/// Checks a value of the shape: what is required, lengths, ranges, patterns, enumerations, all the way down.
pub fn validate(service: &Service, shape: ShapeId, value: &Value) -> Result<(), Violations> {
    let mut check = Check { service, path: Path::default(), found: Vec::new() };
    check.shape(shape, value);
    if check.found.is_empty() { Ok(()) } else { Err(Violations(check.found)) }
}

impl Violations {
    /// The first member that is required and absent: `QueueName`, or its path inside the input.
    pub fn missing(&self) -> Option<String> {
        let path = &self.0.iter().find(|it| it.value == "null")?.path;
        let mut letters = path.chars();
        Some(letters.next()?.to_ascii_uppercase().to_string() + letters.as_str())
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} validation error{} detected: ", if count == 1 { "" } else { "s" })?;
        for (index, violation) in self.0.iter().take(MOST_LISTED).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let Violation { path, value, constraint } = violation;
            write!(f, "{separator}Value {value} at '{path}' failed to satisfy constraint: {constraint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Where the check is. Only written out when something is wrong.
#[derive(Default)]
struct Path<'a>(Vec<Step<'a>>);

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'static str),
    /// From 1.
    Item(usize),
    Entry(&'a str),
}

struct Check<'a> {
    service: &'a Service,
    path: Path<'a>,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn shape(&mut self, id: ShapeId, value: &'a Value) {
        let service = self.service;
        let shape = service.shape(id);
        match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Structure(members)) => self.structure(structure, members),
            (Kind::List { member }, Value::List(items)) => {
                self.length(&shape.constraints, value, items.len());
                if self.is_nested(member.shape) {
                    items.iter().enumerate().for_each(|(at, item)| self.within(Step::Item(at + 1), member.shape, item));
                } else if items.iter().any(|item| self.is_wrong(member.shape, item)) {
                    self.add(shown(value), format!("Member must satisfy constraint: [{}]", self.stated(member.shape)));
                }
            }
            // AWS lists every constraint of keys and values, not only the broken one.
            (Kind::Map { key, value: of_value }, Value::Map(entries)) => {
                self.length(&shape.constraints, value, entries.len());
                if entries.iter().any(|(name, _)| self.is_wrong_text(key.shape, name)) {
                    self.add(shown(value), format!("Map keys must satisfy constraint: [{}]", self.stated(key.shape)));
                }
                if entries.iter().any(|(_, item)| self.is_wrong(of_value.shape, item)) {
                    let stated = self.stated(of_value.shape);
                    self.add(shown(value), format!("Map value must satisfy constraint: [{stated}]"));
                }
                if self.is_deep(of_value.shape) {
                    entries.iter().for_each(|(name, item)| self.below(Step::Entry(name), of_value.shape, item));
                }
            }
            (Kind::Enum(values), Value::String(text)) => self.enumeration(values, text, shape),
            (Kind::String, Value::String(text)) => self.text(shape, text),
            (Kind::Blob, Value::Blob(bytes)) => self.length(&shape.constraints, value, bytes.len()),
            (Kind::Integer | Kind::Long, Value::Integer(number)) => {
                self.range(&shape.constraints, value, *number as f64);
            }
            (Kind::Float | Kind::Double, Value::Float(number)) => self.range(&shape.constraints, value, *number),
            _ => {}
        }
    }

    fn within(&mut self, step: Step<'a>, shape: ShapeId, value: &'a Value) {
        self.path.0.push(step);
        self.shape(shape, value);
        self.path.0.pop();
    }

    /// The same without what was already said of the value itself.
    fn below(&mut self, step: Step<'a>, shape: ShapeId, value: &'a Value) {
        let service = self.service;
        self.path.0.push(step);
        match (&service.shape(shape).kind, value) {
            (Kind::List { member }, Value::List(items)) => {
                items.iter().enumerate().for_each(|(at, item)| self.within(Step::Item(at + 1), member.shape, item));
            }
            _ => self.shape(shape, value),
        }
        self.path.0.pop();
    }

    /// Whether items are told one by one; scalars are told at their list.
    fn is_nested(&self, shape: ShapeId) -> bool {
        matches!(self.service.shape(shape).kind, Kind::Structure(_) | Kind::List { .. } | Kind::Map { .. })
    }

    fn is_deep(&self, shape: ShapeId) -> bool {
        match &self.service.shape(shape).kind {
            Kind::Structure(_) | Kind::Map { .. } => true,
            Kind::List { member } => self.is_nested(member.shape),
            _ => false,
        }
    }

    /// Whether the value itself breaks a constraint, whatever it holds.
    fn is_wrong(&self, shape: ShapeId, value: &Value) -> bool {
        let Constraints { min, max, .. } = self.service.shape(shape).constraints;
        let measured = match value {
            Value::String(text) => return self.is_wrong_text(shape, text),
            Value::Integer(it) => *it as f64,
            Value::Float(it) => *it,
            Value::Blob(it) => it.len() as f64,
            Value::List(it) => it.len() as f64,
            Value::Null
            | Value::Bool(_)
            | Value::Timestamp(_)
            | Value::Map(_)
            | Value::Structure(_)
            | Value::Json(_) => return false,
        };
        max.is_some_and(|max| measured > max) || min.is_some_and(|min| measured < min)
    }

    fn is_wrong_text(&self, shape: ShapeId, text: &str) -> bool {
        let Shape { kind, constraints, .. } = self.service.shape(shape);
        if let Kind::Enum(values) = kind {
            return !values.contains(&text);
        }
        let Constraints { min, max, pattern } = constraints;
        let outside = (min.is_some() || max.is_some()) && {
            let length = text.chars().count() as f64;
            max.is_some_and(|max| length > max) || min.is_some_and(|min| length < min)
        };
        outside || pattern.is_some_and(|source| pattern::pattern(source).is_some_and(|it| !it.matches(text)))
    }

    /// All that a shape demands, as AWS lists it where it does not say which of them was broken.
    fn stated(&self, shape: ShapeId) -> String {
        let Shape { kind, constraints, .. } = self.service.shape(shape);
        let what =
            if matches!(kind, Kind::Integer | Kind::Long | Kind::Float | Kind::Double) { "value" } else { "length" };
        let mut stated = Vec::new();
        if constraints.max.is_some() {
            stated.push(limit(&format!("have {what} less than or equal to"), constraints.max));
        }
        if constraints.min.is_some() {
            stated.push(limit(&format!("have {what} greater than or equal to"), constraints.min));
        }
        stated.extend(constraints.pattern.map(|it| format!("Member must satisfy regular expression pattern: {it}")));
        if let Kind::Enum(values) = kind {
            stated.push(format!("Member must satisfy enum value set: [{}]", values.join(", ")));
        }
        stated.join(", ")
    }

    fn structure(&mut self, structure: &'a Structure, members: &'a [(&'static str, Value)]) {
        if structure.event_stream {
            return;
        }
        let mut next = 0;
        for member in &structure.members {
            // Values come in the model's order more often than not.
            let is = |index: &usize| members[*index].0 == member.name;
            match (next..members.len()).find(is).or_else(|| (0..next).find(is)) {
                Some(index) => {
                    next = index + 1;
                    self.within(Step::Member(member.name), member.shape, &members[index].1);
                }
                None if member.required && !member.idempotency_token => {
                    self.path.0.push(Step::Member(member.name));
                    self.add("null".into(), "Member must not be null".into());
                    self.path.0.pop();
                }
                None => {}
            }
        }
    }

    fn text(&mut self, shape: &'a Shape, text: &str) {
        let Constraints { min, max, pattern } = &shape.constraints;
        if min.is_some() || max.is_some() {
            let length = text.chars().count();
            self.bounds(&shape.constraints, length as f64, "have length", || shown_text(shape, text));
        }
        if let Some(source) = pattern
            && pattern::pattern(source).is_some_and(|it| !it.matches(text))
        {
            self.add(shown_text(shape, text), format!("Member must satisfy regular expression pattern: {source}"));
        }
    }

    fn enumeration(&mut self, values: &[&str], text: &str, shape: &Shape) {
        if !values.contains(&text) {
            self.add(shown_text(shape, text), format!("Member must satisfy enum value set: [{}]", values.join(", ")));
        }
    }

    fn length(&mut self, constraints: &Constraints, value: &Value, length: usize) {
        self.bounds(constraints, length as f64, "have length", || shown(value));
    }

    fn range(&mut self, constraints: &Constraints, value: &Value, number: f64) {
        self.bounds(constraints, number, "have value", || shown(value));
    }

    fn bounds(&mut self, constraints: &Constraints, measured: f64, what: &str, shown: impl Fn() -> String) {
        if constraints.max.is_some_and(|max| measured > max) {
            self.add(shown(), limit(&format!("{what} less than or equal to"), constraints.max));
        }
        if constraints.min.is_some_and(|min| measured < min) {
            self.add(shown(), limit(&format!("{what} greater than or equal to"), constraints.min));
        }
    }

    fn add(&mut self, value: String, constraint: String) {
        self.found.push(Violation { path: self.path.to_string(), value, constraint });
    }
}

fn limit(what: &str, bound: Option<f64>) -> String {
    format!("Member must {what} {}", bound.expect("a bound was passed"))
}

/// `'text'`; secrets are not repeated.
fn shown_text(shape: &Shape, text: &str) -> String {
    if shape.sensitive { "'***'".into() } else { format!("'{text}'") }
}

fn shown(value: &Value) -> String {
    let mut out = String::from("'");
    print(value, &mut out);
    out.push('\'');
    out
}

/// As Java prints collections: `[a, b]`, `{k=v}`.
fn print(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(it) => write!(out, "{it}").expect("a string takes all"),
        Value::Integer(it) => write!(out, "{it}").expect("a string takes all"),
        Value::Float(it) => write!(out, "{it:?}").expect("a string takes all"),
        Value::String(it) => out.push_str(it),
        Value::Blob(it) => {
            write!(out, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", it.len()).expect("a string takes all");
        }
        Value::Timestamp(Timestamp(it)) => {
            out.push_str(&format_timestamp(Timestamp(*it), crate::shape::TimestampFormat::Iso8601));
        }
        Value::Json(it) => out.push_str(&String::from_utf8_lossy(it)),
        Value::List(items) => joined(out, ('[', ']'), items.iter(), print),
        Value::Map(entries) => joined(out, ('{', '}'), entries.iter(), |(key, value), out| {
            out.push_str(key);
            out.push('=');
            print(value, out);
        }),
        Value::Structure(members) => joined(out, ('{', '}'), members.iter(), |(name, value), out| {
            out.push_str(&lower_first(name));
            out.push('=');
            print(value, out);
        }),
    }
}

fn joined<T>(out: &mut String, ends: (char, char), items: impl Iterator<Item = T>, print: impl Fn(T, &mut String)) {
    out.push(ends.0);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print(item, out);
    }
    out.push(ends.1);
}

impl fmt::Display for Path<'_> {
    /// `functionName`, `tags.1.member.key`, `environment.variables.NAME.member`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            match step {
                Step::Member(name) => write!(f, "{dot}{}", lower_first(name))?,
                Step::Item(number) => write!(f, "{dot}{number}.member")?,
                Step::Entry(key) => write!(f, "{dot}{key}.member")?,
            }
        }
        Ok(())
    }
}

/// `FunctionName` → `functionName`, `KMSKeyId` → `kMSKeyId`: AWS's own way with acronyms.
fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::wire::read_json;

    fn check(service: &str, operation: &str, input: &str, expected: &str) {
        let service = catalog::service(service).expect("embedded");
        let shape = service.operation(operation).expect("modelled").input.expect("an input");
        let value = read_json(service, shape, input.as_bytes()).expect("well-formed");
        let message =
            validate(service, shape, &value).map_or_else(|violations| violations.to_string(), |()| String::new());
        assert_eq!(message, expected, "{operation} {input}");
    }

    #[test]
    fn violations_read_as_aws_writes_them() {
        check("sqs", "SendMessage", r#"{"QueueUrl": "u", "MessageBody": "b"}"#, "");
        check(
            "logs",
            "CreateLogGroup",
            "{}",
            "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
        );
        check(
            "iam",
            "CreateUser",
            r#"{"UserName": "a b"}"#,
            "1 validation error detected: Value 'a b' at 'userName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        );
        check(
            "iam",
            "TagUser",
            r#"{"UserName": "a", "Tags": [{"Key": "k", "Value": "v"}, {"Key": "k", "Value": "a&b"}]}"#,
            "1 validation error detected: Value 'a&b' at 'tags.2.member.value' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
        );
        check(
            "lambda",
            "CreateFunction",
            r#"{"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}, "Timeout": 0, "PackageType": "Jar"}"#,
            "2 validation errors detected: \
             Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; \
             Value 'Jar' at 'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Zip, Image]",
        );
        check(
            "lambda",
            "UpdateFunctionConfiguration",
            r#"{"FunctionName": "f", "Environment": {"Variables": {"1": "x"}}}"#,
            "1 validation error detected: Value '{1=x}' at 'environment.variables' failed to satisfy constraint: \
             Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
        );
    }

    #[test]
    fn lists_of_texts_are_told_at_the_list() {
        let service = catalog::service("logs").expect("embedded");
        let (shape, _) = service.shape_named("TagKeyList").expect("modelled");
        let value = Value::List(vec![Value::String(String::new())]);
        let found = validate(service, shape, &value).expect_err("an empty key").to_string();
        assert!(
            found.contains("Value '[]' at '' failed to satisfy constraint: Member must satisfy constraint: [Member"),
            "{found}"
        );
    }
}

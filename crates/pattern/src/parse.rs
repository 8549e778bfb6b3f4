//! Reading a pattern, and refusing what is none.

use crate::address::Network;
use crate::test::{Bound, Range, Test, Text};
use crate::wildcard::Wildcard;
use crate::{Field, Fields, Invalid, Pattern, Wanted};
use serde_json::{Map, Value as Json};

const OR: &str = "$or";
const ONE_KEY: &str = "Only one key allowed in match expression";
/// Numbers are compared between these (Numeric matching in the EventBridge user guide).
const LARGEST: f64 = 5e9;

/// Not to be used as names inside of `$or`, where they would be taken for tests.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

type Result<T> = std::result::Result<T, Invalid>;

fn refuse<T>(why: impl Into<String>) -> Result<T> {
    Err(Invalid(why.into()))
}

impl Pattern {
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &str) -> Result<Pattern> {
        let json: Json = serde_json::from_str(text).map_err(|it| Invalid(it.to_string()))?;
        Pattern::from_json(&json)
    }

    /// # Errors
    /// The first thing that is wrong.
    pub fn from_json(json: &Json) -> Result<Pattern> {
        let Json::Object(root) = json else { return refuse("Filter is not an object") };
        Ok(Pattern { root: fields(root, &mut Vec::new(), Within::Object)? })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Within {
    Object,
    Or,
}

fn fields(object: &Map<String, Json>, path: &mut Vec<String>, within: Within) -> Result<Fields> {
    if object.is_empty() {
        return refuse("Empty objects are not allowed");
    }
    let mut out = Fields::default();
    for (name, value) in object {
        if name == OR {
            out.any.push(alternatives(value, path)?);
            continue;
        }
        if within == Within::Or && RESERVED.contains(&name.as_str()) {
            return refuse(format!("{name} is Ruler reserved fieldName which cannot be used inside {OR}."));
        }
        path.push(name.clone());
        let wanted = match value {
            Json::Object(inner) => Wanted::Object(fields(inner, path, within)?),
            Json::Array(tests) => Wanted::OneOf(one_of(tests, path)?),
            _ => return refuse(format!("\"{name}\" must be an object or an array")),
        };
        path.pop();
        out.all.push(Field { name: name.clone(), wanted });
    }
    Ok(out)
}

fn alternatives(value: &Json, path: &mut Vec<String>) -> Result<Vec<Fields>> {
    let Json::Array(listed) = value else { return refuse(format!("It must be an Array followed with {OR}.")) };
    let mut out = Vec::new();
    for it in listed {
        let Json::Object(object) = it else {
            return refuse(format!("Only JSON object is allowed in array of {OR} relationship."));
        };
        out.push(fields(object, path, Within::Or)?);
    }
    if out.len() < 2 {
        return refuse(format!("There must have at least 2 Objects in {OR} relationship."));
    }
    Ok(out)
}

fn one_of(tests: &[Json], path: &[String]) -> Result<Vec<Test>> {
    if tests.is_empty() {
        return refuse("Empty arrays are not allowed");
    }
    let one = |it: &Json| match it {
        Json::Object(expression) => self::expression(expression, path),
        Json::Array(_) => refuse("Match value must be String, number, true, false, or null"),
        Json::String(text) => Ok(Test::Exactly(text.clone())),
        Json::Number(_) | Json::Bool(_) | Json::Null => Ok(Test::Literal(it.clone())),
    };
    tests.iter().map(one).collect()
}

/// `{"prefix": "a"}` and its like.
fn expression(it: &Map<String, Json>, path: &[String]) -> Result<Test> {
    let Some((name, value)) = it.iter().next() else { return refuse("Match expression name not found") };
    let test = match name.as_str() {
        "exactly" => Test::Exactly(text(value, "exact match pattern must be a string")?),
        "prefix" => Test::Prefix(affix(value, "prefix")?),
        "suffix" => Test::Suffix(affix(value, "suffix")?),
        "equals-ignore-case" => Test::IgnoringCase(lower(value)?),
        "wildcard" => Test::Wildcard(wildcard(value)?),
        "anything-but" => Test::AnythingBut(anything_but(value)?),
        "numeric" => Test::Numeric(numeric(value)?),
        // The engine's own sentence says "prefix" here.
        "cidr" => Test::Cidr(Network::parse(&text(value, "prefix match pattern must be a string")?).map_err(Invalid)?),
        "exists" => match value {
            Json::Bool(true) => Test::Present,
            Json::Bool(false) => Test::Absent(path.to_vec()),
            _ => return refuse("exists match pattern must be either true or false."),
        },
        other => return refuse(format!("Unrecognized match type {other}")),
    };
    if it.len() > 1 { refuse(ONE_KEY) } else { Ok(test) }
}

fn text(value: &Json, otherwise: &str) -> Result<String> {
    value.as_str().map_or_else(|| refuse(otherwise), |it| Ok(it.to_owned()))
}

fn lower(value: &Json) -> Result<String> {
    text(value, "equals-ignore-case match pattern must be a string").map(|it| it.to_lowercase())
}

fn wildcard(value: &Json) -> Result<Wildcard> {
    Wildcard::parse(&text(value, "wildcard match pattern must be a string")?).map_err(Invalid)
}

/// A text, or `{"equals-ignore-case": text}`.
fn affix(value: &Json, kind: &str) -> Result<Text> {
    let Json::Object(inner) = value else {
        return text(value, &format!("{kind} match pattern must be a string")).map(Text::AsIs);
    };
    match inner.iter().next() {
        Some((name, value)) if name == "equals-ignore-case" => {
            let found = lower(value)?;
            if inner.len() > 1 { refuse(ONE_KEY) } else { Ok(Text::IgnoringCase(found)) }
        }
        Some((other, _)) => refuse(format!("Unsupported {kind} pattern: {other}")),
        None => refuse(format!("{}{} expression name not found", kind[..1].to_uppercase(), &kind[1..])),
    }
}

/// What it must not be: values, or one kind of test for several texts.
fn anything_but(value: &Json) -> Result<Vec<Test>> {
    const WRONG: &str = "Value of anything-but must be an array or single string/number value.";
    match value {
        Json::String(it) => Ok(vec![Test::Exactly(it.clone())]),
        Json::Number(_) => Ok(vec![Test::Literal(value.clone())]),
        Json::Array(listed) => none_of(listed),
        Json::Object(inner) => {
            let Some((kind, values)) = inner.iter().next() else {
                return refuse("Anything-But expression name not found");
            };
            if !matches!(kind.as_str(), "equals-ignore-case" | "prefix" | "suffix" | "wildcard") {
                return refuse(format!("Unsupported anything-but pattern: {kind}"));
            }
            if inner.len() > 1 {
                return refuse("Too many elements in numeric expression");
            }
            match values {
                Json::Array(listed) => listed.iter().map(|it| not_this(kind, it)).collect(),
                Json::String(_) | Json::Number(_) => Ok(vec![not_this(kind, values)?]),
                _ => refuse(WRONG),
            }
        }
        Json::Bool(_) | Json::Null => refuse(WRONG),
    }
}

fn none_of(listed: &[Json]) -> Result<Vec<Test>> {
    let one = |it: &Json| match it {
        Json::String(text) => Ok(Test::Exactly(text.clone())),
        Json::Number(_) => Ok(Test::Literal(it.clone())),
        _ => refuse("Inside anything but list, start|null|boolean is not supported."),
    };
    let tests: Vec<Test> = listed.iter().map(one).collect::<Result<_>>()?;
    let numbers = listed.iter().filter(|it| it.is_number()).count();
    if tests.is_empty() || (numbers > 0 && numbers < tests.len()) {
        return refuse("Inside anything but list, either all values are number or string, mixed type is not supported");
    }
    Ok(tests)
}

fn not_this(kind: &str, value: &Json) -> Result<Test> {
    match kind {
        "equals-ignore-case" => {
            const WRONG: &str =
                "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.";
            Ok(Test::IgnoringCase(text(value, WRONG)?.to_lowercase()))
        }
        "wildcard" => wildcard(value).map(Test::Wildcard),
        _ => {
            let affix = text(value, "prefix/suffix match pattern must be a string")?;
            if affix.is_empty() {
                return refuse("Null prefix/suffix not allowed");
            }
            let affix = Text::AsIs(affix);
            Ok(if kind == "prefix" { Test::Prefix(affix) } else { Test::Suffix(affix) })
        }
    }
}

/// `["=", 1]`, `[">", 0]`, `[">", 0, "<=", 5]`.
fn numeric(value: &Json) -> Result<Range> {
    let Json::Array(terms) = value else { return refuse("Value of numeric must be an array.") };
    let Some(operator) = terms.first().and_then(Json::as_str) else {
        return refuse(format!("Invalid member in numeric match: {}", terms.first().unwrap_or(&Json::Null)));
    };
    if !matches!(operator, "=" | "<" | "<=" | ">" | ">=") {
        return refuse(format!("Unrecognized numeric range operator: {operator}"));
    }
    let word = if operator == "=" { "equals" } else { operator };
    let first = number(terms.get(1), word)?;
    let more = terms.get(2..).unwrap_or_default();
    if more.is_empty() {
        return Ok(match operator {
            "=" => Range { from: Bound::Closed(first), to: Bound::Closed(first) },
            "<" => Range { from: Bound::None, to: Bound::Open(first) },
            "<=" => Range { from: Bound::None, to: Bound::Closed(first) },
            ">" => Range { from: Bound::Open(first), to: Bound::None },
            _ => Range { from: Bound::Closed(first), to: Bound::None },
        });
    }
    if !matches!(operator, ">" | ">=") {
        return refuse("Too many elements in numeric expression");
    }
    let Some(second) = more[0].as_str() else { return refuse(format!("Bad value in numeric range: {}", more[0])) };
    if !matches!(second, "<" | "<=") {
        return refuse(format!("Bad numeric range operator: {second}"));
    }
    let last = number(more.get(1), second)?;
    if more.len() > 2 {
        return refuse("Too many terms in numeric range expression");
    }
    if first >= last {
        return refuse("Bottom must be less than top");
    }
    let from = if operator == ">" { Bound::Open(first) } else { Bound::Closed(first) };
    let to = if second == "<" { Bound::Open(last) } else { Bound::Closed(last) };
    Ok(Range { from, to })
}

fn number(term: Option<&Json>, operator: &str) -> Result<f64> {
    let Some(it) = term.and_then(Json::as_f64) else {
        return refuse(format!("Value of {operator} must be numeric"));
    };
    if !(-LARGEST..=LARGEST).contains(&it) {
        return refuse("Value must be between -5.0E9 and 5.0E9, inclusive");
    }
    Ok(it)
}

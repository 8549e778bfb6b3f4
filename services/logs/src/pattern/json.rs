//! JSON selectors: `{ $.user.id = 1 && ($.items[*].name = "a*" || $.error NOT EXISTS) }`.

use super::Invalid;
use super::expression::Expression;
use super::scan::Scanner;
use super::wanted::{Comparison, Value};
use serde_json::Value as Json;

#[derive(Debug)]
pub struct Filter(Expression<Condition>);

#[derive(Debug)]
struct Condition {
    /// As the pattern has it.
    text: String,
    selector: Vec<Step>,
    test: Test,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Element(usize),
    /// `[*]` or `.*`: any of them.
    Each,
}

#[derive(Debug)]
enum Test {
    Compares(Comparison),
    IsNull,
    Is(bool),
    NotExists,
}

impl Filter {
    pub fn parse(mut from: Scanner) -> Result<Filter, Invalid> {
        let expression = Expression::parse(&mut from, &mut Condition::parse)?;
        from.skip_space();
        from.check_regexes()?;
        if from.at_end() { Ok(Filter(expression)) } else { Err(Invalid::Pattern) }
    }

    pub fn matches(&self, message: &str) -> bool {
        // A JSON log event is an object. Most lines are none, and then nothing has to be parsed to know it.
        if !message.trim_start().starts_with('{') {
            return false;
        }
        let Ok(json) = serde_json::from_str::<Json>(message) else { return false };
        self.0.holds(&|condition| condition.holds(&json))
    }
}

impl Filter {
    pub fn extracted(&self, message: &str) -> Vec<(String, String)> {
        let json: Json = serde_json::from_str(message).unwrap_or_default();
        let named = |it: &Condition| {
            let found = first(&json, &it.selector)?;
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            Some((it.text.clone(), text))
        };
        self.0.leaves().into_iter().filter_map(named).collect()
    }
}

impl Condition {
    fn parse(from: &mut Scanner) -> Result<Condition, Invalid> {
        from.skip_space();
        let before = from.clone();
        let selector = selector(from)?;
        let text = from.since(&before).to_owned();
        let test = if from.take_word("IS") {
            if from.take_word("NULL") {
                Test::IsNull
            } else if from.take_word("TRUE") {
                Test::Is(true)
            } else if from.take_word("FALSE") {
                Test::Is(false)
            } else {
                return Err(Invalid::Pattern);
            }
        } else if from.take_word("NOT") {
            if !from.take_word("EXISTS") {
                return Err(Invalid::Pattern);
            }
            Test::NotExists
        } else {
            Test::Compares(Comparison::parse(from, bare)?)
        };
        Ok(Condition { text, selector, test })
    }

    fn holds(&self, json: &Json) -> bool {
        let found = |test: &dyn Fn(&Json) -> bool| any(json, &self.selector, test);
        match &self.test {
            Test::IsNull => found(&Json::is_null),
            Test::Is(wanted) => found(&|it| it.as_bool() == Some(*wanted)),
            Test::NotExists => !found(&|_| true),
            // Neither `=` nor `!=` holds of what is missing, null, an array or an object.
            Test::Compares(comparison) => found(&|it| value(it).is_some_and(|it| comparison.holds(it))),
        }
    }
}

/// Whether the test holds of anything that the selector leads to.
fn any(json: &Json, selector: &[Step], test: &dyn Fn(&Json) -> bool) -> bool {
    let Some((step, rest)) = selector.split_first() else { return test(json) };
    match (step, json) {
        (Step::Member(name), Json::Object(members)) => members.get(name).is_some_and(|it| any(it, rest, test)),
        (Step::Element(index), Json::Array(items)) => items.get(*index).is_some_and(|it| any(it, rest, test)),
        (Step::Each, Json::Array(items)) => items.iter().any(|it| any(it, rest, test)),
        (Step::Each, Json::Object(members)) => members.values().any(|it| any(it, rest, test)),
        (Step::Member(_) | Step::Element(_) | Step::Each, _) => false,
    }
}

/// The first value that the selector leads to.
fn first<'j>(json: &'j Json, selector: &[Step]) -> Option<&'j Json> {
    let Some((step, rest)) = selector.split_first() else { return value(json).map(|_| json) };
    match (step, json) {
        (Step::Member(name), Json::Object(members)) => first(members.get(name)?, rest),
        (Step::Element(index), Json::Array(items)) => first(items.get(*index)?, rest),
        (Step::Each, Json::Array(items)) => items.iter().find_map(|it| first(it, rest)),
        (Step::Each, Json::Object(members)) => members.values().find_map(|it| first(it, rest)),
        (Step::Member(_) | Step::Element(_) | Step::Each, _) => None,
    }
}

fn value(json: &Json) -> Option<Value<'_>> {
    match json {
        Json::Number(it) => it.as_f64().map(Value::Number),
        Json::String(it) => Some(Value::Text(it)),
        Json::Bool(it) => Some(Value::Bool(*it)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn selector(from: &mut Scanner) -> Result<Vec<Step>, Invalid> {
    from.skip_space();
    if !from.take("$") {
        return Err(Invalid::Pattern);
    }
    let mut steps = Vec::new();
    loop {
        if from.take(".") {
            steps.push(match from.peek() {
                Some('[') => continue,
                Some('*') if from.take("*") => Step::Each,
                _ => Step::Member(name(from)?),
            });
        } else if from.take("[") {
            steps.push(bracketed(from)?);
        } else {
            break;
        }
    }
    if steps.is_empty() { Err(Invalid::Pattern) } else { Ok(steps) }
}

fn name(from: &mut Scanner) -> Result<String, Invalid> {
    match from.take_while(|it| it.is_alphanumeric() || matches!(it, '-' | '_')) {
        "" => Err(Invalid::Pattern),
        name => Ok(name.to_owned()),
    }
}

/// `0]`, `*]`, `"a name"]` or `'a name']`.
fn bracketed(from: &mut Scanner) -> Result<Step, Invalid> {
    let step = match from.peek() {
        Some(quote @ ('"' | '\'')) => Step::Member(from.quoted(quote)?),
        Some('*') if from.take("*") => Step::Each,
        _ => Step::Element(from.take_while(|it| it.is_ascii_digit()).parse().map_err(|_| Invalid::Pattern)?),
    };
    if from.take("]") { Ok(step) } else { Err(Invalid::Pattern) }
}

/// Beside letters, digits and the asterisk what numbers, addresses and names of actions are made of.
fn bare(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '*' | '.' | '-' | '_' | '+' | ':' | '/')
}

//! From JSON to compiled statements. The order of the checks is that in which IAM reports what is wrong.

use super::{Kind, MAX_DOCUMENT_BYTES, Malformed, Policy, resource};
use crate::condition::{Condition, Test};
use crate::json::{self, Json};
use crate::matcher::{Form, Matcher};
use crate::position::{self, Span};
use crate::principal::Named;
use crate::statement::{Action, Effect, Element, Statement};
use std::sync::Arc;

const CURRENT: &str = "2012-10-17";
const OLD: &str = "2008-10-17";

type Checked<T = ()> = Result<T, Malformed>;
type Object = [(String, Json)];

/// A statement whose elements have the right JSON types, and nothing else checked.
struct Raw {
    sid: Option<String>,
    effect: String,
    actions: Option<Texts>,
    resources: Option<Texts>,
    /// Pairs such as `("AWS", "123456789012")`.
    principals: Option<Element<(String, String)>>,
    conditions: Vec<RawCondition>,
}

struct RawCondition {
    operator: String,
    test: Test,
    key: String,
    texts: Vec<String>,
}

type Texts = Element<String>;

pub fn policy(text: &str, kind: Kind) -> Checked<Policy> {
    let tree = if text.len() <= MAX_DOCUMENT_BYTES { json::parse(text) } else { None };
    let Some(Json::Object(document)) = tree else { return Err(Malformed::syntax()) };
    only_once(&document)?;
    only_known(&document, &["Version", "Id", "Statement"])?;

    let id = optional_text(&document, "Id")?;
    let version = version(&document)?;
    let raws = statements(&document)?.into_iter().map(raw_statement).collect::<Checked<Vec<Raw>>>()?;
    if version != CURRENT && matches!(kind, Kind::Identity | Kind::Boundary) {
        return Err(Malformed::new("Policy document must be version 2012-10-17 or greater."));
    }
    check(&raws, kind)?;

    let has_variables = version == CURRENT;
    let spans = position::of_statements(text);
    let compiled =
        raws.into_iter().enumerate().map(|(at, raw)| compile(raw, has_variables, spans.get(at).copied()).map(Arc::new));
    let statements = compiled.collect::<Checked<Vec<Arc<Statement>>>>()?;
    let has_deny = statements.iter().any(|statement| statement.effect == Effect::Deny);
    Ok(Policy { kind, version, id, statements, has_deny })
}

fn version(document: &Object) -> Checked<String> {
    let version = optional_text(document, "Version")?.unwrap_or_else(|| OLD.to_owned());
    if version == CURRENT || version == OLD { Ok(version) } else { Err(Malformed::syntax()) }
}

fn statements(document: &Object) -> Checked<Vec<&Json>> {
    match member(document, "Statement") {
        Some(Json::List(list)) if !list.is_empty() => Ok(list.iter().collect()),
        Some(object @ Json::Object(_)) => Ok(vec![object]),
        _ => Err(Malformed::syntax()),
    }
}

fn raw_statement(tree: &Json) -> Checked<Raw> {
    const KNOWN: [&str; 9] =
        ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];
    let Json::Object(object) = tree else { return Err(Malformed::syntax()) };
    only_once(object)?;
    only_known(object, &KNOWN)?;
    let effect = optional_text(object, "Effect")?.ok_or_else(Malformed::syntax)?;
    if !effect.eq_ignore_ascii_case("Allow") && !effect.eq_ignore_ascii_case("Deny") {
        return Err(Malformed::syntax());
    }
    Ok(Raw {
        sid: optional_text(object, "Sid")?,
        effect,
        actions: either(object, "Action", "NotAction", texts)?,
        resources: either(object, "Resource", "NotResource", texts)?,
        principals: either(object, "Principal", "NotPrincipal", principals)?,
        conditions: conditions(object)?,
    })
}

/// An element or its negation, never both.
fn either<T>(
    object: &Object,
    name: &str,
    negation: &str,
    read: fn(&Json) -> Checked<Vec<T>>,
) -> Checked<Option<Element<T>>> {
    match (member(object, name), member(object, negation)) {
        (Some(_), Some(_)) => Err(Malformed::syntax()),
        (Some(value), None) => Ok(Some(Element { negated: false, list: read(value)? })),
        (None, Some(value)) => Ok(Some(Element { negated: true, list: read(value)? })),
        (None, None) => Ok(None),
    }
}

fn texts(value: &Json) -> Checked<Vec<String>> {
    let text = |value: &Json| match value {
        Json::Text(text) => Ok(text.clone()),
        _ => Err(Malformed::syntax()),
    };
    match value {
        Json::List(list) => list.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

fn principals(value: &Json) -> Checked<Vec<(String, String)>> {
    match value {
        Json::Text(text) if text == "*" => Ok(vec![("AWS".to_owned(), "*".to_owned())]),
        Json::Object(object) => {
            let mut pairs = Vec::new();
            for (key, value) in object {
                pairs.extend(texts(value)?.into_iter().map(|text| (key.clone(), text)));
            }
            Ok(pairs)
        }
        _ => Err(Malformed::syntax()),
    }
}

fn conditions(object: &Object) -> Checked<Vec<RawCondition>> {
    let operators = match member(object, "Condition") {
        None => return Ok(Vec::new()),
        Some(Json::Object(operators)) => operators,
        Some(_) => return Err(Malformed::syntax()),
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Json::Object(keys) = keys else { return Err(Malformed::syntax()) };
        for (key, values) in keys {
            let test = Test::by_name(operator).ok_or_else(Malformed::syntax)?;
            let texts = scalars(values)?;
            conditions.push(RawCondition { operator: operator.clone(), test, key: key.clone(), texts });
        }
    }
    Ok(conditions)
}

/// Values of conditions may also be numbers and booleans.
fn scalars(value: &Json) -> Checked<Vec<String>> {
    let scalar = |value: &Json| match value {
        Json::Text(text) | Json::Number(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => Err(Malformed::syntax()),
    };
    match value {
        Json::List(list) => list.iter().map(scalar).collect(),
        one => Ok(vec![scalar(one)?]),
    }
}

fn check(raws: &[Raw], kind: Kind) -> Checked {
    check_legacy(raws, kind)?;
    check_sids(raws, kind)?;
    for raw in raws {
        check_principals(raw, kind)?;
    }
    if kind == Kind::Trust && raws.iter().any(|raw| raw.resources.is_some()) {
        return Err(Malformed::new("Has prohibited field Resource"));
    }
    if !kind.names_principals() {
        raws.iter()
            .flat_map(|raw| &raw.resources)
            .flat_map(|it| &it.list)
            .try_for_each(|text| resource::check(text))?;
    }
    for raw in raws {
        check_actions(raw, kind)?;
    }
    let lacks = |raw: &Raw| raw.resources.as_ref().is_none_or(|resources| resources.list.is_empty());
    if !kind.names_principals() && raws.iter().any(lacks) {
        return Err(Malformed::new("Policy statement must contain resources."));
    }
    Ok(())
}

/// What IAM's older parser refuses, without saying where.
fn check_legacy(raws: &[Raw], kind: Kind) -> Checked {
    for raw in raws {
        let badly_cased = raw.effect != "Allow" && raw.effect != "Deny";
        let unreadable = raw.conditions.iter().any(|condition| compile_condition(condition, true).is_none());
        let mut resources = raw.resources.iter().flat_map(|resources| &resources.list);
        let broken = !kind.names_principals() && resources.any(|text| resource::fails_legacy_parsing(text));
        if badly_cased || unreadable || broken {
            return Err(Malformed::legacy());
        }
    }
    Ok(())
}

/// IAM takes letters and digits only; other services take more.
fn check_sids(raws: &[Raw], kind: Kind) -> Checked {
    let sids: Vec<&str> = raws.iter().filter_map(|raw| raw.sid.as_deref()).filter(|sid| !sid.is_empty()).collect();
    let repeated = |(at, sid): (usize, &&str)| sids[..at].contains(sid);
    if sids.iter().enumerate().any(repeated) {
        return Err(Malformed::new("Statement IDs (SID) in a single policy must be unique."));
    }
    let is_odd = |sid: &&str| !sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if kind != Kind::Resource && sids.iter().any(is_odd) {
        return Err(Malformed::new(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ));
    }
    Ok(())
}

fn check_principals(raw: &Raw, kind: Kind) -> Checked {
    let Some(principals) = &raw.principals else {
        return match kind.names_principals() {
            true => Err(Malformed::new("Missing required field Principal")),
            false => Ok(()),
        };
    };
    if !kind.names_principals() {
        return Err(Malformed::new("Policy document should not specify a principal."));
    }
    if principals.list.is_empty() {
        return Err(Malformed::new("Missing required field Principal cannot be empty!"));
    }
    if kind == Kind::Trust && principals.negated {
        return Err(Malformed::new("Has prohibited field NotPrincipal"));
    }
    for (key, text) in &principals.list {
        if Named::new(key, text).is_none() {
            return Err(Malformed::new(format!("Invalid principal in policy: \"{key}\":\"{text}\"")));
        }
    }
    Ok(())
}

fn check_actions(raw: &Raw, kind: Kind) -> Checked {
    let actions = raw.actions.as_ref().filter(|actions| !actions.list.is_empty());
    let Some(actions) = actions else { return Err(Malformed::new("Policy statement must contain actions.")) };
    for action in &actions.list {
        check_action(action)?;
        if kind == Kind::Trust && !is_for_assuming(action) {
            return Err(Malformed::new("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Ok(())
}

fn check_action(action: &str) -> Checked {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(Malformed::new("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    if name.contains(':') {
        return Err(Malformed::new("Actions/Condition can contain only one colon."));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if vendor != "*" && !vendor.bytes().all(is_plain) {
        return Err(Malformed::new(format!("Vendor {vendor} is not valid")));
    }
    Ok(())
}

fn is_for_assuming(action: &str) -> bool {
    const OTHERS: [&str; 4] = ["sts:*", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext"];
    let action = action.to_ascii_lowercase();
    action.starts_with("sts:assume") || OTHERS.contains(&action.as_str())
}

fn compile(raw: Raw, has_variables: bool, span: Option<Span>) -> Checked<Statement> {
    let conditions = raw.conditions.iter().map(|condition| compile_condition(condition, has_variables));
    let resource = |text: String| Matcher::new(&text, Form::Resource, has_variables);
    let principal = |(key, text): (String, String)| Named::new(&key, &text);
    Ok(Statement {
        sid: raw.sid.map(Arc::from),
        effect: if raw.effect == "Deny" { Effect::Deny } else { Effect::Allow },
        actions: raw.actions.ok_or_else(Malformed::syntax)?.map(|text| Action::new(&text)),
        resources: raw.resources.map(|resources| resources.map(resource)),
        principals: raw
            .principals
            .map(|it| Element { negated: it.negated, list: it.list.into_iter().filter_map(principal).collect() }),
        conditions: conditions.collect::<Option<Vec<Condition>>>().ok_or_else(Malformed::legacy)?,
        span,
    })
}

fn compile_condition(raw: &RawCondition, has_variables: bool) -> Option<Condition> {
    Condition::new(&raw.operator, raw.test, &raw.key, raw.texts.clone(), has_variables)
}

fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Json> {
    object.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn optional_text(object: &Object, name: &str) -> Checked<Option<String>> {
    match member(object, name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Malformed::syntax()),
    }
}

fn only_known(object: &Object, known: &[&str]) -> Checked {
    let is_known = |(key, _): &(String, Json)| known.contains(&key.as_str());
    if object.iter().all(is_known) { Ok(()) } else { Err(Malformed::syntax()) }
}

fn only_once(object: &Object) -> Checked {
    for (at, (key, _)) in object.iter().enumerate() {
        if object[..at].iter().any(|(earlier, _)| earlier == key) {
            return Err(Malformed::new(format!("Statement/policy already has instance of {key}")));
        }
    }
    Ok(())
}

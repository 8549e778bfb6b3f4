//! Stack policies: which resources an update may change, replace or delete.
//!
//! Without a policy an update may do everything; with one, only what a statement allows and none denies (Prevent
//! updates to stack resources, in the CloudFormation user guide).

use crate::template::invalid;
use model::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackPolicy {
    /// As it was sent.
    pub text: String,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
    /// Of `ResourceType`, each a list of which one has to match.
    types: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Patterns {
    AnyOf(Vec<String>),
    NoneOf(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Modify,
    Replace,
    Delete,
}

impl Action {
    fn text(self) -> &'static str {
        match self {
            Action::Modify => "Update:Modify",
            Action::Replace => "Update:Replace",
            Action::Delete => "Update:Delete",
        }
    }
}

impl StackPolicy {
    pub fn parse(text: &str) -> Result<StackPolicy> {
        let tree: Json = serde_json::from_str(text).map_err(|_| malformed("it is not well-formed JSON"))?;
        let statements = match tree.get("Statement") {
            Some(Json::Array(items)) => items.iter().map(statement).collect::<Result<Vec<_>>>()?,
            Some(one @ Json::Object(_)) => vec![statement(one)?],
            _ => return Err(malformed("it has no Statement")),
        };
        Ok(StackPolicy { text: text.to_owned(), statements })
    }

    /// Why it does not let an update do this, as the event of the failure says it.
    pub fn denial(&self, action: Action, logical_id: &str, type_name: &str) -> Option<String> {
        let resource = format!("LogicalResourceId/{logical_id}");
        let action = action.text();
        let applies = |it: &Statement| it.is_about(action, &resource, type_name);
        if let Some(index) = self.statements.iter().position(|it| !it.allows && applies(it)) {
            let number = index + 1;
            return Some(format!(
                "Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{resource}];"
            ));
        }
        let allowed = self.statements.iter().any(|it| it.allows && applies(it));
        (!allowed).then(|| format!("Action not allowed by stack policy: [{action}] for resource [{resource}]"))
    }
}

impl Statement {
    fn is_about(&self, action: &str, resource: &str, type_name: &str) -> bool {
        self.actions.take(action)
            && self.resources.take(resource)
            && self.types.iter().all(|any| any.iter().any(|it| like(it, type_name)))
    }
}

impl Patterns {
    fn take(&self, text: &str) -> bool {
        match self {
            Patterns::AnyOf(patterns) => patterns.iter().any(|it| like(it, text)),
            Patterns::NoneOf(patterns) => !patterns.iter().any(|it| like(it, text)),
        }
    }
}

fn malformed(why: &str) -> model::Error {
    invalid(format!("Error validating stack policy: Invalid stack policy: {why}"))
}

fn statement(tree: &Json) -> Result<Statement> {
    let members = tree.as_object().ok_or_else(|| malformed("a Statement is not an object"))?;
    const KNOWN: [&str; 8] =
        ["Sid", "Effect", "Action", "NotAction", "Principal", "Resource", "NotResource", "Condition"];
    if let Some(other) = members.keys().find(|it| !KNOWN.contains(&it.as_str())) {
        return Err(malformed(&format!("a Statement has no member {other}")));
    }
    let allows = match members.get("Effect").and_then(Json::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(malformed("Effect is Allow or Deny")),
    };
    let anyone = |it: &Json| it == "*" || it.get("AWS").is_some_and(|it| it == "*");
    if !members.get("Principal").is_some_and(anyone) {
        return Err(malformed("Principal is required, and only the wildcard * can be named"));
    }
    let actions = patterns(members, "Action", "NotAction")?;
    let (Patterns::AnyOf(named) | Patterns::NoneOf(named)) = &actions;
    if let Some(other) = named.iter().find(|it| !is_action(it)) {
        return Err(malformed(&format!("the action {other} is none of an update")));
    }
    let types = members.get("Condition").map_or_else(|| Ok(Vec::new()), conditions)?;
    Ok(Statement { allows, actions, resources: patterns(members, "Resource", "NotResource")?, types })
}

fn is_action(text: &str) -> bool {
    text == "*" || [Action::Modify, Action::Replace, Action::Delete].iter().any(|it| like(text, it.text()))
}

fn patterns(members: &Map<String, Json>, any_of: &str, none_of: &str) -> Result<Patterns> {
    match (members.get(any_of), members.get(none_of)) {
        (Some(tree), None) => Ok(Patterns::AnyOf(texts(tree)?)),
        (None, Some(tree)) => Ok(Patterns::NoneOf(texts(tree)?)),
        _ => Err(malformed(&format!("a Statement has either {any_of} or {none_of}"))),
    }
}

fn texts(tree: &Json) -> Result<Vec<String>> {
    let not_text = || malformed("what a Statement names are strings");
    match tree {
        Json::String(one) => Ok(vec![one.clone()]),
        Json::Array(items) => items.iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(not_text)).collect(),
        _ => Err(not_text()),
    }
}

/// `StringEquals` and `StringLike` on `ResourceType`: AWS documents no other.
fn conditions(tree: &Json) -> Result<Vec<Vec<String>>> {
    let operators = tree.as_object().ok_or_else(|| malformed("Condition is an object"))?;
    let mut types = Vec::new();
    for (operator, keys) in operators {
        if !matches!(operator.as_str(), "StringEquals" | "StringLike") {
            return Err(malformed(&format!("the condition {operator} is none of a stack policy")));
        }
        for (key, values) in keys.as_object().ok_or_else(|| malformed("a condition names keys"))? {
            if key != "ResourceType" {
                return Err(malformed(&format!("the condition key {key} is none of a stack policy")));
            }
            types.push(texts(values)?);
        }
    }
    Ok(types)
}

/// `*` is any run of characters. It goes back to the last star only, so its cost is bounded by a product of lengths.
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == text[from] => (at, from) = (at + 1, from + 1),
            _ => {
                let Some((back, begun)) = star else { return false };
                star = Some((back, begun + 1));
                (at, from) = (back + 1, begun + 1);
            }
        }
    }
    pattern[at..].iter().all(|it| *it == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTECTED: &str = r#"{"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "*",
         "Condition": {"StringEquals": {"ResourceType": ["AWS::SQS::Queue"]}}},
        {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Data*"}
    ]}"#;

    #[test]
    fn a_denial_overrides_and_nothing_said_is_not_allowed() {
        let policy = StackPolicy::parse(PROTECTED).unwrap();
        let cases = [
            (Action::Modify, "Q", "AWS::SQS::Queue", None),
            (
                Action::Replace,
                "Q",
                "AWS::SQS::Queue",
                Some(
                    "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Q];",
                ),
            ),
            (Action::Delete, "Q", "AWS::IAM::Role", None),
            (
                Action::Modify,
                "Database",
                "AWS::IAM::Role",
                Some(
                    "Action denied by stack policy: Statement [#3] does not allow [Update:Modify] for resource [LogicalResourceId/Database];",
                ),
            ),
        ];
        for (action, name, kind, expected) in cases {
            assert_eq!(policy.denial(action, name, kind).as_deref(), expected, "{action:?} {name} {kind}");
        }
        let all_but = r#"{"Statement": {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "NotResource": "LogicalResourceId/A"}}"#;
        let policy = StackPolicy::parse(all_but).unwrap();
        assert_eq!(policy.denial(Action::Modify, "B", "T"), None);
        assert!(policy.denial(Action::Modify, "A", "T").unwrap().starts_with("Action not allowed by stack policy"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for (text, why) in [
            ("{", "well-formed"),
            ("{}", "no Statement"),
            (r#"{"Statement": [{"Effect": "Maybe"}]}"#, "Effect"),
            (r#"{"Statement": [{"Effect": "Deny", "Action": "Update:*", "Resource": "*"}]}"#, "Principal"),
            (
                r#"{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "Create:*", "Resource": "*"}]}"#,
                "Create:*",
            ),
            (r#"{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "Update:*"}]}"#, "Resource"),
        ] {
            let error = StackPolicy::parse(text).unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn stars_match_any_run() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abd", false),
            ("*a*b", "xxaxxb", true),
            ("ab", "abc", false),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }
}

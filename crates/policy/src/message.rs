//! A decision in detail, as DecodeAuthorizationMessage gives it.
//! Source: STS API reference, "DecodeAuthorizationMessage", and its example in the AWS CLI's reference.

use crate::context::{Request, Value};
use crate::evaluate::{Decision, Matched, Reason, Source};
use crate::statement::{Effect, Statement};
use serde_json::{Value as Json, json};

impl Decision {
    /// JSON: whether it was allowed, what decided, who asked for what, and the condition keys of the request.
    pub fn message(&self, request: &Request) -> String {
        let statements: Vec<Json> = self.matched.iter().map(|it| statement(it, request)).collect();
        json!({
            "allowed": self.allowed,
            "explicitDeny": matches!(self.reason, Reason::ExplicitDeny(_)),
            "matchedStatements": {"items": statements},
            "failures": {"items": []},
            "context": context(request),
        })
        .to_string()
    }
}

fn context(request: &Request) -> Json {
    let mut principal = json!({"id": request.principal.user_id, "arn": request.principal.arn});
    if let Some(name) = request.principal.user_name() {
        principal["name"] = json!(name);
    }
    let conditions = request.context.entries().map(|(key, value)| condition(key, value.texts()));
    json!({
        "principal": principal,
        "action": request.action,
        "resource": request.resource,
        "conditions": {"items": conditions.collect::<Vec<_>>()},
    })
}

fn statement(matched: &Matched, request: &Request) -> Json {
    let it: &Statement = &matched.found;
    let principals = match (&it.principals, matched.source) {
        (Some(named), _) => named.list.iter().map(|it| it.text().to_owned()).collect(),
        // A statement that is attached to somebody is about them: for a session, about its role.
        (None, Source::ServiceControl | Source::Resource | Source::Trust) => Vec::new(),
        (None, Source::Identity | Source::Boundary | Source::Session) => {
            vec![request.principal.user_id.split(':').next().unwrap_or_default().to_owned()]
        }
    };
    let effect = match it.effect {
        Effect::Allow => "ALLOW",
        Effect::Deny => "DENY",
    };
    let conditions = it.conditions.iter().map(|it| condition(&it.key.name, it.texts.iter().map(String::as_str)));
    json!({
        "statementId": it.sid.as_deref().unwrap_or_default(),
        "effect": effect,
        "principals": items(principals.iter().map(String::as_str)),
        "principalGroups": {"items": []},
        "actions": items(it.actions.list.iter().map(|it| it.text.as_str())),
        "resources": items(it.resources.iter().flat_map(|it| &it.list).map(|it| it.text.as_str())),
        "conditions": {"items": conditions.collect::<Vec<_>>()},
    })
}

fn condition<'t>(key: &str, texts: impl Iterator<Item = &'t str>) -> Json {
    json!({"key": key, "values": items(texts)})
}

fn items<'t>(texts: impl Iterator<Item = &'t str>) -> Json {
    json!({"items": texts.map(|it| json!({"value": it})).collect::<Vec<_>>()})
}

impl Value {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self {
            Value::One(text) => (Some(text.as_ref()), &[][..]),
            Value::Many(texts) => (None, texts.as_slice()),
        };
        one.into_iter().chain(many.iter().map(String::as_str))
    }
}

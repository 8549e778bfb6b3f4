//! Trust policies: whom they name, and who that still is.
//!
//! A trust policy may name only users and roles that exist. AWS then remembers their ids and not their names: one who is
//! deleted is no longer trusted, nor is another of the same name; the id is shown in the policy instead ("How IAM works
//! with principals of trust policies", AWS JSON policy elements: Principal, in the IAM user guide).

use crate::document::{check, check_size};
use crate::entity::Entity;
use crate::role;
use api::iam::error;
use kernel::Cx;
use model::Result;
use policy::Kind;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The ids of those whom a policy names, by their ARNs; refused when it is malformed, too long or names nobody.
pub fn named_in(cx: &Cx, document: &str) -> Result<BTreeMap<String, String>> {
    check(document, Kind::Trust)?;
    check_size(document, "ACLSizePerRole", policy::TRUST_LIMIT)?;
    let mut json: Json = serde_json::from_str(document).expect("it was just parsed");
    let mut ids = BTreeMap::new();
    let mut missing = None;
    for_each_principal(&mut json, &mut |text| {
        if !is_entity(text) {
            return;
        }
        match id_of(cx, text) {
            Some(id) => drop(ids.insert(text.clone(), id)),
            None => missing = Some(text.clone()),
        }
    });
    match missing {
        None => Ok(ids),
        Some(arn) => {
            let sentence = format!("Invalid principal in policy: \"AWS\":\"{arn}\"");
            Err(error::MALFORMED_POLICY_DOCUMENT.with(sentence))
        }
    }
}

/// The text as it holds now: with the ids of those who are gone.
pub fn current(cx: &Cx, role: &role::Stored) -> String {
    let is_gone = |(arn, id): &(&String, &String)| id_of(cx, arn).as_ref() != Some(id);
    let gone: BTreeMap<_, _> = role.trusted.iter().filter(is_gone).collect();
    if gone.is_empty() {
        return role.trust_policy.clone();
    }
    let Ok(mut json) = serde_json::from_str::<Json>(&role.trust_policy) else { return role.trust_policy.clone() };
    for_each_principal(&mut json, &mut |text| {
        if let Some(id) = gone.get(text) {
            text.clone_from(id);
        }
    });
    json.to_string()
}

/// A user's or a role's ARN. Those of sessions and accounts stand for themselves.
fn is_entity(text: &str) -> bool {
    let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
    text.contains(":iam:") && (resource.starts_with("user/") || resource.starts_with("role/"))
}

fn id_of(cx: &Cx, arn: &str) -> Option<String> {
    cx.look_in_place_of(arn, |cx| Entity::by_arn(cx, arn)).map(|it| it.id)
}

fn for_each_principal(document: &mut Json, change: &mut dyn FnMut(&mut String)) {
    let statements = match document.get_mut("Statement") {
        Some(Json::Array(list)) => list.iter_mut().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        match statement.get_mut("Principal").and_then(|it| it.get_mut("AWS")) {
            Some(Json::String(text)) => change(text),
            Some(Json::Array(list)) => {
                for item in list {
                    if let Json::String(text) = item {
                        change(text);
                    }
                }
            }
            _ => {}
        }
    }
}

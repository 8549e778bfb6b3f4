//! Policies of resources, bound to those whom they name.
//!
//! A policy may name only users and roles that exist. AWS then remembers their unique ids and not their names: one who is
//! deleted is no longer meant, nor is another of the same name; the id is shown in the policy instead (AWS JSON policy
//! elements: Principal, in the IAM user guide).

use crate::cx::Cx;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A policy, or a statement of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundPolicy {
    given: String,
    /// The ids of the users and roles that it names, by their ARNs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ids: BTreeMap<String, String>,
    /// With ids in place of ARNs, where it names any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    with_ids: Option<String>,
}

/// A policy names a user or a role that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPrincipal {
    pub arn: String,
}

impl BoundPolicy {
    /// A text that the policy language takes.
    ///
    /// # Errors
    /// It names a user or a role that does not exist.
    pub fn new(cx: &Cx, given: String) -> Result<Self, UnknownPrincipal> {
        let mut ids = BTreeMap::new();
        let mut unknown = None;
        let with_ids = changed(&given, &mut |arn| match cx.principal_id(arn) {
            Some(id) => {
                ids.insert(arn.to_owned(), id.clone());
                Some(id)
            }
            None => {
                unknown = Some(arn.to_owned());
                None
            }
        });
        match unknown {
            Some(arn) => Err(UnknownPrincipal { arn }),
            None => Ok(Self { given, ids, with_ids }),
        }
    }

    /// As it was given.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// As it is evaluated: with the ids of those whom it names.
    pub fn evaluated(&self) -> &str {
        self.with_ids.as_deref().unwrap_or(&self.given)
    }

    /// As it is shown: with the ids of those who are gone.
    pub fn shown(&self, cx: &Cx) -> String {
        let gone: Vec<&String> =
            self.ids.iter().filter(|(arn, id)| cx.principal_id(arn).as_ref() != Some(id)).map(|it| it.0).collect();
        if gone.is_empty() {
            return self.given.clone();
        }
        let of_the_gone = |arn: &str| gone.iter().find(|it| **it == arn).map(|it| self.ids[*it].clone());
        changed(&self.given, &mut |arn| of_the_gone(arn)).unwrap_or_else(|| self.given.clone())
    }
}

/// With what `id_of` gives in place of the ARNs of users and roles; none where it gives nothing.
fn changed(text: &str, id_of: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
    // Most policies name none, and need not be read again.
    if !text.contains(":iam:") {
        return None;
    }
    let mut json: Json = serde_json::from_str(text).ok()?;
    let mut any = false;
    for_each_principal(&mut json, &mut |text| {
        if let Some(id) = is_entity(text).then(|| id_of(text)).flatten() {
            (*text, any) = (id, true);
        }
    });
    any.then(|| json.to_string())
}

fn for_each_principal(policy: &mut Json, change: &mut dyn FnMut(&mut String)) {
    let statements = match policy.get("Statement") {
        Some(_) => &mut policy["Statement"],
        None => policy,
    };
    for_one_or_each(statements, &mut |statement| {
        for element in ["Principal", "NotPrincipal"] {
            let Some(named) = statement.get_mut(element).and_then(|it| it.get_mut("AWS")) else { continue };
            for_one_or_each(named, &mut |it| {
                if let Json::String(text) = it {
                    change(text);
                }
            });
        }
    });
}

fn for_one_or_each(json: &mut Json, change: &mut dyn FnMut(&mut Json)) {
    match json {
        Json::Array(list) => list.iter_mut().for_each(change),
        one => change(one),
    }
}

/// A user's or a role's ARN. Those of sessions and accounts stand for themselves.
fn is_entity(text: &str) -> bool {
    let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
    text.contains(":iam:") && (resource.starts_with("user/") || resource.starts_with("role/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_roles_are_found_wherever_a_policy_names_them() {
        let policy = r#"{"Statement":[{"Principal":{"AWS":["arn:aws:iam::1:user/a","*"]}},{"NotPrincipal":{"AWS":"arn:aws:iam::1:role/p/r"},"Resource":"arn:aws:iam::1:user/a"},{"Principal":"*"}]}"#;
        let expected = r#"{"Statement":[{"Principal":{"AWS":["ID","*"]}},{"NotPrincipal":{"AWS":"ID"},"Resource":"arn:aws:iam::1:user/a"},{"Principal":"*"}]}"#;
        let id = &mut |_: &str| Some("ID".to_owned());
        assert_eq!(changed(policy, id).as_deref(), Some(expected));
        let statement = r#"{"Principal":{"AWS":"arn:aws:iam::1:user/a","Service":"x.amazonaws.com"}}"#;
        assert_eq!(
            changed(statement, id).as_deref(),
            Some(r#"{"Principal":{"AWS":"ID","Service":"x.amazonaws.com"}}"#)
        );
        for plain in ["arn:aws:iam::1:root", "arn:aws:sts::1:assumed-role/r/s", "111122223333"] {
            assert_eq!(changed(&format!(r#"{{"Principal":{{"AWS":"{plain}"}}}}"#), id), None);
        }
    }
}

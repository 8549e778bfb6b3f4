//! Rules: assertions about parameters, checked before anything is created (Rules section, in the user guide).

use super::evaluate::{Place, Scope};
use super::functions::text_of;
use super::{Template, invalid, unsupported};
use model::Result;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// What can be told of rules without the values of parameters.
pub fn check_form(template: &Template) -> Result<()> {
    for (name, rule) in &template.rules {
        let members = rule.as_object().ok_or_else(|| malformed(name, "a rule is an object"))?;
        if let Some(other) = members.keys().find(|it| !matches!(it.as_str(), "RuleCondition" | "Assertions")) {
            return Err(malformed(name, &format!("a rule has no member {other}")));
        }
        let assertions = members.get("Assertions").and_then(Json::as_array).filter(|it| !it.is_empty());
        for assertion in assertions.ok_or_else(|| malformed(name, "Assertions is required"))? {
            let assert = assertion.get("Assert").ok_or_else(|| malformed(name, "every assertion has an Assert"))?;
            known(name, assert)?;
        }
        members.get("RuleCondition").map_or(Ok(()), |it| known(name, it))?;
    }
    Ok(())
}

/// Every rule whose condition holds has to be satisfied by the parameters.
pub fn check(template: &Template, values: &BTreeMap<String, String>, place: &Place) -> Result<()> {
    if template.rules.is_empty() {
        return Ok(());
    }
    let nothing = |_: &str| None;
    let scope = Scope::new(template, place.clone(), values, &nothing)?;
    for (name, rule) in &template.rules {
        let applies = rule.get("RuleCondition").map_or(Ok(true), |it| holds(&scope, name, it))?;
        if !applies {
            continue;
        }
        for assertion in rule["Assertions"].as_array().into_iter().flatten() {
            let assert = &assertion["Assert"];
            if !holds(&scope, name, assert)? {
                let description = assertion.get("AssertDescription").and_then(Json::as_str);
                return Err(invalid(match description {
                    Some(text) => format!("Rule {name} failed for violating assertion {assert}: {text}"),
                    None => format!("Rule {name} failed for violating assertion {assert}"),
                }));
            }
        }
    }
    Ok(())
}

fn malformed(name: &str, why: &str) -> model::Error {
    invalid(format!("Template format error: Rule {name} is malformed: {why}"))
}

fn one(tree: &Json) -> Option<(&str, &[Json])> {
    let members: &Map<String, Json> = tree.as_object().filter(|it| it.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    Some((name, argument.as_array()?))
}

fn known(rule: &str, tree: &Json) -> Result<()> {
    let (name, parts) = one(tree).ok_or_else(|| malformed(rule, "a condition is one function and its arguments"))?;
    match (name, parts.len()) {
        ("Fn::And" | "Fn::Or", 2..=10) | ("Fn::Not", 1) => parts.iter().try_for_each(|it| known(rule, it)),
        ("Fn::Contains" | "Fn::EachMemberEquals" | "Fn::EachMemberIn" | "Fn::Equals", 2) => {
            parts.iter().try_for_each(values_known)
        }
        _ => Err(malformed(rule, &format!("{name} is none of the functions of rules, or has other arguments"))),
    }
}

/// `Fn::RefAll`, `Fn::ValueOf` and `Fn::ValueOfAll` look at parameters of types that Niebla lacks.
fn values_known(tree: &Json) -> Result<()> {
    match tree {
        Json::Object(members) => {
            for (name, below) in members {
                if matches!(name.as_str(), "Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll") {
                    return Err(unsupported(format!("the function {name} of rules")));
                }
                values_known(below)?;
            }
            Ok(())
        }
        Json::Array(items) => items.iter().try_for_each(values_known),
        _ => Ok(()),
    }
}

fn holds(scope: &Scope, rule: &str, tree: &Json) -> Result<bool> {
    let (name, parts) = one(tree).ok_or_else(|| malformed(rule, "a condition is one function and its arguments"))?;
    let list = |index: usize| -> Result<Vec<String>> {
        let value = scope.evaluate(&parts[index])?.unwrap_or(Json::Null);
        Ok(match &value {
            Json::Array(items) => items.iter().map(text_of).collect(),
            one => vec![text_of(one)],
        })
    };
    match name {
        "Fn::Not" => Ok(!holds(scope, rule, &parts[0])?),
        "Fn::And" => {
            Ok(parts.iter().map(|it| holds(scope, rule, it)).collect::<Result<Vec<_>>>()?.iter().all(|it| *it))
        }
        "Fn::Or" => Ok(parts.iter().map(|it| holds(scope, rule, it)).collect::<Result<Vec<_>>>()?.iter().any(|it| *it)),
        "Fn::Equals" => Ok(list(0)? == list(1)?),
        // [list of strings, string]
        "Fn::Contains" => {
            let (all, wanted) = (list(0)?, list(1)?);
            Ok(wanted.iter().all(|it| all.contains(it)))
        }
        // [list of strings, string]
        "Fn::EachMemberEquals" => {
            let (all, wanted) = (list(0)?, list(1)?);
            Ok(all.iter().all(|it| wanted.contains(it)))
        }
        // [strings to check, strings to match]
        _ => {
            let (all, known) = (list(0)?, list(1)?);
            Ok(all.iter().all(|it| known.contains(it)))
        }
    }
}

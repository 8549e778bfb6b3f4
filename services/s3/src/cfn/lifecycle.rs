//! A lifecycle configuration as templates spell it: filters and expirations stand in the rule itself.

use model::Timestamp;
use serde_json::{Map, Value as Json, json};

/// Takes the members of `names` that a template gives, under the names of the API.
fn renamed(from: &Json, names: &[(&str, &str)]) -> Map<String, Json> {
    let given = names.iter().filter_map(|(from_name, to)| Some(((*to).to_owned(), from.get(from_name)?.clone())));
    given.filter(|it| !it.1.is_null()).collect()
}

/// The same the other way round.
fn renamed_back(from: &Json, names: &[(&str, &str)]) -> Map<String, Json> {
    let back: Vec<(&str, &str)> = names.iter().map(|(template, api)| (*api, *template)).collect();
    renamed(from, &back)
}

const RULE: [(&str, &str); 3] =
    [("Id", "ID"), ("Status", "Status"), ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload")];
const EXPIRATION: [(&str, &str); 3] = [
    ("ExpirationInDays", "Days"),
    ("ExpirationDate", "Date"),
    ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
];
const TRANSITION: [(&str, &str); 3] =
    [("TransitionInDays", "Days"), ("TransitionDate", "Date"), ("StorageClass", "StorageClass")];
const OLD_TRANSITION: [(&str, &str); 3] = [
    ("TransitionInDays", "NoncurrentDays"),
    ("NewerNoncurrentVersions", "NewerNoncurrentVersions"),
    ("StorageClass", "StorageClass"),
];
const SIZES: [&str; 2] = ["ObjectSizeGreaterThan", "ObjectSizeLessThan"];

pub fn as_api(template: &Json) -> Json {
    let rules: Vec<Json> = list(&template["Rules"]).iter().map(rule_of_api).collect();
    let mut whole = json!({ "Rules": rules });
    if let Some(minimum) = template.get("TransitionDefaultMinimumObjectSize") {
        whole["TransitionDefaultMinimumObjectSize"] = minimum.clone();
    }
    whole
}

pub fn as_template(mut api: Json) -> Json {
    let rules: Vec<Json> = list(&api["Rules"]).iter().map(rule_of_template).collect();
    api["Rules"] = json!(rules);
    api
}

fn rule_of_api(template: &Json) -> Json {
    let mut rule = renamed(template, &RULE);
    rule.insert("Filter".to_owned(), filter_of_api(template));
    put(&mut rule, "Expiration", Json::Object(renamed(template, &EXPIRATION)));
    let days = template.get("NoncurrentVersionExpirationInDays").map(|it| json!({ "NoncurrentDays": it }));
    let old = template.get("NoncurrentVersionExpiration").cloned().or(days);
    put(&mut rule, "NoncurrentVersionExpiration", old.unwrap_or_default());
    let transitions = |one: &str, all: &str, names: &[(&str, &str)]| -> Vec<Json> {
        let given = template.get(one).into_iter().chain(list(&template[all]));
        given.map(|it| Json::Object(renamed(it, names))).map(with_present_class).collect()
    };
    put(&mut rule, "Transitions", json!(transitions("Transition", "Transitions", &TRANSITION)));
    let old = transitions("NoncurrentVersionTransition", "NoncurrentVersionTransitions", &OLD_TRANSITION);
    put(&mut rule, "NoncurrentVersionTransitions", json!(old));
    Json::Object(rule)
}

/// Templates may still say `Glacier`.
fn with_present_class(mut transition: Json) -> Json {
    if transition["StorageClass"] == "Glacier" {
        transition["StorageClass"] = json!("GLACIER");
    }
    transition
}

fn filter_of_api(template: &Json) -> Json {
    let mut and = renamed(template, &[("Prefix", "Prefix"), ("TagFilters", "Tags")]);
    for name in SIZES {
        // A number in a string.
        let size = template.get(name).and_then(|it| it.as_i64().or_else(|| it.as_str()?.parse().ok()));
        and.extend(size.map(|it| (name.to_owned(), json!(it))));
    }
    let tags = and.get("Tags").map_or(0, |it| list(it).len());
    if and.len() - usize::from(and.contains_key("Tags")) + tags > 1 {
        return json!({ "And": and });
    }
    if let Some(tags) = and.remove("Tags") {
        put(&mut and, "Tag", tags[0].clone());
    }
    Json::Object(and)
}

fn rule_of_template(api: &Json) -> Json {
    let mut rule = renamed_back(api, &RULE);
    let filter = api["Filter"].get("And").unwrap_or(&api["Filter"]);
    rule.extend(renamed_back(filter, &[("Prefix", "Prefix"), ("TagFilters", "Tags")]));
    put(&mut rule, "TagFilters", filter.get("Tag").map_or(filter["Tags"].clone(), |it| json!([it])));
    for name in SIZES {
        rule.extend(filter[name].as_i64().map(|it| (name.to_owned(), json!(it.to_string()))));
    }
    rule.extend(renamed_back(api, &[("Prefix", "Prefix")]));
    rule.extend(dated(renamed_back(&api["Expiration"], &EXPIRATION), "ExpirationDate"));
    put(&mut rule, "NoncurrentVersionExpiration", api["NoncurrentVersionExpiration"].clone());
    let transitions = |name: &str, names: &[(&str, &str)]| -> Vec<Json> {
        let all = list(&api[name]).iter().map(|it| dated(renamed_back(it, names), "TransitionDate"));
        all.map(Json::Object).collect()
    };
    put(&mut rule, "Transitions", json!(transitions("Transitions", &TRANSITION)));
    let old = transitions("NoncurrentVersionTransitions", &OLD_TRANSITION);
    put(&mut rule, "NoncurrentVersionTransitions", json!(old));
    Json::Object(rule)
}

/// Seconds since 1970 as a template spells them.
fn dated(mut members: Map<String, Json>, name: &str) -> Map<String, Json> {
    if let Some(seconds) = members.get(name).and_then(Json::as_f64) {
        members.insert(name.to_owned(), json!(Timestamp((seconds * 1000.0) as i64).iso_8601()));
    }
    members
}

/// What is empty is left out.
fn put(members: &mut Map<String, Json>, name: &str, value: Json) {
    let empty = match &value {
        Json::Object(it) => it.is_empty(),
        Json::Array(it) => it.is_empty(),
        other => other.is_null(),
    };
    if !empty {
        members.insert(name.to_owned(), value);
    }
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_templates_and_the_api_are_the_same_rules() {
        let template = json!({"Rules": [
            {"Id": "a", "Status": "Enabled", "Prefix": "x/", "ExpirationInDays": 5},
            {"Id": "b", "Status": "Enabled", "TagFilters": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": "7",
             "Transitions": [{"TransitionInDays": 30, "StorageClass": "GLACIER"}],
             "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}},
            {"Id": "c", "Status": "Disabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        ]});
        let api = json!({"Rules": [
            {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 5}},
            {"ID": "b", "Status": "Enabled",
             "Filter": {"And": {"Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 7}},
             "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
             "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}},
            {"ID": "c", "Status": "Disabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        ]});
        assert_eq!(as_api(&template), api);
        assert_eq!(as_template(api), template);
    }
}

//! The resource types of CloudFormation. They call IAM's public operations.

mod access_key;
mod group;
mod holder;
mod inline;
mod managed;
mod membership;
mod policy;
mod profile;
mod role;
mod user;

pub use access_key::ACCESS_KEY;
pub use group::GROUP;
pub use inline::{GROUP_POLICY, ROLE_POLICY, USER_POLICY};
pub use managed::MANAGED_POLICY;
pub use membership::USER_TO_GROUP_ADDITION;
pub use policy::POLICY;
pub use profile::INSTANCE_PROFILE;
pub use role::ROLE;
pub use user::USER;

use api::iam::Tag;
use kernel::resource::{self, Change, New, Properties};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The longest names.
const ROLE_NAME: usize = 64;
const USER_NAME: usize = 64;
const LONG_NAME: usize = 128;

fn text(it: &Properties, name: &str) -> Option<String> {
    it.get(name)?.as_str().map(str::to_owned)
}

fn number(it: &Properties, name: &str) -> Option<i64> {
    let value = it.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A policy may be given as JSON or as text.
fn document(it: &Properties, name: &str) -> String {
    match it.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(json) => json.to_string(),
        None => String::new(),
    }
}

/// A document as the answers carry it, as text.
fn decoded(encoded: &str) -> String {
    let plain = percent_encoding::percent_decode_str(encoded);
    plain.decode_utf8_lossy().into_owned()
}

fn tree(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

fn tag_list(tags: Option<Vec<Tag>>) -> Json {
    resource::tags_of(tags.into_iter().flatten().map(|it| (it.key, it.value)))
}

fn list(it: &Properties, name: &str) -> Vec<String> {
    let items = it.get(name).and_then(Json::as_array).into_iter().flatten();
    items.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// What one list has and the other has not.
fn without(list: &[String], other: &[String]) -> Vec<String> {
    list.iter().filter(|it| !other.contains(it)).cloned().collect()
}

/// The resource's own tags, and the stack's where it has none of the same key.
fn tags_of(it: &Properties, of_stack: &[(String, String)]) -> BTreeMap<String, String> {
    let items = it.get("Tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object);
    let own = items.filter_map(|it| Some((text(it, "Key")?, text(it, "Value")?)));
    of_stack.iter().cloned().chain(own).collect()
}

fn new_tags(new: &New) -> Option<Vec<Tag>> {
    Some(shown(tags_of(&new.properties, &new.tags)))
}

/// The keys to take away, and the tags to set.
fn changed_tags(change: &Change) -> (Vec<String>, Vec<Tag>) {
    let mut before = tags_of(&change.before, &change.tags_before);
    let after = tags_of(&change.after, &change.tags);
    before.retain(|key, _| !after.contains_key(key));
    (before.into_keys().collect(), shown(after))
}

fn shown(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

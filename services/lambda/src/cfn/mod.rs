//! Resource types of CloudFormation.

mod alias;
mod event_config;
mod function;
mod mapping;
mod permission;
mod version;

pub use alias::ALIAS;
pub use event_config::EVENT_INVOKE_CONFIG;
pub use function::FUNCTION;
pub use mapping::EVENT_SOURCE_MAPPING;
pub use permission::PERMISSION;
pub use version::VERSION;

use api::lambda::{TagResource, UntagResource};
use kernel::Cx;
use kernel::resource::{Change, Existing, Properties};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

fn text(from: &Properties, name: &str) -> Option<String> {
    from.get(name).and_then(Json::as_str).map(str::to_owned)
}

/// Numbers and flags of a template may be written as texts.
fn number(from: &Properties, name: &str) -> Option<i64> {
    whole(from.get(name)?)
}

fn whole(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn flag(from: &Properties, name: &str) -> Option<bool> {
    let value = from.get(name)?;
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

fn texts(from: &Properties, name: &str) -> Option<Vec<String>> {
    let values = from.get(name)?.as_array()?;
    Some(values.iter().filter_map(Json::as_str).map(str::to_owned).collect())
}

fn tags(from: &Properties) -> Tags {
    let tags = from.get("Tags").and_then(Json::as_array);
    let pair = |it: &Json| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned()));
    tags.into_iter().flatten().filter_map(pair).collect()
}

/// A function as the template names it, as long as it is the one of that ARN.
fn named(existing: &Existing, arn: Option<String>) -> Option<(String, Json)> {
    let arn = arn?;
    let given = text(&existing.properties, "FunctionName").filter(|it| arn == *it || arn.ends_with(&format!(":{it}")));
    Some(("FunctionName".to_owned(), json!(given.unwrap_or(arn))))
}

/// Properties that say which resource it is, as the template gave them: another one would be another resource.
fn identity(existing: &Existing, names: &[&str]) -> Properties {
    let own = existing.properties.iter().filter(|(name, _)| names.contains(&name.as_str()));
    own.map(|(name, it)| (name.clone(), it.clone())).collect()
}

/// Brings the tags of a resource, the stack's among them, from those of one template to those of the next.
fn retag(cx: &mut Cx, arn: &str, change: &Change) -> Result<()> {
    let (mut gone, mut wanted) = (tags(&change.before), tags(&change.after));
    gone.extend(change.tags_before.iter().cloned());
    wanted.extend(change.tags.iter().cloned());
    if gone == wanted {
        return Ok(());
    }
    gone.retain(|key, _| !wanted.contains_key(key));
    if !gone.is_empty() {
        cx.call(UntagResource { resource: arn.to_owned(), tag_keys: gone.into_keys().collect() })?;
    }
    if !wanted.is_empty() {
        cx.call(TagResource { resource: arn.to_owned(), tags: wanted })?;
    }
    Ok(())
}

//! Resource types of CloudFormation.

pub mod inline_policy;
pub mod policy;
pub mod queue;

use api::sqs::{GetQueueAttributes, SetQueueAttributes, error};
use kernel::Cx;
use kernel::resource::Properties;
use model::Result;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Texts stay, all else becomes JSON: numbers, truths, policies.
fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn document_of(properties: &Properties) -> String {
    properties.get("PolicyDocument").map(text_of).unwrap_or_default()
}

fn set_policy(cx: &mut Cx, queue_url: &str, document: String) -> Result<()> {
    let attributes = BTreeMap::from([("Policy".to_owned(), document)]);
    cx.call(SetQueueAttributes { queue_url: queue_url.to_owned(), attributes }).map(drop)
}

fn policy_of(cx: &mut Cx, queue_url: &str) -> Result<Json> {
    let attribute_names = Some(vec!["Policy".to_owned()]);
    let output = cx.call(GetQueueAttributes { queue_url: queue_url.to_owned(), attribute_names })?;
    let text = output.attributes.and_then(|mut it| it.remove("Policy")).unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or(Json::Null))
}

/// A queue that is gone has no policy any more.
fn remove_policy(cx: &mut Cx, queue_url: &str) -> Result<()> {
    match set_policy(cx, queue_url, String::new()) {
        Err(error) if error.is(&error::QUEUE_DOES_NOT_EXIST) => Ok(()),
        outcome => outcome,
    }
}

//! `AWS::SQS::QueueInlinePolicy`: the policy of one queue.

use super::{document_of, policy_of, remove_policy, set_policy};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};

pub static QUEUE_INLINE_POLICY: ResourceType = ResourceType {
    name: "AWS::SQS::QueueInlinePolicy",
    properties: &["PolicyDocument", "Queue"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let physical_id = new.properties.get("Queue").and_then(Json::as_str).unwrap_or_default().to_owned();
    set_policy(cx, &physical_id, document_of(&new.properties))?;
    Ok(Progress::Done { physical_id })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    set_policy(cx, &change.physical_id, document_of(&change.after))?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    remove_policy(cx, &existing.physical_id)?;
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    Ok(Properties::from_iter([("Queue".to_owned(), json!(existing.physical_id))]))
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let document = policy_of(cx, &existing.physical_id)?;
    let queue = ("Queue".to_owned(), json!(existing.physical_id));
    Ok(Properties::from_iter([queue, ("PolicyDocument".to_owned(), document)]))
}

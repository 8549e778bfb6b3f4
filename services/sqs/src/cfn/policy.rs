//! `AWS::SQS::QueuePolicy`: one policy for several queues.

use super::{document_of, policy_of, remove_policy, set_policy};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};

pub static QUEUE_POLICY: ResourceType = ResourceType {
    name: "AWS::SQS::QueuePolicy",
    properties: &["PolicyDocument", "Queues"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let physical_id = new.generated_name.clone();
    apply(cx, &new.properties)?;
    Ok(Progress::Done { physical_id })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let kept = queues_of(&change.after);
    for queue_url in queues_of(&change.before).iter().filter(|it| !kept.contains(it)) {
        remove_policy(cx, queue_url)?;
    }
    apply(cx, &change.after)?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    for queue_url in queues_of(&existing.properties) {
        remove_policy(cx, &queue_url)?;
    }
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))]))
}

/// The queues that have a policy, and the first of these that is not the one which the template gives.
fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let (mut queues, mut found) = (Vec::new(), Vec::new());
    for queue_url in queues_of(&existing.properties) {
        let policy = policy_of(cx, &queue_url)?;
        if !policy.is_null() {
            queues.push(queue_url);
            found.push(policy);
        }
    }
    let wanted: Json = serde_json::from_str(&document_of(&existing.properties)).unwrap_or_default();
    let other = found.iter().position(|it| *it != wanted).unwrap_or(0);
    let document = if found.is_empty() { Json::Null } else { found.swap_remove(other) };
    let document = ("PolicyDocument".to_owned(), document);
    Ok(Properties::from_iter([("Queues".to_owned(), json!(queues)), document]))
}

fn apply(cx: &mut Cx, properties: &Properties) -> Result<()> {
    for queue_url in queues_of(properties) {
        set_policy(cx, &queue_url, document_of(properties))?;
    }
    Ok(())
}

fn queues_of(properties: &Properties) -> Vec<String> {
    let queues = properties.get("Queues").and_then(Json::as_array);
    queues.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

//! A queue's policy, and the permissions that AddPermission writes into it.

use crate::attribute::{self, invalid, refused};
use crate::queue;
use api::sqs::{AddPermission, AddPermissionOutput, RemovePermission, RemovePermissionOutput, error};
use kernel::{BoundPolicy, Cx, ResourcePolicy, is_account};
use model::Result;
use serde_json::{Value as Json, json};
use store::Table;

/// The policies of queues as they are evaluated, apart from the queues so that a queue without one costs the door next to nothing. Key: name.
static POLICIES: Table<String> = Table::regional("sqs.policy");

// Amazon SQS policy quotas in the developer guide.
const LONGEST_POLICY: usize = 8_192;
const MOST_STATEMENTS: usize = 20;
const MOST_PRINCIPALS: usize = 50;
const MOST_CONDITIONS: usize = 10;
const MOST_ACTIONS: usize = 7;
const LONGEST_LABEL: usize = 80;

/// What the owner can let others do (AddPermission in the SQS API reference); `*` is all of it.
const GRANTABLE: [&str; 9] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];

pub fn add(cx: &mut Cx, input: AddPermission) -> Result<AddPermissionOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    check(&input)?;
    let arn = queue::arn_of(cx, &queue.name);
    let mut policy = match &queue.attributes.policy {
        Some(policy) => serde_json::from_str(&policy.shown(cx)).unwrap_or_default(),
        None => json!({"Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy"), "Statement": []}),
    };
    let mut statements = statements(&policy);
    if statements.iter().any(|it| it["Sid"] == *input.label) {
        return Err(refused(&input.label, "Label", "Already exists."));
    }
    if statements.len() >= MOST_STATEMENTS {
        return Err(error::OVER_LIMIT.with(format!("{MOST_STATEMENTS} permissions are already there for this queue.")));
    }
    let principals = input.aws_account_ids.iter().map(|it| format!("arn:aws:iam::{it}:root")).collect();
    let actions = input.actions.iter().map(|it| format!("SQS:{it}")).collect();
    statements.push(json!({
        "Sid": input.label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_many(principals)},
        "Action": one_or_many(actions),
        "Resource": arn,
    }));
    policy["Statement"] = Json::Array(statements);
    let text = policy.to_string();
    if text.len() > LONGEST_POLICY {
        return Err(error::OVER_LIMIT.with(format!("The policy would be longer than {LONGEST_POLICY} bytes.")));
    }
    let attributes = attribute::Attributes { policy: Some(bound(cx, text)?), ..queue.attributes.clone() };
    attribute::replace(cx, queue, attributes);
    Ok(AddPermissionOutput {})
}

pub fn remove(cx: &mut Cx, input: RemovePermission) -> Result<RemovePermissionOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    let text = queue.attributes.policy.as_ref().map(|it| it.shown(cx));
    let mut policy: Json = serde_json::from_str(text.as_deref().unwrap_or("{}")).unwrap_or_default();
    let mut statements = statements(&policy);
    let before = statements.len();
    statements.retain(|it| it["Sid"] != *input.label);
    if statements.len() == before {
        return Err(refused(&input.label, "Label", "can't find label."));
    }
    let none_left = statements.is_empty();
    policy["Statement"] = Json::Array(statements);
    let policy = (!none_left).then(|| bound(cx, policy.to_string())).transpose()?;
    let attributes = attribute::Attributes { policy, ..queue.attributes.clone() };
    attribute::replace(cx, queue, attributes);
    Ok(RemovePermissionOutput {})
}

/// For the door.
pub fn policy_of(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    cx.get(&POLICIES, &arn.rsplit(':').next()?).map(ResourcePolicy::new)
}

pub fn store(cx: &mut Cx, name: &str, policy: Option<&BoundPolicy>) {
    match policy {
        Some(policy) => cx.put(&POLICIES, &name, &policy.evaluated().to_owned()),
        None => cx.delete(&POLICIES, &name),
    }
}

/// An empty text removes the policy.
pub fn parse(cx: &Cx, value: &str) -> Result<Option<BoundPolicy>> {
    if value.is_empty() {
        return Ok(None);
    }
    if value.len() > LONGEST_POLICY {
        return Err(invalid("Policy"));
    }
    policy::Policy::parse(value, policy::Kind::Resource).map_err(|_| invalid("Policy"))?;
    check_quotas(&serde_json::from_str(value).unwrap_or_default())?;
    bound(cx, value.to_owned()).map(Some)
}

fn bound(cx: &Cx, text: String) -> Result<BoundPolicy> {
    BoundPolicy::new(cx, text).map_err(|_| invalid("Policy"))
}

/// How much a policy may hold, whoever wrote it.
fn check_quotas(policy: &Json) -> Result<()> {
    let statements = statements(policy);
    let values = |it: &Json| it.as_array().map_or(1, Vec::len);
    let entries = |it: &Json| it.as_object().into_iter().flatten().map(|it| it.1.clone()).collect::<Vec<_>>();
    let principals: usize = statements.iter().flat_map(|it| entries(&it["Principal"])).map(|it| values(&it)).sum();
    let conditions: usize =
        statements.iter().flat_map(|it| entries(&it["Condition"])).map(|it| entries(&it).len()).sum();
    for (what, found, most) in [
        ("statements", statements.len(), MOST_STATEMENTS),
        ("principals", principals, MOST_PRINCIPALS),
        ("conditions", conditions, MOST_CONDITIONS),
    ] {
        if found > most {
            return Err(error::OVER_LIMIT.with(format!("A queue's policy has at most {most} {what}, not {found}.")));
        }
    }
    Ok(())
}

fn check(input: &AddPermission) -> Result<()> {
    let valid = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    if input.label.is_empty() || input.label.len() > LONGEST_LABEL || !input.label.bytes().all(valid) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(refused(&input.label, "Label", reason));
    }
    if input.actions.is_empty() {
        return Err(queue::MISSING_PARAMETER.with("The request must contain the parameter Actions."));
    }
    if input.aws_account_ids.is_empty() {
        return Err(queue::MISSING_PARAMETER.with("The request must contain the parameter AWSAccountIds."));
    }
    if let Some(id) = input.aws_account_ids.iter().find(|it| !is_account(it)) {
        return Err(refused(id, "PrincipalId", "Unable to verify."));
    }
    if let Some(action) = input.actions.iter().find(|it| !GRANTABLE.contains(&it.as_str())) {
        let reason = "Only the queue owner is allowed to invoke this action.";
        return Err(refused(format!("SQS:{action}"), "ActionName", reason));
    }
    if input.actions.len() > MOST_ACTIONS || input.aws_account_ids.len() > MOST_PRINCIPALS {
        return Err(error::OVER_LIMIT
            .with(format!("A permission names at most {MOST_ACTIONS} actions and {MOST_PRINCIPALS} accounts.")));
    }
    Ok(())
}

/// A policy may hold a single statement without a list.
fn statements(policy: &Json) -> Vec<Json> {
    match &policy["Statement"] {
        Json::Array(all) => all.clone(),
        Json::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn one_or_many(mut texts: Vec<String>) -> Json {
    if texts.len() == 1 { Json::String(texts.remove(0)) } else { json!(texts) }
}

//! Policies of tables and of their streams. A table's policy is that of its indexes too.

use crate::failure::{VALIDATION, invalid};
use crate::schema;
use api::dynamodb::{
    DeleteResourcePolicy, DeleteResourcePolicyOutput, GetResourcePolicy, GetResourcePolicyOutput, PutResourcePolicy,
    PutResourcePolicyOutput, error,
};
use items::stream::{POLICIES, STREAMS, policy_key};
use kernel::{BoundPolicy, Cx, ResourcePolicy};
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use store::Table;

/// As they were given. Key: as that of [`POLICIES`], which has them as they are evaluated.
static GIVEN: Table<Given> = Table::regional("dynamodb.given-policy");

#[derive(Serialize, Deserialize)]
struct Given {
    policy: BoundPolicy,
    /// Another one for each policy that a resource had.
    revision: String,
}

/// Spaces count. ("Resource-based policy considerations" in the developer guide.)
const LONGEST: usize = 20 * 1_024;

/// For the door.
pub fn of_arn(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    cx.get(&POLICIES, policy_key(arn)?).map(ResourcePolicy::new)
}

pub fn put(cx: &mut Cx, input: PutResourcePolicy) -> Result<PutResourcePolicyOutput> {
    let key = resource(cx, &input.resource_arn)?;
    let given = cx.get(&GIVEN, &key);
    check_revision(&input.resource_arn, given.as_ref(), input.expected_revision_id.as_deref())?;
    if let Some(given) = given.as_ref().filter(|it| it.policy.given() == input.policy) {
        return Ok(PutResourcePolicyOutput { revision_id: Some(given.revision.clone()) });
    }
    let revision = attach(cx, &key, input.policy, given.as_ref())?;
    // AWS keeps callers from locking themselves out, unless they say that they mean it.
    let is_locked_out = !cx.may("dynamodb", "PutResourcePolicy", &input.resource_arn);
    if is_locked_out && input.confirm_remove_self_resource_access != Some(true) {
        return Err(VALIDATION.with(
            "The new policy would not allow you to change the policy of this resource in the future. Set ConfirmRemoveSelfResourceAccess to confirm that.",
        ));
    }
    Ok(PutResourcePolicyOutput { revision_id: Some(revision) })
}

/// The policy that a table is created with.
pub fn put_first(cx: &mut Cx, table: &str, text: String) -> Result<()> {
    attach(cx, table, text, None).map(|_| ())
}

fn attach(cx: &mut Cx, key: &str, text: String, before: Option<&Given>) -> Result<String> {
    if text.len() > LONGEST {
        return Err(invalid("Resource-based policy document exceeds the maximum size of 20 KB").into());
    }
    let wrong = |why: String| VALIDATION.with(format!("Invalid resource-based policy document: {why}"));
    ::policy::Policy::parse(&text, ::policy::Kind::Resource).map_err(|it| wrong(it.to_string()))?;
    let policy = BoundPolicy::new(cx, text).map_err(|it| wrong(format!("Invalid principal: {}", it.arn)))?;
    let last = before.and_then(|it| it.revision.parse().ok()).map_or(0, |it: i64| it + 1);
    let revision = cx.now().0.max(last).to_string();
    cx.put(&POLICIES, key, &policy.evaluated().to_owned());
    cx.put(&GIVEN, key, &Given { policy, revision: revision.clone() });
    Ok(revision)
}

pub fn get(cx: &Cx, input: GetResourcePolicy) -> Result<GetResourcePolicyOutput> {
    let key = resource(cx, &input.resource_arn)?;
    let given = cx.get(&GIVEN, &key).ok_or_else(|| missing(&input.resource_arn))?;
    Ok(GetResourcePolicyOutput { policy: Some(given.policy.shown(cx)), revision_id: Some(given.revision) })
}

pub fn delete(cx: &mut Cx, input: DeleteResourcePolicy) -> Result<DeleteResourcePolicyOutput> {
    let key = resource(cx, &input.resource_arn)?;
    let given = cx.get(&GIVEN, &key);
    check_revision(&input.resource_arn, given.as_ref(), input.expected_revision_id.as_deref())?;
    forget(cx, &key);
    Ok(DeleteResourcePolicyOutput { revision_id: given.map(|it| it.revision) })
}

/// What it belonged to is gone.
pub fn forget(cx: &mut Cx, key: &str) {
    cx.delete(&POLICIES, key);
    cx.delete(&GIVEN, key);
}

/// ("PutResourcePolicy": `NO_POLICY` stands for none.)
fn check_revision(arn: &str, given: Option<&Given>, expected: Option<&str>) -> Result<()> {
    match (given, expected) {
        (_, None) | (None, Some("NO_POLICY")) => Ok(()),
        (Some(given), Some(expected)) if given.revision == expected => Ok(()),
        _ => Err(missing(arn)),
    }
}

fn missing(arn: &str) -> Error {
    error::POLICY_NOT_FOUND.with(format!("Resource-based policy not found for the provided ResourceArn: {arn}"))
}

/// The table or stream of an ARN.
fn resource(cx: &Cx, arn: &str) -> Result<String> {
    let missing =
        || error::RESOURCE_NOT_FOUND.with(format!("Requested resource not found: ResourceArn: {arn} not found"));
    let key = policy_key(arn).filter(|_| !arn.contains("/index/"));
    let key = key.ok_or_else(|| invalid(format!("Invalid ResourceArn: {arn}")))?;
    if let Some((table, label)) = key.split_once("/stream/") {
        return if cx.has(&STREAMS, &(table, label)) { Ok(key.to_owned()) } else { Err(missing()) };
    }
    let schema = schema::by_name(cx, key).map_err(|_| missing())?;
    if schema.is_restoring {
        return Err(error::RESOURCE_IN_USE.with(format!("Table is being created: {key}")));
    }
    Ok(key.to_owned())
}

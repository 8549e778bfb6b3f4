//! Versions of managed policies.

use crate::document::{check_managed, encoded};
use crate::managed::POLICIES;
use crate::managed::{self, by_arn};
use crate::page::Page;
use api::iam::{
    CreatePolicyVersion, CreatePolicyVersionOutput, DeletePolicyVersion, DeletePolicyVersionOutput, GetPolicyVersion,
    GetPolicyVersionOutput, ListPolicyVersions, ListPolicyVersionsOutput, PolicyVersion, SetDefaultPolicyVersion,
    SetDefaultPolicyVersionOutput, error,
};
use kernel::Cx;
use model::catalog::{ManagedPolicy, managed_policy};
use model::wire::parse_timestamp;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Key: (policy's id, number).
static VERSIONS: Table<Version> = Table::account("iam.managed-policy-version");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    pub document: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

pub const MOST_VERSIONS: usize = 5;

pub fn create(cx: &mut Cx, input: CreatePolicyVersion) -> Result<CreatePolicyVersionOutput> {
    let mut policy = by_arn(cx, &input.policy_arn)?;
    check_managed(&input.policy_document)?;
    if numbers(cx, &policy.id).len() >= MOST_VERSIONS {
        return Err(error::LIMIT_EXCEEDED.with(format!("A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version.")));
    }
    let version = Version { document: input.policy_document, created_at: cx.now().0 };
    policy.last_version += 1;
    if input.set_as_default.unwrap_or(false) {
        policy.default_version = policy.last_version;
    }
    policy.updated_at = cx.now().0;
    POLICIES.put(cx, &policy);
    put(cx, &policy.id, policy.last_version, &version);
    Ok(CreatePolicyVersionOutput { policy_version: Some(shown(policy.last_version, &version, policy.default_version)) })
}

pub fn get(cx: &Cx, input: GetPolicyVersion) -> Result<GetPolicyVersionOutput> {
    let (arn, id) = (&input.policy_arn, &input.version_id);
    if let Some(policy) = managed_policy(arn) {
        if policy.version != *id {
            return Err(no_such(arn, id));
        }
        let document = Some(encoded(&policy.document().to_string()));
        return Ok(GetPolicyVersionOutput { policy_version: Some(PolicyVersion { document, ..of_aws(policy) }) });
    }
    let policy = by_arn(cx, arn)?;
    let (number, version) = find(cx, &policy, arn, id)?;
    let document = Some(encoded(&version.document));
    let shown = shown(number, &version, policy.default_version);
    Ok(GetPolicyVersionOutput { policy_version: Some(PolicyVersion { document, ..shown }) })
}

/// Newest first, without documents.
pub fn list(cx: &Cx, input: ListPolicyVersions) -> Result<ListPolicyVersionsOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let versions = match managed_policy(&input.policy_arn) {
        Some(policy) => vec![of_aws(policy)],
        None => all(cx, &by_arn(cx, &input.policy_arn)?),
    };
    // The position, since the newest comes first.
    let cut = page.cut(versions.into_iter().enumerate(), |(at, _)| format!("{at:04}"));
    let versions = cut.items.into_iter().map(|it| it.1).collect();
    Ok(ListPolicyVersionsOutput { versions: Some(versions), is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn delete(cx: &mut Cx, input: DeletePolicyVersion) -> Result<DeletePolicyVersionOutput> {
    let policy = by_arn(cx, &input.policy_arn)?;
    let (number, _) = find(cx, &policy, &input.policy_arn, &input.version_id)?;
    if number == policy.default_version {
        return Err(error::DELETE_CONFLICT.with("Cannot delete the default version of a policy."));
    }
    remove(cx, &policy.id, number);
    Ok(DeletePolicyVersionOutput {})
}

pub fn set_default(cx: &mut Cx, input: SetDefaultPolicyVersion) -> Result<SetDefaultPolicyVersionOutput> {
    let mut policy = by_arn(cx, &input.policy_arn)?;
    (policy.default_version, _) = find(cx, &policy, &input.policy_arn, &input.version_id)?;
    policy.updated_at = cx.now().0;
    POLICIES.put(cx, &policy);
    Ok(SetDefaultPolicyVersionOutput {})
}

/// Newest first.
pub fn all(cx: &Cx, policy: &managed::Stored) -> Vec<PolicyVersion> {
    rows(cx, &policy.id).iter().rev().map(|(number, it)| shown(*number, it, policy.default_version)).collect()
}

/// The same with documents.
pub fn details(cx: &Cx, policy: &managed::Stored) -> Vec<PolicyVersion> {
    let with_document = |(number, it): &(u32, Version)| PolicyVersion {
        document: Some(encoded(&it.document)),
        ..shown(*number, it, policy.default_version)
    };
    rows(cx, &policy.id).iter().rev().map(with_document).collect()
}

pub fn put(cx: &mut Cx, policy: &str, number: u32, version: &Version) {
    cx.put(&VERSIONS, &(policy, number), version);
}

pub fn remove(cx: &mut Cx, policy: &str, number: u32) {
    cx.delete(&VERSIONS, &(policy, number));
}

pub fn document(cx: &Cx, policy: &str, number: u32) -> Option<String> {
    cx.get(&VERSIONS, &(policy, number)).map(|it| it.document)
}

pub fn numbers(cx: &Cx, policy: &str) -> Vec<u32> {
    let keys: Vec<(String, u32)> = cx.keys(&VERSIONS, Span::prefix(policy), usize::MAX);
    keys.into_iter().map(|it| it.1).collect()
}

fn rows(cx: &Cx, policy: &str) -> Vec<(u32, Version)> {
    let rows: Vec<((String, u32), Version)> = cx.rows(&VERSIONS, Span::prefix(policy), usize::MAX);
    rows.into_iter().map(|((_, number), it)| (number, it)).collect()
}

fn find(cx: &Cx, policy: &managed::Stored, arn: &str, id: &str) -> Result<(u32, Version)> {
    let number = id.strip_prefix('v').and_then(|it| it.parse().ok());
    let found = number.and_then(|it: u32| Some((it, cx.get(&VERSIONS, &(policy.id.as_str(), it))?)));
    found.ok_or_else(|| no_such(arn, id))
}

fn no_such(arn: &str, id: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("Policy {arn} version {id} does not exist or is not attachable."))
}

fn shown(number: u32, it: &Version, default: u32) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(format!("v{number}")),
        is_default_version: Some(number == default),
        create_date: Some(Timestamp(it.created_at)),
    }
}

/// The catalogue has the default versions alone.
fn of_aws(policy: &ManagedPolicy) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(policy.version.clone()),
        is_default_version: Some(true),
        create_date: parse_timestamp(&policy.updated),
    }
}

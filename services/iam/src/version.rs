//! Versions of managed policies.

use crate::document::encoded;
use crate::managed::{self, by_arn};
use crate::page::Page;
use api::iam::{
    GetPolicyVersion, GetPolicyVersionOutput, ListPolicyVersions, ListPolicyVersionsOutput, PolicyVersion, error,
};
use kernel::Cx;
use model::catalog::managed_policy;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Key: (policy's name, number).
pub static VERSIONS: Table<Version> = Table::account("iam.policy-version");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    pub document: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

pub fn get(cx: &Cx, input: GetPolicyVersion) -> Result<GetPolicyVersionOutput> {
    let (arn, id) = (&input.policy_arn, &input.version_id);
    let missing =
        || error::NO_SUCH_ENTITY.with(format!("Policy {arn} version {id} does not exist or is not attachable."));
    if let Some(policy) = managed_policy(arn) {
        if policy.version != *id {
            return Err(missing());
        }
        let document = Some(encoded(&policy.document().to_string()));
        let version =
            PolicyVersion { document, version_id: Some(id.clone()), is_default_version: Some(true), create_date: None };
        return Ok(GetPolicyVersionOutput { policy_version: Some(version) });
    }
    let policy = by_arn(cx, arn)?;
    let number = id.strip_prefix('v').and_then(|it| it.parse().ok()).ok_or_else(missing)?;
    let version = cx.get(&VERSIONS, &(policy.name.as_str(), number)).ok_or_else(missing)?;
    let shown = shown(number, &version, policy.default_version);
    let document = Some(encoded(&version.document));
    Ok(GetPolicyVersionOutput { policy_version: Some(PolicyVersion { document, ..shown }) })
}

/// Newest first, without documents.
pub fn list(cx: &Cx, input: ListPolicyVersions) -> Result<ListPolicyVersionsOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let versions = match managed_policy(&input.policy_arn) {
        Some(policy) => vec![PolicyVersion {
            version_id: Some(policy.version.clone()),
            is_default_version: Some(true),
            ..PolicyVersion::default()
        }],
        None => {
            let policy = managed::by_arn(cx, &input.policy_arn)?;
            let rows: Vec<((String, u32), Version)> =
                cx.rows(&VERSIONS, Span::prefix(&policy.name.as_str()), usize::MAX);
            rows.iter().rev().map(|((_, number), it)| shown(*number, it, policy.default_version)).collect()
        }
    };
    let cut = page.cut(versions, |it| it.version_id.clone().unwrap_or_default());
    Ok(ListPolicyVersionsOutput { versions: Some(cut.items), is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn keys(cx: &Cx, name: &str) -> Vec<(String, u32)> {
    cx.keys(&VERSIONS, Span::prefix(name), usize::MAX)
}

fn shown(number: u32, it: &Version, default: u32) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(format!("v{number}")),
        is_default_version: Some(number == default),
        create_date: Some(Timestamp(it.created_at)),
    }
}

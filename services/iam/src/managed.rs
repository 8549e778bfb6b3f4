//! Managed policies: AWS's own, from the catalogue, and the customer's.

use crate::attachment;
use crate::document::check;
use crate::page::Page;
use crate::role::{ID_LETTERS, shown_tags, tags};
use crate::version::{self, VERSIONS, Version};
use api::iam::{
    CreatePolicy, CreatePolicyOutput, DeletePolicy, DeletePolicyOutput, GetPolicy, GetPolicyOutput, ListPolicies,
    ListPoliciesOutput, Policy, error,
};
use kernel::Cx;
use model::catalog::{ManagedPolicy, managed_policies, managed_policy};
use model::{Error, Result, Timestamp};
use policy::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};

/// The customer's. Key: name.
pub static POLICIES: Table<Stored> = Table::account("iam.policy");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// `ANPA…`
    pub id: String,
    pub description: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub updated_at: i64,
    pub default_version: u32,
    pub tags: BTreeMap<String, String>,
}

pub fn create(cx: &mut Cx, input: CreatePolicy) -> Result<CreatePolicyOutput> {
    check(&input.policy_document, Kind::Identity)?;
    if policy::size(&input.policy_document) > policy::IDENTITY_LIMIT {
        return Err(
            error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for PolicySize: {}", policy::IDENTITY_LIMIT))
        );
    }
    let name = input.policy_name;
    if cx.has(&POLICIES, &name.as_str()) {
        return Err(error::ENTITY_ALREADY_EXISTS
            .with(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
    }
    let now = cx.now().0;
    let stored = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: format!("ANPA{}", cx.random_text(17, ID_LETTERS)),
        description: input.description,
        created_at: now,
        updated_at: now,
        default_version: 1,
        tags: tags(input.tags)?,
        name,
    };
    cx.put(&POLICIES, &stored.name.as_str(), &stored);
    cx.put(&VERSIONS, &(stored.name.as_str(), 1_u32), &Version { document: input.policy_document, created_at: now });
    Ok(CreatePolicyOutput { policy: Some(shown(cx, &stored)) })
}

pub fn get(cx: &Cx, input: GetPolicy) -> Result<GetPolicyOutput> {
    let policy = match managed_policy(&input.policy_arn) {
        Some(it) => of_aws(cx, it),
        None => shown(cx, &by_arn(cx, &input.policy_arn)?),
    };
    Ok(GetPolicyOutput { policy: Some(policy) })
}

pub fn list(cx: &Cx, input: ListPolicies) -> Result<ListPoliciesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    if input.policy_usage_filter.as_deref().is_some_and(|it| it != "PermissionsPolicy") {
        return Err(error::INVALID_INPUT.with("Niebla does not support PolicyUsageFilter PermissionsBoundary yet."));
    }
    let scope = input.scope.unwrap_or_else(|| "All".to_owned());
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let only_attached = input.only_attached.unwrap_or(false);
    let own = cx.range(&POLICIES, Span::all(), usize::MAX).into_iter().filter(|_| scope != "AWS");
    let aws = managed_policies().iter().filter(|_| scope != "Local");
    let all = own.map(|it| shown(cx, &it)).chain(aws.map(|it| of_aws(cx, it)));
    let arn = |it: &Policy| it.arn.clone().unwrap_or_default();
    let mut chosen: Vec<Policy> = all
        .filter(|it| it.path.as_ref().is_some_and(|path| path.starts_with(&prefix)))
        .filter(|it| !only_attached || it.attachment_count.is_some_and(|count| count > 0))
        .filter(|it| page.after.as_ref().is_none_or(|after| arn(it) > *after))
        .collect();
    chosen.sort_by_key(arn);
    let cut = page.cut(chosen, arn);
    Ok(ListPoliciesOutput { policies: Some(cut.items), is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn delete(cx: &mut Cx, input: DeletePolicy) -> Result<DeletePolicyOutput> {
    let policy = by_arn(cx, &input.policy_arn)?;
    if attachment::count(cx, &input.policy_arn) > 0 {
        return Err(error::DELETE_CONFLICT.with("Cannot delete a policy attached to entities."));
    }
    cx.delete(&POLICIES, &policy.name.as_str());
    for (name, number) in version::keys(cx, &policy.name) {
        cx.delete(&VERSIONS, &(name.as_str(), number));
    }
    Ok(DeletePolicyOutput {})
}

/// A policy that can be attached, AWS's or ours.
pub fn exists(cx: &Cx, arn: &str) -> Result<()> {
    if managed_policy(arn).is_some() { Ok(()) } else { by_arn(cx, arn).map(drop) }
}

/// The text in force.
pub fn document(cx: &Cx, arn: &str) -> Option<String> {
    if let Some(it) = managed_policy(arn) {
        return Some(it.document().to_string());
    }
    let policy = by_arn(cx, arn).ok()?;
    cx.get(&VERSIONS, &(policy.name.as_str(), policy.default_version)).map(|it| it.document)
}

pub fn by_arn(cx: &Cx, arn: &str) -> Result<Stored> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found = cx.get(&POLICIES, name).filter(|it| arn_of(cx, it) == arn);
    found.ok_or_else(|| no_such(arn))
}

pub fn no_such(arn: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("Policy {arn} does not exist or is not attachable."))
}

pub fn new_arn(cx: &Cx, input: &CreatePolicy) -> String {
    cx.global_arn("iam", &format!("policy{}{}", input.path.as_deref().unwrap_or("/"), input.policy_name))
}

/// `/service-role/` of `arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole`.
pub fn path_of(arn: &str) -> &str {
    let name = arn.splitn(6, ':').last().unwrap_or_default();
    let path = name.strip_prefix("policy").unwrap_or(name);
    path.rfind('/').map_or("/", |end| &path[..=end])
}

fn arn_of(cx: &Cx, it: &Stored) -> String {
    cx.global_arn("iam", &format!("policy{}{}", it.path, it.name))
}

fn shown(cx: &Cx, it: &Stored) -> Policy {
    let arn = arn_of(cx, it);
    Policy {
        policy_name: Some(it.name.clone()),
        policy_id: Some(it.id.clone()),
        path: Some(it.path.clone()),
        default_version_id: Some(format!("v{}", it.default_version)),
        attachment_count: Some(attachment::count(cx, &arn) as i64),
        permissions_boundary_usage_count: Some(0),
        is_attachable: Some(true),
        description: it.description.clone(),
        create_date: Some(Timestamp(it.created_at)),
        update_date: Some(Timestamp(it.updated_at)),
        tags: Some(shown_tags(&it.tags)),
        arn: Some(arn),
    }
}

fn of_aws(cx: &Cx, it: &ManagedPolicy) -> Policy {
    Policy {
        policy_name: Some(it.name.clone()),
        policy_id: Some(format!("ANPA{}", digits(&it.name))),
        arn: Some(it.arn.clone()),
        path: Some(it.path.clone()),
        default_version_id: Some(it.version.clone()),
        attachment_count: Some(attachment::count(cx, &it.arn) as i64),
        permissions_boundary_usage_count: Some(0),
        is_attachable: Some(true),
        ..Policy::default()
    }
}

/// The catalogue has no ids, so each policy's is made from its name: always the same, as on AWS.
fn digits(name: &str) -> String {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (0..17)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(ID_LETTERS[(state >> 59) as usize])
        })
        .collect()
}

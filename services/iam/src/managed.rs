//! Managed policies: AWS's own, from the catalogue, and the customer's.

use crate::document::check_managed;
use crate::entity::{self, ID_LETTERS};
use crate::page::Page;
use crate::role::SERVICE_LINKED;
use crate::row::Rows;
use crate::tag::{Tags, shown_tags};
use crate::version::{self, Version};
use crate::{attachment, boundary, tag};
use api::iam::{
    CreatePolicy, CreatePolicyOutput, DeletePolicy, DeletePolicyOutput, GetPolicy, GetPolicyOutput, ListPolicies,
    ListPoliciesOutput, Policy, error,
};
use kernel::{Cx, IdentityPolicy, PolicyText, is_account};
use model::catalog::{ManagedPolicy, managed_policies, managed_policy};
use model::wire::parse_timestamp;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Table;

/// The customer's. Key: name in lower case.
pub static POLICIES: Rows<Stored> = Rows {
    table: Table::account("iam.managed-policy"),
    kind: "policy",
    quota: ("PoliciesPerAccount", 1_500),
    place: |it| (&it.path, &it.name),
    missing: |arn| format!("Policy {arn} was not found."),
    taken: |name| format!("A policy called {name} already exists. Duplicate names are not allowed."),
};

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
    /// No number is given twice.
    pub last_version: u32,
    pub tags: Tags,
}

pub fn create(cx: &mut Cx, input: CreatePolicy) -> Result<CreatePolicyOutput> {
    check_managed(&input.policy_document)?;
    let name = input.policy_name;
    POLICIES.check_free(cx, &name)?;
    POLICIES.check_room(cx)?;
    let now = cx.now().0;
    let stored = Stored {
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: entity::new_id(cx, "ANPA"),
        description: input.description,
        created_at: now,
        updated_at: now,
        default_version: 1,
        last_version: 1,
        tags: tag::first(cx, input.tags)?,
        name,
    };
    POLICIES.put(cx, &stored);
    version::put(cx, &stored.id, 1, &Version { document: input.policy_document, created_at: now });
    Ok(CreatePolicyOutput { policy: Some(shown(cx, &stored)) })
}

pub fn get(cx: &Cx, input: GetPolicy) -> Result<GetPolicyOutput> {
    let policy = match managed_policy(&input.policy_arn) {
        Some(it) => of_aws(cx, it),
        None => shown(cx, &by_arn(cx, &input.policy_arn)?),
    };
    Ok(GetPolicyOutput { policy: Some(policy) })
}

/// Without descriptions and tags, as ListPolicies in the IAM API reference says.
pub fn list(cx: &Cx, input: ListPolicies) -> Result<ListPoliciesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let scope = input.scope.unwrap_or_else(|| "All".to_owned());
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let only_attached = input.only_attached.unwrap_or(false);
    let as_boundary = input.policy_usage_filter.as_deref() == Some("PermissionsBoundary");
    let own = POLICIES.all(cx).into_iter().filter(|_| scope != "AWS");
    let aws = managed_policies().iter().filter(|_| scope != "Local");
    let shown = own.map(|it| shown(cx, &it)).chain(aws.map(|it| of_aws(cx, it)));
    let mut chosen: Vec<Policy> = shown
        .filter(|it| it.path.as_ref().is_some_and(|path| path.starts_with(&prefix)))
        .filter(|it| !only_attached || it.attachment_count.is_some_and(|count| count > 0))
        .filter(|it| !as_boundary || it.permissions_boundary_usage_count.is_some_and(|count| count > 0))
        .map(|it| Policy { description: None, tags: None, ..it })
        .collect();
    let arn = |it: &Policy| it.arn.clone().unwrap_or_default();
    chosen.sort_by_key(arn);
    let cut = page.cut(chosen, arn);
    Ok(ListPoliciesOutput { policies: Some(cut.items), is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn delete(cx: &mut Cx, input: DeletePolicy) -> Result<DeletePolicyOutput> {
    let arn = &input.policy_arn;
    let policy = by_arn(cx, arn)?;
    if !attachment::holders(cx, arn).is_empty() || !boundary::bounded_by(cx, arn).is_empty() {
        return Err(error::DELETE_CONFLICT.with("Cannot delete a policy attached to entities."));
    }
    if version::numbers(cx, &policy.id).len() > 1 {
        return Err(error::DELETE_CONFLICT.with("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."));
    }
    POLICIES.delete(cx, &policy.name);
    version::remove(cx, &policy.id, policy.default_version);
    Ok(DeletePolicyOutput {})
}

/// A policy that can be attached, AWS's or the account's.
pub fn exists(cx: &Cx, arn: &str) -> bool {
    managed_policy(arn).is_some() || by_arn(cx, arn).is_ok()
}

/// The text in force.
pub fn document(cx: &Cx, arn: &str) -> Option<String> {
    if let Some(it) = managed_policy(arn) {
        return Some(it.document().to_string());
    }
    let policy = by_arn(cx, arn).ok()?;
    version::document(cx, &policy.id, policy.default_version)
}

/// For the door, which knows most texts already.
pub fn of_identity(cx: &Cx, arn: String) -> IdentityPolicy {
    let version = match (managed_policy(&arn), by_arn(cx, &arn)) {
        (Some(aws), _) => format!("{arn} {}", aws.version),
        (None, Ok(own)) => format!("{} v{}", own.id, own.default_version),
        // It cannot be deleted while it is in use, so its row is damaged.
        (None, Err(_)) => format!("{arn} is gone"),
    };
    IdentityPolicy { name: arn, text: PolicyText::Version(version) }
}

/// Whether it can be the ARN of a managed policy.
pub fn check_arn(arn: &str) -> Result<()> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", owner, resource]
            if (*owner == "aws" || is_account(owner)) && resource.starts_with("policy/") =>
        {
            Ok(())
        }
        _ => Err(error::INVALID_INPUT.with(format!("ARN {arn} is not valid."))),
    }
}

/// The policies of service-linked roles are for these alone.
pub fn check_attachable(arn: &str) -> Result<()> {
    if path_of(arn) == SERVICE_LINKED && managed_policy(arn).is_some() {
        return Err(error::POLICY_NOT_ATTACHABLE.with("Cannot attach a Service Role Policy to a Customer Role."));
    }
    Ok(())
}

pub fn by_arn(cx: &Cx, arn: &str) -> Result<Stored> {
    check_arn(arn)?;
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found = POLICIES.find(cx, name).filter(|it| POLICIES.arn(cx, it) == arn);
    found.ok_or_else(|| POLICIES.missing(arn))
}

pub fn not_attachable(arn: &str) -> Error {
    error::NO_SUCH_ENTITY.with(format!("Policy {arn} does not exist or is not attachable."))
}

/// `/service-role/` of `arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole`.
pub fn path_of(arn: &str) -> &str {
    let name = arn.splitn(6, ':').last().unwrap_or_default();
    let path = name.strip_prefix("policy").unwrap_or(name);
    path.rfind('/').map_or("/", |end| &path[..=end])
}

pub fn shown(cx: &Cx, it: &Stored) -> Policy {
    let arn = POLICIES.arn(cx, it);
    Policy {
        policy_name: Some(it.name.clone()),
        policy_id: Some(it.id.clone()),
        path: Some(it.path.clone()),
        default_version_id: Some(format!("v{}", it.default_version)),
        attachment_count: Some(attachment::holders(cx, &arn).len() as i64),
        permissions_boundary_usage_count: Some(boundary::bounded_by(cx, &arn).len() as i64),
        is_attachable: Some(true),
        description: it.description.clone(),
        create_date: Some(Timestamp(it.created_at)),
        update_date: Some(Timestamp(it.updated_at)),
        tags: Some(shown_tags(&it.tags).unwrap_or_default()),
        arn: Some(arn),
    }
}

pub fn of_aws(cx: &Cx, it: &ManagedPolicy) -> Policy {
    Policy {
        policy_name: Some(it.name.clone()),
        policy_id: Some(format!("ANPA{}", digits(&it.name))),
        arn: Some(it.arn.clone()),
        path: Some(it.path.clone()),
        default_version_id: Some(it.version.clone()),
        attachment_count: Some(attachment::holders(cx, &it.arn).len() as i64),
        permissions_boundary_usage_count: Some(boundary::bounded_by(cx, &it.arn).len() as i64),
        is_attachable: Some(true),
        create_date: parse_timestamp(&it.created),
        update_date: parse_timestamp(&it.updated),
        description: None,
        tags: Some(Vec::new()),
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

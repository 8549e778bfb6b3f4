//! The whole account: how much of what it has, and everything in detail.

use crate::document::encoded;
use crate::entity::Kind;
use crate::group::GROUPS;
use crate::managed::POLICIES;
use crate::page::Page;
use crate::profile::PROFILES;
use crate::role::ROLES;
use crate::row::key;
use crate::user::USERS;
use crate::{access_key, attachment, boundary, group, inline, managed, membership, profile, role, tag, user, version};
use api::iam::{
    AttachedPolicy, GetAccountAuthorizationDetails, GetAccountAuthorizationDetailsOutput, GetAccountSummary,
    GetAccountSummaryOutput, GroupDetail, ManagedPolicyDetail, Policy, PolicyVersion, RoleDetail, UserDetail,
};
use kernel::Cx;
use model::catalog::managed_policies;
use model::{Result, Timestamp};
use std::collections::BTreeMap;

/// What GetAccountSummary counts and what there is none of before there are devices, providers and passwords.
const NONE_YET: [&str; 8] = [
    "AccountAccessKeysPresent",
    "AccountMFAEnabled",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
    "MFADevices",
    "MFADevicesInUse",
    "Providers",
    "ServerCertificates",
];
/// Policies' versions in an account, all together (IAM and AWS STS quotas).
const MOST_VERSIONS_IN_USE: usize = 10_000;

pub fn summary(cx: &Cx, _: GetAccountSummary) -> Result<GetAccountSummaryOutput> {
    let policies = POLICIES.all(cx);
    let versions: usize = policies.iter().map(|it| version::numbers(cx, &it.id).len()).sum();
    let numbers = [
        ("Users", USERS.count(cx)),
        ("UsersQuota", USERS.quota.1),
        ("Groups", GROUPS.count(cx)),
        ("GroupsQuota", GROUPS.quota.1),
        ("Roles", ROLES.count(cx)),
        ("RolesQuota", ROLES.quota.1),
        ("Policies", policies.len()),
        ("PoliciesQuota", POLICIES.quota.1),
        ("InstanceProfiles", PROFILES.count(cx)),
        ("InstanceProfilesQuota", PROFILES.quota.1),
        ("UserPolicySizeQuota", inline::most_characters(Kind::User)),
        ("GroupPolicySizeQuota", inline::most_characters(Kind::Group)),
        ("RolePolicySizeQuota", inline::most_characters(Kind::Role)),
        ("AssumeRolePolicySizeQuota", policy::TRUST_LIMIT),
        ("PolicySizeQuota", policy::IDENTITY_LIMIT),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", MOST_VERSIONS_IN_USE),
        ("VersionsPerPolicyQuota", version::MOST_VERSIONS),
        ("AccessKeysPerUserQuota", access_key::MOST_KEYS),
        ("GroupsPerUserQuota", membership::MOST_GROUPS),
        ("AttachedPoliciesPerUserQuota", attachment::MOST_POLICIES),
        ("AttachedPoliciesPerGroupQuota", attachment::MOST_POLICIES),
        ("AttachedPoliciesPerRoleQuota", attachment::MOST_POLICIES),
    ];
    let none = NONE_YET.iter().map(|name| ((*name).to_owned(), 0));
    let summary: BTreeMap<String, i64> =
        numbers.into_iter().map(|(name, number)| (name.to_owned(), number as i64)).chain(none).collect();
    Ok(GetAccountSummaryOutput { summary_map: Some(summary) })
}

/// Users, then groups, roles and managed policies, through which the pages go. Of AWS's policies those that are in use.
pub fn details(cx: &Cx, input: GetAccountAuthorizationDetails) -> Result<GetAccountAuthorizationDetailsOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let filter = input.filter.unwrap_or_default();
    let wanted = |kind: &str| filter.is_empty() || filter.iter().any(|it| it == kind);
    let mut all = Vec::new();
    if wanted("User") {
        all.extend(USERS.all(cx).into_iter().map(|it| (format!("1 {}", key(&it.name)), Detail::User(it))));
    }
    if wanted("Group") {
        all.extend(GROUPS.all(cx).into_iter().map(|it| (format!("2 {}", key(&it.name)), Detail::Group(it))));
    }
    if wanted("Role") {
        all.extend(ROLES.all(cx).into_iter().map(|it| (format!("3 {}", key(&it.name)), Detail::Role(Box::new(it)))));
    }
    if wanted("LocalManagedPolicy") {
        all.extend(POLICIES.all(cx).into_iter().map(|it| (format!("4 {}", key(&it.name)), local(cx, &it))));
    }
    if wanted("AWSManagedPolicy") {
        all.extend(
            aws_in_use(cx)
                .into_iter()
                .map(|it| (format!("5 {}", it.policy_name.clone().unwrap_or_default()), Detail::Policy(Box::new(it)))),
        );
    }
    let cut = page.cut(all, |(key, _)| key.clone());
    let mut output = GetAccountAuthorizationDetailsOutput {
        user_detail_list: Some(Vec::new()),
        group_detail_list: Some(Vec::new()),
        role_detail_list: Some(Vec::new()),
        policies: Some(Vec::new()),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    };
    for (_, detail) in cut.items {
        match detail {
            Detail::User(it) => output.user_detail_list.get_or_insert_default().push(of_user(cx, it)),
            Detail::Group(it) => output.group_detail_list.get_or_insert_default().push(of_group(cx, it)),
            Detail::Role(it) => output.role_detail_list.get_or_insert_default().push(of_role(cx, *it)),
            Detail::Policy(it) => output.policies.get_or_insert_default().push(*it),
        }
    }
    Ok(output)
}

enum Detail {
    User(user::Stored),
    Group(group::Stored),
    Role(Box<role::Stored>),
    Policy(Box<ManagedPolicyDetail>),
}

fn local(cx: &Cx, it: &managed::Stored) -> Detail {
    Detail::Policy(Box::new(of_policy(managed::shown(cx, it), version::details(cx, it))))
}

fn aws_in_use(cx: &Cx) -> Vec<ManagedPolicyDetail> {
    let in_use = managed_policies()
        .iter()
        .filter(|it| !attachment::holders(cx, &it.arn).is_empty() || !boundary::bounded_by(cx, &it.arn).is_empty());
    let detail = |it: &model::catalog::ManagedPolicy| {
        let policy = managed::of_aws(cx, it);
        let version = PolicyVersion {
            document: Some(encoded(&it.document().to_string())),
            version_id: Some(it.version.clone()),
            is_default_version: Some(true),
            create_date: policy.update_date,
        };
        of_policy(policy, vec![version])
    };
    in_use.map(detail).collect()
}

fn of_policy(policy: Policy, versions: Vec<PolicyVersion>) -> ManagedPolicyDetail {
    ManagedPolicyDetail {
        policy_name: policy.policy_name,
        policy_id: policy.policy_id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: policy.default_version_id,
        attachment_count: policy.attachment_count,
        permissions_boundary_usage_count: policy.permissions_boundary_usage_count,
        is_attachable: policy.is_attachable,
        description: policy.description,
        create_date: policy.create_date,
        update_date: policy.update_date,
        policy_version_list: Some(versions),
    }
}

fn attached(cx: &Cx, id: &str) -> Option<Vec<AttachedPolicy>> {
    Some(attachment::of(cx, id).into_iter().map(attachment::shown).collect())
}

fn of_user(cx: &Cx, it: user::Stored) -> UserDetail {
    UserDetail {
        arn: Some(cx.global_arn("iam", &format!("user{}{}", it.path, it.name))),
        create_date: Some(Timestamp(it.created_at)),
        user_policy_list: Some(inline::details(cx, &it.id)),
        group_list: Some(membership::groups_of(cx, &it.id).into_iter().map(|group| group.name).collect()),
        attached_managed_policies: attached(cx, &it.id),
        permissions_boundary: boundary::shown(it.boundary.as_ref()),
        tags: tag::shown_tags(&it.tags),
        path: Some(it.path),
        user_name: Some(it.name),
        user_id: Some(it.id),
    }
}

fn of_group(cx: &Cx, it: group::Stored) -> GroupDetail {
    GroupDetail {
        arn: Some(cx.global_arn("iam", &format!("group{}{}", it.path, it.name))),
        create_date: Some(Timestamp(it.created_at)),
        group_policy_list: Some(inline::details(cx, &it.id)),
        attached_managed_policies: attached(cx, &it.id),
        path: Some(it.path),
        group_name: Some(it.name),
        group_id: Some(it.id),
    }
}

fn of_role(cx: &Cx, it: role::Stored) -> RoleDetail {
    let profiles = profile::with_role(cx, &it.id);
    RoleDetail {
        arn: Some(cx.global_arn("iam", &format!("role{}{}", it.path, it.name))),
        create_date: Some(Timestamp(it.created_at)),
        assume_role_policy_document: Some(encoded(&it.trust.shown(cx))),
        instance_profile_list: Some(profiles.iter().map(|it| profile::shown(cx, it)).collect()),
        role_policy_list: Some(inline::details(cx, &it.id)),
        attached_managed_policies: attached(cx, &it.id),
        permissions_boundary: boundary::shown(it.boundary.as_ref()),
        tags: tag::shown_tags(&it.tags),
        role_last_used: Some(role::last_used(cx, &it)),
        path: Some(it.path),
        role_name: Some(it.name),
        role_id: Some(it.id),
    }
}

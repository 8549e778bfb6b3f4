//! AWS Identity and Access Management: users, groups and roles and their policies; and, for the door, what a principal may do.

mod access_key;
mod account;
mod alias;
mod attachment;
mod boundary;
mod cfn;
mod condition;
mod document;
mod entity;
mod group;
mod identity;
mod inline;
mod managed;
mod membership;
mod page;
mod profile;
mod role;
mod row;
mod service_linked;
mod simulate;
mod tag;
mod trust;
mod usage;
mod user;
mod version;

use api::iam::{
    AddRoleToInstanceProfile, AddUserToGroup, AttachGroupPolicy, AttachRolePolicy, AttachUserPolicy, CreateAccessKey,
    CreateAccountAlias, CreateGroup, CreateInstanceProfile, CreatePolicy, CreatePolicyVersion, CreateRole,
    CreateServiceLinkedRole, CreateUser, DeleteAccessKey, DeleteAccountAlias, DeleteGroup, DeleteGroupPolicy,
    DeleteInstanceProfile, DeletePolicy, DeletePolicyVersion, DeleteRole, DeleteRolePermissionsBoundary,
    DeleteRolePolicy, DeleteServiceLinkedRole, DeleteUser, DeleteUserPermissionsBoundary, DeleteUserPolicy,
    DetachGroupPolicy, DetachRolePolicy, DetachUserPolicy, GetAccessKeyLastUsed, GetAccountAuthorizationDetails,
    GetAccountSummary, GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy, GetGroup, GetGroupPolicy,
    GetInstanceProfile, GetPolicy, GetPolicyVersion, GetRole, GetRolePolicy, GetServiceLinkedRoleDeletionStatus,
    GetUser, GetUserPolicy, ListAccessKeys, ListAccountAliases, ListAttachedGroupPolicies, ListAttachedRolePolicies,
    ListAttachedUserPolicies, ListEntitiesForPolicy, ListGroupPolicies, ListGroups, ListGroupsForUser,
    ListInstanceProfileTags, ListInstanceProfiles, ListInstanceProfilesForRole, ListPolicies, ListPolicyTags,
    ListPolicyVersions, ListRolePolicies, ListRoleTags, ListRoles, ListUserPolicies, ListUserTags, ListUsers,
    PutGroupPolicy, PutRolePermissionsBoundary, PutRolePolicy, PutUserPermissionsBoundary, PutUserPolicy,
    RemoveRoleFromInstanceProfile, RemoveUserFromGroup, SetDefaultPolicyVersion, SimulateCustomPolicy,
    SimulatePrincipalPolicy, TagInstanceProfile, TagPolicy, TagRole, TagUser, UntagInstanceProfile, UntagPolicy,
    UntagRole, UntagUser, UpdateAccessKey, UpdateAssumeRolePolicy, UpdateGroup, UpdateRole, UpdateRoleDescription,
    UpdateUser,
};
use group::GROUPS;
use kernel::{Cx, Service};
use managed::POLICIES;
use profile::PROFILES;
use role::ROLES;
use user::USERS;

pub fn service() -> Service {
    let service = entities(Service::new("iam"));
    let service = account(managed_policies(policies(service)));
    service
        .credentials(access_key::credential)
        .identities(identity::of)
        .roles(identity::role)
        .principal_ids(identity::id)
        .job(&service_linked::DELETE, service_linked::carry_out)
        .job(&service_linked::FORGET, service_linked::forget)
        .managed_policies(managed::document)
        .resource_tags(tag::of)
        .resource(&cfn::ACCESS_KEY)
        .resource(&cfn::GROUP)
        .resource(&cfn::GROUP_POLICY)
        .resource(&cfn::INSTANCE_PROFILE)
        .resource(&cfn::MANAGED_POLICY)
        .resource(&cfn::POLICY)
        .resource(&cfn::ROLE)
        .resource(&cfn::ROLE_POLICY)
        .resource(&cfn::USER)
        .resource(&cfn::USER_POLICY)
        .resource(&cfn::USER_TO_GROUP_ADDITION)
}

fn entities(service: Service) -> Service {
    service
        .op(|cx, it: &CreateUser| USERS.new_arn(cx, it.path.as_ref(), &it.user_name), user::create)
        .conditions(|_, it: &CreateUser, context| {
            condition::tags(context, it.tags.as_ref());
            condition::boundary(context, it.permissions_boundary.as_ref());
        })
        .read(|cx, it: &GetUser| user::arn_or_own(cx, it.user_name.as_ref()), user::get)
        .read(|cx, it: &ListUsers| listed(cx, "user", it.path_prefix.as_ref()), user::list)
        .op(|cx, it: &UpdateUser| USERS.arn_of(cx, &it.user_name), user::update)
        .op(|cx, it: &DeleteUser| USERS.arn_of(cx, &it.user_name), user::delete)
        .op(|cx, it: &CreateGroup| GROUPS.new_arn(cx, it.path.as_ref(), &it.group_name), group::create)
        .read(|cx, it: &GetGroup| GROUPS.arn_of(cx, &it.group_name), group::get)
        .read(|cx, it: &ListGroups| listed(cx, "group", it.path_prefix.as_ref()), group::list)
        .op(|cx, it: &UpdateGroup| GROUPS.arn_of(cx, &it.group_name), group::update)
        .op(|cx, it: &DeleteGroup| GROUPS.arn_of(cx, &it.group_name), group::delete)
        .op(|cx, it: &AddUserToGroup| GROUPS.arn_of(cx, &it.group_name), membership::add)
        .op(|cx, it: &RemoveUserFromGroup| GROUPS.arn_of(cx, &it.group_name), membership::remove)
        .read(|cx, it: &ListGroupsForUser| USERS.arn_of(cx, &it.user_name), membership::list)
        .op(|cx, it: &CreateRole| ROLES.new_arn(cx, it.path.as_ref(), &it.role_name), role::create)
        .conditions(|_, it: &CreateRole, context| {
            condition::tags(context, it.tags.as_ref());
            condition::boundary(context, it.permissions_boundary.as_ref());
        })
        .read(|cx, it: &GetRole| ROLES.arn_of(cx, &it.role_name), role::get)
        .read(|cx, it: &ListRoles| listed(cx, "role", it.path_prefix.as_ref()), role::list)
        .op(|cx, it: &UpdateRole| ROLES.arn_of(cx, &it.role_name), role::update)
        .op(|cx, it: &UpdateRoleDescription| ROLES.arn_of(cx, &it.role_name), role::update_description)
        .op(|cx, it: &UpdateAssumeRolePolicy| ROLES.arn_of(cx, &it.role_name), role::update_trust)
        .op(|cx, it: &DeleteRole| ROLES.arn_of(cx, &it.role_name), role::delete)
        .op(|cx, it: &CreateServiceLinkedRole| service_linked::new_arn(cx, it), service_linked::create)
        .conditions(|_, it: &CreateServiceLinkedRole, context| {
            context.insert("iam:AWSServiceName", it.aws_service_name.clone());
        })
        .op(|cx, it: &DeleteServiceLinkedRole| ROLES.arn_of(cx, &it.role_name), service_linked::delete)
        .read(
            |cx, it: &GetServiceLinkedRoleDeletionStatus| service_linked::deleted_arn(cx, &it.deletion_task_id),
            service_linked::deletion_status,
        )
        .op(
            |cx, it: &CreateInstanceProfile| PROFILES.new_arn(cx, it.path.as_ref(), &it.instance_profile_name),
            profile::create,
        )
        .conditions(|_, it: &CreateInstanceProfile, context| condition::tags(context, it.tags.as_ref()))
        .read(|cx, it: &GetInstanceProfile| PROFILES.arn_of(cx, &it.instance_profile_name), profile::get)
        .read(|cx, it: &ListInstanceProfiles| listed(cx, "instance-profile", it.path_prefix.as_ref()), profile::list)
        .read(|cx, it: &ListInstanceProfilesForRole| ROLES.arn_of(cx, &it.role_name), profile::list_of_role)
        .op(|cx, it: &DeleteInstanceProfile| PROFILES.arn_of(cx, &it.instance_profile_name), profile::delete)
        .op(|cx, it: &AddRoleToInstanceProfile| PROFILES.arn_of(cx, &it.instance_profile_name), profile::add_role)
        .op(
            |cx, it: &RemoveRoleFromInstanceProfile| PROFILES.arn_of(cx, &it.instance_profile_name),
            profile::remove_role,
        )
}

fn policies(service: Service) -> Service {
    service
        .op(|cx, it: &PutUserPolicy| USERS.arn_of(cx, &it.user_name), inline::put_user)
        .conditions(|cx, it: &PutUserPolicy, context| condition::boundary_of_user(cx, &it.user_name, context))
        .read(|cx, it: &GetUserPolicy| USERS.arn_of(cx, &it.user_name), inline::get_user)
        .read(|cx, it: &ListUserPolicies| USERS.arn_of(cx, &it.user_name), inline::list_user)
        .op(|cx, it: &DeleteUserPolicy| USERS.arn_of(cx, &it.user_name), inline::delete_user)
        .conditions(|cx, it: &DeleteUserPolicy, context| condition::boundary_of_user(cx, &it.user_name, context))
        .op(|cx, it: &AttachUserPolicy| USERS.arn_of(cx, &it.user_name), attachment::attach_user)
        .conditions(|cx, it: &AttachUserPolicy, context| {
            context.insert("iam:PolicyARN", it.policy_arn.clone());
            condition::boundary_of_user(cx, &it.user_name, context);
        })
        .op(|cx, it: &DetachUserPolicy| USERS.arn_of(cx, &it.user_name), attachment::detach_user)
        .conditions(|cx, it: &DetachUserPolicy, context| {
            context.insert("iam:PolicyARN", it.policy_arn.clone());
            condition::boundary_of_user(cx, &it.user_name, context);
        })
        .read(|cx, it: &ListAttachedUserPolicies| USERS.arn_of(cx, &it.user_name), attachment::list_user)
        .op(|cx, it: &PutGroupPolicy| GROUPS.arn_of(cx, &it.group_name), inline::put_group)
        .read(|cx, it: &GetGroupPolicy| GROUPS.arn_of(cx, &it.group_name), inline::get_group)
        .read(|cx, it: &ListGroupPolicies| GROUPS.arn_of(cx, &it.group_name), inline::list_group)
        .op(|cx, it: &DeleteGroupPolicy| GROUPS.arn_of(cx, &it.group_name), inline::delete_group)
        .op(|cx, it: &AttachGroupPolicy| GROUPS.arn_of(cx, &it.group_name), attachment::attach_group)
        .conditions(|_, it: &AttachGroupPolicy, context| context.insert("iam:PolicyARN", it.policy_arn.clone()))
        .op(|cx, it: &DetachGroupPolicy| GROUPS.arn_of(cx, &it.group_name), attachment::detach_group)
        .conditions(|_, it: &DetachGroupPolicy, context| context.insert("iam:PolicyARN", it.policy_arn.clone()))
        .read(|cx, it: &ListAttachedGroupPolicies| GROUPS.arn_of(cx, &it.group_name), attachment::list_group)
        .op(|cx, it: &PutRolePolicy| ROLES.arn_of(cx, &it.role_name), inline::put_role)
        .conditions(|cx, it: &PutRolePolicy, context| condition::boundary_of_role(cx, &it.role_name, context))
        .read(|cx, it: &GetRolePolicy| ROLES.arn_of(cx, &it.role_name), inline::get_role)
        .read(|cx, it: &ListRolePolicies| ROLES.arn_of(cx, &it.role_name), inline::list_role)
        .op(|cx, it: &DeleteRolePolicy| ROLES.arn_of(cx, &it.role_name), inline::delete_role)
        .conditions(|cx, it: &DeleteRolePolicy, context| condition::boundary_of_role(cx, &it.role_name, context))
        .op(|cx, it: &AttachRolePolicy| ROLES.arn_of(cx, &it.role_name), attachment::attach_role)
        .conditions(|cx, it: &AttachRolePolicy, context| {
            context.insert("iam:PolicyARN", it.policy_arn.clone());
            condition::boundary_of_role(cx, &it.role_name, context);
        })
        .op(|cx, it: &DetachRolePolicy| ROLES.arn_of(cx, &it.role_name), attachment::detach_role)
        .conditions(|cx, it: &DetachRolePolicy, context| {
            context.insert("iam:PolicyARN", it.policy_arn.clone());
            condition::boundary_of_role(cx, &it.role_name, context);
        })
        .read(|cx, it: &ListAttachedRolePolicies| ROLES.arn_of(cx, &it.role_name), attachment::list_role)
        .op(|cx, it: &PutUserPermissionsBoundary| USERS.arn_of(cx, &it.user_name), boundary::put_user)
        .conditions(|_, it: &PutUserPermissionsBoundary, context| {
            condition::boundary(context, Some(&it.permissions_boundary))
        })
        .op(|cx, it: &DeleteUserPermissionsBoundary| USERS.arn_of(cx, &it.user_name), boundary::delete_user)
        .conditions(|cx, it: &DeleteUserPermissionsBoundary, context| {
            condition::boundary_of_user(cx, &it.user_name, context)
        })
        .op(|cx, it: &PutRolePermissionsBoundary| ROLES.arn_of(cx, &it.role_name), boundary::put_role)
        .conditions(|_, it: &PutRolePermissionsBoundary, context| {
            condition::boundary(context, Some(&it.permissions_boundary))
        })
        .op(|cx, it: &DeleteRolePermissionsBoundary| ROLES.arn_of(cx, &it.role_name), boundary::delete_role)
        .conditions(|cx, it: &DeleteRolePermissionsBoundary, context| {
            condition::boundary_of_role(cx, &it.role_name, context)
        })
}

fn managed_policies(service: Service) -> Service {
    service
        .op(|cx, it: &CreatePolicy| POLICIES.new_arn(cx, it.path.as_ref(), &it.policy_name), managed::create)
        .conditions(|_, it: &CreatePolicy, context| condition::tags(context, it.tags.as_ref()))
        .read(|_, it: &GetPolicy| it.policy_arn.clone(), managed::get)
        .read(|_, it: &ListPolicies| format!("policy path {}", it.path_prefix.as_deref().unwrap_or("/")), managed::list)
        .op(|_, it: &DeletePolicy| it.policy_arn.clone(), managed::delete)
        .op(|_, it: &CreatePolicyVersion| it.policy_arn.clone(), version::create)
        .read(|_, it: &GetPolicyVersion| it.policy_arn.clone(), version::get)
        .read(|_, it: &ListPolicyVersions| it.policy_arn.clone(), version::list)
        .op(|_, it: &DeletePolicyVersion| it.policy_arn.clone(), version::delete)
        .op(|_, it: &SetDefaultPolicyVersion| it.policy_arn.clone(), version::set_default)
        .read(|_, it: &ListEntitiesForPolicy| it.policy_arn.clone(), usage::list)
}

fn account(service: Service) -> Service {
    service
        .op(|cx, it: &TagUser| USERS.arn_of(cx, &it.user_name), tag::tag_user)
        .conditions(|_, it: &TagUser, context| tag::requested(context, &it.tags))
        .op(|cx, it: &UntagUser| USERS.arn_of(cx, &it.user_name), tag::untag_user)
        .conditions(|_, it: &UntagUser, context| tag::requested_keys(context, it.tag_keys.clone()))
        .read(|cx, it: &ListUserTags| USERS.arn_of(cx, &it.user_name), tag::list_user)
        .op(|cx, it: &TagRole| ROLES.arn_of(cx, &it.role_name), tag::tag_role)
        .conditions(|_, it: &TagRole, context| tag::requested(context, &it.tags))
        .op(|cx, it: &UntagRole| ROLES.arn_of(cx, &it.role_name), tag::untag_role)
        .conditions(|_, it: &UntagRole, context| tag::requested_keys(context, it.tag_keys.clone()))
        .read(|cx, it: &ListRoleTags| ROLES.arn_of(cx, &it.role_name), tag::list_role)
        .op(|_, it: &TagPolicy| it.policy_arn.clone(), tag::tag_policy)
        .conditions(|_, it: &TagPolicy, context| tag::requested(context, &it.tags))
        .op(|_, it: &UntagPolicy| it.policy_arn.clone(), tag::untag_policy)
        .conditions(|_, it: &UntagPolicy, context| tag::requested_keys(context, it.tag_keys.clone()))
        .read(|_, it: &ListPolicyTags| it.policy_arn.clone(), tag::list_policy)
        .op(|cx, it: &TagInstanceProfile| PROFILES.arn_of(cx, &it.instance_profile_name), tag::tag_profile)
        .conditions(|_, it: &TagInstanceProfile, context| tag::requested(context, &it.tags))
        .op(|cx, it: &UntagInstanceProfile| PROFILES.arn_of(cx, &it.instance_profile_name), tag::untag_profile)
        .conditions(|_, it: &UntagInstanceProfile, context| tag::requested_keys(context, it.tag_keys.clone()))
        .read(|cx, it: &ListInstanceProfileTags| PROFILES.arn_of(cx, &it.instance_profile_name), tag::list_profile)
        .op(|cx, it: &CreateAccessKey| user::arn_or_own(cx, it.user_name.as_ref()), access_key::create)
        .op(|cx, it: &UpdateAccessKey| user::arn_or_own(cx, it.user_name.as_ref()), access_key::update)
        .op(|cx, it: &DeleteAccessKey| user::arn_or_own(cx, it.user_name.as_ref()), access_key::delete)
        .read(|cx, it: &ListAccessKeys| user::arn_or_own(cx, it.user_name.as_ref()), access_key::list)
        .read(|cx, it: &GetAccessKeyLastUsed| access_key::owner_arn(cx, &it.access_key_id), access_key::last_used)
        .op(|_, _: &CreateAccountAlias| "*", alias::create)
        .op(|_, _: &DeleteAccountAlias| "*", alias::delete)
        .read(|_, _: &ListAccountAliases| "*", alias::list)
        .read(|_, _: &GetAccountSummary| "*", account::summary)
        .read(|_, _: &GetAccountAuthorizationDetails| "*", account::details)
        .read(|_, _: &SimulateCustomPolicy| "*", simulate::custom)
        .read(|_, it: &SimulatePrincipalPolicy| it.policy_source_arn.clone(), simulate::principal)
        .read(|_, _: &GetContextKeysForCustomPolicy| "*", simulate::keys_of_custom)
        .read(|_, it: &GetContextKeysForPrincipalPolicy| it.policy_source_arn.clone(), simulate::keys_of_principal)
}

/// What IAM is asked about by a list: `arn:aws:iam::000000000000:user/`.
fn listed(cx: &Cx, kind: &str, prefix: Option<&String>) -> String {
    cx.global_arn("iam", &format!("{kind}{}", prefix.map_or("/", String::as_str)))
}

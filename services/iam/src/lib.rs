//! AWS Identity and Access Management: roles and their policies; and, for the door, what a principal may do.

mod attachment;
mod cfn;
mod document;
mod identity;
mod inline;
mod managed;
mod page;
mod role;
mod tag;
mod version;

use api::iam::{
    AttachRolePolicy, CreatePolicy, CreateRole, DeletePolicy, DeleteRole, DeleteRolePolicy, DetachRolePolicy,
    GetPolicy, GetPolicyVersion, GetRole, GetRolePolicy, ListAttachedRolePolicies, ListPolicies, ListPolicyVersions,
    ListRolePolicies, ListRoleTags, ListRoles, PutRolePolicy, TagRole, UntagRole, UpdateAssumeRolePolicy, UpdateRole,
    UpdateRoleDescription,
};
use kernel::Service;

pub fn service() -> Service {
    Service::new("iam")
        .op(|cx, it: &CreateRole| role::new_arn(cx, it), role::create)
        .read(|cx, it: &GetRole| role::arn(cx, &it.role_name), role::get)
        .read(|cx, _: &ListRoles| cx.global_arn("iam", "role/"), role::list)
        .op(|cx, it: &UpdateRole| role::arn(cx, &it.role_name), role::update)
        .op(|cx, it: &UpdateRoleDescription| role::arn(cx, &it.role_name), role::update_description)
        .op(|cx, it: &UpdateAssumeRolePolicy| role::arn(cx, &it.role_name), role::update_trust)
        .op(|cx, it: &DeleteRole| role::arn(cx, &it.role_name), role::delete)
        .op(|cx, it: &TagRole| role::arn(cx, &it.role_name), tag::add)
        .op(|cx, it: &UntagRole| role::arn(cx, &it.role_name), tag::remove)
        .read(|cx, it: &ListRoleTags| role::arn(cx, &it.role_name), tag::list)
        .op(|cx, it: &PutRolePolicy| role::arn(cx, &it.role_name), inline::put)
        .read(|cx, it: &GetRolePolicy| role::arn(cx, &it.role_name), inline::get)
        .read(|cx, it: &ListRolePolicies| role::arn(cx, &it.role_name), inline::list)
        .op(|cx, it: &DeleteRolePolicy| role::arn(cx, &it.role_name), inline::delete)
        .op(|cx, it: &AttachRolePolicy| role::arn(cx, &it.role_name), attachment::attach)
        .conditions(|_, it: &AttachRolePolicy, context| context.insert("iam:PolicyARN", it.policy_arn.clone()))
        .op(|cx, it: &DetachRolePolicy| role::arn(cx, &it.role_name), attachment::detach)
        .conditions(|_, it: &DetachRolePolicy, context| context.insert("iam:PolicyARN", it.policy_arn.clone()))
        .read(|cx, it: &ListAttachedRolePolicies| role::arn(cx, &it.role_name), attachment::list)
        .op(|cx, it: &CreatePolicy| managed::new_arn(cx, it), managed::create)
        .read(|_, it: &GetPolicy| it.policy_arn.clone(), managed::get)
        .read(|cx, _: &ListPolicies| cx.global_arn("iam", "policy/"), managed::list)
        .op(|_, it: &DeletePolicy| it.policy_arn.clone(), managed::delete)
        .read(|_, it: &GetPolicyVersion| it.policy_arn.clone(), version::get)
        .read(|_, it: &ListPolicyVersions| it.policy_arn.clone(), version::list)
        .identities(identity::of)
        .roles(identity::role)
        .resource(&cfn::ROLE)
        .resource(&cfn::POLICY)
        .resource(&cfn::MANAGED_POLICY)
}

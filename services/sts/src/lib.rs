//! AWS Security Token Service: who am I, and temporary credentials.

mod access_key;
mod authorization;
mod federation;
mod identity;
mod role;
mod scope;
mod session;
mod user;

use api::sts::{
    AssumeRole, DecodeAuthorizationMessage, GetAccessKeyInfo, GetCallerIdentity, GetFederationToken, GetSessionToken,
};
use kernel::Service;

pub fn service() -> Service {
    Service::new("sts")
        // Nobody can be refused these two (GetCallerIdentity and GetSessionToken in the STS API reference).
        .read(|_, _: &GetCallerIdentity| Vec::new(), identity::get)
        .op(|_, _: &GetSessionToken| Vec::new(), user::session_token)
        .read(|_, _: &GetAccessKeyInfo| "*", access_key::info)
        .read(|_, _: &DecodeAuthorizationMessage| "*", authorization::decode)
        .op(|_, it: &AssumeRole| it.role_arn.clone(), role::assume)
        .conditions(|_, it: &AssumeRole, context| role::conditions(it, context))
        .op(|cx, it: &GetFederationToken| federation::arn(cx, it), federation::token)
        .conditions(|_, it: &GetFederationToken, context| federation::conditions(it, context))
        .resource_policies(role::trust_policy)
        .resource_tags(role::tags)
        .credentials(session::credential)
        .job(&session::FORGET, session::forget)
}

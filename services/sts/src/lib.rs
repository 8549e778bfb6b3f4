//! AWS Security Token Service: who am I, and temporary credentials of roles.

mod identity;
mod session;

use api::sts::{AssumeRole, GetCallerIdentity};
use kernel::Service;

pub fn service() -> Service {
    Service::new("sts")
        // Nobody can be refused this (GetCallerIdentity in the STS API reference).
        .read(|_, _: &GetCallerIdentity| Vec::new(), identity::get)
        .op(|_, it: &AssumeRole| it.role_arn.clone(), session::assume_role)
        .conditions(session::conditions)
        .resource_policies(session::trust_policy)
        .credentials(session::credential)
        .job(&session::FORGET, session::forget)
}

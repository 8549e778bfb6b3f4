//! For the door: what a principal may do by its own policies, and who a role is.

use crate::role::{ROLES, Stored};
use crate::{attachment, inline, managed};
use kernel::{Cx, Identity, Principal, Role};

pub fn of(cx: &Cx, principal: &Principal) -> Identity {
    let (Some(arn), Principal::Session { role_id, .. }) = (principal.role_arn(), principal) else {
        return Identity::default();
    };
    cx.look_in_place_of(&arn, |cx| {
        // A role of the same name that was made later is another role.
        let Some(role) = by_arn(cx, &arn).filter(|it| it.id == *role_id) else { return Identity::default() };
        let attached = attachment::of(cx, &role.name).into_iter();
        let attached = attached.filter_map(|arn| managed::document(cx, &arn).map(|document| (arn, document)));
        let policies = inline::of(cx, &role.name).into_iter().chain(attached).collect();
        let nothing = || r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned();
        // A boundary whose policy is gone allows nothing.
        let boundary = role.boundary.map(|arn| (arn.clone(), managed::document(cx, &arn).unwrap_or_else(nothing)));
        Identity { policies, boundary }
    })
}

pub fn role(cx: &Cx, arn: &str) -> Option<Role> {
    let role = by_arn(cx, arn)?;
    Some(Role {
        account: cx.account().to_owned(),
        path: role.path,
        name: role.name,
        id: role.id,
        trust_policy: role.trust_policy,
        max_session_seconds: role.max_session,
    })
}

fn by_arn(cx: &Cx, arn: &str) -> Option<Stored> {
    let name = arn.rsplit('/').next()?;
    let role = cx.get(&ROLES, name)?;
    (cx.global_arn("iam", &format!("role{}{}", role.path, role.name)) == arn).then_some(role)
}

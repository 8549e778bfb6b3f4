//! For the door: what a principal may do by its own policies, and who a role is.

use crate::entity::{Entity, Kind};
use crate::role::ROLES;
use crate::{attachment, inline, managed, membership};
use kernel::{Cx, Identity, IdentityPolicy, PolicyText, Principal, Role};

/// The root may everything; those for whom it asked credentials may what their session's policies allow.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

pub fn of(cx: &Cx, principal: &Principal) -> Identity {
    match principal {
        Principal::User { account, id, .. } => of_entity(cx, account, id),
        Principal::Session { account, role_id, .. } => of_entity(cx, account, role_id),
        Principal::FederatedUser { by, .. } => match by.as_ref() {
            Principal::Root { .. } => {
                let text = PolicyText::Inline(EVERYTHING.to_owned());
                Identity { policies: vec![IdentityPolicy { name: "root".to_owned(), text }], ..Identity::default() }
            }
            by => of(cx, by),
        },
        Principal::Root { .. } | Principal::Service { .. } | Principal::Anonymous => Identity::default(),
    }
}

/// Policies are kept by the id: another one of the same name, made later, has others.
fn of_entity(cx: &Cx, account: &str, id: &str) -> Identity {
    cx.look_in_place_of(&format!("arn:aws:iam::{account}:root"), |cx| {
        let Some(entity) = Entity::by_id(cx, id) else { return Identity::default() };
        let mut policies = policies_of(cx, id);
        for group in membership::group_ids(cx, id) {
            policies.extend(policies_of(cx, &group));
        }
        let boundary = entity.boundary.map(|arn| managed::of_identity(cx, arn));
        Identity { policies, boundary, tags: entity.tags.into_iter().collect() }
    })
}

pub fn policies_of(cx: &Cx, id: &str) -> Vec<IdentityPolicy> {
    let inline = inline::of(cx, id).into_iter();
    let inline = inline.map(|(name, text)| IdentityPolicy { name, text: PolicyText::Inline(text) });
    inline.chain(attachment::of(cx, id).into_iter().map(|arn| managed::of_identity(cx, arn))).collect()
}

/// The unique id of a user or a role.
pub fn id(cx: &Cx, arn: &str) -> Option<String> {
    Entity::by_arn(cx, arn).filter(|it| it.kind != Kind::Group).map(|it| it.id)
}

pub fn role(cx: &Cx, arn: &str) -> Option<Role> {
    let name = Entity::by_arn(cx, arn)?.name;
    let role = ROLES.by_name(cx, &name).ok().filter(|_| arn.contains(":role/"))?;
    Some(Role {
        account: cx.account().to_owned(),
        trust_policy: role.trust.evaluated().to_owned(),
        path: role.path,
        name: role.name,
        id: role.id,
        max_session_seconds: role.max_session,
        tags: role.tags.into_iter().collect(),
    })
}

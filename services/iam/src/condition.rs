//! The condition keys of IAM's own actions.

use crate::entity::Entity;
use crate::tag;
use api::iam::Tag;
use kernel::Cx;
use policy::Context;

/// `aws:RequestTag/…` and `aws:TagKeys`, of what is created with tags.
pub fn tags(context: &mut Context, tags: Option<&Vec<Tag>>) {
    tag::requested(context, tags.map_or(&[], Vec::as_slice));
}

/// `iam:PermissionsBoundary`: the one that is asked for.
pub fn boundary(context: &mut Context, arn: Option<&String>) {
    if let Some(arn) = arn {
        context.insert("iam:PermissionsBoundary", arn.clone());
    }
}

/// The same for what is there already: the one that it has.
pub fn boundary_of_user(cx: &Cx, name: &str, context: &mut Context) {
    boundary(context, Entity::user(cx, name).ok().and_then(|it| it.boundary).as_ref());
}

pub fn boundary_of_role(cx: &Cx, name: &str, context: &mut Context) {
    boundary(context, Entity::role(cx, name).ok().and_then(|it| it.boundary).as_ref());
}

//! Who uses a managed policy, as a policy or as a boundary.

use crate::entity::{Entity, Kind};
use crate::managed::POLICIES;
use crate::page::Page;
use crate::{attachment, boundary, managed};
use api::iam::{ListEntitiesForPolicy, ListEntitiesForPolicyOutput, PolicyGroup, PolicyRole, PolicyUser};
use kernel::Cx;
use model::Result;

pub fn list(cx: &Cx, input: ListEntitiesForPolicy) -> Result<ListEntitiesForPolicyOutput> {
    let arn = &input.policy_arn;
    managed::check_arn(arn)?;
    if !managed::exists(cx, arn) {
        return Err(POLICIES.missing(arn));
    }
    let page = Page::of(input.max_items, input.marker)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let mut ids = Vec::new();
    if input.policy_usage_filter.as_deref() != Some("PermissionsBoundary") {
        ids.extend(attachment::holders(cx, arn));
    }
    if input.policy_usage_filter.as_deref() != Some("PermissionsPolicy") {
        ids.extend(boundary::bounded_by(cx, arn));
    }
    ids.sort();
    ids.dedup();
    let entities = ids.iter().filter_map(|id| Entity::by_id(cx, id)).filter(|it| it.path.starts_with(&prefix));
    let wanted = entities.filter(|it| input.entity_filter.as_ref().is_none_or(|kind| kind == it.kind.title()));
    let cut = page.cut(wanted, |it| it.id.clone());
    let mut output =
        ListEntitiesForPolicyOutput { is_truncated: cut.is_truncated, marker: cut.marker, ..Default::default() };
    for Entity { kind, name, id, .. } in cut.items {
        let (name, id) = (Some(name), Some(id));
        match kind {
            Kind::User => output.policy_users.get_or_insert_default().push(PolicyUser { user_name: name, user_id: id }),
            Kind::Group => {
                output.policy_groups.get_or_insert_default().push(PolicyGroup { group_name: name, group_id: id });
            }
            Kind::Role => output.policy_roles.get_or_insert_default().push(PolicyRole { role_name: name, role_id: id }),
        }
    }
    // Lists that are empty are there all the same.
    output.policy_users.get_or_insert_default();
    output.policy_groups.get_or_insert_default();
    output.policy_roles.get_or_insert_default();
    Ok(output)
}

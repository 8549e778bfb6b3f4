//! `AWS::IAM::Policy`: one inline policy in several users, groups and roles.

use super::holder::Holder;
use super::{document, text};
use api::iam::error;
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::json;

pub static POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::Policy",
    properties: &["Groups", "PolicyDocument", "PolicyName", "Roles", "Users"],
    create,
    update,
    delete,
    attributes: |_, existing| Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))])),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    put(cx, &new.properties)?;
    Ok(Progress::Done { physical_id: new.generated_name.clone() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    put(cx, &change.after)?;
    let (before, after) = (Holder::named_in(&change.before), Holder::named_in(&change.after));
    let renamed = text(&change.before, "PolicyName") != text(&change.after, "PolicyName");
    for holder in before.iter().filter(|it| renamed || !after.contains(it)) {
        holder.remove(cx, text(&change.before, "PolicyName").unwrap_or_default())?;
    }
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    for holder in Holder::named_in(&existing.properties) {
        holder.remove(cx, text(&existing.properties, "PolicyName").unwrap_or_default())?;
    }
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn put(cx: &mut Cx, it: &Properties) -> Result<()> {
    let holders = Holder::named_in(it);
    if holders.is_empty() {
        return Err(error::INVALID_INPUT.with("At least one of [Groups,Roles,Users] must be non-empty."));
    }
    for holder in holders {
        holder.put(cx, text(it, "PolicyName").unwrap_or_default(), document(it, "PolicyDocument"))?;
    }
    Ok(())
}

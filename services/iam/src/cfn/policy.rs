//! `AWS::IAM::Policy`: one inline policy in several users, groups and roles.

use super::holder::Holder;
use super::{document, text, tree};
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
    read: Some(read),
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

/// The holders that have it, and the first of their texts that is not the template's.
fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let it = &existing.properties;
    let (named, name) = (Holder::named_in(it), text(it, "PolicyName").unwrap_or_default());
    let wanted = tree(&document(it, "PolicyDocument"));
    let having: Vec<&Holder> = named.iter().filter(|it| it.has_inline(cx, &name)).collect();
    let mut found = None;
    for holder in having {
        let text = holder.document(cx, name.clone())?;
        if found.is_none() || text != wanted {
            found = Some(text);
        }
    }
    let found = found.ok_or_else(|| error::NO_SUCH_ENTITY.with(format!("Nothing has the policy {name} any more.")))?;
    let mut properties = Holder::named_as(&named, |it| it.has_inline(cx, &name));
    properties.insert("PolicyName".to_owned(), json!(name));
    properties.insert("PolicyDocument".to_owned(), found);
    Ok(properties)
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

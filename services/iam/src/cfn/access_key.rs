//! `AWS::IAM::AccessKey`.

use super::text;
use crate::access_key;
use api::iam::{CreateAccessKey, DeleteAccessKey, ListAccessKeys, UpdateAccessKey, error};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

/// `Serial` means nothing but that another one is another key.
pub static ACCESS_KEY: ResourceType = ResourceType {
    name: "AWS::IAM::AccessKey",
    properties: &["Serial", "Status", "UserName"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let key = cx.call(CreateAccessKey { user_name: text(it, "UserName") })?.access_key;
    set_status(cx, &key.access_key_id, it)?;
    Ok(Progress::Done { physical_id: key.access_key_id })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    set_status(cx, &change.physical_id, &change.after)?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    let user_name = text(&existing.properties, "UserName");
    cx.call(DeleteAccessKey { user_name, access_key_id: physical_id.clone() })?;
    Ok(Progress::Done { physical_id })
}

/// The secret is told to the stack alone: no operation gives it a second time.
fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let user_name = text(&existing.properties, "UserName");
    let keys = cx.call(ListAccessKeys { user_name, ..ListAccessKeys::default() })?.access_key_metadata;
    let found = keys.into_iter().find(|it| it.access_key_id.as_ref() == Some(&existing.physical_id));
    let key = found.ok_or_else(|| {
        let id = &existing.physical_id;
        error::NO_SUCH_ENTITY.with(format!("The Access Key with id {id} cannot be found."))
    })?;
    let mut properties = properties_of(key, &["Status", "UserName"]);
    properties.extend(existing.properties.get("Serial").map(|it| ("Serial".to_owned(), it.clone())));
    Ok(properties)
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let secret = access_key::secret(cx, &existing.physical_id);
    Ok(Properties::from_iter([
        ("Id".to_owned(), json!(existing.physical_id)),
        ("SecretAccessKey".to_owned(), json!(secret)),
    ]))
}

fn set_status(cx: &mut Cx, id: &str, it: &Properties) -> Result<()> {
    let status = text(it, "Status").unwrap_or_else(|| "Active".to_owned());
    cx.call(UpdateAccessKey { user_name: text(it, "UserName"), access_key_id: id.to_owned(), status }).map(drop)
}

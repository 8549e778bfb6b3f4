//! `AWS::Lambda::Permission`.

use super::{flag, text};
use api::lambda::{AddPermission, RemovePermission};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::json;

pub static PERMISSION: ResourceType = ResourceType {
    name: "AWS::Lambda::Permission",
    properties: &[
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    ],
    create,
    update,
    delete,
    attributes,
};

/// A statement's id is its physical id.
fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let physical_id = new.name_of_at_most(LONGEST_ID);
    cx.call(AddPermission {
        function_name: text(it, "FunctionName").unwrap_or_default(),
        statement_id: physical_id.clone(),
        action: text(it, "Action").unwrap_or_default(),
        principal: text(it, "Principal").unwrap_or_default(),
        source_arn: text(it, "SourceArn"),
        source_account: text(it, "SourceAccount"),
        principal_org_id: text(it, "PrincipalOrgID"),
        event_source_token: text(it, "EventSourceToken"),
        function_url_auth_type: text(it, "FunctionUrlAuthType"),
        invoked_via_function_url: flag(it, "InvokedViaFunctionUrl"),
        ..AddPermission::default()
    })?;
    Ok(Progress::Done { physical_id })
}

/// StatementId of AddPermission in the API reference.
const LONGEST_ID: usize = 100;

/// Every property forces replacement.
fn update(_: &mut Cx, change: &Change) -> Result<Progress> {
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    let function_name = text(&existing.properties, "FunctionName").unwrap_or_default();
    cx.call(RemovePermission { function_name, statement_id: physical_id.clone(), ..RemovePermission::default() })?;
    Ok(Progress::Done { physical_id })
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))]))
}

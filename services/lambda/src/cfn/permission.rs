//! `AWS::Lambda::Permission`.

use super::{flag, identity, text};
use api::lambda::{AddPermission, GetPolicy, RemovePermission, error};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};

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
    read: Some(read),
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

/// The statement of that id, written as properties again.
fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let function_name = text(&existing.properties, "FunctionName").unwrap_or_default();
    let policy = cx.call(GetPolicy { function_name, ..GetPolicy::default() })?.policy.unwrap_or_default();
    let policy: Json = serde_json::from_str(&policy).unwrap_or_default();
    let found = policy["Statement"].as_array().and_then(|it| it.iter().find(|it| it["Sid"] == existing.physical_id));
    let statement =
        found.ok_or_else(|| error::RESOURCE_NOT_FOUND.with("The resource you requested does not exist."))?;
    let mut properties = identity(existing, &["FunctionName"]);
    properties.insert("Action".to_owned(), statement["Action"].clone());
    let principal = &statement["Principal"];
    let principal =
        [&principal["Service"], &principal["AWS"]].into_iter().find(|it| it.is_string()).unwrap_or(principal);
    // An account stands for its root.
    let account = text(&existing.properties, "Principal").filter(|it| *principal == format!("arn:aws:iam::{it}:root"));
    properties.insert("Principal".to_owned(), account.map_or_else(|| principal.clone(), |it| json!(it)));
    let conditions = [
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ];
    for (name, operator, key) in conditions {
        if let Some(value) = statement["Condition"][operator].get(key) {
            properties.insert(name.to_owned(), value.clone());
        }
    }
    Ok(properties)
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))]))
}

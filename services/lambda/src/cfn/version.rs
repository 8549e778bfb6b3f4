//! `AWS::Lambda::Version`.

use super::{identity, text};
use api::lambda::{DeleteFunction, GetFunctionConfiguration, PublishVersion};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::json;

pub static VERSION: ResourceType = ResourceType {
    name: "AWS::Lambda::Version",
    properties: &["CodeSha256", "Description", "FunctionName"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

/// `Ref` gives the version's ARN.
fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let output = cx.call(PublishVersion {
        function_name: text(it, "FunctionName").unwrap_or_default(),
        code_sha256: text(it, "CodeSha256"),
        description: text(it, "Description"),
        ..PublishVersion::default()
    })?;
    Ok(Progress::Done { physical_id: output.function_arn.unwrap_or_default() })
}

/// Every property forces replacement.
fn update(_: &mut Cx, change: &Change) -> Result<Progress> {
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteFunction { function_name: physical_id.clone(), ..DeleteFunction::default() })?;
    Ok(Progress::Done { physical_id })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let function_name = existing.physical_id.clone();
    let output = cx.call(GetFunctionConfiguration { function_name, ..GetFunctionConfiguration::default() })?;
    let mut properties = properties_of(output, &["CodeSha256", "Description"]);
    properties.extend(identity(existing, &["FunctionName"]));
    Ok(properties)
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    let arn = &existing.physical_id;
    Ok(Properties::from_iter([
        ("FunctionArn".to_owned(), json!(arn)),
        ("Version".to_owned(), json!(arn.rsplit(':').next())),
    ]))
}

//! `AWS::Lambda::Alias`.

use super::{identity, text};
use api::lambda::{AliasRoutingConfiguration, CreateAlias, DeleteAlias, GetAlias, UpdateAlias};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;
use serde_json::{Value as Json, json};

pub static ALIAS: ResourceType = ResourceType {
    name: "AWS::Lambda::Alias",
    properties: &["Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

/// `Ref` gives the alias's ARN.
fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let it = &new.properties;
    let output = cx.call(CreateAlias {
        function_name: text(it, "FunctionName").unwrap_or_default(),
        name: text(it, "Name").unwrap_or_default(),
        function_version: text(it, "FunctionVersion").unwrap_or_default(),
        description: text(it, "Description"),
        routing_config: Some(routing(it)),
    })?;
    Ok(Progress::Done { physical_id: output.alias_arn.unwrap_or_default() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let after = &change.after;
    cx.call(UpdateAlias {
        function_name: text(after, "FunctionName").unwrap_or_default(),
        name: text(after, "Name").unwrap_or_default(),
        function_version: text(after, "FunctionVersion"),
        description: Some(text(after, "Description").unwrap_or_default()),
        routing_config: Some(routing(after)),
        ..UpdateAlias::default()
    })?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let it = &existing.properties;
    let (function_name, name) = (text(it, "FunctionName").unwrap_or_default(), text(it, "Name").unwrap_or_default());
    cx.call(DeleteAlias { function_name, name })?;
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let it = &existing.properties;
    let (function_name, name) = (text(it, "FunctionName").unwrap_or_default(), text(it, "Name").unwrap_or_default());
    let output = cx.call(GetAlias { function_name, name })?;
    let weights = output.routing_config.as_ref().and_then(|it| it.additional_version_weights.clone());
    let mut properties = properties_of(output, &["Description", "FunctionVersion", "Name"]);
    let weight = |(version, weight)| json!({ "FunctionVersion": version, "FunctionWeight": weight });
    let weights: Vec<Json> = weights.into_iter().flatten().map(weight).collect();
    if !weights.is_empty() {
        properties.insert("RoutingConfig".to_owned(), json!({ "AdditionalVersionWeights": weights }));
    }
    properties.extend(identity(existing, &["FunctionName"]));
    Ok(properties)
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    Ok(Properties::from_iter([("AliasArn".to_owned(), json!(existing.physical_id))]))
}

fn routing(from: &Properties) -> AliasRoutingConfiguration {
    let weights = from.get("RoutingConfig").and_then(|it| it["AdditionalVersionWeights"].as_array());
    let weight = |it: &Json| {
        let given = &it["FunctionWeight"];
        let weight = given.as_f64().or_else(|| given.as_str()?.parse().ok())?;
        Some((it["FunctionVersion"].as_str()?.to_owned(), weight))
    };
    let weights = weights.into_iter().flatten().filter_map(weight).collect();
    AliasRoutingConfiguration { additional_version_weights: Some(weights) }
}

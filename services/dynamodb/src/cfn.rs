//! `AWS::DynamoDB::Table`.

use crate::failure::{VALIDATION, unsupported};
use crate::tag;
use api::dynamodb::{
    CreateTable, DeleteTable, DescribeContinuousBackups, DescribeTable, DescribeTimeToLive, GlobalSecondaryIndex,
    GlobalSecondaryIndexDescription, PointInTimeRecoverySpecification, StreamSpecification, TableDescription, Tag,
    TagResource, TimeToLiveSpecification, UntagResource, UpdateContinuousBackups, UpdateTable, UpdateTimeToLive,
};
use kernel::Cx;
use kernel::resource::{self, Change, Existing, New, Progress, Properties, ResourceType};
use model::typed::{Operation, Typed};
use model::wire::{read_json, write_json};
use model::{Result, Timestamp};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

pub static TABLE: ResourceType = ResourceType {
    name: "AWS::DynamoDB::Table",
    properties: &[
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "SSESpecification",
        "StreamSpecification",
        "TableClass",
        "TableName",
        "Tags",
        "TimeToLiveSpecification",
    ],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

/// Of a table's name.
const LONGEST_NAME: usize = 255;
/// How long a stack waits before it looks again whether an index is built.
const LOOK_AGAIN_MS: i64 = 200;

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let name = match new.properties.get("TableName").and_then(Json::as_str) {
        Some(name) => name.to_owned(),
        None => new.name_of_at_most(LONGEST_NAME),
    };
    let mut input: CreateTable = wanted(&new.properties)?;
    input.table_name.clone_from(&name);
    input.tags = Some(tags_of(&new.properties, &new.tags).into_iter().map(|(key, value)| Tag { key, value }).collect());
    cx.call(input)?;
    update_recovery(cx, &name, &new.properties)?;
    if let Some(time_to_live_specification) = time_to_live(&new.properties) {
        cx.call(UpdateTimeToLive { table_name: name.clone(), time_to_live_specification })?;
    }
    Ok(Progress::Done { physical_id: name })
}

/// One step at a time towards what the template says: a table takes one new or dropped index at once, and none while it
/// builds another.
fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let name = change.physical_id.clone();
    for fixed in ["KeySchema", "LocalSecondaryIndexes"] {
        if change.before.get(fixed) != change.after.get(fixed) {
            return Err(VALIDATION.with(format!(
                "{fixed} of a table cannot change while it lives. Give the table another logical ID and name in the template."
            )));
        }
    }
    let table = cx.call(DescribeTable { table_name: name.clone() })?.table.unwrap_or_default();
    let waiting = Progress::Waiting { physical_id: name.clone(), until: Timestamp(cx.now().0 + LOOK_AGAIN_MS) };
    if table.table_status.as_deref() != Some("ACTIVE") {
        return Ok(waiting);
    }
    let after: CreateTable = wanted(&change.after)?;
    if let Some(input) = rebilled(&table, &after, &change.before) {
        cx.call(UpdateTable { table_name: name.clone(), ..input })?;
    }
    if let Some(input) = next_stream(&table, view_of(&change.after)) {
        cx.call(UpdateTable { table_name: name, ..input })?;
        return Ok(waiting);
    }
    if let Some(input) = next_index(&table, &after)? {
        cx.call(UpdateTable { table_name: name, ..input })?;
        return Ok(waiting);
    }
    update_recovery(cx, &name, &change.after)?;
    update_time_to_live(cx, &name, &change.after)?;
    update_tags(cx, &table, change)?;
    Ok(Progress::Done { physical_id: name })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteTable { table_name: physical_id.clone() })?;
    Ok(Progress::Done { physical_id })
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let table = cx.call(DescribeTable { table_name: existing.physical_id.clone() })?.table.unwrap_or_default();
    let mut attributes = Properties::from_iter([
        ("Arn".to_owned(), json!(table.table_arn)),
        ("TableName".to_owned(), json!(existing.physical_id)),
    ]);
    let stream = table.latest_stream_arn.filter(|_| table.stream_specification.is_some());
    attributes.extend(stream.map(|it| ("StreamArn".to_owned(), json!(it))));
    Ok(attributes)
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let table_name = existing.physical_id.clone();
    let table = cx.call(DescribeTable { table_name: table_name.clone() })?.table.unwrap_or_default();
    let tags = tag::of_arn(cx, table.table_arn.as_deref().unwrap_or_default());
    let described = cx.call(DescribeTimeToLive { table_name: table_name.clone() })?.time_to_live_description;
    let ttl = described.and_then(|it| it.attribute_name);
    let recovery = recovery_of(cx, &table_name)?;
    let (is_on_demand, is_protected) = (table.billing_mode_summary.is_some(), table.deletion_protection_enabled);
    let class = table.table_class_summary.as_ref().and_then(|it| it.table_class.clone());
    let told = json_of(table);
    let indexes = |name: &str| -> Vec<Json> { told[name].as_array().into_iter().flatten().map(definition).collect() };
    let mut properties = Properties::from_iter([
        ("AttributeDefinitions".to_owned(), told["AttributeDefinitions"].clone()),
        ("BillingMode".to_owned(), json!(if is_on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" })),
        ("DeletionProtectionEnabled".to_owned(), json!(is_protected)),
        ("GlobalSecondaryIndexes".to_owned(), json!(indexes("GlobalSecondaryIndexes"))),
        ("KeySchema".to_owned(), told["KeySchema"].clone()),
        ("LocalSecondaryIndexes".to_owned(), json!(indexes("LocalSecondaryIndexes"))),
        ("TableClass".to_owned(), json!(class.as_deref().unwrap_or("STANDARD"))),
        ("TableName".to_owned(), json!(table_name)),
        ("Tags".to_owned(), resource::tags_of(tags)),
        ("PointInTimeRecoverySpecification".to_owned(), recovery),
        ("SSESpecification".to_owned(), json!({ "SSEEnabled": false })),
        ("TimeToLiveSpecification".to_owned(), json!({ "Enabled": ttl.is_some() })),
    ]);
    if let Some(attribute) = ttl {
        properties["TimeToLiveSpecification"]["AttributeName"] = json!(attribute);
    }
    if let Some(view) = told["StreamSpecification"]["StreamViewType"].as_str() {
        properties.insert("StreamSpecification".to_owned(), json!({ "StreamViewType": view }));
    }
    if !is_on_demand {
        properties.insert("ProvisionedThroughput".to_owned(), throughput(&told["ProvisionedThroughput"]));
    }
    Ok(properties)
}

fn json_of(table: TableDescription) -> Json {
    let model = model::service("dynamodb").expect("embedded");
    let (shape, _) = model.shape_named("TableDescription").expect("modelled");
    let mut bytes = Vec::new();
    write_json(model, shape, &table.into_value(), &mut bytes);
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Of an index that is described, what a template says of it.
fn definition(index: &Json) -> Json {
    let mut kept = Map::new();
    for name in ["IndexName", "KeySchema", "Projection"] {
        kept.insert(name.to_owned(), index[name].clone());
    }
    if index["ProvisionedThroughput"]["ReadCapacityUnits"].as_i64().is_some_and(|it| it > 0) {
        kept.insert("ProvisionedThroughput".to_owned(), throughput(&index["ProvisionedThroughput"]));
    }
    Json::Object(kept)
}

fn throughput(told: &Json) -> Json {
    json!({ "ReadCapacityUnits": told["ReadCapacityUnits"], "WriteCapacityUnits": told["WriteCapacityUnits"] })
}

/// The properties that CreateTable knows by the same names.
fn wanted(properties: &Properties) -> Result<CreateTable> {
    let mut input = Map::new();
    for name in [
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
        "TableClass",
    ] {
        if let Some(value) = properties.get(name) {
            input.insert(name.to_owned(), plain(name, value));
        }
    }
    if let Some(it) = properties.get("SSESpecification") {
        let mut specification = it.as_object().cloned().unwrap_or_default();
        let enabled = specification.remove("SSEEnabled").unwrap_or_default();
        specification.insert("Enabled".to_owned(), json!(truth(&enabled)));
        input.insert("SSESpecification".to_owned(), Json::Object(specification));
    }
    if let Some(view) = view_of(properties) {
        input.insert("StreamSpecification".to_owned(), json!({ "StreamEnabled": true, "StreamViewType": view }));
    }
    let indexes = properties.get("GlobalSecondaryIndexes").and_then(Json::as_array);
    if indexes.into_iter().flatten().any(|it| it.get("ContributorInsightsSpecification").is_some()) {
        return Err(unsupported("ContributorInsightsSpecification"));
    }
    let model = model::service("dynamodb").expect("embedded");
    let shape = model.operation(CreateTable::NAME).and_then(|it| it.input).expect("CreateTable has an input");
    let value = read_json(model, shape, Json::Object(input).to_string().as_bytes())
        .map_err(|why| VALIDATION.with(format!("The properties of the table cannot be read: {why}")))?;
    Ok(CreateTable::from_value(value))
}

/// A template names the view alone, and that it wants a stream with it.
fn view_of(properties: &Properties) -> Option<&str> {
    properties.get("StreamSpecification")?["StreamViewType"].as_str()
}

/// Numbers and truths, also where a template gives them as texts.
fn plain(name: &str, value: &Json) -> Json {
    match value {
        Json::Object(map) => Json::Object(map.iter().map(|(name, it)| (name.clone(), plain(name, it))).collect()),
        Json::Array(list) => Json::Array(list.iter().map(|it| plain("", it)).collect()),
        Json::String(text) if name.ends_with("Units") => text.parse::<i64>().map_or_else(|_| value.clone(), Json::from),
        Json::String(_) if name.ends_with("Enabled") => Json::Bool(truth(value)),
        other => other.clone(),
    }
}

fn truth(value: &Json) -> bool {
    value.as_bool().unwrap_or(value == "true")
}

/// What differs beside the indexes, if anything does.
fn rebilled(table: &TableDescription, after: &CreateTable, before: &Properties) -> Option<UpdateTable> {
    let mut input = UpdateTable::default();
    let is_on_demand = table.billing_mode_summary.is_some();
    let throughput = table.provisioned_throughput.clone().unwrap_or_default();
    let now = (throughput.read_capacity_units, throughput.write_capacity_units);
    match (after.billing_mode.as_deref(), &after.provisioned_throughput) {
        (Some("PAY_PER_REQUEST"), _) if !is_on_demand => input.billing_mode = after.billing_mode.clone(),
        (Some("PAY_PER_REQUEST"), _) => {}
        (_, Some(to)) if is_on_demand || now != (Some(to.read_capacity_units), Some(to.write_capacity_units)) => {
            input.billing_mode = Some("PROVISIONED".to_owned());
            input.provisioned_throughput = Some(to.clone());
        }
        _ => {}
    }
    let standard = || "STANDARD".to_owned();
    let class = table.table_class_summary.as_ref().and_then(|it| it.table_class.clone()).unwrap_or_else(standard);
    let wanted = after.table_class.clone().unwrap_or_else(standard);
    if class != wanted {
        input.table_class = Some(wanted);
    }
    let is_protected = after.deletion_protection_enabled.unwrap_or(false);
    let was_named = before.contains_key("DeletionProtectionEnabled") || after.deletion_protection_enabled.is_some();
    if was_named && table.deletion_protection_enabled != Some(is_protected) {
        input.deletion_protection_enabled = Some(is_protected);
    }
    (input != UpdateTable::default()).then_some(input)
}

/// Another view is another stream: the one before ends first.
fn next_stream(table: &TableDescription, wanted: Option<&str>) -> Option<UpdateTable> {
    let has = table.stream_specification.as_ref().and_then(|it| it.stream_view_type.as_deref());
    if has == wanted {
        return None;
    }
    let view = wanted.filter(|_| has.is_none()).map(str::to_owned);
    let specification = StreamSpecification { stream_enabled: view.is_some(), stream_view_type: view };
    Some(UpdateTable { stream_specification: Some(specification), ..UpdateTable::default() })
}

/// The next index that is to go or to come, or whose throughput is another.
fn next_index(table: &TableDescription, after: &CreateTable) -> Result<Option<UpdateTable>> {
    let has = table.global_secondary_indexes.clone().unwrap_or_default();
    let wants = after.global_secondary_indexes.clone().unwrap_or_default();
    let one = |update: Json, with_definitions: bool| {
        let model = model::service("dynamodb").expect("embedded");
        let shape = model.operation(UpdateTable::NAME).and_then(|it| it.input).expect("UpdateTable has an input");
        let json = json!({ "GlobalSecondaryIndexUpdates": [update] });
        let value = read_json(model, shape, json.to_string().as_bytes()).expect("made in the names of the shape");
        let definitions = after.attribute_definitions.clone().filter(|_| with_definitions);
        UpdateTable { attribute_definitions: definitions, ..UpdateTable::from_value(value) }
    };
    for it in &has {
        let name = it.index_name.as_deref().unwrap_or_default();
        if !wants.iter().any(|wanted| wanted.index_name == name) {
            return Ok(Some(one(json!({ "Delete": { "IndexName": name } }), false)));
        }
    }
    for wanted in &wants {
        let Some(it) = has.iter().find(|it| it.index_name.as_deref() == Some(&wanted.index_name)) else {
            return Ok(Some(one(json!({ "Create": index_json(wanted) }), true)));
        };
        if it.key_schema.as_ref() != Some(&wanted.key_schema) || it.projection.as_ref() != Some(&wanted.projection) {
            return Err(VALIDATION.with(
                "CloudFormation cannot update a GSI's properties other than ProvisionedThroughput and ContributorInsightsSpecification. You can create a new GSI with a different name.",
            ));
        }
        if let Some(to) = wanted.provisioned_throughput.as_ref().filter(|to| differs(it, to)) {
            let throughput =
                json!({ "ReadCapacityUnits": to.read_capacity_units, "WriteCapacityUnits": to.write_capacity_units });
            let update = json!({ "IndexName": wanted.index_name, "ProvisionedThroughput": throughput });
            return Ok(Some(one(json!({ "Update": update }), false)));
        }
    }
    Ok(None)
}

fn differs(it: &GlobalSecondaryIndexDescription, to: &api::dynamodb::ProvisionedThroughput) -> bool {
    let throughput = it.provisioned_throughput.clone().unwrap_or_default();
    (throughput.read_capacity_units, throughput.write_capacity_units)
        != (Some(to.read_capacity_units), Some(to.write_capacity_units))
}

fn index_json(it: &GlobalSecondaryIndex) -> Json {
    let key =
        |it: &api::dynamodb::KeySchemaElement| json!({ "AttributeName": it.attribute_name, "KeyType": it.key_type });
    let mut projection = Map::new();
    projection.extend(it.projection.projection_type.clone().map(|it| ("ProjectionType".to_owned(), json!(it))));
    projection.extend(it.projection.non_key_attributes.clone().map(|it| ("NonKeyAttributes".to_owned(), json!(it))));
    let mut index = Map::from_iter([
        ("IndexName".to_owned(), json!(it.index_name)),
        ("KeySchema".to_owned(), it.key_schema.iter().map(key).collect()),
        ("Projection".to_owned(), Json::Object(projection)),
    ]);
    if let Some(to) = &it.provisioned_throughput {
        let throughput =
            json!({ "ReadCapacityUnits": to.read_capacity_units, "WriteCapacityUnits": to.write_capacity_units });
        index.insert("ProvisionedThroughput".to_owned(), throughput);
    }
    Json::Object(index)
}

fn time_to_live(properties: &Properties) -> Option<TimeToLiveSpecification> {
    let it = properties.get("TimeToLiveSpecification").filter(|it| truth(&it["Enabled"]))?;
    Some(TimeToLiveSpecification {
        enabled: true,
        attribute_name: it["AttributeName"].as_str().unwrap_or_default().to_owned(),
    })
}

fn update_recovery(cx: &mut Cx, table: &str, after: &Properties) -> Result<()> {
    let wanted = after.get("PointInTimeRecoverySpecification").cloned().unwrap_or_default();
    let has = recovery_of(cx, table)?;
    let is_on = truth(&wanted["PointInTimeRecoveryEnabled"]);
    let days = &wanted["RecoveryPeriodInDays"];
    let days = days.as_i64().or_else(|| days.as_str()?.parse().ok()).filter(|_| is_on);
    if is_on == (has["PointInTimeRecoveryEnabled"] == true)
        && (!is_on || days.unwrap_or(35) == has["RecoveryPeriodInDays"])
    {
        return Ok(());
    }
    let point_in_time_recovery_specification =
        PointInTimeRecoverySpecification { point_in_time_recovery_enabled: is_on, recovery_period_in_days: days };
    cx.call(UpdateContinuousBackups { table_name: table.to_owned(), point_in_time_recovery_specification })?;
    Ok(())
}

fn recovery_of(cx: &mut Cx, table: &str) -> Result<Json> {
    let told = cx.call(DescribeContinuousBackups { table_name: table.to_owned() })?.continuous_backups_description;
    let recovery = told.and_then(|it| it.point_in_time_recovery_description).unwrap_or_default();
    let is_on = recovery.point_in_time_recovery_status.as_deref() == Some("ENABLED");
    let mut told = json!({ "PointInTimeRecoveryEnabled": is_on });
    if let Some(days) = recovery.recovery_period_in_days {
        told["RecoveryPeriodInDays"] = json!(days);
    }
    Ok(told)
}

fn update_time_to_live(cx: &mut Cx, table: &str, after: &Properties) -> Result<()> {
    let table_name = table.to_owned();
    let described = cx.call(DescribeTimeToLive { table_name: table_name.clone() })?.time_to_live_description;
    let has = described.and_then(|it| it.attribute_name);
    let wants = time_to_live(after);
    if has == wants.as_ref().map(|it| it.attribute_name.clone()) {
        return Ok(());
    }
    if let Some(attribute_name) = has {
        let off = TimeToLiveSpecification { enabled: false, attribute_name };
        cx.call(UpdateTimeToLive { table_name: table_name.clone(), time_to_live_specification: off })?;
    }
    if let Some(time_to_live_specification) = wants {
        cx.call(UpdateTimeToLive { table_name, time_to_live_specification })?;
    }
    Ok(())
}

fn update_tags(cx: &mut Cx, table: &TableDescription, change: &Change) -> Result<()> {
    let resource_arn = table.table_arn.clone().unwrap_or_default();
    let mut before = tags_of(&change.before, &change.tags_before);
    let after = tags_of(&change.after, &change.tags);
    before.retain(|key, _| !after.contains_key(key));
    if !before.is_empty() {
        cx.call(UntagResource { resource_arn: resource_arn.clone(), tag_keys: before.into_keys().collect() })?;
    }
    if !after.is_empty() {
        let tags = after.into_iter().map(|(key, value)| Tag { key, value }).collect();
        cx.call(TagResource { resource_arn, tags })?;
    }
    Ok(())
}

fn tags_of(properties: &Properties, of_stack: &[(String, String)]) -> BTreeMap<String, String> {
    let tags = properties.get("Tags").and_then(Json::as_array);
    let pair = |it: &Json| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned()));
    let own = tags.into_iter().flatten().filter_map(pair);
    own.chain(of_stack.iter().cloned()).collect()
}

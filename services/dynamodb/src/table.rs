//! Tables: create, update, delete.

use crate::backup;
use crate::definition::{self, Definitions, check_throughput};
use crate::failure::{Invalid, VALIDATION, invalid, invalid_value, unsupported};
use crate::history;
use crate::policy;
use crate::schema::{self, SCHEMAS, Schema, Scope};
use crate::settings::{self, Billing, Class, SETTINGS, Settings, Status, Throughput};
use crate::stream;
use crate::sweep;
use crate::tag;
use api::dynamodb::{
    CreateGlobalSecondaryIndexAction, CreateTable, CreateTableOutput, DeleteTable, DeleteTableOutput,
    GlobalSecondaryIndexUpdate, ProvisionedThroughput, SSESpecification, UpdateTable, UpdateTableOutput, error,
};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;

pub fn create(cx: &mut Cx, input: CreateTable) -> Result<CreateTableOutput> {
    refuse_at_creation(&input)?;
    let now = cx.now().0;
    let billing = settings::billing(input.billing_mode.as_deref(), input.provisioned_throughput.as_ref(), now)?;
    let is_provisioned = matches!(billing, Billing::Provisioned(_));
    for it in input.global_secondary_indexes.iter().flatten() {
        check_throughput(&it.index_name, is_provisioned, it.provisioned_throughput.as_ref())?;
    }
    let stream = input.stream_specification.as_ref().map(stream::wanted).transpose()?.flatten();
    let mut schema = definition::schema(cx, &input)?;
    if cx.has(&SCHEMAS, schema.name.as_str()) {
        return Err(error::RESOURCE_IN_USE.with(format!("Table already exists: {}", schema.name)));
    }
    let mut settings = Settings {
        id: cx.id(),
        created_at: now,
        billing,
        index_throughput: throughputs(&input),
        tags: tag::of(input.tags.unwrap_or_default())?,
        class: input.table_class.filter(|it| it != "STANDARD").map(|name| Class { name, since: now }),
        is_protected: input.deletion_protection_enabled.unwrap_or(false),
        latest_stream: None,
        recovery: None,
        origin: None,
    };
    if let Some(view) = stream {
        stream::enable(cx, &mut schema, view);
        settings.latest_stream = schema.stream.as_ref().map(|it| it.label.clone());
    }
    cx.put(&SCHEMAS, schema.name.as_str(), &schema);
    cx.put(&SETTINGS, &schema.number, &settings);
    if let Some(text) = input.resource_policy {
        policy::put_first(cx, &schema.name, text)?;
    }
    let description = settings::description(cx, &schema, &settings, Status::Creating);
    Ok(CreateTableOutput { table_description: Some(description) })
}

fn throughputs(input: &CreateTable) -> BTreeMap<String, Throughput> {
    let indexes = input.global_secondary_indexes.iter().flatten();
    let given =
        indexes.filter_map(|it| Some((it.index_name.clone(), Throughput::of(it.provisioned_throughput.as_ref()?))));
    given.collect()
}

pub fn delete(cx: &mut Cx, input: DeleteTable) -> Result<DeleteTableOutput> {
    let mut schema = schema::by_name(cx, &input.table_name)?;
    let settings = settings::of(cx, &schema);
    if settings.is_protected {
        return Err(VALIDATION.with(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        ));
    }
    // A backup or another table is being made of it.
    if !schema.is_settled() || history::is_read(cx, schema.number) {
        return Err(in_use(&schema));
    }
    let mut description = settings::description(cx, &schema, &settings, Status::Deleting);
    // What is about to go is not described any more.
    (description.key_schema, description.attribute_definitions) = (None, None);
    (description.local_secondary_indexes, description.global_secondary_indexes) = (None, None);
    description.creation_date_time = None;
    if settings.recovery.is_some() {
        backup::keep(cx, &schema);
    } else {
        sweep::abandon(cx, schema.number);
    }
    policy::forget(cx, &schema.name);
    cx.delete(&SCHEMAS, schema.name.as_str());
    cx.delete(&SETTINGS, &schema.number);
    if let Some(history) = schema.history.take() {
        sweep::abandon(cx, history);
    }
    stream::disable(cx, &mut schema);
    for index in &schema.indexes {
        sweep::abandon(cx, index.number);
    }
    Ok(DeleteTableOutput { table_description: Some(description) })
}

pub fn update(cx: &mut Cx, input: UpdateTable) -> Result<UpdateTableOutput> {
    refuse_at_update(&input)?;
    let mut schema = schema::by_name(cx, &input.table_name)?;
    let mut settings = settings::of(cx, &schema);
    let changes = [
        input.billing_mode.is_some() || input.provisioned_throughput.is_some(),
        input.global_secondary_index_updates.is_some(),
        input.table_class.is_some(),
        input.deletion_protection_enabled.is_some(),
        input.stream_specification.is_some(),
    ];
    if !changes.contains(&true) {
        return Err(invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        )
        .into());
    }
    if !schema.is_settled() {
        return Err(in_use(&schema));
    }
    let now = cx.now().0;
    rebill(&mut settings, input.billing_mode.as_deref(), input.provisioned_throughput.as_ref(), &schema.name, now)?;
    if let Some(name) = input.table_class {
        settings.class = Some(Class { name, since: now });
    }
    if let Some(is_protected) = input.deletion_protection_enabled {
        settings.is_protected = is_protected;
    }
    if let Some(specification) = &input.stream_specification {
        stream::change(cx, &mut schema, stream::wanted(specification)?)?;
        let label = schema.stream.as_ref().map(|it| it.label.clone());
        settings.latest_stream = label.or(settings.latest_stream);
    }
    let definitions = Definitions::of(input.attribute_definitions.as_deref().unwrap_or_default())?.beside(&schema);
    update_indexes(
        cx,
        &mut schema,
        &mut settings,
        &definitions,
        input.global_secondary_index_updates.unwrap_or_default(),
    )?;
    cx.put(&SCHEMAS, schema.name.as_str(), &schema);
    cx.put(&SETTINGS, &schema.number, &settings);
    let description = settings::description(cx, &schema, &settings, Status::Updating);
    Ok(UpdateTableOutput { table_description: Some(description) })
}

fn in_use(schema: &Schema) -> model::Error {
    error::RESOURCE_IN_USE
        .with(format!("Attempt to change a resource which is still in use: Table is being updated: {}", schema.name))
}

fn rebill(
    settings: &mut Settings,
    mode: Option<&str>,
    throughput: Option<&ProvisionedThroughput>,
    table: &str,
    now: i64,
) -> Result<(), Invalid> {
    match (mode, throughput, &mut settings.billing) {
        (None, None, _) | (Some("PAY_PER_REQUEST"), None, Billing::OnDemand { .. }) => {}
        (Some("PAY_PER_REQUEST"), None, Billing::Provisioned(_)) => {
            settings.billing = Billing::OnDemand { since: now };
            settings.index_throughput.clear();
        }
        (None | Some("PROVISIONED"), Some(to), Billing::Provisioned(it)) => {
            it.change(to, now, &format!("table {table}"))?
        }
        (Some("PROVISIONED"), None, Billing::Provisioned(_)) => {}
        (None, Some(_), Billing::OnDemand { .. }) => {
            return Err(invalid_value(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            ));
        }
        (mode, throughput, billing) => *billing = settings::billing(mode, throughput, now)?,
    }
    Ok(())
}

fn update_indexes(
    cx: &mut Cx,
    schema: &mut Schema,
    settings: &mut Settings,
    definitions: &Definitions,
    updates: Vec<GlobalSecondaryIndexUpdate>,
) -> Result<()> {
    let online = |it: &&GlobalSecondaryIndexUpdate| it.create.is_some() || it.delete.is_some();
    if updates.iter().filter(online).count() > 1 {
        return Err(error::LIMIT_EXCEEDED.with(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    for it in updates {
        match (it.create, it.update, it.delete) {
            (Some(create), None, None) => create_index(cx, schema, settings, definitions, create)?,
            (None, Some(update), None) => {
                if update.on_demand_throughput.is_some() {
                    return Err(unsupported("OnDemandThroughput"));
                }
                if update.warm_throughput.is_some() {
                    return Err(unsupported("WarmThroughput"));
                }
                let to = update.provisioned_throughput.ok_or_else(|| {
                    invalid_value(format!("ProvisionedThroughput must be specified for index: {}", update.index_name))
                })?;
                find(schema, &update.index_name)?;
                let is_provisioned = matches!(settings.billing, Billing::Provisioned(_));
                check_throughput(&update.index_name, is_provisioned, Some(&to))?;
                let of = format!("index {}", update.index_name);
                let now = cx.now().0;
                settings.index_throughput.entry(update.index_name).or_default().change(&to, now, &of)?;
            }
            (None, None, Some(delete)) => {
                let number = find(schema, &delete.index_name)?;
                schema.indexes.retain(|it| it.number != number);
                settings.index_throughput.remove(&delete.index_name);
                sweep::abandon(cx, number);
            }
            _ => {
                return Err(invalid_value(
                    "Only one of GlobalSecondaryIndexUpdate's Create, Update and Delete can be specified",
                )
                .into());
            }
        }
    }
    Ok(())
}

fn create_index(
    cx: &mut Cx,
    schema: &mut Schema,
    settings: &mut Settings,
    definitions: &Definitions,
    create: CreateGlobalSecondaryIndexAction,
) -> Result<()> {
    let (name, throughput) = (create.index_name.clone(), create.provisioned_throughput.clone());
    check_throughput(&name, matches!(settings.billing, Billing::Provisioned(_)), throughput.as_ref())?;
    if schema.indexes.iter().any(|it| it.name == name) {
        return Err(invalid_value(format!("Attempting to create an index which already exists: {name}")).into());
    }
    let index = definition::later(cx, definitions, create)?;
    settings.index_throughput.extend(throughput.map(|it| (name, Throughput::of(&it))));
    sweep::backfill_later(cx, schema, index.number);
    schema.indexes.push(index);
    definition::check_all(schema)?;
    Ok(())
}

fn find(schema: &Schema, index: &str) -> Result<u64> {
    let found = schema.indexes.iter().find(|it| it.scope == Scope::Global && it.name == index);
    found.map(|it| it.number).ok_or_else(|| {
        error::RESOURCE_NOT_FOUND.with(format!("Requested resource not found: Index: {index} not found"))
    })
}

fn refuse_at_creation(input: &CreateTable) -> Result<()> {
    refuse(&[
        ("WarmThroughput", input.warm_throughput.is_some()),
        ("OnDemandThroughput", input.on_demand_throughput.is_some()),
        ("GlobalTableSourceArn", input.global_table_source_arn.is_some()),
        ("GlobalTableSettingsReplicationMode", input.global_table_settings_replication_mode.is_some()),
        ("VectorIndexes", input.vector_indexes.is_some()),
        ("SSESpecification", encrypts(input.sse_specification.as_ref())),
    ])
}

fn refuse_at_update(input: &UpdateTable) -> Result<()> {
    refuse(&[
        ("WarmThroughput", input.warm_throughput.is_some()),
        ("OnDemandThroughput", input.on_demand_throughput.is_some()),
        ("ReplicaUpdates", input.replica_updates.is_some()),
        ("MultiRegionConsistency", input.multi_region_consistency.is_some()),
        ("GlobalTableWitnessUpdates", input.global_table_witness_updates.is_some()),
        ("GlobalTableSettingsReplicationMode", input.global_table_settings_replication_mode.is_some()),
        ("DisassociationProtectionEnabled", input.disassociation_protection_enabled.is_some()),
        ("VectorIndexUpdates", input.vector_index_updates.is_some()),
        ("SSESpecification", input.sse_specification.is_some()),
    ])
}

pub fn refuse(given: &[(&str, bool)]) -> Result<()> {
    given.iter().find(|it| it.1).map_or(Ok(()), |it| Err(unsupported(it.0)))
}

/// With AWS's own key is how a table is kept anyway.
pub fn encrypts(given: Option<&SSESpecification>) -> bool {
    given.is_some_and(|it| it.enabled == Some(true) || it.sse_type.is_some() || it.kms_master_key_id.is_some())
}

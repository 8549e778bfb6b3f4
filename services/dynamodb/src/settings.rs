//! What a table is beside its keys, items and indexes: how it is paid for, tags, protection. And how a table is described.

use crate::change::COUNTERS;
use crate::failure::{Invalid, invalid, invalid_value};
use crate::recovery::Recovery;
use crate::restore::Origin;
use crate::schema::{self, Index, KeyAttribute, KeySchema, Projection, SCHEMAS, Schema};
use crate::stream;
use api::dynamodb::{
    AttributeDefinition, BillingModeSummary, DescribeTable, DescribeTableOutput, GlobalSecondaryIndexDescription,
    KeySchemaElement, ListTables, ListTablesOutput, LocalSecondaryIndexDescription, Projection as ProjectionShape,
    ProvisionedThroughput, ProvisionedThroughputDescription, RestoreSummary, StreamSpecification, TableClassSummary,
    TableDescription,
};
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};

/// Of every table. Key: the table's number.
pub static SETTINGS: Table<Settings> = Table::regional("dynamodb.settings");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub id: String,
    /// Milliseconds since 1970, like all times here.
    pub created_at: i64,
    pub billing: Billing,
    /// Of global indexes, by name, while the table is provisioned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub index_throughput: BTreeMap<String, Throughput>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    #[serde(default)]
    pub is_protected: bool,
    /// Its label; it may be disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_stream: Option<String>,
    /// Point-in-time recovery, while it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// What it was restored from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Capacity is told, and never enforced: nothing here is throttled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Billing {
    Provisioned(Throughput),
    OnDemand { since: i64 },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    pub read: i64,
    pub write: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increased_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decreased_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub name: String,
    pub since: i64,
}

/// What `TableStatus` says. A table is what it is to become as soon as the request that changes it is answered; only that
/// answer tells of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Creating,
    Active,
    Updating,
    Deleting,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Creating => "CREATING",
            Status::Active => "ACTIVE",
            Status::Updating => "UPDATING",
            Status::Deleting => "DELETING",
        }
    }
}

impl Throughput {
    pub fn of(it: &ProvisionedThroughput) -> Throughput {
        Throughput { read: it.read_capacity_units, write: it.write_capacity_units, ..Throughput::default() }
    }

    fn describe(&self) -> ProvisionedThroughputDescription {
        ProvisionedThroughputDescription {
            last_increase_date_time: self.increased_at.map(Timestamp),
            last_decrease_date_time: self.decreased_at.map(Timestamp),
            number_of_decreases_today: Some(0),
            read_capacity_units: Some(self.read),
            write_capacity_units: Some(self.write),
        }
    }

    /// # Errors
    /// The values that it has already.
    pub fn change(&mut self, to: &ProvisionedThroughput, now: i64, of: &str) -> Result<(), Invalid> {
        let (read, write) = (to.read_capacity_units, to.write_capacity_units);
        if (self.read, self.write) == (read, write) {
            return Err(invalid(format!(
                "The provisioned throughput for the {of} will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}. Current WriteCapacityUnits provisioned for the table: {write}. Requested WriteCapacityUnits: {write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
            )));
        }
        if read > self.read || write > self.write {
            self.increased_at = Some(now);
        }
        if read < self.read || write < self.write {
            self.decreased_at = Some(now);
        }
        (self.read, self.write) = (read, write);
        Ok(())
    }
}

/// How a new table is paid for.
///
/// # Errors
/// Throughput without the mode that takes it, or the other way round.
pub fn billing(mode: Option<&str>, throughput: Option<&ProvisionedThroughput>, now: i64) -> Result<Billing, Invalid> {
    match (mode, throughput) {
        (Some("PAY_PER_REQUEST"), None) => Ok(Billing::OnDemand { since: now }),
        (Some("PAY_PER_REQUEST"), Some(_)) => Err(invalid_value(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (_, Some(it)) => Ok(Billing::Provisioned(Throughput::of(it))),
        (_, None) => Err(invalid_value(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
    }
}

pub fn describe(cx: &Cx, input: DescribeTable) -> Result<DescribeTableOutput> {
    let schema = schema::by_name(cx, &input.table_name)?;
    let settings = of(cx, &schema);
    let status = match schema {
        Schema { is_restoring: true, .. } => Status::Creating,
        _ if schema.is_settled() => Status::Active,
        _ => Status::Updating,
    };
    Ok(DescribeTableOutput { table: Some(description(cx, &schema, &settings, status)) })
}

pub fn list(cx: &Cx, input: ListTables) -> Result<ListTablesOutput> {
    let limit = input.limit.unwrap_or(100) as usize;
    let mut span = Span::all();
    if let Some(start) = &input.exclusive_start_table_name {
        span = span.after(start.as_str());
    }
    let mut names: Vec<String> = cx.keys(&SCHEMAS, span, limit + 1);
    let more = names.len() > limit;
    names.truncate(limit);
    Ok(ListTablesOutput { last_evaluated_table_name: names.last().filter(|_| more).cloned(), table_names: Some(names) })
}

pub fn of(cx: &Cx, schema: &Schema) -> Settings {
    cx.get(&SETTINGS, &schema.number).expect("a table has settings")
}

/// As CreateTable, DescribeTable, UpdateTable and DeleteTable tell it.
pub fn description(cx: &Cx, schema: &Schema, settings: &Settings, status: Status) -> TableDescription {
    let arn = cx.arn("dynamodb", &format!("table/{}", schema.name));
    let counter = cx.get(&COUNTERS, &schema.number).unwrap_or_default();
    let throughput = match &settings.billing {
        Billing::Provisioned(it) => it.describe(),
        Billing::OnDemand { .. } => Throughput::default().describe(),
    };
    let on_demand = match settings.billing {
        Billing::OnDemand { since } => Some(BillingModeSummary {
            billing_mode: Some("PAY_PER_REQUEST".to_owned()),
            last_update_to_pay_per_request_date_time: Some(Timestamp(since)),
        }),
        Billing::Provisioned(_) => None,
    };
    let locals: Vec<_> = schema.locals().map(|it| describe_local(cx, &arn, it)).collect();
    let globals: Vec<_> = schema.globals().map(|it| describe_global(cx, &arn, settings, it, status)).collect();
    TableDescription {
        attribute_definitions: Some(definitions(schema)),
        table_name: Some(schema.name.clone()),
        key_schema: Some(elements(&schema.key)),
        table_status: Some(status.name().to_owned()),
        creation_date_time: Some(Timestamp(settings.created_at)),
        provisioned_throughput: Some(throughput),
        table_size_bytes: Some(counter.bytes as i64),
        item_count: Some(counter.items as i64),
        table_arn: Some(arn),
        table_id: Some(settings.id.clone()),
        billing_mode_summary: on_demand,
        local_secondary_indexes: (!locals.is_empty()).then_some(locals),
        global_secondary_indexes: (!globals.is_empty()).then_some(globals),
        table_class_summary: settings.class.as_ref().map(|it| TableClassSummary {
            table_class: Some(it.name.clone()),
            last_update_date_time: Some(Timestamp(it.since)),
        }),
        deletion_protection_enabled: Some(settings.is_protected),
        stream_specification: schema
            .stream
            .as_ref()
            .map(|it| StreamSpecification { stream_enabled: true, stream_view_type: Some(it.view.name().to_owned()) }),
        restore_summary: settings.origin.as_ref().map(|it| RestoreSummary {
            source_backup_arn: it.backup_arn.clone(),
            source_table_arn: Some(it.table_arn.clone()),
            restore_date_time: Timestamp(it.at),
            restore_in_progress: schema.is_restoring,
        }),
        latest_stream_label: settings.latest_stream.clone(),
        latest_stream_arn: settings.latest_stream.as_ref().map(|it| stream::arn(cx, &schema.name, it)),
        ..TableDescription::default()
    }
}

fn describe_local(cx: &Cx, table: &str, index: &Index) -> LocalSecondaryIndexDescription {
    let counter = cx.get(&COUNTERS, &index.number).unwrap_or_default();
    LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(elements(&index.key)),
        projection: Some(projection(&index.projection)),
        index_size_bytes: Some(counter.bytes as i64),
        item_count: Some(counter.items as i64),
        index_arn: Some(format!("{table}/index/{}", index.name)),
    }
}

fn describe_global(
    cx: &Cx,
    table: &str,
    settings: &Settings,
    index: &Index,
    status: Status,
) -> GlobalSecondaryIndexDescription {
    let counter = cx.get(&COUNTERS, &index.number).unwrap_or_default();
    let status = if index.backfilling {
        Status::Creating
    } else if status == Status::Updating {
        Status::Active
    } else {
        status
    };
    let throughput = settings.index_throughput.get(&index.name).cloned().unwrap_or_default();
    GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(elements(&index.key)),
        projection: Some(projection(&index.projection)),
        index_status: Some(status.name().to_owned()),
        backfilling: index.backfilling.then_some(true),
        provisioned_throughput: Some(throughput.describe()),
        index_size_bytes: Some(counter.bytes as i64),
        item_count: Some(counter.items as i64),
        index_arn: Some(format!("{table}/index/{}", index.name)),
        ..GlobalSecondaryIndexDescription::default()
    }
}

/// Those that keys need, which are all that a table may define.
fn definitions(schema: &Schema) -> Vec<AttributeDefinition> {
    let keys = std::iter::once(&schema.key).chain(schema.indexes.iter().map(|it| &it.key));
    let named: BTreeMap<&str, &KeyAttribute> =
        keys.flat_map(KeySchema::attributes).map(|it| (it.name.as_str(), it)).collect();
    let define = |it: &KeyAttribute| AttributeDefinition {
        attribute_name: it.name.clone(),
        attribute_type: it.kind.name().to_owned(),
    };
    named.into_values().map(define).collect()
}

pub fn elements(key: &KeySchema) -> Vec<KeySchemaElement> {
    let element =
        |it: &KeyAttribute, kind: &str| KeySchemaElement { attribute_name: it.name.clone(), key_type: kind.to_owned() };
    let sort = key.sort.as_ref().map(|it| element(it, "RANGE"));
    std::iter::once(element(&key.hash, "HASH")).chain(sort).collect()
}

pub fn projection(it: &Projection) -> ProjectionShape {
    let (kind, names) = match it {
        Projection::All => ("ALL", None),
        Projection::KeysOnly => ("KEYS_ONLY", None),
        Projection::Include(names) => ("INCLUDE", Some(names.clone())),
    };
    ProjectionShape { projection_type: Some(kind.to_owned()), non_key_attributes: names }
}

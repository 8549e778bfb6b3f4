//! Restored tables: from a backup, or from another table as it was. A new table gets their items, page by page; until it has
//! them all it is being created, and none can be read.

use crate::backup;
use crate::change::{self, TooLarge};
use crate::failure::{Invalid, invalid_value};
use crate::history::{self, Moment};
use crate::key::ItemKey;
use crate::recovery;
use crate::schema::{self, Index, SCHEMAS, Schema, Scope, take_number};
use crate::settings::{self, Billing, SETTINGS, Settings, Status, Throughput};
use crate::table::{encrypts, refuse};
use api::dynamodb::{
    GlobalSecondaryIndex, LocalSecondaryIndex, ProvisionedThroughput, RestoreTableFromBackup,
    RestoreTableFromBackupOutput, RestoreTableToPointInTime, RestoreTableToPointInTimeOutput, TableDescription, error,
};
use items::stream::Cause;
use kernel::{Cx, Job};
use model::{Error, Result};
use serde::{Deserialize, Serialize};

/// Gives a restored table its items.
pub static FILL: Job<Filling> = Job::new("dynamodb.restore");

#[derive(Serialize, Deserialize)]
pub struct Filling {
    table: String,
    number: u64,
    /// What the keys of the items begin with that it gets.
    from: u64,
    past: Option<Moment>,
    after: Option<(u128, Vec<u8>)>,
}

/// Where a table came from, as DescribeTable tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    pub table_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_arn: Option<String>,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// What is to be other than it was.
#[derive(Default)]
struct Overrides {
    billing: Option<String>,
    throughput: Option<ProvisionedThroughput>,
    globals: Option<Vec<GlobalSecondaryIndex>>,
    locals: Option<Vec<LocalSecondaryIndex>>,
}

/// A macro, for both requests name them alike.
macro_rules! overrides {
    ($input:ident) => {{
        refuse(&[
            ("OnDemandThroughputOverride", $input.on_demand_throughput_override.is_some()),
            ("VectorIndexOverride", $input.vector_index_override.is_some()),
            ("SSESpecificationOverride", encrypts($input.sse_specification_override.as_ref())),
        ])?;
        Overrides {
            billing: $input.billing_mode_override,
            throughput: $input.provisioned_throughput_override,
            globals: $input.global_secondary_index_override,
            locals: $input.local_secondary_index_override,
        }
    }};
}

/// What IAM is asked about: the backup, and the table that it becomes.
pub fn asked_of_backup(cx: &Cx, input: &RestoreTableFromBackup) -> Result<Vec<String>> {
    Ok(vec![input.backup_arn.clone(), schema::arn(cx, &input.target_table_name)?])
}

pub fn asked_of_table(cx: &Cx, input: &RestoreTableToPointInTime) -> Result<Vec<String>> {
    Ok(vec![schema::arn(cx, source_of(input)?)?, schema::arn(cx, &input.target_table_name)?])
}

fn source_of(input: &RestoreTableToPointInTime) -> Result<&str, Invalid> {
    match (&input.source_table_arn, &input.source_table_name) {
        (Some(it), None) | (None, Some(it)) => Ok(it),
        (None, None) => Err(invalid_value("Either SourceTableArn or SourceTableName must be specified")),
        (Some(_), Some(_)) => Err(invalid_value("Only one of SourceTableArn and SourceTableName can be specified")),
    }
}

pub fn from_backup(cx: &mut Cx, input: RestoreTableFromBackup) -> Result<RestoreTableFromBackupOutput> {
    let backup = backup::find(cx, &input.backup_arn)?;
    if !backup.is_whole {
        return Err(backup::in_use(&input.backup_arn));
    }
    let origin = Origin { table_arn: backup.table_arn(cx), backup_arn: Some(input.backup_arn), at: cx.now().0 };
    let overrides = overrides!(input);
    let (name, from) = (input.target_table_name, backup.number);
    let made = make(cx, name, &backup.schema, &backup.settings, origin, overrides)?;
    Ok(RestoreTableFromBackupOutput { table_description: Some(start(cx, &made, from, None)) })
}

pub fn to_point_in_time(cx: &mut Cx, input: RestoreTableToPointInTime) -> Result<RestoreTableToPointInTimeOutput> {
    let source = recovery::table(cx, source_of(&input)?)?;
    let settings = settings::of(cx, &source);
    let Some(recovery) = &settings.recovery else {
        return Err(unavailable(&source));
    };
    let now = cx.now().0;
    let at = match (input.restore_date_time, input.use_latest_restorable_time) {
        (Some(it), None | Some(false)) => it.0,
        (None, Some(true)) => now,
        (None, _) => {
            return Err(invalid_value("Either RestoreDateTime or UseLatestRestorableTime must be specified").into());
        }
        (Some(_), Some(true)) => {
            return Err(
                invalid_value("Only one of RestoreDateTime and UseLatestRestorableTime can be specified").into()
            );
        }
    };
    // Times of requests may be whole seconds, so the second is good in which recovery began.
    let earliest = history::earliest(now, recovery.since, recovery.days);
    if at < earliest / 1_000 * 1_000 || at > now {
        return Err(error::INVALID_RESTORE_TIME
            .with("RestoreDateTime must be between EarliestRestorableDateTime and LatestRestorableDateTime."));
    }
    let origin = Origin { table_arn: cx.arn("dynamodb", &format!("table/{}", source.name)), backup_arn: None, at };
    let overrides = overrides!(input);
    let past = history::at(cx, &source, at.max(earliest));
    let made = make(cx, input.target_table_name, &source, &settings, origin, overrides)?;
    Ok(RestoreTableToPointInTimeOutput { table_description: Some(start(cx, &made, source.number, past)) })
}

pub fn unavailable(schema: &Schema) -> Error {
    error::POINT_IN_TIME_RECOVERY_UNAVAILABLE
        .with(format!("Point in time recovery is not enabled for table '{}'", schema.name))
}

/// The new table. Streams, time to live, tags, protection and recovery stay behind. ("Restoring a table".)
fn make(
    cx: &mut Cx,
    name: String,
    source: &Schema,
    before: &Settings,
    origin: Origin,
    overrides: Overrides,
) -> Result<Schema> {
    match cx.get(&SCHEMAS, name.as_str()) {
        None => {}
        Some(it) if it.is_restoring => {
            return Err(error::TABLE_IN_USE.with(format!("Table is being created: {name}")));
        }
        Some(_) => return Err(error::TABLE_ALREADY_EXISTS.with(format!("Table already exists: {name}"))),
    }
    let now = cx.now().0;
    let billing = match (overrides.billing, overrides.throughput) {
        (None, None) => before.billing.clone(),
        (None, Some(it)) if matches!(before.billing, Billing::Provisioned(_)) => {
            Billing::Provisioned(Throughput::of(&it))
        }
        (mode, throughput) => settings::billing(mode.as_deref(), throughput.as_ref(), now)?,
    };
    let indexes = indexes(cx, source, overrides.globals.as_deref(), overrides.locals.as_deref())?;
    let mut index_throughput = before.index_throughput.clone();
    for it in overrides.globals.iter().flatten() {
        index_throughput
            .extend(it.provisioned_throughput.as_ref().map(|to| (it.index_name.clone(), Throughput::of(to))));
    }
    let is_provisioned = matches!(billing, Billing::Provisioned(_));
    index_throughput.retain(|name, _| is_provisioned && indexes.iter().any(|it| it.name == *name));
    let without = indexes.iter().find(|it| it.scope == Scope::Global && !index_throughput.contains_key(&it.name));
    if let Some(index) = without.filter(|_| is_provisioned) {
        return Err(invalid_value(format!("ProvisionedThroughput must be specified for index: {}", index.name)).into());
    }
    let schema = Schema {
        name,
        number: take_number(cx),
        key: source.key.clone(),
        indexes,
        ttl: None,
        stream: None,
        history: None,
        is_restoring: true,
    };
    let settings = Settings {
        id: cx.id(),
        created_at: now,
        billing,
        index_throughput,
        tags: Default::default(),
        class: before.class.clone(),
        is_protected: false,
        latest_stream: None,
        recovery: None,
        origin: Some(origin),
    };
    cx.put(&SCHEMAS, schema.name.as_str(), &schema);
    cx.put(&SETTINGS, &schema.number, &settings);
    Ok(schema)
}

/// All that there were, or those that the request lists: none may be new.
fn indexes(
    cx: &mut Cx,
    source: &Schema,
    globals: Option<&[GlobalSecondaryIndex]>,
    locals: Option<&[LocalSecondaryIndex]>,
) -> Result<Vec<Index>> {
    let shape = |it: &Index| (it.name.clone(), settings::elements(&it.key), settings::projection(&it.projection));
    let globals: Option<Vec<_>> = globals.map(|them| {
        them.iter().map(|it| (it.index_name.clone(), it.key_schema.clone(), it.projection.clone())).collect()
    });
    let locals: Option<Vec<_>> = locals.map(|them| {
        them.iter().map(|it| (it.index_name.clone(), it.key_schema.clone(), it.projection.clone())).collect()
    });
    let listed = globals.iter().flatten().map(|it| (it, Scope::Global));
    for (it, scope) in listed.chain(locals.iter().flatten().map(|it| (it, Scope::Local))) {
        if !source.indexes.iter().any(|index| index.scope == scope && shape(index) == *it) {
            return Err(invalid_value(format!("Index is not one of the source table: {}", it.0)).into());
        }
    }
    let kept = source.indexes.iter().filter(|index| {
        let listed = match index.scope {
            Scope::Global => &globals,
            Scope::Local => &locals,
        };
        listed.as_ref().is_none_or(|them| them.iter().any(|it| it.0 == index.name))
    });
    Ok(kept.map(|it| Index { number: take_number(cx), backfilling: false, ..it.clone() }).collect())
}

fn start(cx: &mut Cx, schema: &Schema, from: u64, past: Option<Moment>) -> TableDescription {
    history::read_by(cx, from, schema.number);
    let job = Filling { table: schema.name.clone(), number: schema.number, from, past, after: None };
    cx.at(cx.now(), &FILL, &job);
    settings::description(cx, schema, &settings::of(cx, schema), Status::Creating)
}

pub fn fill(cx: &mut Cx, it: Filling) -> Result<()> {
    let schema = cx.get(&SCHEMAS, it.table.as_str()).filter(|schema| schema.number == it.number);
    let Some(mut schema) = schema else { return Ok(()) };
    let after = it.after.map(|(hash, sort)| ItemKey { hash, sort });
    let page = history::page(cx, it.from, it.past, after.as_ref());
    for (key, item) in &page.items {
        let filled = change::apply(cx, &schema, key, None, Some(item), Cause::Request);
        filled.map_err(|TooLarge| crate::item::too_large())?;
    }
    if let Some(last) = page.last {
        cx.at(cx.now(), &FILL, &Filling { after: Some((last.hash, last.sort)), ..it });
        return Ok(());
    }
    schema.is_restoring = false;
    cx.put(&SCHEMAS, it.table.as_str(), &schema);
    history::no_longer_read_by(cx, it.from, it.number);
    // Recovery of the other table may have been switched off meanwhile.
    let origin = settings::of(cx, &schema).origin.map(|it| it.table_arn).unwrap_or_default();
    if let Some(mut source) = cx.get(&SCHEMAS, schema::name_of(&origin)).filter(|source| source.number == it.from) {
        history::settle(cx, &mut source);
    }
    Ok(())
}

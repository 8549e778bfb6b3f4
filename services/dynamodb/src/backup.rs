//! Backups on demand, and the one that a table with point-in-time recovery leaves behind.
//!
//! A backup's items stand among all items, under a number of their own. They are copied page by page while the table goes
//! on changing: its history tells what they were when the backup was asked for. A table that is deleted leaves its own
//! number behind, so nothing is copied then.

use crate::change::{COUNTERS, Counter, ITEMS};
use crate::failure::{Invalid, invalid};
use crate::history::{self, Moment};
use crate::key::ItemKey;
use crate::recovery;
use crate::schema::{SCHEMAS, Schema, take_number};
use crate::settings::{self, Billing, Settings};
use crate::sweep;
use api::dynamodb::{
    BackupDescription, BackupDetails, BackupSummary, CreateBackup, CreateBackupOutput, DeleteBackup,
    DeleteBackupOutput, DescribeBackup, DescribeBackupOutput, GlobalSecondaryIndexInfo, ListBackups, ListBackupsOutput,
    LocalSecondaryIndexInfo, ProvisionedThroughput, SourceTableDetails, SourceTableFeatureDetails, StreamSpecification,
    TimeToLiveDescription, error,
};
use items::packed::Packed;
use kernel::{Cx, Job};
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every backup. Key: (table's name, id).
pub static BACKUPS: Table<Backup> = Table::regional("dynamodb.backup");
/// Copies the items, a page at a time.
pub static COPY: Job<Copying> = Job::new("dynamodb.copy-to-backup");
/// Deletes the backup of a deleted table.
pub static EXPIRE: Job<(String, String)> = Job::new("dynamodb.expire-backup");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Backup {
    pub id: String,
    name: String,
    /// What the keys of its items begin with.
    pub number: u64,
    /// As the table was.
    pub schema: Schema,
    pub settings: Settings,
    /// Milliseconds since 1970.
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    pub is_whole: bool,
    of_system: bool,
    holds: Counter,
}

#[derive(Serialize, Deserialize)]
pub struct Copying {
    table: String,
    id: String,
    moment: Moment,
    after: Option<(u128, Vec<u8>)>,
}

/// How long the backup of a deleted table is kept.
const KEPT_MS: i64 = history::LONGEST_DAYS * 86_400_000;
/// A backup that is due is looked at again after this time while somebody restores from it.
const AGAIN_MS: i64 = 3_600_000;

pub fn create(cx: &mut Cx, input: CreateBackup) -> Result<CreateBackupOutput> {
    let mut schema = recovery::table(cx, &input.table_name)?;
    if schema.is_restoring {
        return Err(error::TABLE_IN_USE.with(format!("Table is being restored: {}", schema.name)));
    }
    let number = take_number(cx);
    history::read_by(cx, schema.number, number);
    history::settle(cx, &mut schema);
    let moment = history::now(cx, &schema).expect("a table that is read has a history");
    let backup = of(cx, &schema, number, input.backup_name);
    store(cx, &backup);
    let job = Copying { table: schema.name, id: backup.id.clone(), moment, after: None };
    cx.at(cx.now(), &COPY, &job);
    Ok(CreateBackupOutput { backup_details: Some(backup.details(cx, backup.status())) })
}

fn of(cx: &Cx, schema: &Schema, number: u64, name: String) -> Backup {
    let now = cx.now().0;
    Backup {
        id: format!("{now:014}-{}", cx.random_text(8, b"0123456789abcdef")),
        name,
        number,
        settings: settings::of(cx, schema),
        schema: schema.clone(),
        created_at: now,
        expires_at: None,
        is_whole: false,
        of_system: false,
        holds: cx.get(&COUNTERS, &schema.number).unwrap_or_default(),
    }
}

fn store(cx: &mut Cx, backup: &Backup) {
    cx.put(&BACKUPS, &(&backup.schema.name, &backup.id), backup);
}

pub fn copy(cx: &mut Cx, it: Copying) -> Result<()> {
    let Some(mut backup) = cx.get(&BACKUPS, &(&it.table, &it.id)) else { return Ok(()) };
    let after = it.after.map(|(hash, sort)| ItemKey { hash, sort });
    let page = history::page(cx, backup.schema.number, Some(it.moment), after.as_ref());
    for (key, item) in &page.items {
        cx.put(&ITEMS, &key.row(backup.number), &Packed::new(item));
    }
    if let Some(last) = page.last {
        cx.at(cx.now(), &COPY, &Copying { after: Some((last.hash, last.sort)), ..it });
        return Ok(());
    }
    backup.is_whole = true;
    store(cx, &backup);
    history::no_longer_read_by(cx, backup.schema.number, backup.number);
    if let Some(mut schema) = cx.get(&SCHEMAS, it.table.as_str()) {
        history::settle(cx, &mut schema);
    }
    Ok(())
}

/// A table that is about to be deleted and has had point-in-time recovery: its items stay, as a backup.
/// ("Point-in-time recovery for DynamoDB": a system backup, for 35 days.)
pub fn keep(cx: &mut Cx, schema: &Schema) {
    let name = format!("{}$DeletedTableBackup", schema.name);
    let expires_at = cx.now().0 + KEPT_MS;
    let mut backup = of(cx, schema, schema.number, name);
    (backup.is_whole, backup.of_system, backup.expires_at) = (true, true, Some(expires_at));
    store(cx, &backup);
    cx.at(Timestamp(expires_at), &EXPIRE, &(schema.name.clone(), backup.id));
}

pub fn expire(cx: &mut Cx, (table, id): (String, String)) -> Result<()> {
    let Some(backup) = cx.get(&BACKUPS, &(&table, &id)) else { return Ok(()) };
    if history::is_read(cx, backup.number) {
        cx.at(Timestamp(cx.now().0 + AGAIN_MS), &EXPIRE, &(table, id));
        return Ok(());
    }
    remove(cx, &backup);
    Ok(())
}

fn remove(cx: &mut Cx, backup: &Backup) {
    cx.delete(&BACKUPS, &(&backup.schema.name, &backup.id));
    sweep::abandon(cx, backup.number);
}

pub fn describe(cx: &Cx, input: DescribeBackup) -> Result<DescribeBackupOutput> {
    let backup = find(cx, &input.backup_arn)?;
    Ok(DescribeBackupOutput { backup_description: Some(backup.description(cx, backup.status())) })
}

pub fn delete(cx: &mut Cx, input: DeleteBackup) -> Result<DeleteBackupOutput> {
    let backup = find(cx, &input.backup_arn)?;
    if !backup.is_whole || history::is_read(cx, backup.number) {
        return Err(in_use(&input.backup_arn));
    }
    remove(cx, &backup);
    Ok(DeleteBackupOutput { backup_description: Some(backup.description(cx, "DELETED")) })
}

pub fn in_use(arn: &str) -> Error {
    error::BACKUP_IN_USE.with(format!("Backup is in use: {arn}"))
}

pub fn find(cx: &Cx, arn: &str) -> Result<Backup> {
    let key = key_of(arn)?;
    cx.get(&BACKUPS, &key).ok_or_else(|| error::BACKUP_NOT_FOUND.with(format!("Backup not found: {arn}")))
}

/// `arn:aws:dynamodb:us-east-1:123456789012:table/Music/backup/01489173575360-b308cd7d`
fn key_of(arn: &str) -> Result<(&str, &str), Invalid> {
    let resource = arn.splitn(6, ':').nth(5).and_then(|it| it.strip_prefix("table/"));
    resource.and_then(|it| it.split_once("/backup/")).ok_or_else(|| invalid("Invalid BackupArn"))
}

pub fn list(cx: &Cx, input: ListBackups) -> Result<ListBackupsOutput> {
    let limit = input.limit.unwrap_or(100) as usize;
    let mut span = match &input.table_name {
        Some(name) => Span::prefix(crate::schema::name_of(name)),
        None => Span::all(),
    };
    if let Some(start) = &input.exclusive_start_backup_arn {
        span = span.after(&key_of(start)?);
    }
    // Those that the caller has made, unless it asks for others.
    let wanted = input.backup_type.as_deref().unwrap_or("USER");
    let fits = |it: &Backup| {
        let is_of_type = wanted == "ALL" || wanted == it.kind();
        is_of_type
            && input.time_range_lower_bound.is_none_or(|bound| it.created_at >= bound.0)
            && input.time_range_upper_bound.is_none_or(|bound| it.created_at < bound.0)
    };
    let mut found = Vec::new();
    cx.visit(&BACKUPS, span, store::Direction::Forward, |it: Backup| {
        if fits(&it) {
            found.push(it);
        }
        if found.len() > limit { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    });
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(ListBackupsOutput {
        last_evaluated_backup_arn: found.last().filter(|_| more).map(|it| it.arn(cx)),
        backup_summaries: Some(found.iter().map(|it| it.summary(cx)).collect()),
    })
}

impl Backup {
    pub fn arn(&self, cx: &Cx) -> String {
        cx.arn("dynamodb", &format!("table/{}/backup/{}", self.schema.name, self.id))
    }

    pub fn table_arn(&self, cx: &Cx) -> String {
        cx.arn("dynamodb", &format!("table/{}", self.schema.name))
    }

    fn status(&self) -> &'static str {
        if self.is_whole { "AVAILABLE" } else { "CREATING" }
    }

    fn kind(&self) -> &'static str {
        if self.of_system { "SYSTEM" } else { "USER" }
    }

    fn details(&self, cx: &Cx, status: &str) -> BackupDetails {
        BackupDetails {
            backup_arn: self.arn(cx),
            backup_name: self.name.clone(),
            backup_size_bytes: Some(self.holds.bytes as i64),
            backup_status: status.to_owned(),
            backup_type: self.kind().to_owned(),
            backup_creation_date_time: Timestamp(self.created_at),
            backup_expiry_date_time: self.expires_at.map(Timestamp),
        }
    }

    fn summary(&self, cx: &Cx) -> BackupSummary {
        BackupSummary {
            table_name: Some(self.schema.name.clone()),
            table_id: Some(self.settings.id.clone()),
            table_arn: Some(self.table_arn(cx)),
            backup_arn: Some(self.arn(cx)),
            backup_name: Some(self.name.clone()),
            backup_creation_date_time: Some(Timestamp(self.created_at)),
            backup_expiry_date_time: self.expires_at.map(Timestamp),
            backup_status: Some(self.status().to_owned()),
            backup_type: Some(self.kind().to_owned()),
            backup_size_bytes: Some(self.holds.bytes as i64),
        }
    }

    fn description(&self, cx: &Cx, status: &str) -> BackupDescription {
        BackupDescription {
            backup_details: Some(self.details(cx, status)),
            source_table_details: Some(self.source(cx)),
            source_table_feature_details: Some(self.features()),
        }
    }

    fn source(&self, cx: &Cx) -> SourceTableDetails {
        let (mode, read, write) = match &self.settings.billing {
            Billing::Provisioned(it) => ("PROVISIONED", it.read, it.write),
            Billing::OnDemand { .. } => ("PAY_PER_REQUEST", 0, 0),
        };
        SourceTableDetails {
            table_name: self.schema.name.clone(),
            table_id: self.settings.id.clone(),
            table_arn: Some(self.table_arn(cx)),
            table_size_bytes: Some(self.holds.bytes as i64),
            key_schema: settings::elements(&self.schema.key),
            table_creation_date_time: Timestamp(self.settings.created_at),
            provisioned_throughput: ProvisionedThroughput { read_capacity_units: read, write_capacity_units: write },
            item_count: Some(self.holds.items as i64),
            billing_mode: Some(mode.to_owned()),
            ..SourceTableDetails::default()
        }
    }

    fn features(&self) -> SourceTableFeatureDetails {
        let locals = self.schema.locals().map(|it| LocalSecondaryIndexInfo {
            index_name: Some(it.name.clone()),
            key_schema: Some(settings::elements(&it.key)),
            projection: Some(settings::projection(&it.projection)),
        });
        let globals = self.schema.globals().map(|it| GlobalSecondaryIndexInfo {
            index_name: Some(it.name.clone()),
            key_schema: Some(settings::elements(&it.key)),
            projection: Some(settings::projection(&it.projection)),
            provisioned_throughput: self
                .settings
                .index_throughput
                .get(&it.name)
                .map(|it| ProvisionedThroughput { read_capacity_units: it.read, write_capacity_units: it.write }),
            ..GlobalSecondaryIndexInfo::default()
        });
        let (locals, globals): (Vec<_>, Vec<_>) = (locals.collect(), globals.collect());
        let stream = self.schema.stream.as_ref();
        SourceTableFeatureDetails {
            local_secondary_indexes: (!locals.is_empty()).then_some(locals),
            global_secondary_indexes: (!globals.is_empty()).then_some(globals),
            stream_description: stream.map(|it| StreamSpecification {
                stream_enabled: true,
                stream_view_type: Some(it.view.name().to_owned()),
            }),
            time_to_live_description: self.schema.ttl.as_ref().map(|attribute| TimeToLiveDescription {
                time_to_live_status: Some("ENABLED".to_owned()),
                attribute_name: Some(attribute.clone()),
            }),
            ..SourceTableFeatureDetails::default()
        }
    }
}

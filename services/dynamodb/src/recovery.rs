//! Point-in-time recovery: switched on and off, and described. `history` is what it keeps.

use crate::failure::invalid;
use crate::history::{self, LONGEST_DAYS};
use crate::schema::{SCHEMAS, Schema};
use crate::settings::{self, SETTINGS};
use api::dynamodb::{
    ContinuousBackupsDescription, DescribeContinuousBackups, DescribeContinuousBackupsOutput,
    PointInTimeRecoveryDescription, UpdateContinuousBackups, UpdateContinuousBackupsOutput, error,
};
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Milliseconds since 1970.
    pub since: i64,
    pub days: i64,
}

pub fn update(cx: &mut Cx, input: UpdateContinuousBackups) -> Result<UpdateContinuousBackupsOutput> {
    let mut schema = table(cx, &input.table_name)?;
    let mut settings = settings::of(cx, &schema);
    let wanted = input.point_in_time_recovery_specification;
    let days = wanted.recovery_period_in_days;
    if !wanted.point_in_time_recovery_enabled && days.is_some() {
        return Err(invalid("RecoveryPeriodInDays cannot be specified when PointInTimeRecoveryEnabled is false").into());
    }
    settings.recovery = wanted.point_in_time_recovery_enabled.then(|| {
        let since = settings.recovery.as_ref().map_or(cx.now().0, |it| it.since);
        Recovery { since, days: days.unwrap_or(LONGEST_DAYS) }
    });
    cx.put(&SETTINGS, &schema.number, &settings);
    history::settle(cx, &mut schema);
    Ok(UpdateContinuousBackupsOutput { continuous_backups_description: Some(description(cx, &settings.recovery)) })
}

pub fn describe(cx: &Cx, input: DescribeContinuousBackups) -> Result<DescribeContinuousBackupsOutput> {
    let schema = table(cx, &input.table_name)?;
    let recovery = settings::of(cx, &schema).recovery;
    Ok(DescribeContinuousBackupsOutput { continuous_backups_description: Some(description(cx, &recovery)) })
}

/// As the operations on backups look for it.
pub fn table(cx: &Cx, name: &str) -> Result<Schema> {
    let name = crate::schema::name_of(name);
    let found = cx.get(&SCHEMAS, name);
    found.ok_or_else(|| error::TABLE_NOT_FOUND.with(format!("Table not found: {name}")))
}

/// A table can be had as it was up to this moment; AWS says that it lags by five minutes.
fn description(cx: &Cx, recovery: &Option<Recovery>) -> ContinuousBackupsDescription {
    let status = if recovery.is_some() { "ENABLED" } else { "DISABLED" };
    let now = cx.now();
    ContinuousBackupsDescription {
        continuous_backups_status: "ENABLED".to_owned(),
        point_in_time_recovery_description: Some(PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some(status.to_owned()),
            recovery_period_in_days: recovery.as_ref().map(|it| it.days),
            earliest_restorable_date_time: recovery
                .as_ref()
                .map(|it| Timestamp(history::earliest(now.0, it.since, it.days))),
            latest_restorable_date_time: recovery.as_ref().map(|_| now),
        }),
    }
}

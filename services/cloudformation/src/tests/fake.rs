//! Log groups that fail and wait when their names say so, until there is one with the name `mended`.

use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use kernel::{Cx, Service};
use model::{ErrorShape, Result, Timestamp};
use serde_json::json;
use store::Table;

pub fn service() -> Service {
    Service::new("logs").resource(&GROUP)
}

static GROUP: ResourceType = ResourceType {
    name: "AWS::Logs::LogGroup",
    properties: &["LogGroupName", "RetentionInDays"],
    create,
    update,
    delete,
    attributes,
    read: None,
};

/// When a group was first asked for. Key: name.
pub static GROUPS: Table<i64> = Table::regional("fake.group");

const INVALID: ErrorShape = ErrorShape::sender("InvalidParameterException");

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let name = new.properties.get("LogGroupName").and_then(|it| it.as_str()).unwrap_or(&new.generated_name).to_owned();
    if name.contains("fails") && !cx.has(&GROUPS, &"mended") {
        return Err(INVALID.with("It fails."));
    }
    let begun = cx.get(&GROUPS, &name.as_str()).unwrap_or(cx.now().0);
    cx.put(&GROUPS, &name.as_str(), &begun);
    let until = Timestamp(begun + 60_000);
    match name.contains("slow") && cx.now() < until {
        true => Ok(Progress::Waiting { physical_id: name, until }),
        false => Ok(Progress::Done { physical_id: name }),
    }
}

/// Three days are refused; from and to five it takes a minute; a year is never given up.
fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let days = |it: &Properties| it.get("RetentionInDays").and_then(serde_json::Value::as_i64).unwrap_or(0);
    let (from, to) = (days(&change.before), days(&change.after));
    if to == 3 {
        return Err(INVALID.with("Three days are too few."));
    }
    if from == 365 && !cx.has(&GROUPS, &"mended") {
        return Err(INVALID.with("A year it stays."));
    }
    let key = format!("{} {to}", change.physical_id);
    let begun = cx.get(&GROUPS, &key.as_str()).unwrap_or(cx.now().0);
    let until = Timestamp(begun + 60_000);
    if to == 5 && cx.now() < until {
        cx.put(&GROUPS, &key.as_str(), &begun);
        return Ok(Progress::Waiting { physical_id: change.physical_id.clone(), until });
    }
    cx.delete(&GROUPS, &key.as_str());
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    if existing.physical_id.contains("stuck") && !cx.has(&GROUPS, &"mended") {
        return Err(INVALID.with("It is stuck."));
    }
    cx.delete(&GROUPS, &existing.physical_id.as_str());
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let arn = cx.arn("logs", &format!("log-group:{}:*", existing.physical_id));
    Ok(Properties::from_iter([("Arn".to_owned(), json!(arn))]))
}

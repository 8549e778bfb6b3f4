//! Log groups that fail and wait when their names say so.

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
};

/// When a group was first asked for. Key: name.
pub static GROUPS: Table<i64> = Table::regional("fake.group");

const INVALID: ErrorShape = ErrorShape::sender("InvalidParameterException");

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let name = new.properties.get("LogGroupName").and_then(|it| it.as_str()).unwrap_or(&new.generated_name).to_owned();
    if name.contains("fails") {
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

fn update(_: &mut Cx, change: &Change) -> Result<Progress> {
    match change.after.get("RetentionInDays") == Some(&json!(3)) {
        true => Err(INVALID.with("Three days are too few.")),
        false => Ok(Progress::Done { physical_id: change.physical_id.clone() }),
    }
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    if existing.physical_id.contains("stuck") {
        return Err(INVALID.with("It is stuck."));
    }
    cx.delete(&GROUPS, &existing.physical_id.as_str());
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let arn = cx.arn("logs", &format!("log-group:{}:*", existing.physical_id));
    Ok(Properties::from_iter([("Arn".to_owned(), json!(arn))]))
}

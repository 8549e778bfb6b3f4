//! A resource type that takes a minute for everything: no service of Niebla's does yet, and stacks have to wait.

use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use kernel::{Cloud, Cx, Service};
use model::{Result, Timestamp};
use serde_json::json;
use store::{Span, Table};

/// A name that CloudFormation has a schema of.
pub const TYPE: &str = "AWS::SNS::Topic";

/// When each was asked for first. Key: physical id.
static MADE: Table<i64> = Table::regional("sim.slow");
/// When each was asked to go. Key: physical id.
static GOING: Table<i64> = Table::regional("sim.slow-going");

const MILLISECONDS: i64 = 60_000;

static SLOW: ResourceType = ResourceType {
    name: TYPE,
    properties: &["TopicName", "DisplayName"],
    create,
    update,
    delete,
    attributes,
    read: None,
};

pub fn service() -> Service {
    Service::new("sns").resource(&SLOW)
}

/// The physical ids of those that there are.
pub fn exists(cloud: &Cloud) -> Vec<String> {
    cloud.read(|cx| cx.keys(&MADE, Span::all(), usize::MAX))
}

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    // Asked again, it finds its own trace: the generated name is the same.
    let physical_id = format!("slow-{}", new.generated_name);
    let begun = cx.get(&MADE, &physical_id.as_str()).unwrap_or(cx.now().0);
    cx.put(&MADE, &physical_id.as_str(), &begun);
    Ok(later(cx, begun, physical_id))
}

fn update(_: &mut Cx, change: &Change) -> Result<Progress> {
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    let begun = cx.get(&GOING, &physical_id.as_str()).unwrap_or(cx.now().0);
    cx.put(&GOING, &physical_id.as_str(), &begun);
    let progress = later(cx, begun, physical_id.clone());
    if matches!(progress, Progress::Done { .. }) {
        cx.delete(&MADE, &physical_id.as_str());
        cx.delete(&GOING, &physical_id.as_str());
    }
    Ok(progress)
}

fn later(cx: &Cx, begun: i64, physical_id: String) -> Progress {
    let until = Timestamp(begun + MILLISECONDS);
    if cx.now() < until { Progress::Waiting { physical_id, until } } else { Progress::Done { physical_id } }
}

fn attributes(_: &mut Cx, existing: &Existing) -> Result<Properties> {
    Ok(Properties::from_iter([("TopicArn".to_owned(), json!(existing.physical_id))]))
}

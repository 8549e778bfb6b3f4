//! Drift: what somebody did to a stack's resources behind its back.
//!
//! Each resource is asked for by its type, as the caller who wants to know, some at a time.

mod compare;
mod show;

pub use show::{describe, of_resource, of_stack, status};

use crate::engine;
use crate::resource::{self, Resource, Rows};
use crate::schema::{self, Schema};
use crate::stack::{Stack, existing, find};
use crate::status::{ResourceStatus, StackStatus};
use crate::template::{invalid, unsupported};
use api::cloudformation::{
    DetectStackDrift, DetectStackDriftOutput, DetectStackResourceDrift, DetectStackResourceDriftOutput,
};
use compare::{Difference, Kind};
use kernel::resource::Properties;
use kernel::{Cx, Job};
use model::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{Span, Table};

/// What was found of each resource last. Key: (the stack's uuid, logical id).
static FOUND: Table<Found> = Table::regional("cloudformation.drift-resource");
/// What was found of each stack last. Key: the stack's uuid.
static STACKS: Table<OfStack> = Table::regional("cloudformation.drift-stack");
/// Every detection that is still told of. Key: its id.
static DETECTIONS: Table<Detection> = Table::regional("cloudformation.drift-detection");

/// The next resources of a detection.
pub static DETECT: Job<Detect> = Job::new("cloudformation.detect-drift");

#[derive(Serialize, Deserialize)]
pub struct Detect {
    detection: String,
    /// The logical id looked at last.
    after: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Found {
    logical_id: String,
    physical_id: String,
    type_name: String,
    state: State,
    /// JSON, unless it is gone.
    expected: Option<String>,
    actual: Option<String>,
    differences: Vec<Difference>,
    reason: Option<String>,
    /// Milliseconds since 1970.
    at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    InSync,
    Modified,
    Deleted,
    /// It could not be looked at.
    Unknown,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OfStack {
    drifted: bool,
    at: i64,
    /// Ids, the latest last.
    detections: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Detection {
    stack_id: String,
    at: i64,
    /// The logical ids to look at; none are all.
    only: Vec<String>,
    drifted: i64,
    unknown: Vec<String>,
    is_done: bool,
}

/// "The number of drift results CloudFormation retains for any given stack may vary" (DescribeStackDriftDetectionStatus
/// in the API reference).
const MOST_DETECTIONS: usize = 10;
/// Resources looked at in one transaction, so that nobody else waits for long.
const AT_ONCE: usize = 20;

pub fn detect(cx: &mut Cx, input: DetectStackDrift) -> Result<DetectStackDriftOutput> {
    let stack = detectable(cx, &input.stack_name)?;
    let mut of_stack = cx.get(&STACKS, &stack.uuid()).unwrap_or_default();
    let latest = of_stack.detections.last().and_then(|id| cx.get(&DETECTIONS, &id.as_str()));
    if latest.is_some_and(|it| !it.is_done) {
        return Err(invalid(format!("Drift detection is already in progress for stack {}", stack.id)));
    }
    let only = input.logical_resource_ids.unwrap_or_default();
    let rows = resource::load(cx, &stack);
    if let Some(other) = only.iter().find(|id| !rows.contains_key(&((*id).clone(), 0))) {
        return Err(invalid(format!("Resource {other} does not exist for stack {}", stack.name)));
    }
    let (id, at) = (cx.id(), cx.now().0);
    let detection = Detection { stack_id: stack.id.clone(), at, only, drifted: 0, unknown: Vec::new(), is_done: false };
    cx.put(&DETECTIONS, &id.as_str(), &detection);
    of_stack.detections.push(id.clone());
    if of_stack.detections.len() > MOST_DETECTIONS {
        let oldest = of_stack.detections.remove(0);
        cx.delete(&DETECTIONS, &oldest.as_str());
    }
    cx.put(&STACKS, &stack.uuid(), &of_stack);
    cx.at(cx.now(), &DETECT, &Detect { detection: id.clone(), after: None });
    Ok(DetectStackDriftOutput { stack_drift_detection_id: id })
}

/// The job.
pub fn go_on(cx: &mut Cx, it: Detect) -> Result<()> {
    let Some(mut detection) = cx.get(&DETECTIONS, &it.detection.as_str()) else { return Ok(()) };
    let Some(stack) = find(cx, &detection.stack_id) else { return Ok(()) };
    let is_next = |row: &Resource| it.after.as_ref().is_none_or(|last| row.logical_id > *last);
    let is_wanted = |row: &Resource| detection.only.is_empty() || detection.only.contains(&row.logical_id);
    let rows = resource::load(cx, &stack);
    let next = rows.values().filter(|it| is_there(it) && is_next(it) && is_wanted(it));
    let next: Vec<&Resource> = next.take(AT_ONCE).collect();
    let after = next.last().map(|it| it.logical_id.clone());
    for row in next {
        let Some(found) = look(cx, &stack, &rows, row) else { continue };
        match found.state {
            State::InSync => {}
            State::Modified | State::Deleted => detection.drifted += 1,
            State::Unknown => detection.unknown.push(row.logical_id.clone()),
        }
    }
    if after.is_some() {
        cx.at(cx.now(), &DETECT, &Detect { detection: it.detection.clone(), after });
    } else {
        detection.is_done = true;
        let of_stack = cx.get(&STACKS, &stack.uuid()).unwrap_or_default();
        let (drifted, at) = (detection.drifted > 0, detection.at);
        cx.put(&STACKS, &stack.uuid(), &OfStack { drifted, at, ..of_stack });
    }
    cx.put(&DETECTIONS, &it.detection.as_str(), &detection);
    Ok(())
}

pub fn detect_one(cx: &mut Cx, input: DetectStackResourceDrift) -> Result<DetectStackResourceDriftOutput> {
    let stack = detectable(cx, &input.stack_name)?;
    let id = &input.logical_resource_id;
    let rows = resource::load(cx, &stack);
    let row = rows.get(&(id.clone(), 0)).filter(|it| is_there(it));
    let row = row.ok_or_else(|| invalid(format!("Resource {id} does not exist for stack {}", stack.name)))?;
    let found =
        look(cx, &stack, &rows, row).ok_or_else(|| unsupported(format!("drift detection of {}", row.type_name)))?;
    Ok(DetectStackResourceDriftOutput { stack_resource_drift: show::found(&stack, found) })
}

/// The stack is gone, and what was found of it too.
pub fn forget(cx: &mut Cx, stack: &Stack) {
    let found: Vec<(String, String)> = cx.keys(&FOUND, Span::prefix(&stack.uuid()), usize::MAX);
    for (uuid, logical_id) in found {
        cx.delete(&FOUND, &(uuid.as_str(), logical_id.as_str()));
    }
    let Some(of_stack) = cx.get(&STACKS, &stack.uuid()) else { return };
    for id in of_stack.detections {
        cx.delete(&DETECTIONS, &id.as_str());
    }
    cx.delete(&STACKS, &stack.uuid());
}

/// "You can only run drift detection on stacks in these statuses" (Detect drift on an entire stack, in the user guide).
fn detectable(cx: &Cx, name: &str) -> Result<Stack> {
    let stack = existing(cx, name)?;
    match stack.status {
        StackStatus::CreateComplete
        | StackStatus::UpdateComplete
        | StackStatus::UpdateRollbackComplete
        | StackStatus::UpdateRollbackFailed => Ok(stack),
        status => {
            Err(invalid(format!("Drift detection cannot be performed on a stack that is in {} state", status.text())))
        }
    }
}

fn is_there(row: &Resource) -> bool {
    let is_gone = matches!(row.status, ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped);
    row.slot == 0 && row.physical_id.is_some() && !is_gone
}

/// Nothing where the type tells nothing.
fn look(cx: &mut Cx, stack: &Stack, rows: &Rows, row: &Resource) -> Option<Found> {
    let schema = schema::of(&row.type_name)?;
    let mut found = Found {
        logical_id: row.logical_id.clone(),
        physical_id: row.physical_id.clone().unwrap_or_default(),
        type_name: row.type_name.clone(),
        state: State::Deleted,
        expected: None,
        actual: None,
        differences: Vec::new(),
        reason: None,
        at: cx.now().0,
    };
    match engine::read(cx, row)? {
        Ok(None) => {}
        Ok(Some(actual)) => compare_with(&mut found, rows, row, &schema, actual),
        Err(error) => (found.state, found.reason) = (State::Unknown, Some(error.message().to_owned())),
    }
    cx.put(&FOUND, &(stack.uuid(), row.logical_id.as_str()), &found);
    let mut of_stack = cx.get(&STACKS, &stack.uuid()).unwrap_or_default();
    of_stack.at = found.at;
    of_stack.drifted |= matches!(found.state, State::Modified | State::Deleted);
    cx.put(&STACKS, &stack.uuid(), &of_stack);
    Some(found)
}

fn compare_with(found: &mut Found, rows: &Rows, row: &Resource, schema: &Schema, mut actual: Properties) {
    let expected = &row.properties;
    if let Some(property) = schema.tag_property() {
        without_tags_of_the_stack(&mut actual, &property, row);
    }
    let actual = schema.typed(actual);
    found.differences = compare::differences(schema, expected, &actual);
    found.differences.retain(|it| it.kind != Kind::Add || !is_attached(rows, row, &it.actual));
    found.state = if found.differences.is_empty() { State::InSync } else { State::Modified };
    let said = actual.into_iter().filter(|(name, _)| expected.contains_key(name)).collect();
    let (expected, shown) = (Json::Object(expected.clone()), Json::Object(row.shown().clone()));
    if row.shown.is_some() {
        hide(&mut found.differences, row);
    }
    found.actual = Some(masked(Json::Object(said), &expected, &shown).to_string());
    found.expected = Some(shown.to_string());
}

/// Whether a part of a resource is there because of another one of its stack, which depends on it: a policy that names
/// its role. Those of other stacks count as drift (Detect unmanaged configuration changes, in the user guide).
fn is_attached(rows: &Rows, row: &Resource, added: &str) -> bool {
    let tree: Json = serde_json::from_str(added).unwrap_or_else(|_| Json::String(added.to_owned()));
    let names = |it: &Resource| match &tree {
        Json::Object(members) => members.iter().all(|(key, value)| it.properties.get(key) == Some(value)),
        value => {
            let is_value = |it: &Json| it == value || it.as_array().is_some_and(|items| items.contains(value));
            it.physical_id.as_deref() == value.as_str() || it.properties.values().any(is_value)
        }
    };
    rows.values().any(|it| it.slot == 0 && it.depends_on.contains(&row.logical_id) && names(it))
}

/// CloudFormation's own, and the stack's, which no template names.
fn without_tags_of_the_stack(actual: &mut Properties, property: &str, row: &Resource) {
    let named = |key: &str| {
        let own = row.properties.get(property).and_then(Json::as_array);
        own.is_some_and(|it| it.iter().any(|it| it["Key"] == key))
    };
    let is_extra = |key: &str| key.starts_with("aws:") || (row.tags.iter().any(|it| it.0 == key) && !named(key));
    if let Some(tags) = actual.get_mut(property).and_then(Json::as_array_mut) {
        tags.retain(|it| !it["Key"].as_str().is_some_and(is_extra));
    }
}

/// What `NoEcho` hides of what is expected stays hidden where it is found.
fn masked(found: Json, expected: &Json, shown: &Json) -> Json {
    if expected == shown {
        return found;
    }
    match (found, expected, shown) {
        (Json::Object(found), Json::Object(expected), Json::Object(shown)) => {
            let below = |(key, it): (String, Json)| match (expected.get(&key), shown.get(&key)) {
                (Some(expected), Some(shown)) => (key, masked(it, expected, shown)),
                _ => (key, it),
            };
            Json::Object(found.into_iter().map(below).collect())
        }
        _ => shown.clone(),
    }
}

/// Where a difference touches what `NoEcho` hides, nothing of it is told but that there is one.
fn hide(differences: &mut [Difference], row: &Resource) {
    let is_hidden = |path: &str| {
        let top = path.split('/').nth(1).unwrap_or_default();
        row.properties.get(top) != row.shown().get(top)
    };
    for it in differences.iter_mut().filter(|it| is_hidden(&it.path)) {
        for value in [&mut it.expected, &mut it.actual] {
            crate::template::evaluate::HIDDEN.clone_into(value);
        }
    }
}

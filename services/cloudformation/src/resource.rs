//! A stack's resources: their rows, and the operations that show them.

use crate::drift;
use crate::page;
use crate::stack::{Stack, find, named, uuid_of};
use crate::status::ResourceStatus;
use crate::template::{Policy, invalid};
use api::cloudformation::{
    DescribeStackResource, DescribeStackResourceOutput, DescribeStackResources, DescribeStackResourcesOutput,
    ListStackResources, ListStackResourcesOutput, StackResource, StackResourceDetail,
    StackResourceDriftInformationSummary, StackResourceSummary,
};
use kernel::Cx;
use kernel::resource::Properties;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{Span, Table};

/// Every resource of every stack. Key: (the stack's uuid, logical id, slot).
static RESOURCES: Table<Resource> = Table::regional("cloudformation.resource");
/// The stack that a physical id belongs to, for DescribeStackResources. Key: (physical id, the stack's ARN).
static OWNERS: Table<String> = Table::regional("cloudformation.resource-owner");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resource {
    pub logical_id: String,
    /// 0 is the resource that the template names; others are left over from replacements and wait for their deletion.
    pub slot: u64,
    pub type_name: String,
    pub physical_id: Option<String>,
    /// Evaluated.
    pub properties: Properties,
    /// What `Fn::GetAtt` gives.
    pub attributes: Properties,
    /// Logical ids.
    pub depends_on: BTreeSet<String>,
    pub deletion_policy: Policy,
    pub update_replace_policy: Policy,
    pub description: Option<String>,
    /// JSON.
    pub metadata: Option<String>,
    /// The stack's tags when it was made or changed last.
    pub tags: Vec<(String, String)>,
    pub generated_name: String,
    pub status: ResourceStatus,
    pub reason: Option<String>,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// How far the current phase of the operation got with it.
    pub step: Step,
    /// What the current operation did to it.
    pub touched: Touched,
    /// What it was before the current operation, where that changed it.
    pub before: Option<Box<Resource>>,
    /// What it was when the stack was stable last, where updates that failed and were not undone have changed it.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// The properties as events and change sets may show them: what `NoEcho` hides is hidden.
    #[serde(default)]
    pub shown: Option<Properties>,
    /// Is to be deleted.
    pub given_up: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Origin {
    Absent,
    Was(Box<Resource>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Not looked at yet.
    Untouched,
    /// Its type is asked next.
    Begun,
    /// Its type is asked again then.
    Waiting {
        until: i64,
    },
    Done,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Touched {
    No,
    Created,
    Updated,
    Replaced,
}

impl Resource {
    pub fn shown(&self) -> &Properties {
        self.shown.as_ref().unwrap_or(&self.properties)
    }
}

/// By logical id and slot.
pub type Rows = BTreeMap<(String, u64), Resource>;

/// More than a template can name; leftovers included.
const MOST_ROWS: usize = 10_000;
/// AWS gives pages of this size.
const PAGE: usize = 100;

pub fn load(cx: &Cx, stack: &Stack) -> Rows {
    let rows = cx.range(&RESOURCES, Span::prefix(&stack.uuid()), MOST_ROWS);
    rows.into_iter().map(|it| ((it.logical_id.clone(), it.slot), it)).collect()
}

pub fn put(cx: &mut Cx, stack: &Stack, row: &Resource) {
    cx.put(&RESOURCES, &(stack.uuid(), row.logical_id.as_str(), row.slot), row);
    if let Some(physical_id) = &row.physical_id {
        cx.put(&OWNERS, &(physical_id.as_str(), stack.id.as_str()), &stack.id);
    }
}

pub fn remove(cx: &mut Cx, stack: &Stack, row: &Resource) {
    cx.delete(&RESOURCES, &(stack.uuid(), row.logical_id.as_str(), row.slot));
    disown(cx, stack, row);
}

/// The stack that has this very resource already: some services answer a second creation as if it were the first.
pub fn owner(cx: &Cx, type_name: &str, physical_id: &str) -> Option<String> {
    let is_gone = |it: &Resource| matches!(it.status, ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped);
    let has =
        |it: &Resource| it.type_name == type_name && it.physical_id.as_deref() == Some(physical_id) && !is_gone(it);
    let had = |it: &Resource| match &it.origin {
        Some(Origin::Was(old)) => has(old),
        Some(Origin::Absent) | None => false,
    };
    let owns = |id: &String| {
        let rows = cx.range(&RESOURCES, Span::prefix(&uuid_of(id)), MOST_ROWS);
        rows.iter().any(|it| has(it) || had(it) || it.before.as_deref().is_some_and(has))
    };
    cx.range(&OWNERS, Span::prefix(&physical_id), MOST_ROWS).into_iter().find(owns)
}

/// Its physical id is the stack's no more.
pub fn disown(cx: &mut Cx, stack: &Stack, row: &Resource) {
    if let Some(physical_id) = &row.physical_id {
        cx.delete(&OWNERS, &(physical_id.as_str(), stack.id.as_str()));
    }
}

pub fn describe_all(cx: &Cx, input: DescribeStackResources) -> Result<DescribeStackResourcesOutput> {
    let stack = match (&input.stack_name, &input.physical_resource_id) {
        (Some(name), None) => named(cx, name)?,
        (None, Some(id)) => {
            let owner = cx.range(&OWNERS, Span::prefix(&id.as_str()), 1).pop();
            let missing = || invalid(format!("Stack for {id} does not exist"));
            find(cx, &owner.ok_or_else(missing)?).ok_or_else(missing)?
        }
        _ => return Err(invalid("You must specify either StackName or PhysicalResourceId, but not both.")),
    };
    let wanted = |it: &Resource| input.logical_resource_id.as_ref().is_none_or(|id| *id == it.logical_id);
    let rows = load(cx, &stack).into_values().filter(|it| it.slot == 0 && wanted(it));
    // For more of them there is ListStackResources.
    let resources: Vec<_> = rows.take(PAGE).map(|it| described(cx, &stack, it)).collect();
    match (&input.logical_resource_id, resources.is_empty()) {
        (Some(id), true) => Err(no_resource(&stack, id)),
        _ => Ok(DescribeStackResourcesOutput { stack_resources: Some(resources) }),
    }
}

pub fn describe(cx: &Cx, input: DescribeStackResource) -> Result<DescribeStackResourceOutput> {
    let stack =
        find(cx, &input.stack_name).ok_or_else(|| invalid(format!("Stack '{}' does not exist", input.stack_name)))?;
    let row = cx.get(&RESOURCES, &(stack.uuid(), input.logical_resource_id.as_str(), 0u64));
    let it = row.ok_or_else(|| no_resource(&stack, &input.logical_resource_id))?;
    let drift_information = Some(drift::of_resource(cx, &stack, &it));
    let detail = StackResourceDetail {
        stack_name: Some(stack.name.clone()),
        stack_id: Some(stack.id.clone()),
        logical_resource_id: it.logical_id,
        physical_resource_id: it.physical_id,
        resource_type: it.type_name,
        last_updated_timestamp: Timestamp(it.updated_at),
        resource_status: it.status.text().to_owned(),
        resource_status_reason: it.reason,
        description: it.description,
        metadata: Some(it.metadata.unwrap_or_else(|| "{}".to_owned())),
        drift_information,
        module_info: None,
    };
    Ok(DescribeStackResourceOutput { stack_resource_detail: Some(detail) })
}

pub fn list(cx: &Cx, input: ListStackResources) -> Result<ListStackResourcesOutput> {
    let stack = named(cx, &input.stack_name)?;
    let after = input.next_token.as_deref().map(page::read::<String>).transpose()?;
    let rows = load(cx, &stack).into_values().filter(|it| it.slot == 0);
    let rows: Vec<_> = rows.filter(|it| after.as_ref().is_none_or(|last| it.logical_id > *last)).collect();
    let next_token = (rows.len() > PAGE).then(|| page::token(&rows[PAGE - 1].logical_id));
    let summaries = rows.into_iter().take(PAGE).map(|it| summarized(cx, &stack, it)).collect();
    Ok(ListStackResourcesOutput { stack_resource_summaries: Some(summaries), next_token })
}

fn no_resource(stack: &Stack, logical_id: &str) -> model::Error {
    invalid(format!("Resource {logical_id} does not exist for stack {}", stack.name))
}

fn described(cx: &Cx, stack: &Stack, it: Resource) -> StackResource {
    StackResource {
        drift_information: Some(drift::of_resource(cx, stack, &it)),
        stack_name: Some(stack.name.clone()),
        stack_id: Some(stack.id.clone()),
        logical_resource_id: it.logical_id,
        physical_resource_id: it.physical_id,
        resource_type: it.type_name,
        timestamp: Timestamp(it.updated_at),
        resource_status: it.status.text().to_owned(),
        resource_status_reason: it.reason,
        description: it.description,
        module_info: None,
    }
}

fn summarized(cx: &Cx, stack: &Stack, it: Resource) -> StackResourceSummary {
    let drift = drift::of_resource(cx, stack, &it);
    StackResourceSummary {
        logical_resource_id: it.logical_id,
        physical_resource_id: it.physical_id,
        resource_type: it.type_name,
        last_updated_timestamp: Timestamp(it.updated_at),
        resource_status: it.status.text().to_owned(),
        resource_status_reason: it.reason,
        drift_information: Some(StackResourceDriftInformationSummary {
            stack_resource_drift_status: drift.stack_resource_drift_status,
            last_check_timestamp: drift.last_check_timestamp,
        }),
        module_info: None,
    }
}

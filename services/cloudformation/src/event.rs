//! Stack events: rows in the order in which things happened, shown newest first.

use crate::page;
use crate::resource::Resource;
use crate::stack::{Stack, find};
use crate::template::invalid;
use api::cloudformation::{DescribeStackEvents, DescribeStackEventsOutput, StackEvent};
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every event. Key: (the stack's uuid, number).
static EVENTS: Table<Stored> = Table::regional("cloudformation.event");

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    number: u64,
    id: String,
    at: i64,
    logical_id: String,
    physical_id: String,
    type_name: String,
    status: String,
    reason: Option<String>,
    properties: Option<String>,
    token: Option<String>,
}

/// AWS gives pages of this size.
const PAGE: usize = 100;

pub fn describe(cx: &Cx, input: DescribeStackEvents) -> Result<DescribeStackEventsOutput> {
    let stack =
        find(cx, &input.stack_name).ok_or_else(|| invalid(format!("Stack [{}] does not exist", input.stack_name)))?;
    let mut span = Span::prefix(&stack.uuid());
    if let Some(token) = &input.next_token {
        span = span.before(&(stack.uuid(), page::read::<u64>(token)?));
    }
    let mut events = cx.range_back(&EVENTS, span, PAGE + 1);
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let next_token = events.last().filter(|_| more).map(|it| page::token(&it.number));
    let events = events.into_iter().map(|it| shown(&stack, it)).collect();
    Ok(DescribeStackEventsOutput { stack_events: Some(events), next_token })
}

/// That the stack's status is what it now is.
pub fn of_stack(cx: &mut Cx, stack: &mut Stack, reason: Option<&str>, token: Option<&str>) {
    stack.reason = reason.map(str::to_owned);
    let event = Stored {
        number: next(cx, stack),
        id: cx.id(),
        at: cx.now().0,
        logical_id: stack.name.clone(),
        physical_id: stack.id.clone(),
        type_name: "AWS::CloudFormation::Stack".to_owned(),
        status: stack.status.text().to_owned(),
        reason: stack.reason.clone(),
        properties: None,
        token: token.map(str::to_owned),
    };
    write(cx, stack, event);
}

/// That a resource's status is what it now is.
pub fn of_resource(cx: &mut Cx, stack: &Stack, row: &mut Resource, reason: Option<&str>) {
    row.reason = reason.map(str::to_owned);
    row.updated_at = cx.now().0;
    let status = row.status.text();
    let event = Stored {
        number: next(cx, stack),
        id: format!("{}-{status}-{}", row.logical_id, cx.id()),
        at: row.updated_at,
        logical_id: row.logical_id.clone(),
        physical_id: row.physical_id.clone().unwrap_or_default(),
        type_name: row.type_name.clone(),
        status: status.to_owned(),
        reason: row.reason.clone(),
        properties: Some(serde_json::Value::Object(row.shown().clone()).to_string()),
        token: stack.operation.as_ref().and_then(|it| it.token.clone()),
    };
    write(cx, stack, event);
}

fn write(cx: &mut Cx, stack: &Stack, event: Stored) {
    cx.put(&EVENTS, &(stack.uuid(), event.number), &event);
}

/// No counter in the stack's row: that row holds the template, and would be written with every event.
fn next(cx: &Cx, stack: &Stack) -> u64 {
    cx.range_back(&EVENTS, Span::prefix(&stack.uuid()), 1).first().map_or(0, |it| it.number + 1)
}

fn shown(stack: &Stack, it: Stored) -> StackEvent {
    StackEvent {
        stack_id: stack.id.clone(),
        event_id: it.id,
        stack_name: stack.name.clone(),
        logical_resource_id: Some(it.logical_id),
        physical_resource_id: Some(it.physical_id),
        resource_type: Some(it.type_name),
        timestamp: Timestamp(it.at),
        resource_status: Some(it.status),
        resource_status_reason: it.reason,
        resource_properties: it.properties,
        client_request_token: it.token,
        ..StackEvent::default()
    }
}

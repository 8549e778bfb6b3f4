//! DescribeStacks and ListStacks.

use super::request::MOST_STACKS;
use super::{ALL, LIVE, OnFailure, STACKS, Stack as Stored, named};
use crate::drift;
use crate::engine::Kept;
use crate::page;
use crate::template::evaluate::HIDDEN;
use crate::template::{MOST_OUTPUTS, invalid};
use api::cloudformation::{
    AccountLimit, DescribeAccountLimits, DescribeAccountLimitsOutput, DescribeStacks, DescribeStacksOutput, ListStacks,
    ListStacksOutput, Output, Parameter, RollbackConfiguration, Stack, StackDriftInformationSummary, StackSummary, Tag,
};
use kernel::{Cloud, Cx};
use model::{Result, Timestamp};
use store::{Span, Table};

/// AWS gives pages of this size.
const PAGE: usize = 100;

/// Milliseconds. Waiters of the AWS CLI look every 30 seconds, and most stacks are done in a fraction of one here: so the
/// answer about a stack that is at work waits for a moment, in case the work ends. AWS answers at once.
const PATIENCE: i64 = 3_000;

pub async fn describe_patiently(cloud: Cloud, input: DescribeStacks) -> Result<DescribeStacksOutput> {
    // A clock that stands would never end the wait.
    let patient = input.stack_name.is_some() && !cloud.kernel().clock.is_frozen();
    let deadline = Timestamp(cloud.now().0 + if patient { PATIENCE } else { 0 });
    cloud.until(deadline, move |cx| describe(cx, input.clone()), is_settled).await
}

fn is_settled(output: &DescribeStacksOutput) -> bool {
    let at_work = |it: &Stack| it.stack_status.ends_with("_IN_PROGRESS") && it.stack_status != "REVIEW_IN_PROGRESS";
    !output.stacks.iter().flatten().any(at_work)
}

fn describe(cx: &Cx, input: DescribeStacks) -> Result<DescribeStacksOutput> {
    if let Some(name) = &input.stack_name {
        return Ok(DescribeStacksOutput { stacks: Some(vec![described(cx, named(cx, name)?)]), next_token: None });
    }
    let (stacks, next_token) = newest_first(cx, &LIVE, input.next_token.as_deref(), |_| true)?;
    Ok(DescribeStacksOutput { stacks: Some(stacks.into_iter().map(|it| described(cx, it)).collect()), next_token })
}

pub fn list(cx: &Cx, input: ListStacks) -> Result<ListStacksOutput> {
    let statuses = input.stack_status_filter.unwrap_or_default();
    let wanted = |it: &Stored| statuses.is_empty() || statuses.iter().any(|status| status == it.status.text());
    let (stacks, next_token) = newest_first(cx, &ALL, input.next_token.as_deref(), wanted)?;
    Ok(ListStacksOutput {
        stack_summaries: Some(stacks.into_iter().map(|it| summarized(cx, it)).collect()),
        next_token,
    })
}

/// One page of an index, filtered, and where the next begins. A page of which all are filtered out is empty, with a token.
fn newest_first(
    cx: &Cx,
    index: &Table<String>,
    token: Option<&str>,
    wanted: impl Fn(&Stored) -> bool,
) -> Result<(Vec<Stored>, Option<String>)> {
    let mut span = Span::all();
    if let Some((created_at, id)) = token.map(page::read::<(i64, String)>).transpose()? {
        span = span.before(&(created_at, id.as_str()));
    }
    let ids = cx.range_back(index, span, PAGE + 1);
    let more = ids.len() > PAGE;
    let mut stacks = Vec::new();
    for id in ids.iter().take(PAGE) {
        stacks.push(cx.get(&STACKS, &id.as_str()).ok_or_else(|| invalid("The stack is gone."))?);
    }
    let next = stacks.last().filter(|_| more).map(|it: &Stored| page::token(&(it.created_at, it.id.clone())));
    stacks.retain(wanted);
    Ok((stacks, next))
}

pub fn limits(_: &Cx, _: DescribeAccountLimits) -> Result<DescribeAccountLimitsOutput> {
    let limit = |name: &str, value: usize| AccountLimit { name: Some(name.to_owned()), value: Some(value as i64) };
    let limits = vec![limit("StackLimit", MOST_STACKS), limit("StackOutputsLimit", MOST_OUTPUTS)];
    Ok(DescribeAccountLimitsOutput { account_limits: Some(limits), next_token: None })
}

fn described(cx: &Cx, it: Stored) -> Stack {
    let drift_information = Some(drift::of_stack(cx, &it));
    let hidden = &it.definition.hidden;
    let parameters = it.definition.parameters.iter().map(|(key, value)| shown(key, value, hidden)).collect();
    Stack {
        stack_id: Some(it.id),
        stack_name: it.name,
        change_set_id: it.change_set_id,
        description: it.definition.description,
        parameters: Some(parameters),
        creation_time: Timestamp(it.created_at),
        deletion_time: it.deleted_at.map(Timestamp),
        last_updated_time: it.updated_at.map(Timestamp),
        rollback_configuration: Some(RollbackConfiguration::default()),
        stack_status: it.status.text().to_owned(),
        stack_status_reason: it.reason,
        disable_rollback: Some(it.on_failure == OnFailure::DoNothing),
        notification_arns: Some(Vec::new()),
        timeout_in_minutes: it.timeout_minutes,
        role_arn: it.role_arn,
        retain_except_on_create: (it.kept == Kept::NothingNew).then_some(true),
        capabilities: Some(it.definition.capabilities),
        outputs: Some(it.outputs.into_iter().map(output).collect()),
        tags: Some(it.definition.tags.into_iter().map(|(key, value)| Tag { key, value }).collect()),
        enable_termination_protection: Some(it.termination_protection),
        drift_information,
        ..Stack::default()
    }
}

/// A parameter as answers show it: what `NoEcho` hides is hidden.
pub fn shown(key: &str, value: &str, hidden: &[String]) -> Parameter {
    let is_hidden = hidden.iter().any(|it| it == key);
    let value = if is_hidden { HIDDEN } else { value };
    Parameter { parameter_key: Some(key.to_owned()), parameter_value: Some(value.to_owned()), ..Parameter::default() }
}

fn output(it: super::Output) -> Output {
    Output {
        output_key: Some(it.name),
        output_value: Some(it.value),
        description: it.description,
        export_name: it.export,
    }
}

fn summarized(cx: &Cx, it: Stored) -> StackSummary {
    let drift = drift::of_stack(cx, &it);
    StackSummary {
        stack_id: Some(it.id),
        stack_name: it.name,
        template_description: it.definition.description,
        creation_time: Timestamp(it.created_at),
        last_updated_time: it.updated_at.map(Timestamp),
        deletion_time: it.deleted_at.map(Timestamp),
        stack_status: it.status.text().to_owned(),
        stack_status_reason: it.reason,
        drift_information: Some(StackDriftInformationSummary {
            stack_drift_status: drift.stack_drift_status,
            last_check_timestamp: drift.last_check_timestamp,
        }),
        ..StackSummary::default()
    }
}

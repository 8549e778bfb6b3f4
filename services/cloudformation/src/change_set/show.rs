//! DescribeChangeSet and ListChangeSets.

use super::detail::{Detail, without_values};
use super::diff::Change as Stored;
use super::{CHANGE_SETS, ChangeSet, MOST_LISTED, named};
use crate::stack::describe::shown;
use crate::stack::named as stack_named;
use api::cloudformation::{
    Change, ChangeSetSummary, DescribeChangeSet, DescribeChangeSetHooks, DescribeChangeSetHooksOutput,
    DescribeChangeSetOutput, ListChangeSets, ListChangeSetsOutput, ResourceChange, ResourceChangeDetail,
    ResourceTargetDefinition, RollbackConfiguration, Tag,
};
use kernel::Cx;
use model::{Result, Timestamp};
use store::Span;

pub fn describe(cx: &Cx, input: DescribeChangeSet) -> Result<DescribeChangeSetOutput> {
    let values = if input.include_property_values == Some(true) { Values::Shown } else { Values::Left };
    let it = named(cx, &input.change_set_name, input.stack_name.as_deref())?;
    let hidden = &it.definition.hidden;
    let parameters = it.definition.parameters.iter().map(|(key, value)| shown(key, value, hidden)).collect();
    Ok(DescribeChangeSetOutput {
        status: Some(it.status().to_owned()),
        execution_status: Some(it.execution_status().to_owned()),
        change_set_name: Some(it.name),
        change_set_id: Some(it.id),
        stack_id: Some(it.stack_id),
        stack_name: Some(it.stack_name),
        description: it.description,
        parameters: Some(parameters),
        creation_time: Some(Timestamp(it.created_at)),
        status_reason: it.reason,
        notification_arns: Some(Vec::new()),
        rollback_configuration: Some(RollbackConfiguration::default()),
        capabilities: Some(it.definition.capabilities),
        tags: Some(it.definition.tags.into_iter().map(|(key, value)| Tag { key, value }).collect()),
        changes: Some(it.changes.into_iter().map(|it| change(it, values)).collect()),
        include_nested_stacks: Some(false),
        on_stack_failure: it.on_failure,
        ..DescribeChangeSetOutput::default()
    })
}

/// There is no registry of types yet, hence no hook that a change set could call.
pub fn hooks(cx: &Cx, input: DescribeChangeSetHooks) -> Result<DescribeChangeSetHooksOutput> {
    let it = named(cx, &input.change_set_name, input.stack_name.as_deref())?;
    Ok(DescribeChangeSetHooksOutput {
        change_set_id: Some(it.id),
        change_set_name: Some(it.name),
        hooks: Some(Vec::new()),
        status: Some("UNAVAILABLE".to_owned()),
        next_token: None,
        stack_id: Some(it.stack_id),
        stack_name: Some(it.stack_name),
    })
}

pub fn list(cx: &Cx, input: ListChangeSets) -> Result<ListChangeSetsOutput> {
    let stack = stack_named(cx, &input.stack_name)?;
    let all = cx.range(&CHANGE_SETS, Span::prefix(&stack.uuid()), MOST_LISTED);
    Ok(ListChangeSetsOutput { summaries: Some(all.into_iter().map(summary).collect()), next_token: None })
}

fn summary(it: ChangeSet) -> ChangeSetSummary {
    ChangeSetSummary {
        status: Some(it.status().to_owned()),
        execution_status: Some(it.execution_status().to_owned()),
        stack_id: Some(it.stack_id),
        stack_name: Some(it.stack_name),
        change_set_id: Some(it.id),
        change_set_name: Some(it.name),
        status_reason: it.reason,
        creation_time: Some(Timestamp(it.created_at)),
        description: it.description,
        include_nested_stacks: Some(false),
        ..ChangeSetSummary::default()
    }
}

/// Whether `IncludePropertyValues` was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    Shown,
    Left,
}

fn change(it: Stored, values: Values) -> Change {
    let shown = values == Values::Shown;
    let details = if shown { it.details } else { without_values(it.details) };
    let change = ResourceChange {
        before_context: it.before.filter(|_| shown),
        after_context: it.after.filter(|_| shown),
        policy_action: it.policy,
        action: Some(it.action),
        logical_resource_id: Some(it.logical_id),
        physical_resource_id: it.physical_id,
        resource_type: Some(it.type_name),
        replacement: it.replacement,
        scope: Some(it.scope),
        details: Some(details.into_iter().map(detail).collect()),
        ..ResourceChange::default()
    };
    Change { type_: Some("Resource".to_owned()), hook_invocation_count: None, resource_change: Some(change) }
}

fn detail(it: Detail) -> ResourceChangeDetail {
    let kind = it.value.as_ref().map(|it| it.kind().to_owned());
    let (path, before_value, after_value) = it.value.map(|it| (Some(it.path), it.before, it.after)).unwrap_or_default();
    let target = ResourceTargetDefinition {
        attribute: Some(it.attribute),
        name: it.name,
        requires_recreation: Some(it.requires_recreation),
        path,
        before_value,
        after_value,
        attribute_change_type: kind,
        ..ResourceTargetDefinition::default()
    };
    ResourceChangeDetail {
        target: Some(target),
        evaluation: Some(it.evaluation),
        change_source: Some(it.source),
        causing_entity: it.causing_entity,
    }
}

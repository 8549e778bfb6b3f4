//! What was found, as the operations show it.

use super::{DETECTIONS, Detection, FOUND, Found, STACKS, State};
use crate::page;
use crate::resource::{self, Resource};
use crate::stack::{Stack, named};
use crate::template::invalid;
use api::cloudformation::{
    DescribeStackDriftDetectionStatus, DescribeStackDriftDetectionStatusOutput, DescribeStackResourceDrifts,
    DescribeStackResourceDriftsOutput, PropertyDifference, StackDriftInformation, StackResourceDrift,
    StackResourceDriftInformation,
};
use kernel::Cx;
use model::{Result, Timestamp};
use store::Span;

/// AWS gives pages of this size at most.
const PAGE: usize = 100;

pub fn status(cx: &Cx, input: DescribeStackDriftDetectionStatus) -> Result<DescribeStackDriftDetectionStatusOutput> {
    let id = input.stack_drift_detection_id;
    let it = cx.get(&DETECTIONS, &id.as_str());
    let it: Detection = it.ok_or_else(|| invalid(format!("Drift detection [{id}] does not exist")))?;
    let (status, reason) = match (it.is_done, it.unknown.is_empty()) {
        (false, _) => ("DETECTION_IN_PROGRESS", None),
        (true, true) => ("DETECTION_COMPLETE", None),
        (true, false) => {
            let names = it.unknown.join(", ");
            ("DETECTION_FAILED", Some(format!("Failed to detect drift on resources [{names}]")))
        }
    };
    let of_stack = match (it.drifted > 0, it.unknown.is_empty()) {
        (true, _) => "DRIFTED",
        (false, true) => "IN_SYNC",
        (false, false) => "UNKNOWN",
    };
    Ok(DescribeStackDriftDetectionStatusOutput {
        stack_id: it.stack_id,
        stack_drift_detection_id: id,
        stack_drift_status: it.is_done.then(|| of_stack.to_owned()),
        detection_status: status.to_owned(),
        detection_status_reason: reason,
        drifted_stack_resource_count: it.is_done.then_some(it.drifted),
        timestamp: Timestamp(it.at),
    })
}

pub fn describe(cx: &Cx, input: DescribeStackResourceDrifts) -> Result<DescribeStackResourceDriftsOutput> {
    let stack = named(cx, &input.stack_name)?;
    let wanted = input.stack_resource_drift_status_filters.unwrap_or_default();
    let after = input.next_token.as_deref().map(page::read::<String>).transpose()?;
    let most = input.max_results.map_or(PAGE, |it| it as usize);
    let rows = resource::load(cx, &stack);
    // What was found of a resource that was replaced or left out since is no news.
    let is_current = |it: &Found| {
        let row = rows.get(&(it.logical_id.clone(), 0));
        row.is_some_and(|row| row.physical_id.as_ref() == Some(&it.physical_id))
    };
    let found = cx.range(&FOUND, Span::prefix(&stack.uuid()), usize::MAX).into_iter();
    let mut found: Vec<Found> = found
        .filter(|it| after.as_ref().is_none_or(|last| it.logical_id > *last))
        .filter(|it| wanted.is_empty() || wanted.iter().any(|wanted| wanted == it.state.text()))
        .filter(is_current)
        .take(most + 1)
        .collect();
    let next_token = (found.len() > most).then(|| page::token(&found[most - 1].logical_id));
    found.truncate(most);
    let stack_resource_drifts = found.into_iter().map(|it| self::found(&stack, it)).collect();
    Ok(DescribeStackResourceDriftsOutput { stack_resource_drifts, next_token })
}

pub fn found(stack: &Stack, it: Found) -> StackResourceDrift {
    let difference = |it: super::Difference| PropertyDifference {
        property_path: it.path,
        expected_value: it.expected,
        actual_value: it.actual,
        difference_type: it.kind.text().to_owned(),
    };
    StackResourceDrift {
        stack_id: stack.id.clone(),
        logical_resource_id: it.logical_id,
        physical_resource_id: Some(it.physical_id),
        resource_type: it.type_name,
        expected_properties: it.expected,
        actual_properties: it.actual,
        property_differences: Some(it.differences.into_iter().map(difference).collect()),
        stack_resource_drift_status: it.state.text().to_owned(),
        timestamp: Timestamp(it.at),
        drift_status_reason: it.reason,
        ..StackResourceDrift::default()
    }
}

pub fn of_stack(cx: &Cx, stack: &Stack) -> StackDriftInformation {
    let checked = cx.get(&STACKS, &stack.uuid()).filter(|it| it.at > 0);
    let status = match &checked {
        None => "NOT_CHECKED",
        Some(it) if it.drifted => "DRIFTED",
        Some(_) => "IN_SYNC",
    };
    StackDriftInformation {
        stack_drift_status: status.to_owned(),
        last_check_timestamp: checked.map(|it| Timestamp(it.at)),
    }
}

pub fn of_resource(cx: &Cx, stack: &Stack, row: &Resource) -> StackResourceDriftInformation {
    let found = cx.get(&FOUND, &(stack.uuid(), row.logical_id.as_str()));
    let found = found.filter(|it| row.physical_id.as_ref() == Some(&it.physical_id));
    StackResourceDriftInformation {
        stack_resource_drift_status: found.as_ref().map_or("NOT_CHECKED", |it| it.state.text()).to_owned(),
        last_check_timestamp: found.map(|it| Timestamp(it.at)),
    }
}

impl State {
    fn text(self) -> &'static str {
        match self {
            State::InSync => "IN_SYNC",
            State::Modified => "MODIFIED",
            State::Deleted => "DELETED",
            State::Unknown => "UNKNOWN",
        }
    }
}

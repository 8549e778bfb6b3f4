//! AWS CloudFormation: the table of contents. Each line reads *who may be asked about what → who answers*.

mod admission;
mod cfn;
mod change_set;
mod drift;
mod engine;
mod event;
mod export;
mod page;
mod policy;
mod resource;
mod schema;
mod stack;
mod status;
mod template;

use kernel::Service;

pub fn service() -> Service {
    Service::new("cloudformation")
        .op(|cx, it: &CreateStack| stack::arn(cx, &it.stack_name), stack::create::create)
        .op(|cx, it: &UpdateStack| stack::arn(cx, &it.stack_name), stack::update::update)
        .op(|cx, it: &DeleteStack| stack::arn(cx, &it.stack_name), stack::delete::delete)
        .conversation(
            |cx, it: &DescribeStacks| stack::any_arn(cx, it.stack_name.as_ref()),
            stack::describe::describe_patiently,
        )
        .read(|_, _: &ListStacks| "*", stack::describe::list)
        .read(|cx, it: &DescribeStackEvents| stack::arn(cx, &it.stack_name), event::describe)
        .read(|cx, it: &DescribeStackResource| stack::arn(cx, &it.stack_name), resource::describe)
        .read(|cx, it: &DescribeStackResources| stack::any_arn(cx, it.stack_name.as_ref()), resource::describe_all)
        .read(|cx, it: &ListStackResources| stack::arn(cx, &it.stack_name), resource::list)
        .read(|cx, it: &GetTemplate| stack::any_arn(cx, it.stack_name.as_ref()), stack::template::get)
        .op(|cx, it: &GetTemplateSummary| summarized(cx, it), stack::template::summarize)
        .op(|_, _: &ValidateTemplate| "*", stack::template::validate)
        .op(|cx, it: &CreateChangeSet| stack::arn(cx, &it.stack_name), change_set::create)
        .op(
            |cx, it: &ExecuteChangeSet| change_set::stack_arn(cx, &it.change_set_name, it.stack_name.as_ref()),
            change_set::execute,
        )
        .op(
            |cx, it: &DeleteChangeSet| change_set::stack_arn(cx, &it.change_set_name, it.stack_name.as_ref()),
            change_set::delete,
        )
        .read(
            |cx, it: &DescribeChangeSet| change_set::stack_arn(cx, &it.change_set_name, it.stack_name.as_ref()),
            change_set::describe,
        )
        .read(|cx, it: &ListChangeSets| stack::arn(cx, &it.stack_name), change_set::list)
        .read(
            |cx, it: &DescribeChangeSetHooks| change_set::stack_arn(cx, &it.change_set_name, it.stack_name.as_ref()),
            change_set::hooks,
        )
        .op(|cx, it: &CancelUpdateStack| stack::arn(cx, &it.stack_name), stack::rollback::cancel)
        .op(|cx, it: &ContinueUpdateRollback| stack::arn(cx, &it.stack_name), stack::rollback::go_on)
        .op(|cx, it: &RollbackStack| stack::arn(cx, &it.stack_name), stack::rollback::roll_back)
        .op(|cx, it: &UpdateTerminationProtection| stack::arn(cx, &it.stack_name), stack::protection::terminate_or_not)
        .op(|cx, it: &SetStackPolicy| stack::arn(cx, &it.stack_name), stack::protection::set_policy)
        .read(|cx, it: &GetStackPolicy| stack::arn(cx, &it.stack_name), stack::protection::get_policy)
        .op(|cx, it: &DetectStackDrift| stack::arn(cx, &it.stack_name), drift::detect)
        .op(|cx, it: &DetectStackResourceDrift| stack::arn(cx, &it.stack_name), drift::detect_one)
        .read(|_, _: &DescribeStackDriftDetectionStatus| "*", drift::status)
        .read(|cx, it: &DescribeStackResourceDrifts| stack::arn(cx, &it.stack_name), drift::describe)
        .read(|_, _: &ListExports| "*", export::list)
        .read(|_, _: &ListImports| "*", export::list_imports)
        .read(|_, _: &DescribeAccountLimits| "*", stack::describe::limits)
        .resource(&cfn::WAIT_CONDITION_HANDLE)
        .job(&engine::ADVANCE, engine::advance)
        .job(&drift::DETECT, drift::go_on)
}

/// A template that is sent along belongs to no stack.
fn summarized(cx: &kernel::Cx, input: &GetTemplateSummary) -> String {
    input.stack_name.as_ref().map_or_else(|| "*".to_owned(), |it| stack::arn(cx, it))
}

use api::cloudformation::{
    CancelUpdateStack, ContinueUpdateRollback, CreateChangeSet, CreateStack, DeleteChangeSet, DeleteStack,
    DescribeAccountLimits, DescribeChangeSet, DescribeChangeSetHooks, DescribeStackDriftDetectionStatus,
    DescribeStackEvents, DescribeStackResource, DescribeStackResourceDrifts, DescribeStackResources, DescribeStacks,
    DetectStackDrift, DetectStackResourceDrift, ExecuteChangeSet, GetStackPolicy, GetTemplate, GetTemplateSummary,
    ListChangeSets, ListExports, ListImports, ListStackResources, ListStacks, RollbackStack, SetStackPolicy,
    UpdateStack, UpdateTerminationProtection, ValidateTemplate,
};

#[cfg(test)]
mod tests;

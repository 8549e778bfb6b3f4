//! AWS Lambda: the table of contents. Each line reads *who may be asked about what → who answers*.

mod alias;
mod cfn;
mod concurrency;
mod environment;
mod event_config;
mod function;
mod invoke;
mod mapping;
mod name;
mod package;
mod page;
mod permission;
mod source;
mod tag;
mod task;
mod time;

use function::version;
use kernel::Service;

pub fn service() -> Service {
    let service = Service::new("lambda").resource_policies(permission::of_arn).resource_tags(tag::of_resource);
    mappings(functions(service))
        .job_conversation(&invoke::later::INVOKE, invoke::later::deliver)
        .reconciler(|cloud| Box::pin(invoke::pool::retire(cloud)))
        .reconciler(|cloud| Box::pin(mapping::reconcile::run(cloud)))
        .resource(&cfn::FUNCTION)
        .resource(&cfn::EVENT_SOURCE_MAPPING)
        .resource(&cfn::PERMISSION)
        .resource(&cfn::VERSION)
        .resource(&cfn::ALIAS)
        .resource(&cfn::EVENT_INVOKE_CONFIG)
}

fn functions(service: Service) -> Service {
    service
        .op(|cx, it: &CreateFunction| name::arn(cx, &it.function_name), function::create)
        .from_outside(function::create_uploaded)
        .conditions(|_, it: &CreateFunction, context| tag::requested(it.tags.as_ref(), context))
        .read(|cx, it: &GetFunction| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()), function::get)
        .read(
            |cx, it: &GetFunctionConfiguration| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()),
            function::get_configuration,
        )
        .read(|_, _: &ListFunctions| "*", function::list)
        .op(|cx, it: &UpdateFunctionCode| name::arn(cx, &it.function_name), function::update_code)
        .from_outside(function::update_code_uploaded)
        .op(|cx, it: &UpdateFunctionConfiguration| name::arn(cx, &it.function_name), function::update_configuration)
        .op(
            |cx, it: &DeleteFunction| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()),
            function::delete,
        )
        .op(|cx, it: &PublishVersion| name::arn(cx, &it.function_name), version::publish)
        .read(|cx, it: &ListVersionsByFunction| name::arn(cx, &it.function_name), version::list)
        .op(|cx, it: &CreateAlias| name::arn(cx, &it.function_name), alias::create)
        .read(|cx, it: &GetAlias| name::arn(cx, &it.function_name), alias::get)
        .read(|cx, it: &ListAliases| name::arn(cx, &it.function_name), alias::list)
        .op(|cx, it: &UpdateAlias| name::arn(cx, &it.function_name), alias::update)
        .op(|cx, it: &DeleteAlias| name::arn(cx, &it.function_name), alias::delete)
        .conversation(
            |cx, it: &Invoke| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()),
            invoke::invoke,
        )
        .checked_as("lambda:InvokeFunction")
        .conditions(invoke::conditions)
        .conversation(|cx, it: &InvokeAsync| name::arn(cx, &it.function_name), invoke::invoke_async)
        .op(|cx, it: &PutFunctionEventInvokeConfig| name::arn(cx, &it.function_name), event_config::put)
        .op(|cx, it: &UpdateFunctionEventInvokeConfig| name::arn(cx, &it.function_name), event_config::update)
        .read(|cx, it: &GetFunctionEventInvokeConfig| name::arn(cx, &it.function_name), event_config::get)
        .read(|cx, it: &ListFunctionEventInvokeConfigs| name::arn(cx, &it.function_name), event_config::list)
        .op(|cx, it: &DeleteFunctionEventInvokeConfig| name::arn(cx, &it.function_name), event_config::delete)
        .op(|cx, it: &PutFunctionConcurrency| name::arn(cx, &it.function_name), concurrency::put)
        .read(|cx, it: &GetFunctionConcurrency| name::arn(cx, &it.function_name), concurrency::get)
        .op(|cx, it: &DeleteFunctionConcurrency| name::arn(cx, &it.function_name), concurrency::delete)
        .read(|_, _: &GetAccountSettings| "*", concurrency::account)
        .op(
            |cx, it: &AddPermission| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()),
            permission::add,
        )
        .conditions(permission::conditions)
        .op(
            |cx, it: &RemovePermission| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()),
            permission::remove,
        )
        .conditions(permission::conditions_of_remove)
        .read(|cx, it: &GetPolicy| name::qualified_arn(cx, &it.function_name, it.qualifier.as_deref()), permission::get)
}

fn mappings(service: Service) -> Service {
    service
        .op(|_, _: &CreateEventSourceMapping| "*", mapping::create)
        .conditions(mapping::conditions)
        .read(|cx, it: &GetEventSourceMapping| mapping::arn(cx, &it.uuid), mapping::get)
        .conditions(mapping::conditions_of_get)
        .read(|_, _: &ListEventSourceMappings| "*", mapping::list)
        .op(|cx, it: &UpdateEventSourceMapping| mapping::arn(cx, &it.uuid), mapping::update)
        .conditions(mapping::conditions_of_update)
        .op(|cx, it: &DeleteEventSourceMapping| mapping::arn(cx, &it.uuid), mapping::delete)
        .conditions(mapping::conditions_of_delete)
        .op(|_, it: &TagResource| it.resource.clone(), tag::add)
        .conditions(tag::conditions_of_add)
        .op(|_, it: &UntagResource| it.resource.clone(), tag::remove)
        .conditions(tag::conditions_of_remove)
        .read(|_, it: &ListTags| it.resource.clone(), tag::list)
}

use api::lambda::{
    AddPermission, CreateAlias, CreateEventSourceMapping, CreateFunction, DeleteAlias, DeleteEventSourceMapping,
    DeleteFunction, DeleteFunctionConcurrency, DeleteFunctionEventInvokeConfig, GetAccountSettings, GetAlias,
    GetEventSourceMapping, GetFunction, GetFunctionConcurrency, GetFunctionConfiguration, GetFunctionEventInvokeConfig,
    GetPolicy, Invoke, InvokeAsync, ListAliases, ListEventSourceMappings, ListFunctionEventInvokeConfigs,
    ListFunctions, ListTags, ListVersionsByFunction, PublishVersion, PutFunctionConcurrency,
    PutFunctionEventInvokeConfig, RemovePermission, TagResource, UntagResource, UpdateAlias, UpdateEventSourceMapping,
    UpdateFunctionCode, UpdateFunctionConfiguration, UpdateFunctionEventInvokeConfig,
};

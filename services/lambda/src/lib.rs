//! AWS Lambda: the table of contents. Each line reads *who may be asked about what → who answers*.

mod cfn;
mod environment;
mod function;
mod invoke;
mod mapping;
mod name;
mod package;
mod page;
mod tag;
mod time;

use kernel::Service;

pub fn service() -> Service {
    Service::new("lambda")
        .op(|cx, it: &CreateFunction| name::arn(cx, &it.function_name), function::create)
        .read(|cx, it: &GetFunction| name::arn(cx, &it.function_name), function::get)
        .read(|cx, it: &GetFunctionConfiguration| name::arn(cx, &it.function_name), function::get_configuration)
        .read(|_, _: &ListFunctions| "*", function::list)
        .op(|cx, it: &UpdateFunctionCode| name::arn(cx, &it.function_name), function::update_code)
        .op(|cx, it: &UpdateFunctionConfiguration| name::arn(cx, &it.function_name), function::update_configuration)
        .op(|cx, it: &DeleteFunction| name::arn(cx, &it.function_name), function::delete)
        .conversation(|cx, it: &Invoke| name::arn(cx, &it.function_name), invoke::invoke)
        .checked_as("lambda:InvokeFunction")
        .op(|_, _: &CreateEventSourceMapping| "*", mapping::create)
        .conditions(mapping::conditions)
        .read(|cx, it: &GetEventSourceMapping| mapping::arn(cx, &it.uuid), mapping::get)
        .read(|_, _: &ListEventSourceMappings| "*", mapping::list)
        .op(|cx, it: &UpdateEventSourceMapping| mapping::arn(cx, &it.uuid), mapping::update)
        .op(|cx, it: &DeleteEventSourceMapping| mapping::arn(cx, &it.uuid), mapping::delete)
        .op(|_, it: &TagResource| it.resource.clone(), tag::add)
        .op(|_, it: &UntagResource| it.resource.clone(), tag::remove)
        .read(|_, it: &ListTags| it.resource.clone(), tag::list)
        .job_conversation(&invoke::later::INVOKE, invoke::later::deliver)
        .reconciler(|cloud| Box::pin(invoke::pool::retire(cloud)))
        .reconciler(|cloud| Box::pin(mapping::reconcile::run(cloud)))
        .resource(&cfn::FUNCTION)
        .resource(&cfn::EVENT_SOURCE_MAPPING)
}

use api::lambda::{
    CreateEventSourceMapping, CreateFunction, DeleteEventSourceMapping, DeleteFunction, GetEventSourceMapping,
    GetFunction, GetFunctionConfiguration, Invoke, ListEventSourceMappings, ListFunctions, ListTags, TagResource,
    UntagResource, UpdateEventSourceMapping, UpdateFunctionCode, UpdateFunctionConfiguration,
};

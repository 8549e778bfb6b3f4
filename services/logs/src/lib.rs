//! Amazon CloudWatch Logs: the table of contents. Each line reads *who may be asked about what → who answers*.

mod cfn;
mod event;
mod filter;
mod group;
mod list;
mod merge;
mod metric_filter;
mod pattern;
mod read;
mod resource;
mod retention;
mod stream;
mod sweep;
mod tag;
mod tail;
#[cfg(test)]
mod tests;

use kernel::Service;

pub fn service() -> Service {
    Service::new("logs")
        .invalid_as(group::invalid)
        .op(|cx, it: &CreateLogGroup| resource::group(cx, &it.log_group_name), group::create)
        .read(|cx, _: &DescribeLogGroups| resource::group(cx, ""), group::describe)
        .read(|cx, _: &ListLogGroups| resource::group(cx, ""), list::list)
        .op(|cx, it: &DeleteLogGroup| resource::group(cx, &it.log_group_name), group::delete)
        .op(
            |cx, it: &PutLogGroupDeletionProtection| {
                resource::either(cx, &None, &Some(it.log_group_identifier.clone()), "")
            },
            group::protect,
        )
        .op(|cx, it: &PutRetentionPolicy| resource::group(cx, &it.log_group_name), retention::put)
        .op(|cx, it: &DeleteRetentionPolicy| resource::group(cx, &it.log_group_name), retention::delete)
        .op(|cx, it: &CreateLogStream| resource::stream(cx, &it.log_group_name, &it.log_stream_name), stream::create)
        .read(
            |cx, it: &DescribeLogStreams| resource::either(cx, &it.log_group_name, &it.log_group_identifier, ""),
            stream::describe,
        )
        .op(|cx, it: &DeleteLogStream| resource::stream(cx, &it.log_group_name, &it.log_stream_name), stream::delete)
        .op(|cx, it: &PutLogEvents| resource::stream(cx, &it.log_group_name, &it.log_stream_name), event::put)
        .read(
            |cx, it: &GetLogEvents| {
                resource::either(cx, &it.log_group_name, &it.log_group_identifier, &it.log_stream_name)
            },
            read::get,
        )
        .read(
            |cx, it: &FilterLogEvents| resource::either(cx, &it.log_group_name, &it.log_group_identifier, ""),
            filter::filter,
        )
        .stream(|cx, it: &StartLiveTail| resource::all_followed(cx, &it.log_group_identifiers), tail::start)
        .read(|_, _: &TestMetricFilter| "*", metric_filter::test)
        .op(|cx, it: &TagResource| resource::tagged(cx, &it.resource_arn), tag::add)
        .op(|cx, it: &UntagResource| resource::tagged(cx, &it.resource_arn), tag::remove)
        .read(|cx, it: &ListTagsForResource| resource::tagged(cx, &it.resource_arn), tag::list)
        .read(|cx, it: &ListTagsLogGroup| resource::group(cx, &it.log_group_name), tag::list_of_group)
        .op(|cx, it: &TagLogGroup| resource::group(cx, &it.log_group_name), tag::add_to_group)
        .op(|cx, it: &UntagLogGroup| resource::group(cx, &it.log_group_name), tag::remove_from_group)
        .job(&sweep::GROUP, sweep::group)
        .job(&sweep::STREAM, sweep::stream)
        .job(&retention::EXPIRE, retention::expire)
        .resource(&cfn::LOG_GROUP)
        .resource(&cfn::LOG_STREAM)
}

use api::logs::{
    CreateLogGroup, CreateLogStream, DeleteLogGroup, DeleteLogStream, DeleteRetentionPolicy, DescribeLogGroups,
    DescribeLogStreams, FilterLogEvents, GetLogEvents, ListLogGroups, ListTagsForResource, ListTagsLogGroup,
    PutLogEvents, PutLogGroupDeletionProtection, PutRetentionPolicy, StartLiveTail, TagLogGroup, TagResource,
    TestMetricFilter, UntagLogGroup, UntagResource,
};

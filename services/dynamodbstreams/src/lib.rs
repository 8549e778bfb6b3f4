//! Amazon DynamoDB Streams: the table of contents. Each line reads *who may be asked about what → who answers*.

mod iterator;
mod record;
mod source;
mod stream;
#[cfg(test)]
mod tests;

use kernel::Service;

pub fn service() -> Service {
    Service::new("dynamodbstreams")
        .iam_prefix("dynamodb")
        .read(|_, _: &ListStreams| "*", stream::list)
        .read(|_, it: &DescribeStream| it.stream_arn.clone(), stream::describe)
        .read(|_, it: &GetShardIterator| it.stream_arn.clone(), iterator::get)
        .read(|cx, it: &GetRecords| iterator::arn(cx, it), record::get)
        .resource_policies(stream::policy_of)
        .source(&source::SOURCE)
}

use api::dynamodbstreams::{DescribeStream, GetRecords, GetShardIterator, ListStreams};

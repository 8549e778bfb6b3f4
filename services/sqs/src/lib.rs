//! Amazon SQS: the table of contents. Each line reads *who may be asked about what → who answers*.

mod attribute;
mod batch;
mod cfn;
mod digest;
mod event;
mod fair;
mod fifo;
mod flight;
mod message;
mod move_task;
mod permission;
mod queue;
mod receive;
mod redrive;
mod standard;
mod stock;
mod sweep;
mod tag;

use kernel::Service;

pub fn service() -> Service {
    Service::new("sqs")
        .invalid_as(queue::invalid)
        .op(|cx, it: &CreateQueue| cx.arn("sqs", &it.queue_name), queue::create)
        .read(|cx, it: &GetQueueUrl| queue::named_arn(cx, it), queue::url)
        .read(|cx, _: &ListQueues| cx.arn("sqs", "*"), queue::list)
        .op(|cx, it: &DeleteQueue| queue::arn(cx, &it.queue_url), queue::delete)
        .op(|cx, it: &PurgeQueue| queue::arn(cx, &it.queue_url), queue::purge)
        .read(|cx, it: &GetQueueAttributes| queue::arn(cx, &it.queue_url), attribute::get)
        .op(|cx, it: &SetQueueAttributes| queue::arn(cx, &it.queue_url), attribute::set)
        .op(|cx, it: &SendMessage| queue::arn(cx, &it.queue_url), message::send)
        .op(|cx, it: &SendMessageBatch| queue::arn(cx, &it.queue_url), batch::send)
        .checked_as("sqs:SendMessage")
        .conversation(|cx, it: &ReceiveMessage| queue::arn(cx, &it.queue_url), receive::receive_waiting)
        .op(|cx, it: &DeleteMessage| queue::arn(cx, &it.queue_url), message::delete)
        .op(|cx, it: &DeleteMessageBatch| queue::arn(cx, &it.queue_url), batch::delete)
        .checked_as("sqs:DeleteMessage")
        .op(|cx, it: &ChangeMessageVisibility| queue::arn(cx, &it.queue_url), message::change_visibility)
        .op(|cx, it: &ChangeMessageVisibilityBatch| queue::arn(cx, &it.queue_url), batch::change_visibility)
        .checked_as("sqs:ChangeMessageVisibility")
        .read(|cx, it: &ListDeadLetterSourceQueues| queue::arn(cx, &it.queue_url), redrive::list_sources)
        .op(|cx, it: &TagQueue| queue::arn(cx, &it.queue_url), tag::add)
        .op(|cx, it: &UntagQueue| queue::arn(cx, &it.queue_url), tag::remove)
        .read(|cx, it: &ListQueueTags| queue::arn(cx, &it.queue_url), tag::list)
        .op(|cx, it: &AddPermission| queue::arn(cx, &it.queue_url), permission::add)
        .op(|cx, it: &RemovePermission| queue::arn(cx, &it.queue_url), permission::remove)
        .op(|_, it: &StartMessageMoveTask| it.source_arn.clone(), move_task::start)
        .read(|_, it: &ListMessageMoveTasks| it.source_arn.clone(), move_task::list)
        .op(|_, it: &CancelMessageMoveTask| move_task::source_of(it), move_task::cancel)
        .resource_policies(permission::policy_of)
        .switch(&queue::DELETED_RECENTLY)
        .job(&queue::FREE_NAME, queue::free_name)
        .job(&sweep::SWEEP, sweep::run)
        .job(&sweep::EXPIRE, sweep::expire)
        .job(&fifo::forgetting::FORGET, fifo::forgetting::run)
        .job(&move_task::MOVE, move_task::step)
        .source(&event::SOURCE)
        .resource(&cfn::queue::QUEUE)
        .resource(&cfn::policy::QUEUE_POLICY)
        .resource(&cfn::inline_policy::QUEUE_INLINE_POLICY)
}

use api::sqs::{
    AddPermission, CancelMessageMoveTask, ChangeMessageVisibility, ChangeMessageVisibilityBatch, CreateQueue,
    DeleteMessage, DeleteMessageBatch, DeleteQueue, GetQueueAttributes, GetQueueUrl, ListDeadLetterSourceQueues,
    ListMessageMoveTasks, ListQueueTags, ListQueues, PurgeQueue, ReceiveMessage, RemovePermission, SendMessage,
    SendMessageBatch, SetQueueAttributes, StartMessageMoveTask, TagQueue, UntagQueue,
};

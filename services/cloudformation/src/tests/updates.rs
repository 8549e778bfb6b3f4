//! Updates: in place, by replacement, undone.

use super::{World, check};
use api::cloudformation::{DescribeStackResource, DescribeStackResources};
use api::sqs::{GetQueueAttributes, ListQueues};

const ONE: &str = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one, VisibilityTimeout: 10}}, G: {Type: AWS::Logs::LogGroup}}";

async fn physical_id(world: &World, logical_id: &str) -> String {
    let input = DescribeStackResource { stack_name: "app".to_owned(), logical_resource_id: logical_id.to_owned() };
    world.cloud.call(input).await.unwrap().stack_resource_detail.unwrap().physical_resource_id.unwrap()
}

#[tokio::test]
async fn a_resource_is_changed_in_place_and_what_is_left_out_is_deleted() {
    let world = World::new();
    world.create("app", ONE).await.unwrap();
    world.settled("app").await;
    let before = world.events("app").await.len();
    assert_eq!(world.update("app", ONE).await.unwrap_err().message(), "No updates are to be performed.");
    let two = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one, VisibilityTimeout: 20}}, New: {Type: AWS::SQS::Queue}}";
    world.update("app", two).await.unwrap();
    assert_eq!(world.settled("app").await.stack_status, "UPDATE_COMPLETE");
    assert_eq!(
        world.events("app").await[before..],
        [
            "app UPDATE_IN_PROGRESS User Initiated",
            "New CREATE_IN_PROGRESS",
            "Q UPDATE_IN_PROGRESS",
            "New CREATE_IN_PROGRESS Resource creation Initiated",
            "New CREATE_COMPLETE",
            "Q UPDATE_COMPLETE",
            "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "G DELETE_IN_PROGRESS",
            "G DELETE_COMPLETE",
            "app UPDATE_COMPLETE",
        ]
    );
    let queue_url = physical_id(&world, "Q").await;
    let input = GetQueueAttributes { queue_url, attribute_names: Some(vec!["All".to_owned()]) };
    assert_eq!(world.cloud.call(input).await.unwrap().attributes.unwrap()["VisibilityTimeout"], "20");
    let input = DescribeStackResources { stack_name: Some("app".to_owned()), ..Default::default() };
    assert_eq!(world.cloud.call(input).await.unwrap().stack_resources.unwrap().len(), 2);
}

#[tokio::test]
async fn a_new_name_makes_a_new_resource_and_deletes_the_old_one() {
    let world = World::new();
    world.create("app", ONE).await.unwrap();
    world.settled("app").await;
    let before = world.events("app").await.len();
    world.update("app", &ONE.replace("QueueName: one", "QueueName: two")).await.unwrap();
    assert_eq!(world.settled("app").await.stack_status, "UPDATE_COMPLETE");
    assert_eq!(
        world.events("app").await[before..],
        [
            "app UPDATE_IN_PROGRESS User Initiated",
            "Q UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.",
            "Q UPDATE_IN_PROGRESS Resource creation Initiated",
            "Q UPDATE_COMPLETE",
            "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "Q DELETE_IN_PROGRESS",
            "Q DELETE_COMPLETE",
            "app UPDATE_COMPLETE",
        ]
    );
    let urls = world.cloud.call(ListQueues::default()).await.unwrap().queue_urls.unwrap();
    assert_eq!(urls, ["http://niebla.test/000000000000/two"]);
}

#[tokio::test]
async fn a_failed_update_leaves_everything_as_it_was() {
    let world = World::new();
    world.create("app", ONE).await.unwrap();
    world.settled("app").await;
    let (queue, before) = (physical_id(&world, "Q").await, world.events("app").await.len());
    let three = r#"
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: three}}
  G: {Type: AWS::Logs::LogGroup, DependsOn: [Q, New], Properties: {RetentionInDays: 3}}
  New: {Type: AWS::SQS::Queue}
"#;
    world.update("app", three).await.unwrap();
    let stack = world.settled("app").await;
    assert_eq!(stack.stack_status, "UPDATE_ROLLBACK_COMPLETE");
    let events = world.events("app").await.split_off(before);
    let from = events.iter().position(|it| it.starts_with("G UPDATE_FAILED")).unwrap();
    assert_eq!(
        events[from..],
        [
            "G UPDATE_FAILED Resource handler returned message: \"Three days are too few.",
            "app UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [G]. ",
            "G UPDATE_IN_PROGRESS",
            "Q UPDATE_COMPLETE",
            "G UPDATE_COMPLETE",
            "app UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "New DELETE_IN_PROGRESS",
            "Q DELETE_IN_PROGRESS",
            "New DELETE_COMPLETE",
            "Q DELETE_COMPLETE",
            "app UPDATE_ROLLBACK_COMPLETE",
        ]
    );
    assert_eq!(physical_id(&world, "Q").await, queue);
    let urls = world.cloud.call(ListQueues::default()).await.unwrap().queue_urls.unwrap();
    assert_eq!(urls, [queue]);
    // And the stack can be updated again.
    world.update("app", &ONE.replace("10", "11")).await.unwrap();
    assert_eq!(world.settled("app").await.stack_status, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_logical_id_keeps_its_type() {
    let world = World::new();
    world.create("app", ONE).await.unwrap();
    world.settled("app").await;
    let other = "Resources: {Q: {Type: AWS::Logs::LogGroup}}";
    assert_eq!(
        world.update("app", other).await.unwrap_err().message(),
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [Q]"
    );
    assert_eq!(world.update("none", ONE).await.unwrap_err().message(), "Stack [none] does not exist");
}

#[test]
fn a_name_that_a_stack_has_cannot_be_had_twice() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}" => StackId=$app
        cloudformation create-stack StackName=two TemplateBody="Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}" => ok
        cloudformation describe-stacks StackName=two => Stacks[0].StackStatus=ROLLBACK_COMPLETE
        cloudformation describe-stack-events StackName=two => StackEvents[3].ResourceStatusReason="http://niebla.test/000000000000/q already exists in stack arn:*:stack/app/*"
        cloudformation update-stack StackName=app TemplateBody="Resources: {B: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        sqs list-queues => QueueUrls[0]=*/q QueueUrls[1]=absent
        "#,
    );
}

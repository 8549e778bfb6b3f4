//! Event source mappings on queues: what may be made, what is read, what comes back.

mod world;

use api::lambda::{
    CreateEventSourceMapping, CreateEventSourceMappingOutput, CreateFunction, DeleteEventSourceMapping,
    GetEventSourceMapping, ListEventSourceMappings, UpdateEventSourceMapping,
};
use api::sqs::{CreateQueue, GetQueueAttributes, ReceiveMessage, SendMessage};
use kernel::resource::{New, Progress};
use serde_json::json;
use store::Store;
use world::{World, a_moment, described, eventually};

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:jobs";

/// A queue `jobs` that moves messages to `dead` after two receives.
async fn queues(world: &World, visibility: &str) -> String {
    let create = |name: &str, attributes: &[(&str, &str)]| CreateQueue {
        queue_name: name.to_owned(),
        attributes: Some(attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
        ..CreateQueue::default()
    };
    world.cloud.call(create("dead", &[])).await.unwrap();
    let redrive = json!({"deadLetterTargetArn": QUEUE.replace("jobs", "dead"), "maxReceiveCount": 2}).to_string();
    let attributes = [("VisibilityTimeout", visibility), ("RedrivePolicy", &redrive)];
    world.cloud.call(create("jobs", &attributes)).await.unwrap().queue_url.unwrap()
}

fn mapping(function: &str) -> CreateEventSourceMapping {
    CreateEventSourceMapping {
        event_source_arn: Some(QUEUE.to_owned()),
        function_name: function.to_owned(),
        ..CreateEventSourceMapping::default()
    }
}

async fn send(world: &World, queue_url: &str, body: &str) -> String {
    let input =
        SendMessage { queue_url: queue_url.to_owned(), message_body: body.to_owned(), ..SendMessage::default() };
    world.cloud.call(input).await.unwrap().message_id.unwrap()
}

/// Messages in a queue, hidden ones included.
async fn count(world: &World, queue_url: &str) -> i64 {
    let input = GetQueueAttributes { queue_url: queue_url.to_owned(), attribute_names: Some(vec!["All".to_owned()]) };
    let attributes = world.cloud.call(input).await.unwrap().attributes.unwrap();
    let of = |name: &str| attributes[name].parse::<i64>().unwrap();
    of("ApproximateNumberOfMessages") + of("ApproximateNumberOfMessagesNotVisible")
}

fn bodies(world: &World) -> Vec<String> {
    let events = world.events();
    let records = events.iter().flat_map(|it| it["Records"].as_array().unwrap());
    records.map(|it| it["body"].as_str().unwrap().to_owned()).collect()
}

async fn mapped(world: &World, handler: &str, input: CreateEventSourceMapping) -> CreateEventSourceMappingOutput {
    world.function("f", handler).await;
    world.cloud.call(input).await.unwrap()
}

#[tokio::test]
async fn a_message_reaches_the_function_and_leaves_the_queue() {
    let world = World::new().await;
    let url = queues(&world, "30").await;
    let created = mapped(&world, "index.echo", mapping("f")).await;
    assert_eq!((created.state.as_deref(), created.batch_size), (Some("Creating"), Some(10)));
    assert_eq!(created.function_arn.as_deref(), Some("arn:aws:lambda:us-east-1:000000000000:function:f"));
    let id = send(&world, &url, "hello").await;
    let event = eventually(|| async { world.events().pop() }).await;
    let record = &event["Records"][0];
    assert_eq!((&record["messageId"], &record["body"]), (&json!(id), &json!("hello")));
    assert_eq!((&record["eventSource"], &record["eventSourceARN"]), (&json!("aws:sqs"), &json!(QUEUE)));
    eventually(|| async { (count(&world, &url).await == 0).then_some(()) }).await;
    let uuid = created.uuid.unwrap();
    let found = world.cloud.call(GetEventSourceMapping { uuid }).await.unwrap();
    assert_eq!(
        (found.state.as_deref(), found.state_transition_reason.as_deref()),
        (Some("Enabled"), Some("USER_INITIATED"))
    );
}

#[tokio::test]
async fn a_function_that_fails_sends_its_messages_to_the_dead_letter_queue() {
    let world = World::new().await;
    let url = queues(&world, "30").await;
    mapped(&world, "index.fail", mapping("f")).await;
    let id = send(&world, &url, "poison").await;
    eventually(|| async { (world.events().len() == 1).then_some(()) }).await;
    a_moment().await;
    assert_eq!(count(&world, &url).await, 1);
    world.advance(31);
    eventually(|| async { (world.events().len() == 2).then_some(()) }).await;
    a_moment().await;
    world.advance(31);
    let dead = url.replace("jobs", "dead");
    eventually(|| async { (count(&world, &dead).await == 1).then_some(()) }).await;
    let message = world
        .cloud
        .call(ReceiveMessage { queue_url: dead, ..ReceiveMessage::default() })
        .await
        .unwrap()
        .messages
        .unwrap()
        .remove(0);
    assert_eq!(message.message_id, Some(id));
    assert_eq!(world.events().len(), 2);
}

#[tokio::test]
async fn only_the_failures_of_a_batch_return() {
    let world = World::new().await;
    let url = queues(&world, "30").await;
    for body in ["good one", "bad", "good two"] {
        send(&world, &url, body).await;
    }
    let input = CreateEventSourceMapping {
        function_response_types: Some(vec!["ReportBatchItemFailures".to_owned()]),
        ..mapping("f")
    };
    mapped(&world, "index.report", input).await;
    eventually(|| async { (count(&world, &url).await == 1).then_some(()) }).await;
    world.advance(31);
    eventually(|| async { (bodies(&world).len() == 4).then_some(()) }).await;
    assert_eq!(bodies(&world), ["good one", "bad", "good two", "bad"]);
}

#[tokio::test]
async fn a_batch_waits_for_its_window() {
    let world = World::new().await;
    let url = queues(&world, "30").await;
    let input =
        CreateEventSourceMapping { batch_size: Some(100), maximum_batching_window_in_seconds: Some(5), ..mapping("f") };
    mapped(&world, "index.echo", input).await;
    send(&world, &url, "one").await;
    a_moment().await;
    send(&world, &url, "two").await;
    a_moment().await;
    assert!(world.events().is_empty());
    world.advance(5);
    eventually(|| async { (world.events().len() == 1).then_some(()) }).await;
    assert_eq!(bodies(&world), ["one", "two"]);
}

#[tokio::test]
async fn a_mapping_that_is_disabled_or_deleted_reads_no_more() {
    let world = World::new().await;
    let url = queues(&world, "30").await;
    let uuid = mapped(&world, "index.echo", mapping("f")).await.uuid.unwrap();
    a_moment().await;
    let switch = |enabled| UpdateEventSourceMapping {
        uuid: uuid.clone(),
        enabled: Some(enabled),
        ..UpdateEventSourceMapping::default()
    };
    assert_eq!(world.cloud.call(switch(false)).await.unwrap().state.as_deref(), Some("Disabling"));
    a_moment().await;
    send(&world, &url, "nobody listens").await;
    a_moment().await;
    assert!(world.events().is_empty());
    let visible = ReceiveMessage { queue_url: url.clone(), visibility_timeout: Some(0), ..ReceiveMessage::default() };
    assert_eq!(world.cloud.call(visible).await.unwrap().messages.unwrap().len(), 1);
    assert_eq!(world.cloud.call(switch(true)).await.unwrap().state.as_deref(), Some("Enabling"));
    eventually(|| async { (world.events().len() == 1).then_some(()) }).await;
    let deleted = world.cloud.call(DeleteEventSourceMapping { uuid: uuid.clone() }).await.unwrap();
    assert_eq!(deleted.state.as_deref(), Some("Deleting"));
    a_moment().await;
    send(&world, &url, "nobody listens").await;
    a_moment().await;
    assert_eq!(world.events().len(), 1);
    let error = world.cloud.call(GetEventSourceMapping { uuid }).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        ("ResourceNotFoundException", "The resource you requested does not exist.")
    );
}

#[tokio::test]
async fn pollers_are_there_again_after_a_restart() {
    let store = Store::ephemeral();
    let world = World::over(store.clone());
    world.role("worker", "lambda.amazonaws.com", "*").await;
    let url = queues(&world, "30").await;
    mapped(&world, "index.echo", mapping("f")).await;
    world.kernel.abandon().await;
    let world = World::over(store);
    send(&world, &url, "still there").await;
    eventually(|| async { (bodies(&world) == ["still there"]).then_some(()) }).await;
}

#[tokio::test]
async fn what_cannot_work_is_refused_in_awss_words() {
    let world = World::new().await;
    queues(&world, "2").await;
    let refused = |input| {
        let world = &world;
        async move {
            let error = world.cloud.call::<CreateEventSourceMapping>(input).await.unwrap_err();
            (error.code(), error.message().to_owned())
        }
    };
    world.function("slow", "index.echo").await;
    let invalid = "InvalidParameterValueException";
    let slow = "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds";
    assert_eq!(refused(mapping("slow")).await, (invalid, slow.to_owned()));
    let large = CreateEventSourceMapping { batch_size: Some(11), ..mapping("slow") };
    let window = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10";
    assert_eq!(refused(large).await, (invalid, window.to_owned()));
    assert_eq!(refused(mapping("nowhere")).await.0, "ResourceNotFoundException");
    let other =
        CreateEventSourceMapping { event_source_arn: Some(QUEUE.replace("jobs", "nowhere")), ..mapping("slow") };
    let (code, message) = refused(other).await;
    assert_eq!(code, invalid);
    assert!(
        message.starts_with(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."
        ),
        "{message}"
    );
    let role = world.role("blind", "lambda.amazonaws.com", "logs:*").await;
    world.cloud.call(CreateFunction { role, ..described("blind", "index.echo") }).await.unwrap();
    let blind = "The provided execution role does not have permissions to call ReceiveMessage on SQS";
    assert_eq!(refused(mapping("blind")).await, (invalid, blind.to_owned()));
    let filtered = CreateEventSourceMapping { maximum_retry_attempts: Some(1), ..mapping("slow") };
    let retries = "MaximumRetryAttempts is not valid for SQS event sources.";
    assert_eq!(refused(filtered).await, (invalid, retries.to_owned()));
}

#[tokio::test]
async fn a_function_reads_a_queue_once() {
    let world = World::new().await;
    queues(&world, "30").await;
    let uuid = mapped(&world, "index.echo", mapping("f")).await.uuid.unwrap();
    let error = world.cloud.call(mapping("f")).await.unwrap_err();
    assert_eq!(error.code(), "ResourceConflictException");
    assert_eq!(
        error.message(),
        format!(
            "An event source mapping with SQS arn (\" {QUEUE} \") and function (\" f \") already exists. Please update or delete the existing mapping with UUID {uuid}"
        )
    );
    for (function_name, event_source_arn, found) in [
        (Some("f"), None, 1),
        (None, Some(QUEUE), 1),
        (Some("f"), Some(QUEUE), 1),
        (None, None, 1),
        (Some("g"), None, 0),
        (None, Some("arn:aws:sqs:us-east-1:000000000000:dead"), 0),
    ] {
        let input = ListEventSourceMappings {
            function_name: function_name.map(str::to_owned),
            event_source_arn: event_source_arn.map(str::to_owned),
            ..ListEventSourceMappings::default()
        };
        let listed = world.cloud.call(input).await.unwrap().event_source_mappings.unwrap();
        assert_eq!(listed.len(), found);
    }
}

#[tokio::test]
async fn cloudformation_makes_mappings() {
    let world = World::new().await;
    queues(&world, "30").await;
    world.function("f", "index.echo").await;
    let types = lambda::service().resource_types;
    let it = types.into_iter().find(|it| it.name == "AWS::Lambda::EventSourceMapping").unwrap();
    let properties = json!({
        "EventSourceArn": QUEUE, "FunctionName": "f", "BatchSize": "2", "FunctionResponseTypes": ["ReportBatchItemFailures"]
    });
    let new = New {
        properties: properties.as_object().unwrap().clone(),
        generated_name: String::new(),
        logical_id: "Events".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: String::new(),
        tags: Vec::new(),
    };
    let made = world.cloud.write(move |cx| (it.create)(cx, &new)).await.unwrap();
    let Progress::Done { physical_id: uuid } = made else { panic!("{made:?}") };
    let found = world.cloud.call(GetEventSourceMapping { uuid }).await.unwrap();
    assert_eq!((found.batch_size, found.function_response_types.unwrap().len()), (Some(2), 1));
}

#[tokio::test]
async fn no_more_batches_are_under_way_than_may_be() {
    let world = World::new().await;
    let url = queues(&world, "30").await;
    let input = CreateEventSourceMapping {
        batch_size: Some(1),
        scaling_config: Some(api::lambda::ScalingConfig { maximum_concurrency: Some(2) }),
        ..mapping("f")
    };
    let refused = CreateEventSourceMapping {
        scaling_config: Some(api::lambda::ScalingConfig { maximum_concurrency: Some(1) }),
        ..input.clone()
    };
    world.function("f", "index.wait").await;
    let error = world.cloud.call(refused).await.unwrap_err();
    assert!(error.message().contains("greater than or equal to 2"), "{error}");
    for number in 0..5 {
        send(&world, &url, &format!("{number}")).await;
    }
    world.cloud.call(input).await.unwrap();
    for so_far in 2..=5 {
        eventually(|| async { (world.events().len() == so_far).then_some(()) }).await;
        a_moment().await;
        assert_eq!(world.events().len(), so_far);
        world.seen.gate.add_permits(1);
    }
    world.seen.gate.add_permits(1);
    eventually(|| async { (count(&world, &url).await == 0).then_some(()) }).await;
}

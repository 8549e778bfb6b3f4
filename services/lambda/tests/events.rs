//! Events of every kind under trouble: filters, roles that are trusted no longer, failures, memory, moved clocks.

mod world;

use api::iam::UpdateAssumeRolePolicy;
use api::lambda::{
    CreateEventSourceMapping, CreateFunction, DeadLetterConfig, DestinationConfig, Filter, FilterCriteria, Invoke,
    LoggingConfig, OnFailure, PutFunctionConcurrency, PutFunctionEventInvokeConfig,
};
use api::sqs::{CreateQueue, Message, ReceiveMessage, SendMessage};
use serde_json::{Value as Json, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use world::{World, a_moment, described, eventually, invocation, json_of};

async fn queue(world: &World, name: &str) -> String {
    let input = CreateQueue { queue_name: name.to_owned(), ..CreateQueue::default() };
    world.cloud.call(input).await.unwrap().queue_url.unwrap()
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{queue}")
}

async fn send(world: &World, url: &str, body: &str) {
    let input = SendMessage { queue_url: url.to_owned(), message_body: body.to_owned(), ..SendMessage::default() };
    world.cloud.call(input).await.unwrap();
}

async fn receive(world: &World, url: &str) -> Option<Message> {
    let input = ReceiveMessage {
        queue_url: url.to_owned(),
        message_attribute_names: Some(vec!["All".to_owned()]),
        ..ReceiveMessage::default()
    };
    world.cloud.call(input).await.unwrap().messages.and_then(|mut it| it.pop())
}

async fn told(world: &World, url: &str) -> Json {
    let message = eventually(|| receive(world, url)).await;
    serde_json::from_str(&message.body.unwrap()).unwrap()
}

fn bodies(world: &World) -> Vec<String> {
    let events = world.events();
    let records = events.iter().flat_map(|it| it["Records"].as_array().unwrap());
    records.map(|it| it["body"].as_str().unwrap().to_owned()).collect()
}

async fn trust(world: &World, service: &str) {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }
    ]});
    let (role_name, policy_document) = ("worker".to_owned(), policy.to_string());
    world.cloud.call(UpdateAssumeRolePolicy { role_name, policy_document }).await.unwrap();
}

fn later(name: &str, payload: &str) -> Invoke {
    Invoke { invocation_type: Some("Event".to_owned()), ..invocation(name, payload) }
}

async fn tell_failures(world: &World, name: &str, to: &str, retries: Option<i64>, age: Option<i64>) {
    let input = PutFunctionEventInvokeConfig {
        function_name: name.to_owned(),
        maximum_retry_attempts: retries,
        maximum_event_age_in_seconds: age,
        destination_config: Some(DestinationConfig {
            on_failure: Some(OnFailure { destination: Some(arn(to)) }),
            ..DestinationConfig::default()
        }),
        ..PutFunctionEventInvokeConfig::default()
    };
    world.cloud.call(input).await.unwrap();
}

#[tokio::test]
async fn what_no_filter_takes_is_deleted_without_the_function() {
    let world = World::new().await;
    let url = queue(&world, "jobs").await;
    world.function("f", "index.echo").await;
    let pattern = json!({"body": {"kind": [{"prefix": "order"}]}}).to_string();
    let input = CreateEventSourceMapping {
        function_name: "f".to_owned(),
        event_source_arn: Some(arn("jobs")),
        filter_criteria: Some(FilterCriteria { filters: Some(vec![Filter { pattern: Some(pattern) }]) }),
        ..CreateEventSourceMapping::default()
    };
    world.cloud.call(input).await.unwrap();
    for body in [r#"{"kind":"noise"}"#, "plain", r#"{"kind":"order-1"}"#] {
        send(&world, &url, body).await;
    }
    eventually(|| async { (bodies(&world) == [r#"{"kind":"order-1"}"#]).then_some(()) }).await;
    a_moment().await;
    world.advance(3600);
    a_moment().await;
    assert!(receive(&world, &url).await.is_none());
    assert_eq!(bodies(&world).len(), 1);
}

#[tokio::test]
async fn a_role_that_trusts_lambda_no_longer_reads_and_runs_nothing() {
    let world = World::new().await;
    let url = queue(&world, "jobs").await;
    world.function("f", "index.echo").await;
    let input = CreateEventSourceMapping {
        function_name: "f".to_owned(),
        event_source_arn: Some(arn("jobs")),
        ..CreateEventSourceMapping::default()
    };
    world.cloud.call(input).await.unwrap();
    send(&world, &url, "before").await;
    eventually(|| async { (bodies(&world) == ["before"]).then_some(()) }).await;
    trust(&world, "ec2.amazonaws.com").await;
    // The poll that is under way ends first.
    a_moment().await;
    world.advance(20);
    a_moment().await;
    send(&world, &url, "after").await;
    for _ in 0..5 {
        world.advance(31);
        a_moment().await;
    }
    assert_eq!(bodies(&world), ["before"]);
    trust(&world, "lambda.amazonaws.com").await;
    for _ in 0..5 {
        world.advance(31);
        a_moment().await;
    }
    assert_eq!(bodies(&world), ["before", "after"]);
}

#[tokio::test]
async fn a_part_of_a_batch_that_fails_keeps_the_function_from_no_other() {
    let world = World::new().await;
    let url = queue(&world, "jobs").await;
    world.function("f", "index.picky").await;
    let large = "x".repeat(1 << 20).replacen('x', "y", 1);
    let large = &large[..(1 << 20) - 10];
    send(&world, &url, &format!("poison{}", &large[6..])).await;
    for _ in 0..6 {
        send(&world, &url, large).await;
    }
    let input = CreateEventSourceMapping {
        function_name: "f".to_owned(),
        event_source_arn: Some(arn("jobs")),
        ..CreateEventSourceMapping::default()
    };
    world.cloud.call(input).await.unwrap();
    eventually(|| async { (bodies(&world).len() == 7).then_some(()) }).await;
    assert!(world.events().len() > 1, "they do not fit into one payload");
    a_moment().await;
    let input = api::sqs::GetQueueAttributes { queue_url: url, attribute_names: Some(vec!["All".to_owned()]) };
    let attributes = world.cloud.call(input).await.unwrap().attributes.unwrap();
    let left: usize = attributes["ApproximateNumberOfMessagesNotVisible"].parse().unwrap();
    let first = world.events()[0]["Records"].as_array().unwrap().len();
    assert_eq!(left, first, "the part with the poison comes back, the other does not");
}

#[tokio::test]
async fn failures_are_told_where_the_function_says() {
    let world = World::new().await;
    let url = queue(&world, "told").await;
    world.function("f", "index.fail").await;
    tell_failures(&world, "f", "told", Some(1), None).await;
    world.cloud.call(later("f", r#"{"a":1}"#)).await.unwrap();
    eventually(|| async { (world.events().len() == 1).then_some(()) }).await;
    a_moment().await;
    world.advance(60);
    let record = told(&world, &url).await;
    assert_eq!(world.events().len(), 2);
    let context = &record["requestContext"];
    assert_eq!(context["condition"], "RetriesExhausted");
    assert_eq!(context["approximateInvokeCount"], 2);
    assert_eq!(context["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
    assert_eq!(record["requestPayload"], json!({"a": 1}));
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorType"], "ValueError");
}

#[tokio::test]
async fn an_event_that_finds_no_room_grows_too_old() {
    let world = World::new().await;
    let url = queue(&world, "told").await;
    world.function("f", "index.wait").await;
    tell_failures(&world, "f", "told", None, Some(60)).await;
    let reserve = |reserved_concurrent_executions| PutFunctionConcurrency {
        function_name: "f".to_owned(),
        reserved_concurrent_executions,
    };
    world.cloud.call(reserve(1)).await.unwrap();
    world.cloud.call(later("f", "1")).await.unwrap();
    eventually(|| async { (world.events().len() == 1).then_some(()) }).await;
    let refused = world.cloud.call(invocation("f", "2")).await.unwrap_err();
    assert_eq!(refused.code(), "TooManyRequestsException");
    world.cloud.call(later("f", "3")).await.unwrap();
    for _ in 0..70 {
        a_moment().await;
        world.advance(1);
    }
    let record = told(&world, &url).await;
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!((&record["requestPayload"], &record["responsePayload"]), (&json!(3), &Json::Null));
    world.seen.gate.add_permits(1);
    // Nothing may run: events go to the destination at once.
    world.cloud.call(reserve(0)).await.unwrap();
    world.cloud.call(later("f", "4")).await.unwrap();
    assert_eq!(told(&world, &url).await["requestPayload"], json!(4));
}

#[tokio::test]
async fn a_dead_letter_queue_gets_the_event_and_the_error() {
    let world = World::new().await;
    let url = queue(&world, "dead").await;
    let dead_letter_config = Some(DeadLetterConfig { target_arn: Some(arn("dead")) });
    let blind = world.role("blind", "lambda.amazonaws.com", "logs:*").await;
    let refused =
        CreateFunction { role: blind, dead_letter_config: dead_letter_config.clone(), ..described("g", "x.y") };
    let refused = world.cloud.call(refused).await.unwrap_err();
    assert_eq!(refused.message(), "The provided execution role does not have permissions to call SendMessage on SQS");
    world.cloud.call(CreateFunction { dead_letter_config, ..described("f", "index.fail") }).await.unwrap();
    world.cloud.call(later("f", r#"{"a":1}"#)).await.unwrap();
    for (attempt, wait) in [(1, 60), (2, 120), (3, 0)] {
        eventually(|| async { (world.events().len() == attempt).then_some(()) }).await;
        a_moment().await;
        world.advance(wait);
    }
    let message = eventually(|| receive(&world, &url)).await;
    assert_eq!(message.body.as_deref(), Some(r#"{"a":1}"#));
    let attributes = message.message_attributes.unwrap();
    assert_eq!(attributes["ErrorCode"].string_value.as_deref(), Some("200"));
    assert_eq!(attributes["ErrorMessage"].string_value.as_deref(), Some("too foggy"));
    assert_eq!(attributes["RequestID"].string_value.as_deref(), Some("request-1"));
}

#[tokio::test]
async fn sandboxes_share_the_machines_memory() {
    let world = World::new().await;
    world.seen.room_mb.store(300, Ordering::Relaxed);
    for (name, handler) in [("a", "index.echo"), ("b", "index.echo"), ("c", "index.wait")] {
        world.function(name, handler).await;
    }
    world.invoke("a", "1").await;
    world.advance(1);
    world.invoke("b", "1").await;
    world.advance(1);
    // The oldest idle one makes room.
    let waiting = tokio::spawn({
        let cloud = world.cloud.clone();
        async move { cloud.call(invocation("c", "1")).await }
    });
    eventually(|| async { (world.events().len() == 3).then_some(()) }).await;
    assert_eq!(*world.seen.stopped.lock().unwrap(), 1);
    world.invoke("b", "2").await;
    assert_eq!(world.starts(), 3, "b was still warm");
    // Two wait: nothing idle is left to make room for a third.
    let second = tokio::spawn({
        let cloud = world.cloud.clone();
        async move { cloud.call(invocation("c", "2")).await }
    });
    eventually(|| async { (world.events().len() == 5).then_some(()) }).await;
    let refused = world.cloud.call(invocation("a", "3")).await.unwrap_err();
    assert_eq!(refused.code(), "TooManyRequestsException");
    assert!(refused.message().contains("300 MB of this machine's memory"), "{refused}");
    world.seen.gate.add_permits(2);
    waiting.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(json_of(&world.invoke("a", "4").await.payload), json!(4));
}

#[tokio::test]
async fn no_line_is_lost_when_the_clock_is_moved() {
    let world = World::new().await;
    world.function("f", "index.wait").await;
    let said = |text: &str| format!("got \"{text}\"\n");
    for (text, days) in [("a", 0_i64), ("b", 2), ("c", -1)] {
        let now = world.kernel.clock.now();
        let running = tokio::spawn({
            let cloud = world.cloud.clone();
            let payload = json!(text).to_string();
            async move { cloud.call(invocation("f", &payload)).await }
        });
        let so_far = world.events().len();
        eventually(|| async { (world.events().len() > so_far || !world.events().is_empty()).then_some(()) }).await;
        a_moment().await;
        // Between the lines of one invocation.
        world.kernel.clock.set(model::Timestamp(now.0 + days * 24 * 3600 * 1000));
        world.seen.gate.add_permits(1);
        running.await.unwrap().unwrap();
    }
    world.kernel.clock.advance(Duration::from_secs(3 * 24 * 3600));
    for text in ["a", "b", "c"] {
        eventually(|| async { world.logged("f").await.contains(&said(text)).then_some(()) }).await;
    }
    let ends = world.logged("f").await.iter().filter(|it| it.starts_with("END ")).count();
    assert_eq!(ends, 3);
}

#[tokio::test]
async fn a_log_in_json_says_what_its_level_lets_through() {
    let world = World::new().await;
    let logging = |level: &str| {
        let (format, level) = (Some("JSON".to_owned()), Some(level.to_owned()));
        Some(LoggingConfig { log_format: format, system_log_level: level, ..LoggingConfig::default() })
    };
    for (name, level) in [("info", "INFO"), ("debug", "DEBUG"), ("warn", "WARN")] {
        let input = CreateFunction { logging_config: logging(level), ..described(name, "index.echo") };
        world.cloud.call(input).await.unwrap();
        world.invoke(name, "1").await;
    }
    let types = async |name: &str| {
        let name = name.to_owned();
        eventually(|| async { (!world.logged(&name).await.is_empty()).then_some(()) }).await;
        a_moment().await;
        let lines = world.logged(&name).await;
        let kind = |it: &String| Some(serde_json::from_str::<Json>(it).ok()?["type"].as_str()?.to_owned());
        lines.iter().filter_map(kind).collect::<Vec<_>>()
    };
    assert_eq!(types("info").await, ["platform.start", "platform.report"]);
    assert_eq!(types("debug").await, ["platform.start", "platform.runtimeDone", "platform.report"]);
    assert!(types("warn").await.is_empty());
    let report = world.logged("info").await.into_iter().find(|it| it.contains("platform.report")).unwrap();
    let report: Json = serde_json::from_str(&report).unwrap();
    let metrics = &report["record"]["metrics"];
    assert_eq!(report["record"]["status"], "success");
    assert_eq!((&metrics["durationMs"], &metrics["billedDurationMs"]), (&json!(1.234), &json!(103)));
    assert_eq!((&metrics["memorySizeMB"], &metrics["maxMemoryUsedMB"]), (&json!(128), &json!(37)));
    assert_eq!(metrics["initDurationMs"], json!(101.02));
}

#[tokio::test]
async fn a_function_knows_by_which_name_it_was_invoked() {
    let world = World::new().await;
    world.function("f", "index.arn").await;
    let input = api::lambda::PublishVersion { function_name: "f".to_owned(), ..Default::default() };
    world.cloud.call(input).await.unwrap();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    for (name, invoked, version) in [("f", arn.to_owned(), "$LATEST"), ("f:1", format!("{arn}:1"), "1")] {
        let answer = json_of(&world.invoke(name, "{}").await.payload);
        assert_eq!((&answer[0], &answer[1]), (&json!(invoked), &json!(version)));
        let trace = answer[2].as_str().unwrap();
        assert!(trace.starts_with("Root=1-68bc2240-") && trace.ends_with(";Sampled=0"), "{trace}");
    }
}

#[tokio::test]
async fn a_failed_message_of_a_group_holds_back_those_behind_it() {
    let world = World::new().await;
    let create = |name: &str, attributes: &[(&str, &str)]| CreateQueue {
        queue_name: name.to_owned(),
        attributes: Some(attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
        ..CreateQueue::default()
    };
    world.cloud.call(create("dead.fifo", &[("FifoQueue", "true")])).await.unwrap();
    let redrive = json!({"deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 2}).to_string();
    let attributes =
        [("FifoQueue", "true"), ("ContentBasedDeduplication", "true"), ("RedrivePolicy", redrive.as_str())];
    let url = world.cloud.call(create("jobs.fifo", &attributes)).await.unwrap().queue_url.unwrap();
    world.function("f", "index.picky").await;
    let input = CreateEventSourceMapping {
        function_name: "f".to_owned(),
        event_source_arn: Some(arn("jobs.fifo")),
        batch_size: Some(1),
        ..CreateEventSourceMapping::default()
    };
    for refused in [
        CreateEventSourceMapping { batch_size: Some(11), maximum_batching_window_in_seconds: Some(1), ..input.clone() },
        CreateEventSourceMapping { maximum_batching_window_in_seconds: Some(1), ..input.clone() },
    ] {
        assert_eq!(world.cloud.call(refused).await.unwrap_err().code(), "InvalidParameterValueException");
    }
    for (body, group) in [("poison", "a"), ("behind", "a"), ("beside", "b")] {
        let input = SendMessage {
            queue_url: url.clone(),
            message_body: body.to_owned(),
            message_group_id: Some(group.to_owned()),
            ..SendMessage::default()
        };
        world.cloud.call(input).await.unwrap();
    }
    world.cloud.call(input).await.unwrap();
    eventually(|| async { (bodies(&world).len() == 2).then_some(()) }).await;
    a_moment().await;
    let mut first = bodies(&world);
    first.sort();
    assert_eq!(first, ["beside", "poison"]);
    for _ in 0..4 {
        world.advance(31);
        a_moment().await;
    }
    eventually(|| async { (bodies(&world).len() == 4).then_some(()) }).await;
    assert_eq!(bodies(&world)[2..], ["poison", "behind"]);
}

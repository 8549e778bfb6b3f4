//! Event source mappings on streams of tables: what may be made, what a function sees, what comes back.

mod world;

use api::lambda::CreateFunction;
use kernel::resource::{Change, New, Progress};
use model::Error;
use serde_json::{Value as Json, json};
use store::Store;
use world::{World, a_moment, described, eventually};

const DEAD: &str = "arn:aws:sqs:us-east-1:000000000000:dead";

/// Calls an operation as a client does, in JSON.
async fn try_call(world: &World, service: &str, operation: &str, input: Json) -> Result<Json, Error> {
    let model = model::service(service).unwrap();
    let shape = model.operation(operation).unwrap().input.unwrap();
    let input = model::wire::read_json(model, shape, input.to_string().as_bytes()).unwrap();
    let output = world.cloud.call_by_name(service, operation, input).await?;
    Ok(model::wire::document_to_json(&output))
}

async fn call(world: &World, service: &str, operation: &str, input: Json) -> Json {
    try_call(world, service, operation, input).await.unwrap()
}

/// A table `orders` with a stream; the stream's ARN.
async fn table(world: &World) -> String {
    let input = json!({
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
    });
    let made = call(world, "dynamodb", "CreateTable", input).await;
    made["TableDescription"]["LatestStreamArn"].as_str().unwrap().to_owned()
}

async fn put(world: &World, id: &str, n: i64) {
    let input = json!({ "TableName": "orders", "Item": { "id": { "S": id }, "n": { "N": n.to_string() } } });
    call(world, "dynamodb", "PutItem", input).await;
}

/// A mapping of `f` on a stream from its beginning, with further settings.
async fn mapped(world: &World, handler: &str, stream: &str, settings: Json) -> String {
    world.function("f", handler).await;
    mapping(world, stream, settings).await["UUID"].as_str().unwrap().to_owned()
}

async fn mapping(world: &World, stream: &str, settings: Json) -> Json {
    call(world, "lambda", "CreateEventSourceMapping", wanted(stream, settings)).await
}

fn wanted(stream: &str, settings: Json) -> Json {
    let mut input = json!({ "FunctionName": "f", "EventSourceArn": stream, "StartingPosition": "TRIM_HORIZON" });
    input.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    input.as_object_mut().unwrap().retain(|_, it| !it.is_null());
    input
}

async fn found(world: &World, uuid: &str) -> Json {
    call(world, "lambda", "GetEventSourceMapping", json!({ "UUID": uuid })).await
}

/// The keys of each batch that the function was given.
fn batches(world: &World) -> Vec<Vec<String>> {
    let key = |it: &Json| it["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned();
    world.events().iter().map(|it| it["Records"].as_array().unwrap().iter().map(key).collect()).collect()
}

async fn dead_letters(world: &World) -> String {
    call(world, "sqs", "CreateQueue", json!({ "QueueName": "dead" })).await["QueueUrl"].as_str().unwrap().to_owned()
}

async fn told(world: &World, url: &str) -> Option<Json> {
    let answer = call(world, "sqs", "ReceiveMessage", json!({ "QueueUrl": url })).await;
    let body = answer["Messages"][0]["Body"].as_str()?.to_owned();
    Some(serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn a_change_of_an_item_reaches_the_function() {
    let world = World::new().await;
    let stream = table(&world).await;
    put(&world, "a", 1).await;
    let uuid = mapped(&world, "index.echo", &stream, json!({})).await;
    let seen = eventually(|| async { world.events().pop() }).await;
    let record = &seen["Records"][0];
    assert_eq!(record["eventName"], "INSERT");
    assert_eq!((&record["eventSource"], &record["eventSourceARN"]), (&json!("aws:dynamodb"), &json!(stream)));
    assert_eq!((&record["awsRegion"], &record["eventVersion"]), (&json!("us-east-1"), &json!("1.1")));
    let data = &record["dynamodb"];
    assert_eq!(data["Keys"], json!({ "id": { "S": "a" } }));
    assert_eq!(data["NewImage"], json!({ "id": { "S": "a" }, "n": { "N": "1" } }));
    assert_eq!((&data["OldImage"], &data["StreamViewType"]), (&Json::Null, &json!("NEW_AND_OLD_IMAGES")));
    assert_eq!(data["ApproximateCreationDateTime"], json!(1_757_160_000.0));
    assert_eq!(data["SizeBytes"], json!(9));
    assert!(data["SequenceNumber"].is_string() && record["eventID"].is_string());
    assert_eq!(record["userIdentity"], Json::Null);
    put(&world, "a", 2).await;
    let key = json!({ "TableName": "orders", "Key": { "id": { "S": "a" } } });
    call(&world, "dynamodb", "DeleteItem", key).await;
    eventually(|| async { (batches(&world).concat().len() == 3).then_some(()) }).await;
    let last = world.events().pop().unwrap()["Records"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["eventName"], &last["dynamodb"]["OldImage"]["n"]["N"]), (&json!("REMOVE"), &json!("2")));
    let shown =
        eventually(|| async { Some(found(&world, &uuid).await).filter(|it| it["LastProcessingResult"] == "OK") });
    let shown = shown.await;
    assert_eq!((&shown["State"], &shown["StateTransitionReason"]), (&json!("Enabled"), &json!("User action")));
}

#[tokio::test]
async fn a_mapping_has_the_defaults_of_streams() {
    let world = World::new().await;
    let stream = table(&world).await;
    world.function("f", "index.echo").await;
    let made = mapping(&world, &stream, json!({ "StartingPosition": "LATEST" })).await;
    for (name, value) in [
        ("State", json!("Creating")),
        ("BatchSize", json!(100)),
        ("MaximumBatchingWindowInSeconds", json!(0)),
        ("ParallelizationFactor", json!(1)),
        ("StartingPosition", json!("LATEST")),
        ("BisectBatchOnFunctionError", json!(false)),
        ("MaximumRetryAttempts", json!(-1)),
        ("MaximumRecordAgeInSeconds", json!(-1)),
        ("TumblingWindowInSeconds", json!(0)),
        ("LastProcessingResult", json!("No records processed")),
        ("FunctionResponseTypes", json!([])),
        ("ScalingConfig", Json::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let again = try_call(&world, "lambda", "CreateEventSourceMapping", wanted(&stream, json!({}))).await.unwrap_err();
    assert_eq!(again.code(), "ResourceConflictException");
    assert_eq!(
        again.message(),
        format!(
            "The event source arn (\" {stream} \") and function (\" f \") provided mapping already exists. Please update or delete the existing mapping with UUID {}",
            made["UUID"].as_str().unwrap()
        )
    );
}

#[tokio::test]
async fn latest_is_what_comes_after_the_mapping() {
    let world = World::new().await;
    let stream = table(&world).await;
    put(&world, "before", 1).await;
    let uuid = mapped(&world, "index.echo", &stream, json!({ "StartingPosition": "LATEST" })).await;
    // Disabled and enabled again it goes on where it was, not at the end of then.
    call(&world, "lambda", "UpdateEventSourceMapping", json!({ "UUID": uuid, "Enabled": false })).await;
    a_moment().await;
    put(&world, "after", 1).await;
    a_moment().await;
    assert!(world.events().is_empty());
    assert_eq!(found(&world, &uuid).await["State"], "Disabled");
    call(&world, "lambda", "UpdateEventSourceMapping", json!({ "UUID": uuid, "Enabled": true })).await;
    eventually(|| async { (batches(&world) == [["after"]]).then_some(()) }).await;
    call(&world, "lambda", "DeleteEventSourceMapping", json!({ "UUID": uuid })).await;
    put(&world, "nobody listens", 1).await;
    a_moment().await;
    assert_eq!(batches(&world), [["after"]]);
}

#[tokio::test]
async fn checkpoints_survive_and_a_batch_that_was_cut_off_comes_again() {
    let store = Store::ephemeral();
    let world = World::over(store.clone());
    world.role("worker", "lambda.amazonaws.com", "*").await;
    let stream = table(&world).await;
    mapped(&world, "index.wait", &stream, json!({ "BatchSize": 1 })).await;
    for id in ["a", "b", "c"] {
        put(&world, id, 1).await;
    }
    eventually(|| async { (batches(&world).len() == 1).then_some(()) }).await;
    world.seen.gate.add_permits(1);
    eventually(|| async { (batches(&world).len() == 2).then_some(()) }).await;
    world.kernel.abandon().await;
    let world = World::over(store);
    world.seen.gate.add_permits(3);
    eventually(|| async { (batches(&world) == [["b"], ["c"]]).then_some(()) }).await;
}

#[tokio::test]
async fn batches_are_as_large_as_they_may_and_wait_for_their_window() {
    let world = World::new().await;
    let stream = table(&world).await;
    for id in ["a", "b", "c", "d", "e"] {
        put(&world, id, 1).await;
    }
    mapped(&world, "index.echo", &stream, json!({ "BatchSize": 2, "MaximumBatchingWindowInSeconds": 5 })).await;
    eventually(|| async { (batches(&world).len() == 2).then_some(()) }).await;
    a_moment().await;
    assert_eq!(batches(&world), [["a", "b"], ["c", "d"]]);
    world.advance(5);
    eventually(|| async { (batches(&world).len() == 3).then_some(()) }).await;
    assert_eq!(batches(&world)[2], ["e"]);
}

#[tokio::test]
async fn a_batch_that_fails_is_retried_and_given_up_with_a_word_to_its_queue() {
    let world = World::new().await;
    let (stream, url) = (table(&world).await, dead_letters(&world).await);
    for id in ["a", "poison", "z"] {
        put(&world, id, 1).await;
    }
    let settings = json!({
        "BatchSize": 2, "MaximumRetryAttempts": 1,
        "DestinationConfig": { "OnFailure": { "Destination": DEAD } },
    });
    let uuid = mapped(&world, "index.picky", &stream, settings).await;
    eventually(|| async { (batches(&world).len() == 1).then_some(()) }).await;
    let failed = "PROBLEM: Function call failed";
    eventually(|| async { (found(&world, &uuid).await["LastProcessingResult"] == failed).then_some(()) }).await;
    a_moment().await;
    assert_eq!(batches(&world).len(), 1, "it waits before the next attempt");
    world.advance(1);
    eventually(|| async { (batches(&world).len() == 3).then_some(()) }).await;
    assert_eq!(batches(&world), [vec!["a", "poison"], vec!["a", "poison"], vec!["z"]]);
    let told = eventually(|| told(&world, &url)).await;
    let (context, place) = (&told["requestContext"], &told["DDBStreamBatchInfo"]);
    assert_eq!(
        (&context["condition"], &context["approximateInvokeCount"]),
        (&json!("RetryAttemptsExhausted"), &json!(2))
    );
    assert_eq!(context["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert_eq!(
        told["responseContext"],
        json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" })
    );
    assert_eq!((&told["version"], &told["timestamp"]), (&json!("1.0"), &json!("2025-09-06T12:00:01.000Z")));
    let records = world.events()[0]["Records"].clone();
    assert_eq!(place["startSequenceNumber"], records[0]["dynamodb"]["SequenceNumber"]);
    assert_eq!(place["endSequenceNumber"], records[1]["dynamodb"]["SequenceNumber"]);
    assert_eq!((&place["batchSize"], &place["streamArn"]), (&json!(2), &json!(stream)));
    assert_eq!(place["approximateArrivalOfFirstRecord"], "2025-09-06T12:00:00Z");
    let described = call(&world, "dynamodbstreams", "DescribeStream", json!({ "StreamArn": stream })).await;
    assert_eq!(place["shardId"], described["StreamDescription"]["Shards"][0]["ShardId"]);
}

#[tokio::test]
async fn halves_find_the_record_that_fails() {
    let world = World::new().await;
    let (stream, url) = (table(&world).await, dead_letters(&world).await);
    for id in ["a", "b", "poison", "d"] {
        put(&world, id, 1).await;
    }
    let settings = json!({
        "BisectBatchOnFunctionError": true, "MaximumRetryAttempts": 0,
        "DestinationConfig": { "OnFailure": { "Destination": DEAD } },
    });
    mapped(&world, "index.picky", &stream, settings).await;
    eventually(|| async { (batches(&world).len() == 5).then_some(()) }).await;
    let expected = [vec!["a", "b", "poison", "d"], vec!["a", "b"], vec!["poison", "d"], vec!["poison"], vec!["d"]];
    assert_eq!(batches(&world), expected);
    let told = eventually(|| told(&world, &url)).await;
    assert_eq!(told["DDBStreamBatchInfo"]["batchSize"], 1);
    put(&world, "e", 1).await;
    eventually(|| async { (batches(&world).len() == 6).then_some(()) }).await;
}

#[tokio::test]
async fn the_lowest_failure_is_where_the_batch_goes_on() {
    let world = World::new().await;
    let stream = table(&world).await;
    for id in ["a", "bad", "c"] {
        put(&world, id, 1).await;
    }
    let settings = json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 1 });
    mapped(&world, "index.report_changes", &stream, settings).await;
    eventually(|| async { (batches(&world).len() == 1).then_some(()) }).await;
    a_moment().await;
    world.advance(1);
    eventually(|| async { (batches(&world).len() == 2).then_some(()) }).await;
    assert_eq!(batches(&world), [vec!["a", "bad", "c"], vec!["bad", "c"]]);
    put(&world, "d", 1).await;
    eventually(|| async { (batches(&world).len() == 3).then_some(()) }).await;
    assert_eq!(batches(&world)[2], ["d"]);
}

#[tokio::test]
async fn what_is_too_old_is_given_up_without_the_function() {
    let world = World::new().await;
    let (stream, url) = (table(&world).await, dead_letters(&world).await);
    put(&world, "old", 1).await;
    world.advance(61);
    put(&world, "new", 1).await;
    let settings = json!({
        "MaximumRecordAgeInSeconds": 60, "DestinationConfig": { "OnFailure": { "Destination": DEAD } },
    });
    mapped(&world, "index.echo", &stream, settings).await;
    eventually(|| async { (batches(&world) == [["new"]]).then_some(()) }).await;
    let told = eventually(|| told(&world, &url)).await;
    assert_eq!(told["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!((&told["DDBStreamBatchInfo"]["batchSize"], &told["responseContext"]), (&json!(1), &Json::Null));
}

#[tokio::test]
async fn what_no_filter_takes_is_skipped() {
    let world = World::new().await;
    let stream = table(&world).await;
    let pattern = json!({ "eventName": ["INSERT"], "dynamodb": { "NewImage": { "n": { "N": ["2"] } } } }).to_string();
    let uuid =
        mapped(&world, "index.echo", &stream, json!({ "FilterCriteria": { "Filters": [{ "Pattern": pattern }] } }));
    let uuid = uuid.await;
    for (id, n) in [("a", 1), ("b", 2), ("c", 1)] {
        put(&world, id, n).await;
    }
    eventually(|| async { (batches(&world) == [["b"]]).then_some(()) }).await;
    // What was skipped stays skipped, whatever is wanted later.
    a_moment().await;
    let all = json!({ "UUID": uuid, "FilterCriteria": { "Filters": [] } });
    call(&world, "lambda", "UpdateEventSourceMapping", all).await;
    put(&world, "d", 1).await;
    eventually(|| async { (batches(&world).len() == 2).then_some(()) }).await;
    assert_eq!(batches(&world), [["b"], ["d"]]);
}

#[tokio::test]
async fn several_batches_of_a_shard_are_under_way_and_keep_the_order_of_each_key() {
    let world = World::new().await;
    let stream = table(&world).await;
    mapped(&world, "index.wait", &stream, json!({ "BatchSize": 1, "ParallelizationFactor": 10 })).await;
    for n in 0..3 {
        for id in 0..20 {
            put(&world, &format!("k{id}"), n).await;
        }
    }
    let underway = eventually(|| async { Some(batches(&world).len()).filter(|it| *it > 4) }).await;
    assert!(underway <= 10);
    a_moment().await;
    let mut first = batches(&world).concat();
    first.sort();
    first.dedup();
    assert_eq!(first.len(), batches(&world).len(), "no key is worked on twice at once");
    world.seen.gate.add_permits(60);
    eventually(|| async { (batches(&world).len() == 60).then_some(()) }).await;
    for id in 0..20 {
        let events = world.events();
        let of_key = events.iter().map(|it| &it["Records"][0]["dynamodb"]);
        let of_key = of_key.filter(|it| it["Keys"]["id"]["S"] == format!("k{id}"));
        let numbers: Vec<&Json> = of_key.map(|it| &it["NewImage"]["n"]["N"]).collect();
        assert_eq!(numbers, ["0", "1", "2"]);
    }
}

#[tokio::test]
async fn a_tumbling_window_keeps_its_state_until_it_ends() {
    let world = World::new().await;
    let stream = table(&world).await;
    mapped(&world, "index.count", &stream, json!({ "TumblingWindowInSeconds": 60, "BatchSize": 1 })).await;
    for (id, wait) in [("a", 30), ("b", 45), ("c", 0)] {
        put(&world, id, 1).await;
        eventually(|| async { batches(&world).concat().contains(&id.to_owned()).then_some(()) }).await;
        a_moment().await;
        world.advance(wait);
    }
    eventually(|| async { (world.events().len() == 4).then_some(()) }).await;
    let seen = world.events();
    let told = |at: usize| {
        let it = &seen[at];
        (it["state"].clone(), it["isFinalInvokeForWindow"].clone(), it["Records"].as_array().unwrap().len())
    };
    assert_eq!(told(0), (json!({}), json!(false), 1));
    assert_eq!(told(1), (json!({ "records": 1 }), json!(false), 1));
    assert_eq!(told(2), (json!({ "records": 2 }), json!(true), 0));
    assert_eq!(told(3), (json!({}), json!(false), 1));
    assert_eq!(seen[2]["window"], json!({ "start": "2025-09-06T12:00:00Z", "end": "2025-09-06T12:01:00Z" }));
    assert_eq!((&seen[2]["eventSourceARN"], &seen[2]["isWindowTerminatedEarly"]), (&json!(stream), &json!(false)));
    assert!(seen[2]["shardId"].as_str().unwrap().starts_with("shardId-"));
    // Its end comes by the clock, without a record.
    world.advance(50);
    let last = eventually(|| async { world.events().get(4).cloned() }).await;
    assert_eq!((&last["isFinalInvokeForWindow"], &last["state"]["records"]), (&json!(true), &json!(1)));
}

#[tokio::test]
async fn a_state_that_is_too_large_ends_its_window() {
    let world = World::new().await;
    let stream = table(&world).await;
    mapped(&world, "index.hoard", &stream, json!({ "TumblingWindowInSeconds": 60 })).await;
    put(&world, "a", 1).await;
    eventually(|| async { (world.events().len() == 2).then_some(()) }).await;
    let last = world.events().pop().unwrap();
    assert_eq!((&last["isWindowTerminatedEarly"], &last["isFinalInvokeForWindow"]), (&json!(true), &json!(true)));
    let none = mapped_state_is_needed(&world).await;
    assert_eq!(none, "PROBLEM: Function call failed");
}

/// What a mapping with windows says of a function that returns no state.
async fn mapped_state_is_needed(world: &World) -> String {
    let list = call(world, "lambda", "ListEventSourceMappings", json!({})).await;
    let uuid = list["EventSourceMappings"][0]["UUID"].as_str().unwrap().to_owned();
    world.function("stateless", "index.fail").await;
    call(world, "lambda", "UpdateEventSourceMapping", json!({ "UUID": uuid, "FunctionName": "stateless" })).await;
    put(world, "b", 1).await;
    let said = eventually(|| async {
        let said = found(world, &uuid).await["LastProcessingResult"].as_str().unwrap().to_owned();
        Some(said).filter(|it| it.starts_with("PROBLEM"))
    });
    said.await
}

#[tokio::test]
async fn a_shard_is_read_after_its_parent() {
    let world = World::new().await;
    let stream = table(&world).await;
    put(&world, "first", 1).await;
    world.advance(4 * 3_600);
    let shards = || async {
        let described = call(&world, "dynamodbstreams", "DescribeStream", json!({ "StreamArn": stream })).await;
        described["StreamDescription"]["Shards"].as_array().unwrap().len()
    };
    eventually(|| async { (shards().await == 2).then_some(()) }).await;
    put(&world, "second", 1).await;
    mapped(&world, "index.echo", &stream, json!({})).await;
    eventually(|| async { (batches(&world) == [["first"], ["second"]]).then_some(()) }).await;
    // While it is read, a shard is closed and followed by its child.
    world.advance(4 * 3_600);
    eventually(|| async { (shards().await == 3).then_some(()) }).await;
    put(&world, "third", 1).await;
    eventually(|| async { (batches(&world).len() == 3).then_some(()) }).await;
    assert_eq!(batches(&world)[2], ["third"]);
}

#[tokio::test]
async fn what_cannot_work_is_refused() {
    let world = World::new().await;
    let stream = table(&world).await;
    world.function("f", "index.echo").await;
    let other = stream.replace("orders", "others");
    let denied = format!(
        "Cannot access stream {stream}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
    );
    let role = world.role("blind", "lambda.amazonaws.com", "dynamodb:GetRecords").await;
    world.cloud.call(CreateFunction { role, ..described("blind", "index.echo") }).await.unwrap();
    for (settings, why) in [
        (json!({ "StartingPosition": null }), "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.".to_owned()),
        (
            json!({ "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1_757_160_000 }),
            format!("Unsupported starting position for arn type: {stream}"),
        ),
        (
            json!({ "StartingPositionTimestamp": 1_757_160_000 }),
            "StartingPositionTimestamp is not valid for DynamoDB event sources.".to_owned(),
        ),
        (json!({ "ScalingConfig": { "MaximumConcurrency": 2 } }), "ScalingConfig is not valid for DynamoDB event sources.".to_owned()),
        (json!({ "MaximumRecordAgeInSeconds": 59 }), "MaximumRecordAgeInSeconds must be -1 or at least 60.".to_owned()),
        (json!({ "EventSourceArn": other }), format!("Stream not found: {other}")),
        (json!({ "FunctionName": "blind" }), denied),
        (
            json!({ "DestinationConfig": { "OnFailure": { "Destination": "arn:aws:sns:us-east-1:000000000000:t" } } }),
            "Niebla does not support the destination arn:aws:sns:us-east-1:000000000000:t yet.".to_owned(),
        ),
        (
            json!({ "DestinationConfig": { "OnFailure": { "Destination": format!("{DEAD}.fifo") } } }),
            format!("The destination ARN {DEAD}.fifo is invalid."),
        ),
        (json!({ "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k" }), "Niebla does not support KMSKeyArn of event source mappings yet.".to_owned()),
    ] {
        let refused = try_call(&world, "lambda", "CreateEventSourceMapping", wanted(&stream, settings)).await;
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), refused.message()), ("InvalidParameterValueException", why.as_str()));
    }
}

#[tokio::test]
async fn cloudformation_makes_and_changes_mappings_on_streams() {
    let world = World::new().await;
    let stream = table(&world).await;
    world.function("f", "index.echo").await;
    dead_letters(&world).await;
    let types = lambda::service().resource_types;
    let it = types.into_iter().find(|it| it.name == "AWS::Lambda::EventSourceMapping").unwrap();
    let before = json!({
        "EventSourceArn": stream, "FunctionName": "f", "StartingPosition": "LATEST", "BatchSize": 7,
        "ParallelizationFactor": "2", "MaximumRetryAttempts": 3, "BisectBatchOnFunctionError": "true",
        "DestinationConfig": { "OnFailure": { "Destination": DEAD } }, "TumblingWindowInSeconds": 30,
        "MaximumRecordAgeInSeconds": 120,
    });
    let before = before.as_object().unwrap().clone();
    let new = New {
        properties: before.clone(),
        generated_name: String::new(),
        logical_id: "Events".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: String::new(),
        tags: Vec::new(),
    };
    let made = world.cloud.write(move |cx| (it.create)(cx, &new)).await.unwrap();
    let Progress::Done { physical_id: uuid } = made else { panic!("{made:?}") };
    let shown = found(&world, &uuid).await;
    for (name, value) in [
        ("BatchSize", json!(7)),
        ("ParallelizationFactor", json!(2)),
        ("MaximumRetryAttempts", json!(3)),
        ("BisectBatchOnFunctionError", json!(true)),
        ("TumblingWindowInSeconds", json!(30)),
        ("MaximumRecordAgeInSeconds", json!(120)),
        ("DestinationConfig", json!({ "OnFailure": { "Destination": DEAD } })),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    let after = json!({ "EventSourceArn": stream, "FunctionName": "f", "StartingPosition": "LATEST" });
    let change = Change {
        physical_id: uuid.clone(),
        before,
        after: after.as_object().unwrap().clone(),
        logical_id: "Events".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: String::new(),
        tags_before: Vec::new(),
        tags: Vec::new(),
    };
    let update = it.update;
    world.cloud.write(move |cx| update(cx, &change)).await.unwrap();
    let shown = found(&world, &uuid).await;
    assert_eq!((&shown["BatchSize"], &shown["MaximumRetryAttempts"]), (&json!(100), &json!(-1)));
    assert_eq!((&shown["ParallelizationFactor"], &shown["TumblingWindowInSeconds"]), (&json!(1), &json!(0)));
    assert_eq!(shown["DestinationConfig"].get("OnFailure"), None);
}

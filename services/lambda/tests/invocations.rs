//! Invocations: what is answered, what is logged, how sandboxes are kept, and what is retried.

mod world;

use api::lambda::{DeleteFunction, Invoke, UpdateFunctionConfiguration};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use world::{World, a_moment, described, eventually, invocation, json_of};

#[tokio::test]
async fn an_invocation_answers_and_its_log_comes_with_it() {
    let world = World::new().await;
    world.function("f", "index.echo").await;
    let input = Invoke { log_type: Some("Tail".to_owned()), ..invocation("f", r#"{"a":1}"#) };
    let answer = world.cloud.call(input).await.unwrap();
    assert_eq!((answer.status_code, answer.function_error.as_deref()), (Some(200), None));
    assert_eq!(answer.executed_version.as_deref(), Some("$LATEST"));
    assert_eq!(json_of(&answer.payload), json!({"a": 1}));
    let lines = [
        "START RequestId: request-1 Version: $LATEST\n",
        "got {\"a\":1}\n",
        "END RequestId: request-1\n",
        "REPORT RequestId: request-1\tDuration: 1.23 ms\tBilled Duration: 103 ms\tMemory Size: 128 MB\tMax Memory Used: 37 MB\tInit Duration: 101.02 ms\t\n",
    ];
    let log = BASE64.decode(answer.log_result.unwrap()).unwrap();
    assert_eq!(String::from_utf8(log).unwrap(), lines.concat());
    let logged = eventually(|| async { Some(world.logged("f").await).filter(|it| it.len() == 4) }).await;
    assert_eq!(logged, lines);
}

#[tokio::test]
async fn a_sandbox_stays_warm_and_is_given_up_when_the_function_changes_or_nobody_comes() {
    let world = World::new().await;
    world.function("f", "index.stream").await;
    let first = json_of(&world.invoke("f", "{}").await.payload);
    assert!(first.as_str().unwrap().starts_with("2025/09/06/[$LATEST]"), "{first}");
    assert_eq!(first.as_str().unwrap().len(), "2025/09/06/[$LATEST]".len() + 32);
    assert_eq!(json_of(&world.invoke("f", "{}").await.payload), first);
    let change = UpdateFunctionConfiguration {
        function_name: "f".to_owned(),
        timeout: Some(9),
        ..UpdateFunctionConfiguration::default()
    };
    world.cloud.call(change).await.unwrap();
    // The old one goes without being asked for.
    eventually(|| async { (*world.seen.stopped.lock().unwrap() == 1).then_some(()) }).await;
    assert_ne!(json_of(&world.invoke("f", "{}").await.payload), first);
    assert_eq!(world.starts(), 2);
    a_moment().await;
    world.advance(601);
    eventually(|| async { (*world.seen.stopped.lock().unwrap() == 2).then_some(()) }).await;
    world.invoke("f", "{}").await;
    world.cloud.call(DeleteFunction { function_name: "f".to_owned(), qualifier: None }).await.unwrap();
    eventually(|| async { (*world.seen.stopped.lock().unwrap() == 3).then_some(()) }).await;
}

#[tokio::test]
async fn events_at_the_same_time_have_a_sandbox_each() {
    let world = World::new().await;
    world.function("f", "index.wait").await;
    let (one, two) = tokio::join!(
        async {
            let waiting = [world.cloud.call(invocation("f", "1")), world.cloud.call(invocation("f", "2"))];
            let [one, two] = waiting;
            tokio::join!(one, two)
        },
        async {
            eventually(|| async { (world.starts() == 2).then_some(()) }).await;
            world.seen.gate.add_permits(2);
        }
    )
    .0;
    assert_eq!((json_of(&one.unwrap().payload), json_of(&two.unwrap().payload)), (json!(1), json!(2)));
}

#[tokio::test]
async fn a_sandbox_has_the_credentials_of_its_role_and_the_way_back() {
    let world = World::new().await;
    world.function("echo", "index.echo").await;
    world.invoke("echo", "{}").await;
    let spec = world.seen.starts.lock().unwrap()[0].clone();
    let of = |name: &str| {
        let found = spec.environment.iter().rev().find(|(it, _)| it == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(of("AWS_ENDPOINT_URL"), "http://127.0.0.1:4566");
    assert_eq!((of("AWS_REGION"), of("AWS_DEFAULT_REGION")), ("us-east-1".to_owned(), "us-east-1".to_owned()));
    let credential = world.kernel.credential(&of("AWS_ACCESS_KEY_ID")).unwrap();
    assert_eq!(credential.secret, of("AWS_SECRET_ACCESS_KEY"));
    assert_eq!(credential.token.unwrap(), of("AWS_SESSION_TOKEN"));
    assert_eq!(credential.principal.arn(), "arn:aws:sts::000000000000:assumed-role/worker/echo");
    // Before they expire, another sandbox takes over.
    world.advance(540);
    world.invoke("echo", "{}").await;
    assert_eq!(world.starts(), 1);
    for _ in 0..6 {
        world.advance(540);
        world.invoke("echo", "{}").await;
    }
    assert_eq!(world.starts(), 2);
    assert!((spec.code.zip)().unwrap().starts_with(b"PK"));
}

#[tokio::test]
async fn failures_are_told_as_aws_tells_them() {
    let world = World::new().await;
    let exited = "RequestId: request-1 Error: Runtime exited with error: exit status 3";
    let timed_out = "RequestId: request-1 Error: Task timed out after 3.00 seconds";
    let cases = [
        (
            "fail",
            json!({"errorType": "ValueError", "errorMessage": "too foggy"}),
            "Status: error\tError Type: ValueError",
        ),
        (
            "exit",
            json!({"errorType": "Runtime.ExitError", "errorMessage": exited}),
            "Status: error\tError Type: Runtime.ExitError",
        ),
        ("hang", json!({"errorType": "Sandbox.Timedout", "errorMessage": timed_out}), "Status: timeout"),
        (
            "missing",
            json!({"errorType": "Runtime.HandlerNotFound", "errorMessage": "Handler 'missing' missing on module 'index'"}),
            "Status: error\tError Type: Runtime.HandlerNotFound",
        ),
        (
            "unavailable",
            json!({"errorType": "Runtime.NotInstalled", "errorMessage": "Python 3.13 is not installed"}),
            "Status: error\tError Type: Runtime.NotInstalled",
        ),
    ];
    for (name, body, status) in cases {
        world.function(name, &format!("index.{name}")).await;
        let answer = world.invoke(name, "{}").await;
        assert_eq!((answer.status_code, answer.function_error.as_deref()), (Some(200), Some("Unhandled")));
        assert_eq!(json_of(&answer.payload), body);
        let last = |lines: Vec<String>| lines.last().filter(|it| it.starts_with("REPORT")).cloned();
        let report = eventually(|| async { last(world.logged(name).await) }).await;
        assert!(report.trim_end().ends_with(status), "{report}");
    }
    let logged = world.logged("hang").await;
    assert_eq!(logged[2], "2025-09-06T12:00:00.000Z request-1 Task timed out after 3.00 seconds\n");
}

#[tokio::test]
async fn a_start_that_fails_is_tried_once_more() {
    let world = World::new().await;
    world.function("f", "index.missing").await;
    world.invoke("f", "{}").await;
    assert_eq!(world.starts(), 2);
    let logged = eventually(|| async { Some(world.logged("f").await).filter(|it| it.len() == 7) }).await;
    let expected = [
        "[ERROR] Runtime.HandlerNotFound",
        "INIT_REPORT Init Duration: 12.50 ms\tPhase: init\tStatus: error\tError Type: Runtime.HandlerNotFound",
        "START RequestId: request-1",
        "[ERROR] Runtime.HandlerNotFound",
        "INIT_REPORT Init Duration: 12.50 ms\tPhase: invoke\tStatus: error",
        "END RequestId: request-1",
        "REPORT RequestId: request-1\tDuration: 12.50 ms",
    ];
    for (line, beginning) in logged.iter().zip(expected) {
        assert!(line.starts_with(beginning), "{line}");
    }
}

#[tokio::test]
async fn what_is_not_an_invocation_is_refused() {
    let world = World::new().await;
    world.function("f", "index.echo").await;
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let queued = Invoke {
        invocation_type: Some("Event".to_owned()),
        ..invocation("f", &format!("\"{}\"", "x".repeat(1024 * 1024)))
    };
    let cases = [
        (invocation("f", "not JSON"), "InvalidRequestContentException", "Could not parse request body into json: "),
        (invocation("f", &large), "RequestTooLargeException", "Request must be smaller than 6291456 bytes"),
        (queued, "RequestTooLargeException", "Request must be smaller than 1048576 bytes"),
        (invocation("g", "{}"), "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:"),
        (invocation("f:1", "{}"), "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:"),
    ];
    for (input, code, message) in cases {
        let error = world.cloud.call(input).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.message().starts_with(message), "{error}");
    }
    let dry = Invoke { invocation_type: Some("DryRun".to_owned()), ..invocation("f", "{}") };
    assert_eq!(world.cloud.call(dry).await.unwrap().status_code, Some(204));
    assert!(world.events().is_empty());
}

#[tokio::test]
async fn an_event_is_answered_at_once_and_retried_twice() {
    let world = World::new().await;
    world.function("f", "index.fail").await;
    let input = Invoke { invocation_type: Some("Event".to_owned()), ..invocation("f", "{}") };
    let answer = world.cloud.call(input).await.unwrap();
    assert_eq!((answer.status_code, answer.payload), (Some(202), None));
    for (attempt, wait) in [(1, 60), (2, 120), (3, 3600)] {
        eventually(|| async { (world.events().len() == attempt).then_some(()) }).await;
        a_moment().await;
        world.advance(wait);
    }
    a_moment().await;
    assert_eq!(world.events().len(), 3);
}

#[tokio::test]
async fn an_event_does_not_stand_behind_hundreds_that_take_long() {
    let world = World::new().await;
    world.function("slow", "index.wait").await;
    world.function("quick", "index.echo").await;
    let later = |name| Invoke { invocation_type: Some("Event".to_owned()), ..invocation(name, "{}") };
    for _ in 0..400 {
        world.cloud.call(later("slow")).await.unwrap();
    }
    eventually(|| async { (world.events().len() == 400).then_some(()) }).await;
    world.cloud.call(later("quick")).await.unwrap();
    eventually(|| async { world.logged("quick").await.iter().any(|it| it.starts_with("END")).then_some(()) }).await;
    world.seen.gate.add_permits(400);
}

#[tokio::test]
async fn more_events_than_an_account_may_have_are_refused() {
    let world = World::new().await;
    world.function("f", "index.wait").await;
    let waiting: Vec<_> = (0..1000).map(|_| world.cloud.call(invocation("f", "{}"))).collect();
    let cloud = world.cloud.clone();
    let calls: Vec<_> =
        waiting.into_iter().map(|it| Box::pin(it) as std::pin::Pin<Box<dyn Future<Output = _>>>).collect();
    let refused = async {
        eventually(|| async { (world.events().len() == 1000).then_some(()) }).await;
        let error = cloud.call(invocation("f", "{}")).await.unwrap_err();
        world.seen.gate.add_permits(1000);
        error
    };
    let (error, ()) = tokio::join!(refused, async { all(calls).await });
    assert_eq!(
        (error.code(), error.shape().status, error.message()),
        ("TooManyRequestsException", 429, "Rate Exceeded.")
    );
}

async fn all<T>(calls: Vec<std::pin::Pin<Box<dyn Future<Output = T> + '_>>>) {
    let mut calls: Vec<_> = calls.into_iter().map(Some).collect();
    std::future::poll_fn(|cx| {
        let mut open = false;
        for slot in &mut calls {
            if let Some(call) = slot {
                match call.as_mut().poll(cx) {
                    std::task::Poll::Ready(_) => *slot = None,
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
}

#[tokio::test]
async fn a_role_that_may_not_write_logs_has_none() {
    let world = World::new().await;
    let role = world.role("silent", "lambda.amazonaws.com", "sqs:*").await;
    world.cloud.call(api::lambda::CreateFunction { role, ..described("f", "index.echo") }).await.unwrap();
    assert_eq!(json_of(&world.invoke("f", "7").await.payload), json!(7));
    a_moment().await;
    assert_eq!(world.logged("f").await, Vec::<String>::new());
}

//! Niebla's own paths, and browsers.

use super::client::{Call, Server, check};
use crate::{Options, Origins};
use model::wire::HttpResponse;
use std::sync::Arc;

#[tokio::test]
async fn health_names_version_and_services() {
    let server = Server::start().await;
    let answer = server.send(&Call::new("GET", "/_niebla/health")).await;
    check(&answer, 200, &[r#""version":"1.2.3""#, r#""sqs":"available""#, r#""sts":"available""#]);
    assert_eq!(answer.header("content-type"), "application/json");
    let probed = server.send(&Call::new("GET", "/_localstack/health")).await;
    check(&probed, 200, &[r#""services":{"#, r#""edition":"niebla""#, r#""version":"1.2.3""#]);
    let head = server.send(&Call::new("HEAD", "/_niebla/health")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    check(&server.send(&Call::new("GET", "/_niebla/static")).await, 200, &["ok"]);
    check(&server.send(&Call::new("GET", "/_niebla/nothing")).await, 404, &["no such path"]);
    server.stop().await;
}

#[tokio::test]
async fn the_handlers_paths_are_for_this_machine_alone() {
    let internal: crate::Handler = Arc::new(|request| {
        let body = format!("{} {}", request.path, String::from_utf8_lossy(&request.body)).into();
        Box::pin(async move { HttpResponse { status: 200, body, ..HttpResponse::default() } })
    });
    let server = Server::with(Options { internal: Some(internal), ..Options::default() }).await;
    let clock = Call::new("POST", "/_niebla/clock").body("forward");
    check(&server.send(&clock).await, 200, &["/_niebla/clock forward"]);
    check(&server.send(&clock.clone().header("host", "evil.example")).await, 403, &["Host"]);
    check(&server.send(&clock.clone().header("origin", "https://evil.example")).await, 403, &["other sites"]);
    check(&server.send(&clock.clone().header("origin", "http://localhost:8080")).await, 200, &[]);
    check(&server.send(&clock.header("sec-fetch-site", "cross-site")).await, 403, &["other sites"]);
    server.stop().await;
}

#[tokio::test]
async fn browsers_may_call_and_read() {
    let server = Server::start().await;
    let call = Call::query("Action=GetCallerIdentity&Version=2011-06-15").by("test", "sts");
    let answer = server.send(&call.clone().header("origin", "http://localhost:3000")).await;
    check(&answer, 200, &[]);
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
    // A page of another site is nobody's root, though its requests come from this machine.
    check(&server.send(&call.clone().header("origin", "http://app.example")).await, 403, &["InvalidClientTokenId"]);
    check(&server.send(&call.clone().header("sec-fetch-site", "cross-site")).await, 403, &["InvalidClientTokenId"]);
    assert!(answer.header("access-control-expose-headers").contains("x-amzn-requestid"));
    assert_eq!(server.send(&call).await.header("access-control-allow-origin"), "");

    let preflight = Call::new("OPTIONS", "/").header("origin", "http://app.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = server.send(&preflight.header("access-control-request-headers", "x-amz-target")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-headers")), (204, "x-amz-target"));
    // Errors too, or a page could not see what is wrong.
    let failed = Call::query("Action=DoIt&Version=2011-06-15").by("test", "sts").header("origin", "http://app.example");
    assert_eq!(server.send(&failed).await.header("access-control-allow-origin"), "http://app.example");
    server.stop().await;

    let listed = Options { origins: Origins::List(vec!["http://app.example".to_owned()]), ..Options::default() };
    let server = Server::with(listed).await;
    let answer = server.send(&Call::new("GET", "/_niebla/health").header("origin", "http://other.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    server.stop().await;
}

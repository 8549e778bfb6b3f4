//! Who is let in, and how each kind of service refuses.

use super::client::{Call, SECRET, Server, check, now};
use crate::sigv4::{self, Paths};
use http::HeaderMap;

fn identity() -> Call {
    Call::query("Action=GetCallerIdentity&Version=2011-06-15")
}

fn create() -> Call {
    Call::json("AmazonSQS.CreateQueue", r#"{"QueueName":"jobs"}"#)
}

#[tokio::test]
async fn a_key_is_known_by_its_signature() {
    let server = Server::start().await;
    let right = identity().signed(&server, "AKIAGOOD", SECRET, "sts", 0);
    check(&server.send(&right).await, 200, &["arn:aws:iam::111122223333:root"]);
    let changed = Call { body: b"Action=GetCallerIdentity&Version=2011-06-15&X=1".to_vec(), ..right };
    check(
        &server.send(&changed).await,
        403,
        &["SignatureDoesNotMatch", "The request signature we calculated does not match"],
    );

    let wrong = create().signed(&server, "AKIAGOOD", "another secret", "sqs", 0);
    let answer = server.send(&wrong).await;
    check(&answer, 400, &["InvalidSignatureException", "The request signature we calculated does not match"]);
    assert_eq!(answer.header("x-amzn-query-error"), "SignatureDoesNotMatch;Sender");
    server.stop().await;
}

#[tokio::test]
async fn unknown_keys_and_unsigned_calls_are_refused_as_each_service_spells_it() {
    let server = Server::start().await;
    const INVALID: &str = "The security token included in the request is invalid.";
    for key in ["AKIAUNKNOWN", "AKIAINACTIVE"] {
        let query = identity().signed(&server, key, SECRET, "sts", 0);
        check(&server.send(&query).await, 403, &["InvalidClientTokenId", INVALID]);
        let json = create().signed(&server, key, SECRET, "sqs", 0);
        check(&server.send(&json).await, 400, &["UnrecognizedClientException", INVALID]);
    }
    check(
        &server.send(&identity()).await,
        403,
        &["MissingAuthenticationToken", "Request is missing Authentication Token"],
    );
    check(&server.send(&create()).await, 400, &["MissingAuthenticationTokenException"]);
    let bare = identity().header("authorization", "AWS4-HMAC-SHA256 Credential=AKIAGOOD");
    check(&server.send(&bare).await, 400, &["IncompleteSignature"]);
    let halved = identity().by("AKIAGOOD", "sts").header("x-unused", "1");
    check(&server.send(&halved).await, 400, &["'X-Amz-Date' or a 'Date' header"]);
    server.stop().await;
}

#[tokio::test]
async fn signatures_are_good_for_fifteen_minutes() {
    let server = Server::start().await;
    let at = |seconds| identity().signed(&server, "AKIAGOOD", SECRET, "sts", seconds);
    assert_eq!(server.send(&at(-800)).await.status, 200);
    assert_eq!(server.send(&at(800)).await.status, 200);
    check(&server.send(&at(-1000)).await, 403, &["Signature expired: ", " is now earlier than ", " - 15 min.)"]);
    check(&server.send(&at(1000)).await, 403, &["Signature not yet current: ", " is still later than ", " + 15 min.)"]);
    let json = create().signed(&server, "AKIAGOOD", SECRET, "sqs", -1000);
    check(&server.send(&json).await, 400, &["InvalidSignatureException", "Signature expired: "]);
    server.stop().await;
}

#[tokio::test]
async fn temporary_keys_need_their_token_and_end() {
    let server = Server::start().await;
    let with = |token: &str, key: &str| {
        let call = if token.is_empty() { identity() } else { identity().header("x-amz-security-token", token) };
        call.signed(&server, key, SECRET, "sts", 0)
    };
    check(&server.send(&with("the token", "ASIAGOOD")).await, 200, &["111122223333"]);
    check(&server.send(&with("another", "ASIAGOOD")).await, 403, &["InvalidClientTokenId"]);
    check(&server.send(&with("", "ASIAGOOD")).await, 403, &["InvalidClientTokenId"]);
    let expired = &["ExpiredToken", "The security token included in the request is expired"];
    check(&server.send(&with("the token", "ASIAEXPIRED")).await, 403, expired);
    let json = create().header("x-amz-security-token", "the token").signed(&server, "ASIAEXPIRED", SECRET, "sqs", 0);
    check(&server.send(&json).await, 400, &["ExpiredTokenException"]);
    server.stop().await;
}

fn presigned(server: &Server, seconds: i64, expires: &str) -> Call {
    let time = sigv4::basic_text(now() + seconds);
    let query = format!(
        "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAGOOD%2F{}%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date={time}&X-Amz-Expires={expires}\
         &X-Amz-SignedHeaders=host",
        &time[..8]
    );
    let call = Call::new("GET", &format!("/?{query}")).header("host", &server.address.to_string());
    let none = HeaderMap::new();
    // What cannot be read cannot be signed; it is refused before its signature is looked at.
    let Ok(Some(claim)) = sigv4::claim(&none, &query) else { return call };
    let signature = call.signature(&call.header_map(), &claim, &sigv4::hash(b""), Paths::Twice, SECRET);
    let target = format!("{}&X-Amz-Signature={signature}", call.target);
    Call { target, ..call }
}

#[tokio::test]
async fn presigned_urls_open_until_they_expire() {
    let server = Server::start().await;
    check(&server.send(&presigned(&server, -3000, "3600")).await, 200, &["111122223333"]);
    check(&server.send(&presigned(&server, -3700, "3600")).await, 403, &["Signature expired: "]);
    check(&server.send(&presigned(&server, 2000, "3600")).await, 403, &["Signature not yet current: "]);
    check(&server.send(&presigned(&server, 0, "604801")).await, 400, &["X-Amz-Expires must be less than a week"]);
    let mut changed = presigned(&server, 0, "60");
    changed.target = changed.target.replace("Expires=60", "Expires=61");
    check(&server.send(&changed).await, 403, &["SignatureDoesNotMatch"]);
    server.stop().await;
}

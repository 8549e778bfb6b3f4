//! Operations: which one is meant, what is answered, in which protocol.

use super::client::{Call, Server, check};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io::Write;
use tokio::net::TcpStream;

#[tokio::test]
async fn who_am_i_in_each_way_of_asking() {
    let server = Server::start().await;
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    for (call, account) in [
        (Call::query(form).by("test", "sts"), "arn:aws:iam::000000000000:root"),
        (Call::query(form).by("123456789012", "sts"), "arn:aws:iam::123456789012:root"),
        (Call::new("GET", &format!("/?{form}")).by("test", "sts"), "arn:aws:iam::000000000000:root"),
    ] {
        let answer = server.send(&call).await;
        check(&answer, 200, &[account, "<GetCallerIdentityResponse"]);
        assert_eq!(answer.header("x-amzn-requestid").len(), 36);
        assert_eq!(answer.header("content-type"), "text/xml");
        assert!(!answer.header("date").is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn sqs_answers_json_and_query_also_at_a_queues_url() {
    let server = Server::start().await;
    let create = Call::json("AmazonSQS.CreateQueue", r#"{"QueueName":"jobs"}"#).by("test", "sqs");
    let url = format!("http://{}/000000000000/jobs", server.address);
    check(&server.send(&create).await, 200, &[&url]);

    let mut newer = create.clone();
    newer.headers.retain(|it| it.0 != "content-type");
    let newer = newer.header("content-type", "application/x-amz-json-1.1");
    let answer = server.send(&newer).await;
    check(&answer, 200, &[&url]);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.1");

    let send = Call::query("Action=SendMessage&Version=2012-11-05&MessageBody=hello").by("test", "sqs");
    let send = Call { target: "/000000000000/jobs".to_owned(), ..send };
    check(&server.send(&send).await, 200, &["<SendMessageResponse", "5d41402abc4b2a76b9719d911017c592"]);

    let at_queue =
        Call::new("GET", "/000000000000/jobs?Action=GetQueueAttributes&AttributeName.1=All").by("test", "sqs");
    check(&server.send(&at_queue).await, 200, &["<Name>ApproximateNumberOfMessages</Name><Value>1</Value>"]);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_implemented_says_so_in_each_protocol() {
    let server = Server::start().await;
    let json = Call::json("DynamoDB_20120810.PutItem", "not even JSON").by("test", "dynamodb");
    let answer = server.send(&json).await;
    check(&answer, 501, &["NotImplemented", "dynamodb", "PutItem"]);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    let query = Call::query("Action=Publish&Version=2010-03-31").by("test", "sns");
    check(&server.send(&query).await, 501, &["<Code>NotImplemented</Code>", "sns", "Publish"]);
    let rest = Call::new("GET", "/2015-03-31/functions").by("test", "lambda");
    check(&server.send(&rest).await, 501, &["lambda", "ListFunctions"]);
    let shared = Call::new("POST", "/model/amazon.titan-text-lite-v1/invoke").by("test", "bedrock");
    check(&server.send(&shared).await, 501, &["bedrock-runtime", "InvokeModel"]);
    let bucket = Call::new("DELETE", "/key").by("test", "s3").header("host", "photos.s3.localhost");
    let answer = server.send(&bucket).await;
    check(&answer, 501, &["<Error>", "s3", "DeleteObject"]);
    assert!(!answer.header("x-amz-request-id").is_empty());
    let unsigned = Call::new("DELETE", "/photos/key").header("host", "s3.us-east-1.localhost");
    check(&server.send(&unsigned).await, 501, &["DeleteObject"]);
    let cbor = Call::new("POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData");
    let answer = server.send(&cbor.header("smithy-protocol", "rpc-v2-cbor").by("test", "monitoring")).await;
    check(&answer, 501, &["PutMetricData"]);
    assert_eq!(answer.header("smithy-protocol"), "rpc-v2-cbor");
    server.stop().await;
}

#[tokio::test]
async fn what_nobody_knows_is_named_and_never_taken_for_s3() {
    let server = Server::start().await;
    check(&server.send(&Call::new("GET", "/photos/key")).await, 404, &["GET /photos/key"]);
    check(&server.send(&Call::new("PUT", "/x").by("test", "teapot")).await, 404, &["teapot", "Sign the request"]);
    let target = Call::json("Nobody_2000.DoIt", "{}");
    check(&server.send(&target).await, 400, &["UnknownService", "Nobody_2000.DoIt"]);
    check(
        &server.send(&Call::query("Action=DoIt&Version=1999-01-01")).await,
        400,
        &["<Code>UnknownService</Code>", "DoIt"],
    );

    let operation = Call::json("AmazonSQS.DoIt", "{}").by("test", "sqs");
    check(&server.send(&operation).await, 400, &["UnknownOperationException", "AmazonSQS.DoIt"]);
    let action = Call::query("Action=DoIt&Version=2011-06-15").by("test", "sts");
    check(&server.send(&action).await, 400, &["InvalidAction", "Could not find operation DoIt for version 2011-06-15"]);
    server.stop().await;
}

#[tokio::test]
async fn malformed_bodies_are_refused_in_the_callers_protocol() {
    let server = Server::start().await;
    let half = Call::json("AmazonSQS.CreateQueue", "{\"QueueName\":").by("test", "sqs");
    check(&server.send(&half).await, 400, &["SerializationException"]);
    let deep = format!("{{\"QueueName\":{}", "[".repeat(100_000));
    check(
        &server.send(&Call::json("AmazonSQS.CreateQueue", &deep).by("test", "sqs")).await,
        400,
        &["SerializationException"],
    );
    let invalid = Call::json("AmazonSQS.CreateQueue", "{}").by("test", "sqs");
    assert_eq!(server.send(&invalid).await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn gzip_bodies_are_read() {
    let server = Server::start().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"Action=GetCallerIdentity&Version=2011-06-15").expect("memory takes all");
    let call = Call::query("").body(encoder.finish().expect("memory takes all")).header("content-encoding", "gzip");
    check(&server.send(&call.by("test", "sts").header("x-unused", "1")).await, 200, &["000000000000"]);
    server.stop().await;
}

#[tokio::test]
async fn http_2_without_tls_works_on_the_same_port() {
    let server = Server::start().await;
    let stream = TcpStream::connect(server.address).await.expect("listening");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    let driven = tokio::spawn(connection);
    let request = http::Request::post(format!("http://{}/", server.address))
        .header("x-amz-target", "AmazonSQS.CreateQueue")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request")
        .body(Full::new(Bytes::from_static(b"{\"QueueName\":\"jobs\"}")))
        .expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, format!("{{\"QueueUrl\":\"http://{}/000000000000/jobs\"}}", server.address));
    drop(sender);
    driven.await.expect("no panic").expect("ends in order");
    server.stop().await;
}

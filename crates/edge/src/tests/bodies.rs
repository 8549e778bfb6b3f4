//! Bodies that are handed on as they come, in both directions.

use super::client::{Answer, Call, Server, check};
use crate::Limits;
use crate::sigv4;
use bytes::Bytes;
use kernel::{Body, Cloud, Download, Service};
use model::{ErrorShape, Result};
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

model::structure! { PutObject => "s3", PutObjectOutput { key: String = "Key", } }
model::structure! { PutObjectOutput { e_tag: Option<String> = "ETag", } }
model::structure! { GetObject => "s3", GetObjectOutput { key: String = "Key", range: Option<String> = "Range", } }
model::structure! { GetObjectOutput { content_length: Option<i64> = "ContentLength", } }

/// What was read of the last body, and how that ended.
static READ: Mutex<String> = Mutex::new(String::new());
const PIECE: usize = 100_000;

pub fn service() -> Service {
    Service::new("s3")
        .upload(|_, _: &PutObject| "*", put)
        .download(|_, _: &GetObject| "*", get)
        .status(|_| 206)
        .web(super::web::PART)
        .cross_origin(super::web::rules)
}

/// Answers the number of bytes, and the trailers, as the ETag.
async fn put(_: Cloud, input: PutObject, mut body: Body) -> Result<PutObjectOutput> {
    if input.key.starts_with("refused") {
        return Err(ErrorShape::sender("NoSuchBucket").status(404).with("Not here.").field("BucketName", input.key));
    }
    let (length, announced, mut received) = (body.length(), body.announced().map(str::to_owned), 0);
    while let Some(piece) = body.next().await {
        let piece = piece.inspect_err(|error| *READ.lock().expect("no panic") = error.code().to_owned())?;
        received += piece.len();
    }
    let trailers = body.trailers();
    // Whoever announces a checksum has sent it by now.
    assert!(announced.is_none_or(|it| trailers.iter().any(|(name, _)| *name == it)));
    Ok(PutObjectOutput { e_tag: Some(format!("{length:?} {received} {trailers:?}")) })
}

/// As many pieces as the key says; `cut` fails on the way.
async fn get(_: Cloud, input: GetObject) -> Result<Download<GetObjectOutput>> {
    let (pieces, fails) = (input.key.parse().unwrap_or(30), input.key == "cut");
    let length = (pieces * PIECE) as u64;
    let body = Body::made(length, move |sink| async move {
        for at in 0..pieces {
            if fails && at == 20 {
                return Err(ErrorShape::receiver("InternalError").with("The disk is gone."));
            }
            sink.send(Bytes::from(vec![b'x'; PIECE])).await;
        }
        Ok(())
    });
    Ok(Download { output: GetObjectOutput { content_length: Some(length as i64) }, body })
}

fn put_of(body: &str, content: &str) -> Call {
    Call::new("PUT", "/bucket/key").by("test", "s3").header("x-amz-content-sha256", content).body(body)
}

fn etag(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("etag")
}

#[tokio::test]
async fn bodies_are_verified_as_they_come() {
    let server = Server::start().await;
    let whole = server.send(&put_of("hello", sigv4::UNSIGNED_PAYLOAD)).await;
    assert_eq!(etag(&whole), "Some(5) 5 []");
    let hashed = server.send(&put_of("hello", &sigv4::hash(b"hello"))).await;
    assert_eq!(etag(&hashed), "Some(5) 5 []");
    let wrong = server.send(&put_of("hullo", &sigv4::hash(b"hello"))).await;
    check(&wrong, 400, &["XAmzContentSHA256Mismatch", "<Resource>/bucket/key</Resource>"]);
    let chunks = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let in_chunks = |body: &str| {
        put_of(body, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            .header("x-amz-trailer", "x-amz-checksum-crc32")
            .header("x-amz-decoded-content-length", "5")
            .header("content-encoding", "aws-chunked")
    };
    let answer = server.send(&in_chunks(chunks)).await;
    assert_eq!(etag(&answer), "Some(5) 5 [(\"x-amz-checksum-crc32\", \"NhCmhg==\")]");
    let lacking = chunks.replace("x-amz-checksum-crc32:NhCmhg==\r\n", "");
    check(&server.send(&in_chunks(&lacking)).await, 400, &["InvalidRequest", "the trailer lacks the checksum"]);
    check(&server.send(&in_chunks(&chunks[..8])).await, 400, &["InvalidRequest", "ends before its last chunk"]);
    server.stop().await;
}

#[tokio::test]
async fn who_may_not_is_told_before_and_after_sending() {
    let server = Server::start().await;
    let refused = Call { target: "/bucket/refused".to_owned(), ..put_of(&"x".repeat(1 << 20), "UNSIGNED-PAYLOAD") };
    // Fields that the model does not know stand in S3's XML too.
    check(&server.send(&refused).await, 404, &["NoSuchBucket", "<BucketName>refused</BucketName>"]);
    let asking = refused.header("expect", "100-continue").written(server.address);
    check(&server.send_raw(&asking[..asking.len() - (1 << 20)]).await, 404, &["NoSuchBucket"]);
    server.stop().await;
}

#[tokio::test]
async fn who_vanishes_or_falls_asleep_ends_the_body() {
    let server = Server::limited(Limits { body_time: Duration::from_millis(200), ..Limits::default() }).await;
    let written = put_of("hello world", sigv4::UNSIGNED_PAYLOAD).written(server.address);
    check(&server.send_raw(&written[..written.len() - 3]).await, 400, &["RequestTimeout"]);
    let mut stream = TcpStream::connect(server.address).await.expect("listening");
    stream.write_all(&written[..written.len() - 3]).await.expect("taken");
    READ.lock().expect("no panic").clear();
    stream.shutdown().await.expect("still open");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(READ.lock().expect("no panic").starts_with("IncompleteBody"));
    server.stop().await;
}

#[tokio::test]
async fn a_download_says_its_length_and_is_cut_off_when_it_fails() {
    let server = Server::start().await;
    let get = |key: &str| Call::new("GET", &format!("/bucket/{key}")).by("test", "s3");
    let answer = server.send(&get("30")).await;
    assert_eq!((answer.status, answer.header("content-length")), (206, "3000000"));
    assert_eq!(answer.body.len(), 30 * PIECE);
    let cut = server.send(&get("cut")).await;
    assert_eq!(cut.header("content-length"), "3000000");
    assert!(cut.body.len() <= 20 * PIECE, "{}", cut.body.len());
    server.stop().await;
}

//! What is too large or too slow, and what a stop does.

use super::client::{Call, Server, check};
use crate::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_millis(200);

fn create(body: &str) -> Call {
    Call::json("AmazonSQS.CreateQueue", body).by("test", "sqs")
}

#[tokio::test]
async fn large_bodies_are_refused_in_the_callers_protocol() {
    let server = Server::limited(Limits { body_bytes: 1000, ..Limits::default() }).await;
    let large = "x".repeat(1001);
    let answer = server.send(&create(&large)).await;
    check(&answer, 413, &["RequestEntityTooLarge", "larger than 1000 bytes"]);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    // Refused before it is sent.
    let asked = create(&large).header("expect", "100-continue").written(server.address);
    check(&server.send_raw(&asked[..asked.len() - 1001]).await, 413, &["RequestEntityTooLarge"]);
    // Without a length said before.
    let mut head = String::from_utf8(create("").written(server.address)).expect("text");
    head = head.replace("content-length: 0", "transfer-encoding: chunked");
    let chunked = format!("{head}3e9\r\n{large}\r\n0\r\n\r\n");
    check(&server.send_raw(chunked.as_bytes()).await, 413, &["RequestEntityTooLarge"]);
    server.stop().await;
}

#[tokio::test]
async fn large_bodies_share_their_room_and_wait_for_it() {
    let large = 1 << 20;
    let limits = Limits { body_bytes: large, bodies_bytes: large, body_time: SHORT * 5, ..Limits::default() };
    let server = Server::limited(limits).await;
    let whole = create(&" ".repeat(large)).written(server.address);
    // One that sends slowly has the room.
    let mut slow = TcpStream::connect(server.address).await.expect("listening");
    slow.write_all(&whole[..whole.len() - 1]).await.expect("taken");
    tokio::time::sleep(SHORT).await;
    let small = create("{\"QueueName\":\"jobs\"}");
    check(&server.send(&small).await, 200, &["jobs"]);
    {
        let mut waits = std::pin::pin!(server.send_raw(&whole));
        assert!(tokio::time::timeout(SHORT, waits.as_mut()).await.is_err(), "there is no room yet");
        drop(slow);
        check(&waits.await, 400, &[]);
    }
    server.stop().await;
}

#[tokio::test]
async fn large_heads_are_refused_in_the_callers_protocol() {
    let server = Server::start().await;
    let large = create("{}").header("x-large", &"x".repeat(70 * 1024));
    check(&server.send(&large).await, 431, &["RequestHeaderSectionTooLarge", "65536 bytes"]);
    server.stop().await;
}

#[tokio::test]
async fn slow_bodies_and_silent_peers_are_cut_off() {
    let server = Server::limited(Limits { body_time: SHORT, head_time: SHORT, ..Limits::default() }).await;
    let whole = create("{\"QueueName\":\"jobs\"}").written(server.address);
    let answer = server.send_raw(&whole[..whole.len() - 3]).await;
    check(&answer, 408, &["RequestTimeout"]);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    for begun in ["", "PRI * HT", "POST / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.expect("listening");
        stream.write_all(begun.as_bytes()).await.expect("taken");
        let mut received = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut received)).await;
        assert!(closed.is_ok(), "{begun:?} is waited for");
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let server = Server::limited(Limits { connections: 1, ..Limits::default() }).await;
    let first = TcpStream::connect(server.address).await.expect("listening");
    let call = Call::new("GET", "/_niebla/health");
    let waiting = tokio::time::timeout(SHORT, server.send(&call)).await;
    assert!(waiting.is_err(), "the only place is taken");
    drop(first);
    check(&server.send(&call).await, 200, &["running"]);
    server.stop().await;
}

#[tokio::test]
async fn a_sender_that_asks_whether_to_go_on_is_told_so() {
    let server = Server::start().await;
    let body = "{\"QueueName\":\"jobs\"}";
    let whole = create(body).header("expect", "100-continue").written(server.address);
    let (head, body) = whole.split_at(whole.len() - body.len());
    let mut stream = TcpStream::connect(server.address).await.expect("listening");
    stream.write_all(head).await.expect("taken");
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.expect("an answer");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body).await.expect("taken");
    let mut received = String::new();
    stream.read_to_string(&mut received).await.expect("an answer");
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");
    server.stop().await;
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_closes_idle_connections() {
    let server = Server::start().await;
    let idle = TcpStream::connect(server.address).await.expect("listening");
    let mut busy = TcpStream::connect(server.address).await.expect("listening");
    let whole = create("{\"QueueName\":\"jobs\"}").written(server.address);
    let (begun, rest) = whole.split_at(whole.len() - 5);
    busy.write_all(begun).await.expect("taken");
    tokio::time::sleep(SHORT).await;
    let address = server.address;
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(SHORT).await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody new is let in");
    busy.write_all(rest).await.expect("taken");
    let mut received = String::new();
    busy.read_to_string(&mut received).await.expect("an answer");
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");
    tokio::time::timeout(Duration::from_secs(5), stopping).await.expect("in time").expect("in order");
    drop(idle);
}

//! Answers that are streams of events.

use super::client::{Call, Server};
use crate::Limits;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Cloud, Service, Streamed};
use model::wire::{Event, decode_event, decode_frame};
use model::{ErrorShape, Protocol, Result, Value};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

model::structure! {
    StartLiveTail => "logs", StartLiveTailOutput {
        log_group_identifiers: Vec<String> = "logGroupIdentifiers",
    }
}
model::structure! { StartLiveTailOutput { } }
model::structure! { Told { session_start: Option<Start> = "sessionStart", } }
model::structure! { Start { session_id: String = "sessionId", } }

const TIMEOUT: ErrorShape = ErrorShape::sender("SessionTimeoutException");
const OTHER: ErrorShape = ErrorShape::sender("AccessDeniedException");
/// Producers that wait for nothing but their end.
static PATIENT: AtomicUsize = AtomicUsize::new(0);

/// Behaves as the first name says.
pub fn service() -> Service {
    Service::new("logs").stream(|_, _: &StartLiveTail| "*", tail)
}

async fn tail(cloud: Cloud, input: StartLiveTail) -> Result<Streamed<StartLiveTailOutput>> {
    let how = input.log_group_identifiers.first().cloned().unwrap_or_default();
    if how == "refused" {
        return Err(OTHER.with("Not for you."));
    }
    Ok(Streamed::new(StartLiveTailOutput {}, move |sink| async move {
        let event = |text: &str| Told { session_start: Some(Start { session_id: text.to_owned() }) };
        sink.send(event("one")).await;
        match how.as_str() {
            "two" => sink.send(event("two")).await,
            "timeout" => return Err(TIMEOUT.with("It is over.")),
            "error" => return Err(OTHER.with("Not any more.")),
            "panic" => panic!("lost"),
            "polite" => cloud.stopping().await,
            "deaf" => std::future::pending().await,
            "patient" => {
                PATIENT.fetch_add(1, Ordering::Relaxed);
                let _counted = Counted;
                std::future::pending::<()>().await;
            }
            _ => loop {
                sink.send(event(&"x".repeat(100_000))).await;
                PATIENT.fetch_add(1, Ordering::Relaxed);
            },
        }
        Ok(())
    }))
}

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        PATIENT.fetch_sub(1, Ordering::Relaxed);
    }
}

fn call(how: &str) -> Call {
    let body = format!("{{\"logGroupIdentifiers\":[\"{how}\"]}}");
    let call = Call::new("POST", "/").header("x-amz-target", "Logs_20140328.StartLiveTail").body(body);
    call.header("content-type", "application/x-amz-json-1.1").by("test", "logs")
}

/// An open answer of HTTP/1.1 or HTTP/2.
struct Reader {
    body: hyper::body::Incoming,
    bytes: BytesMut,
}

impl Reader {
    async fn open(server: &Server, how: &str, version: http::Version) -> Reader {
        let stream = TokioIo::new(TcpStream::connect(server.address).await.expect("listening"));
        let call = call(how);
        let mut request = http::Request::new(Full::new(Bytes::from(call.body.clone())));
        *request.method_mut() = http::Method::POST;
        *request.headers_mut() = call.header_map();
        let answer = if version == http::Version::HTTP_2 {
            *request.uri_mut() = format!("http://{}/", server.address).parse().expect("an address");
            let opened = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
            let (mut sender, connection) = opened.expect("HTTP/2");
            tokio::spawn(connection);
            sender.send_request(request).await
        } else {
            request.headers_mut().insert("host", server.address.to_string().parse().expect("a host"));
            let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.expect("HTTP/1.1");
            tokio::spawn(connection);
            sender.send_request(request).await
        };
        let answer = answer.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/vnd.amazon.eventstream");
        assert!(answer.headers().contains_key("x-amzn-requestid"));
        Reader { body: answer.into_body(), bytes: BytesMut::new() }
    }

    /// The next event as text; none at the end.
    async fn next(&mut self) -> Option<String> {
        let service = model::service("logs").expect("a model");
        let operation = service.operation("StartLiveTail").expect("an operation");
        let union = service.event_stream(operation.output).expect("a stream").shape;
        loop {
            if let Ok((frame, length)) = decode_frame(&self.bytes.clone().freeze()) {
                self.bytes.advance(length);
                let event = decode_event(service, Protocol::AwsJson11, union, operation.output, &frame);
                return Some(match event.expect("of the model") {
                    Event::Initial(_) => "initial".to_owned(),
                    Event::Member(name, value) => {
                        let text = value.get("sessionId").or(value.get("message")).and_then(Value::as_str);
                        format!("{name} {}", text.unwrap_or_default())
                    }
                    Event::Error { code, message } => format!("error {code} {message}"),
                    Event::Unknown(name) => name,
                });
            }
            let piece = self.body.frame().await?.expect("no broken connection");
            self.bytes.extend_from_slice(&piece.into_data().unwrap_or_default());
        }
    }

    async fn rest(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not within ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn events_arrive_in_frames_over_both_versions_of_http() {
    let server = Server::start().await;
    for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
        for (how, expected) in [
            ("two", &["initial", "sessionStart one", "sessionStart two"][..]),
            ("timeout", &["initial", "sessionStart one", "SessionTimeoutException It is over."]),
            ("error", &["initial", "sessionStart one", "error AccessDeniedException Not any more."]),
        ] {
            assert_eq!(Reader::open(&server, how, version).await.rest().await, expected, "{how}");
        }
        let lost = Reader::open(&server, "panic", version).await.rest().await;
        assert!(lost[2].starts_with("error InternalFailure"), "{lost:?}");
    }
    let refused = server.send(&call("refused")).await;
    assert_eq!((refused.status, refused.header("content-type")), (400, "application/x-amz-json-1.1"));
    assert!(refused.body.contains("Not for you."), "{refused:?}");
    server.stop().await;
}

#[tokio::test]
async fn the_producer_ends_with_its_reader_and_waits_for_it() {
    let server = Server::start().await;
    for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
        PATIENT.store(0, Ordering::Relaxed);
        let mut reader = Reader::open(&server, "patient", version).await;
        assert_eq!(reader.next().await.as_deref(), Some("initial"));
        assert_eq!(reader.next().await.as_deref(), Some("sessionStart one"));
        until(|| PATIENT.load(Ordering::Relaxed) == 1).await;
        drop(reader);
        until(|| PATIENT.load(Ordering::Relaxed) == 0).await;
    }
    // Nobody reads: what is made is bounded by what the sockets hold.
    let mut silent = TcpStream::connect(server.address).await.expect("listening");
    silent.write_all(&call("endless").written(server.address)).await.expect("taken");
    let mut made = 0;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = PATIENT.load(Ordering::Relaxed);
        if now > 0 && now == made {
            break;
        }
        made = now;
    }
    assert!(made < 1_000, "{made} events of 100 KB are made for nobody");
    let mut some = vec![0; 4_000_000];
    silent.read_exact(&mut some).await.expect("events");
    until(|| PATIENT.load(Ordering::Relaxed) > made).await;
    drop(silent);
    server.stop().await;
}

#[tokio::test]
async fn a_stop_ends_streams_well() {
    let limits = Limits { drain_time: Duration::from_secs(1), ..Limits::default() };
    let server = Server::limited(limits).await;
    let mut polite = Reader::open(&server, "polite", http::Version::HTTP_11).await;
    let mut deaf = Reader::open(&server, "deaf", http::Version::HTTP_2).await;
    for reader in [&mut polite, &mut deaf] {
        assert_eq!(reader.next().await.as_deref(), Some("initial"));
        assert_eq!(reader.next().await.as_deref(), Some("sessionStart one"));
    }
    let stopped = tokio::spawn(server.stop());
    assert_eq!(polite.rest().await, [""; 0]);
    let cut_off = "error ServiceUnavailableException Niebla was stopped before this stream came to its end.";
    assert_eq!(deaf.rest().await, [cut_off]);
    stopped.await.expect("stops");
}

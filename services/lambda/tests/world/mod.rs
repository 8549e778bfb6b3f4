//! A Niebla in which functions are fake: a handler's name says what it does.
#![allow(dead_code, reason = "each test file uses a part")]

use api::iam::{CreateRole, PutRolePolicy};
use api::lambda::{CreateFunction, FunctionCode, Invoke, InvokeOutput};
use api::logs::{DescribeLogStreams, GetLogEvents};
use bytes::Bytes;
use kernel::driver::{
    Drivers, Event, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, InvokeResult, LogSink, NotStarted, Outcome,
    Sandbox, StartError,
};
use kernel::{BoxFuture, Caller, Clock, Cloud, Entropy, Kernel, Principal, Settings};
use model::Timestamp;
use serde_json::{Value as Json, json};
use std::future::Future;
use std::io::{Cursor, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::Store;
use tokio::sync::Semaphore;

pub const ACCOUNT: &str = "000000000000";
pub const ROLE: &str = "arn:aws:iam::000000000000:role/worker";
/// 2025-09-06T12:00:00Z.
pub const NOW: i64 = 1_757_160_000_000;

pub struct World {
    pub kernel: Arc<Kernel>,
    pub cloud: Cloud,
    pub seen: Arc<Seen>,
}

/// What the fakes saw.
pub struct Seen {
    pub starts: Mutex<Vec<FunctionSpec>>,
    pub events: Mutex<Vec<Json>>,
    /// Sandboxes that were dropped.
    pub stopped: Mutex<usize>,
    /// What `index.wait` waits for.
    pub gate: Semaphore,
    pub room_mb: AtomicU64,
}

impl Drop for World {
    fn drop(&mut self) {
        self.kernel.forget();
    }
}

impl World {
    /// With a role that may do everything.
    pub async fn new() -> World {
        let world = World::over(Store::ephemeral());
        world.role("worker", "lambda.amazonaws.com", "*").await;
        world
    }

    pub fn over(store: Store) -> World {
        let seen = Arc::new(Seen {
            starts: Mutex::default(),
            events: Mutex::default(),
            stopped: Mutex::default(),
            gate: Semaphore::new(0),
            room_mb: AtomicU64::new(u64::MAX),
        });
        let drivers = Drivers { functions: Arc::new(Fakes(seen.clone())), http: Arc::new(NoNetwork) };
        let settings =
            Settings { endpoint: "http://127.0.0.1:4566".to_owned(), version: "0.0.0", ..Settings::default() };
        let services = vec![
            dynamodb::service(),
            dynamodbstreams::service(),
            iam::service(),
            lambda::service(),
            logs::service(),
            s3::service(),
            sqs::service(),
            sts::service(),
        ];
        let (clock, entropy) = (Clock::frozen(Timestamp(NOW)), Entropy::seeded(1));
        let kernel = Kernel::new(store, clock, entropy, drivers, settings, services);
        kernel.start();
        let cloud =
            kernel.cloud(Arc::new(Caller::internal(Principal::root(ACCOUNT), "us-east-1", "request-1".to_owned())));
        World { kernel, cloud, seen }
    }

    pub fn as_request(&self, id: &str) -> Cloud {
        self.kernel.cloud(Arc::new(Caller::internal(Principal::root(ACCOUNT), "us-east-1", id.to_owned())))
    }

    pub async fn role(&self, name: &str, trusted: &str, action: &str) -> String {
        let trust = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": trusted }, "Action": "sts:AssumeRole" }
        ]});
        let may = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": action, "Resource": "*" }
        ]});
        self.cloud
            .call(CreateRole {
                role_name: name.to_owned(),
                assume_role_policy_document: trust.to_string(),
                ..CreateRole::default()
            })
            .await
            .unwrap();
        let (role_name, policy_name) = (name.to_owned(), "may".to_owned());
        self.cloud.call(PutRolePolicy { role_name, policy_name, policy_document: may.to_string() }).await.unwrap();
        format!("arn:aws:iam::{ACCOUNT}:role/{name}")
    }

    /// A function that does what its handler is named after.
    pub async fn function(&self, name: &str, handler: &str) {
        self.cloud.call(described(name, handler)).await.unwrap();
    }

    pub async fn invoke(&self, name: &str, payload: &str) -> InvokeOutput {
        self.cloud.call(invocation(name, payload)).await.unwrap()
    }

    /// The messages of a function's log, stream after stream.
    pub async fn logged(&self, name: &str) -> Vec<String> {
        let group = format!("/aws/lambda/{name}");
        let input = DescribeLogStreams { log_group_name: Some(group.clone()), ..DescribeLogStreams::default() };
        let Ok(output) = self.cloud.call(input).await else { return Vec::new() };
        let mut messages = Vec::new();
        for stream in output.log_streams.unwrap_or_default() {
            let input = GetLogEvents {
                log_group_name: Some(group.clone()),
                log_stream_name: stream.log_stream_name.unwrap(),
                start_from_head: Some(true),
                ..GetLogEvents::default()
            };
            let events = self.cloud.call(input).await.unwrap().events.unwrap_or_default();
            messages.extend(events.into_iter().filter_map(|it| it.message));
        }
        messages
    }

    pub fn events(&self) -> Vec<Json> {
        self.seen.events.lock().unwrap().clone()
    }

    pub fn starts(&self) -> usize {
        self.seen.starts.lock().unwrap().len()
    }

    pub fn advance(&self, seconds: u64) {
        self.kernel.clock.advance(Duration::from_secs(seconds));
    }
}

/// Waits for what happens by itself.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: impl Fn() -> F) -> T {
    for _ in 0..2_000 {
        if let Some(it) = what().await {
            return it;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("it did not happen");
}

/// Long enough for what should not happen.
pub async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

pub fn described(name: &str, handler: &str) -> CreateFunction {
    CreateFunction {
        function_name: name.to_owned(),
        runtime: Some("python3.13".to_owned()),
        role: ROLE.to_owned(),
        handler: Some(handler.to_owned()),
        code: FunctionCode { zip_file: Some(zipped("x = 1").into()), ..FunctionCode::default() },
        ..CreateFunction::default()
    }
}

pub fn invocation(name: &str, payload: &str) -> Invoke {
    let payload = Some(Bytes::from(payload.to_owned()));
    Invoke { function_name: name.to_owned(), payload, ..Invoke::default() }
}

pub fn zipped(text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

pub fn json_of(payload: &Option<Bytes>) -> Json {
    serde_json::from_slice(payload.as_deref().unwrap()).unwrap()
}

struct Fakes(Arc<Seen>);

impl Functions for Fakes {
    fn room_mb(&self) -> u64 {
        self.0.room_mb.load(Ordering::Relaxed)
    }

    fn start(&self, spec: FunctionSpec, log: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        let seen = self.0.clone();
        Box::pin(async move {
            seen.starts.lock().unwrap().push(spec.clone());
            let failed = |why| Err(StartError { why, duration_ms: 12.5, max_memory_mb: 9 });
            match spec.handler.as_str() {
                "index.missing" => {
                    log("[ERROR] Runtime.HandlerNotFound: Handler 'missing' missing on module 'index'");
                    let error_type = "Runtime.HandlerNotFound".to_owned();
                    let body = json!({ "errorType": error_type, "errorMessage": "Handler 'missing' missing on module 'index'" });
                    failed(NotStarted::Error { error_type, body: Bytes::from(body.to_string()) })
                }
                "index.unavailable" => failed(NotStarted::Unavailable("Python 3.13 is not installed".to_owned())),
                _ => Ok(Box::new(Fake { spec, log, seen, ready: true }) as Box<dyn Sandbox>),
            }
        })
    }
}

struct Fake {
    spec: FunctionSpec,
    log: LogSink,
    seen: Arc<Seen>,
    ready: bool,
}

impl Sandbox for Fake {
    fn invoke<'s>(&'s mut self, event: Event) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>> {
        Box::pin(async move {
            let payload: Json = serde_json::from_slice(&event.payload).unwrap();
            self.seen.events.lock().unwrap().push(payload.clone());
            (self.log)(&format!("got {payload}"));
            let result = match self.spec.handler.as_str() {
                "index.echo" => response(&payload),
                "index.stream" => response(&json!(self.spec.log_stream)),
                "index.fail" => {
                    let error_type = "ValueError".to_owned();
                    let body = json!({ "errorType": error_type, "errorMessage": "too foggy" });
                    InvokeResult::Error { error_type, body: Bytes::from(body.to_string()) }
                }
                "index.hang" => InvokeResult::TimedOut,
                "index.exit" => InvokeResult::Exited("exit status 3".to_owned()),
                "index.wait" => {
                    self.seen.gate.acquire().await.unwrap().forget();
                    response(&payload)
                }
                "index.report" => response(&failures(&payload)),
                // What it is given as a payload of errors; anything else it takes.
                "index.picky" if payload.to_string().contains("poison") => {
                    let body = json!({ "errorType": "Poison", "errorMessage": "poison" });
                    InvokeResult::Error { error_type: "Poison".to_owned(), body: Bytes::from(body.to_string()) }
                }
                "index.picky" => response(&payload),
                "index.report_changes" => response(&failed_changes(&payload)),
                "index.count" => response(&counted(&payload)),
                "index.hoard" => response(&json!({ "state": { "all": "x".repeat(1_100_000) } })),
                "index.arn" => response(&json!([event.function_arn, self.spec.version, event.trace_id])),
                other => panic!("{other} is not one of the fakes"),
            };
            self.ready = !matches!(result, InvokeResult::TimedOut | InvokeResult::Exited(_));
            Outcome { result, duration_ms: 1.234, max_memory_mb: 37 }
        })
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn init_ms(&self) -> f64 {
        101.02
    }

    fn notices(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        *self.seen.stopped.lock().unwrap() += 1;
    }
}

fn response(it: &Json) -> InvokeResult {
    InvokeResult::Response(Bytes::from(it.to_string()))
}

/// The records whose body says that they are bad.
fn failures(event: &Json) -> Json {
    let bad = event["Records"].as_array().unwrap().iter().filter(|it| it["body"].as_str().unwrap().contains("bad"));
    json!({ "batchItemFailures": bad.map(|it| json!({ "itemIdentifier": it["messageId"] })).collect::<Vec<_>>() })
}

/// The changes of items whose key says that they are bad.
fn failed_changes(event: &Json) -> Json {
    let is_bad = |it: &&Json| it["dynamodb"]["Keys"].to_string().contains("bad");
    let bad = event["Records"].as_array().unwrap().iter().filter(is_bad);
    let named = bad.map(|it| json!({ "itemIdentifier": it["dynamodb"]["SequenceNumber"] }));
    json!({ "batchItemFailures": named.collect::<Vec<_>>() })
}

/// The records of a tumbling window, in its state.
fn counted(event: &Json) -> Json {
    let so_far = event["state"]["records"].as_u64().unwrap_or(0);
    json!({ "state": { "records": so_far + event["Records"].as_array().unwrap().len() as u64 } })
}

struct NoNetwork;

impl Http for NoNetwork {
    fn send(&self, _: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        Box::pin(async { Err("there is no network here".to_owned()) })
    }
}

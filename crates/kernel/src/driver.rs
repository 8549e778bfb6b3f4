//! Drivers as services see them: what leaves the process. The real ones are in `drivers`, fake ones in `sim`.

use crate::service::BoxFuture;
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;

pub struct Drivers {
    pub functions: Arc<dyn Functions>,
    pub http: Arc<dyn Http>,
}

/// Starts sandboxes in which functions run.
pub trait Functions: Send + Sync {
    /// One sandbox, ready for its first event. Lines that the function prints go to `log` as they come.
    fn start(&self, spec: FunctionSpec, log: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>>;
}

pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Clone, Debug)]
pub struct FunctionSpec {
    /// AWS's identifier: `python3.13`.
    pub runtime: String,
    pub handler: String,
    /// The unpacked code, `/var/task` inside.
    pub code: PathBuf,
    pub environment: Vec<(String, String)>,
    pub memory_mb: u64,
    /// The size of `/tmp`.
    pub ephemeral_storage_mb: u64,
    pub timeout_seconds: u64,
}

/// A sandbox that serves one event at a time. Dropping it kills what runs in it.
pub trait Sandbox: Send {
    fn invoke(&mut self, event: Event) -> BoxFuture<Outcome>;
    /// Milliseconds from the start of the process until it asked for its first event.
    fn init_ms(&self) -> f64;
    /// Which interpreter serves a runtime that the machine lacks, to be said in the function's log.
    fn notice(&self) -> Option<String>;
}

#[derive(Clone, Debug)]
pub struct Event {
    pub request_id: String,
    pub payload: Bytes,
    /// Milliseconds since 1970, by the machine's clock.
    pub timeout_ms: u64,
    pub function_arn: String,
    pub trace_id: String,
    pub client_context: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub result: InvokeResult,
    pub duration_ms: f64,
    pub max_memory_mb: u64,
    /// The sandbox can serve another event.
    pub reusable: bool,
}

#[derive(Clone, Debug)]
pub enum InvokeResult {
    Response(Bytes),
    /// The function's own error, as it told the Runtime API.
    Error(Bytes),
    TimedOut,
    /// Ended without an answer: `signal: killed`, `exit status 1`.
    Exited(String),
}

#[derive(Clone, Debug)]
pub enum StartError {
    /// The function's code could not be loaded: error type and body as the Runtime API was told.
    Init { body: Bytes, init_ms: f64 },
    /// Ended, or did not get ready, before its first event.
    Exited { how: String, init_ms: f64 },
    /// The machine lacks what it needs: the sentence says what to install.
    Unavailable(String),
}

/// Calls to servers outside.
pub trait Http: Send + Sync {
    fn send(&self, request: HttpCall) -> BoxFuture<Result<HttpAnswer, String>>;
}

#[derive(Clone, Debug)]
pub struct HttpCall {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub timeout_ms: u64,
}

#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

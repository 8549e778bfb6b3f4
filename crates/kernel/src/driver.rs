//! Drivers as services see them: what leaves the process. The real ones are in `drivers`, fake ones in `sim`.

use crate::service::BoxFuture;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub struct Drivers {
    pub functions: Arc<dyn Functions>,
    pub http: Arc<dyn Http>,
}

/// Starts sandboxes in which functions run.
pub trait Functions: Send + Sync {
    /// One sandbox, ready for its first event. Lines that the function prints go to `log` as they come.
    fn start(&self, spec: FunctionSpec, log: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>>;
    /// What all sandboxes together may be given of this machine's memory. Fakes need none.
    fn room_mb(&self) -> u64 {
        u64::MAX
    }
}

pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Clone, Debug)]
pub struct FunctionSpec {
    pub name: String,
    pub version: String,
    /// AWS's identifier: `python3.13`.
    pub runtime: String,
    pub handler: String,
    pub code: Code,
    /// The function's own variables, its region, its credentials and our endpoint. The driver adds what every runtime has.
    pub environment: Vec<(String, String)>,
    pub memory_mb: u64,
    /// The size of `/tmp`.
    pub ephemeral_storage_mb: u64,
    /// How long the start may take.
    pub init_timeout_ms: u64,
    pub log_group: String,
    pub log_stream: String,
}

/// A deployment package. The driver unpacks it once, however many sandboxes run it.
#[derive(Clone)]
pub struct Code {
    /// Of the zip file, in hexadecimal digits.
    pub sha256: String,
    /// Reads the zip file. It waits for the disk.
    pub zip: Arc<dyn Fn() -> std::io::Result<Bytes> + Send + Sync>,
}

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Code").field(&self.sha256).finish()
    }
}

/// A sandbox that serves one event at a time. Dropping it kills what runs in it.
pub trait Sandbox: Send + Sync {
    /// Every line that was written before the answer has gone to the log when this is done.
    fn invoke<'s>(&'s mut self, event: Event) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>>;
    /// It can serve an event: it runs, and none is open.
    fn is_ready(&self) -> bool;
    /// Milliseconds from the start of the process until it asked for its first event.
    fn init_ms(&self) -> f64;
    /// What the function's log should say of how it is run: another version of the interpreter, no SDK.
    fn notices(&self) -> Vec<String>;
}

#[derive(Clone, Debug)]
pub struct Event {
    pub request_id: String,
    pub payload: Bytes,
    /// From now on.
    pub timeout_ms: u64,
    /// As it was invoked: with the qualifier, if one was named.
    pub function_arn: String,
    /// `Root=1-…;Parent=…;Sampled=0`.
    pub trace_id: String,
    /// JSON.
    pub client_context: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub result: InvokeResult,
    pub duration_ms: f64,
    pub max_memory_mb: u64,
}

#[derive(Clone, Debug)]
pub enum InvokeResult {
    Response(Bytes),
    /// The function's own error, as it told the Runtime API.
    Error {
        error_type: String,
        body: Bytes,
    },
    TimedOut,
    /// Ended without an answer: `signal: killed`, `exit status 1`.
    Exited(String),
}

/// Why there is no sandbox.
#[derive(Clone, Debug)]
pub struct StartError {
    pub why: NotStarted,
    pub duration_ms: f64,
    pub max_memory_mb: u64,
}

#[derive(Clone, Debug)]
pub enum NotStarted {
    /// The function's code could not be loaded: error type and body as the Runtime API was told.
    Error {
        error_type: String,
        body: Bytes,
    },
    TimedOut,
    /// Ended before it asked for its first event: `exit status 1`.
    Exited(String),
    /// The machine lacks what it needs: the sentence says what to install.
    Unavailable(String),
}

/// Calls to servers outside.
pub trait Http: Send + Sync {
    fn send(&self, request: HttpCall) -> BoxFuture<Result<HttpAnswer, String>>;

    /// The same, with the body as it comes; the timeout is for the headers alone. A fake may have it whole.
    fn stream(&self, request: HttpCall) -> BoxFuture<Result<HttpStream, String>> {
        let whole = self.send(request);
        Box::pin(async move {
            let HttpAnswer { status, headers, body } = whole.await?;
            Ok(HttpStream { status, headers, body: Box::new(Some(body)) })
        })
    }
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

/// An answer whose body is still to come. Dropping it ends the call.
pub struct HttpStream {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Box<dyn Pieces>,
}

/// The pieces of a body, as they come.
pub trait Pieces: Send {
    /// None: it is complete.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>, String>> + Send + '_>>;
}

impl Pieces for Option<Bytes> {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>, String>> + Send + '_>> {
        Box::pin(async { Ok(self.take()) })
    }
}

/// A server that speaks the protocol of OpenAI, as the configuration names it: Ollama, vLLM, llama.cpp.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelServer {
    /// What its paths are added to: `http://127.0.0.1:11434/v1`.
    pub url: String,
    pub key: Option<String>,
    /// Model ids of Bedrock, an asterisk at their end standing for the rest, and the server's names for them.
    pub models: Vec<(String, String)>,
}

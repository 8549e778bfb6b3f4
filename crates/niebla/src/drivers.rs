//! The real drivers, as the kernel's services see them.

use crate::config::Config;
use ::drivers::http;
use ::drivers::lambda::{self, Package, Packages};
use bytes::Bytes;
use kernel::BoxFuture;
use kernel::driver::{
    Drivers, Event, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, HttpStream, InvokeResult, LogSink, NotStarted,
    Outcome, Pieces, Sandbox, StartError,
};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// What a server outside may answer at most: it is held in memory.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Functions use a part of the memory that they may use, so together they may be promised more than there is.
const OVERCOMMITTED: u64 = 4;

pub fn all(config: &Config) -> Drivers {
    let folder = config.cache_dir.join("runtimes");
    let host = lambda::Host::new(folder, lambda::Sdk::Install, config.search_path.clone(), config.home.clone());
    let functions = Lambdas::new(host, config.cache_dir.join("code"));
    Drivers { functions: Arc::new(functions), http: Arc::new(Outbound::default()) }
}

/// Cheap to clone.
#[derive(Clone)]
struct Lambdas {
    host: Arc<lambda::Host>,
    packages: Arc<Packages>,
}

impl Lambdas {
    fn new(host: lambda::Host, packages: PathBuf) -> Lambdas {
        Lambdas { host: Arc::new(host), packages: Arc::new(Packages::new(packages)) }
    }
}

impl Functions for Lambdas {
    fn start(&self, spec: FunctionSpec, log: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        let this = self.clone();
        Box::pin(async move {
            let prepared = this.host.prepare(&spec.runtime).await.map_err(|it| unavailable(it.to_string()))?;
            let code = this.packages.unpacked(&spec.code.sha256, &spec.code.zip).await;
            let code = code.map_err(|it| unavailable(format!("The function's code could not be unpacked: {it}")))?;
            let modules = this.host.modules(&prepared, code.folder()).await;
            let modules = modules.map_err(|it| unavailable(format!("The function's code cannot be read: {it}")))?;
            let began = Instant::now();
            let spec = lambda::Spec { modules: modules.folder, ..started(spec, code.folder().to_owned(), log) };
            let instance = lambda::Instance::start(spec, &prepared).await.map_err(not_started)?;
            let notices = [prepared.substitution(), prepared.sdk_missing.clone(), modules.missing];
            let (init_ms, notices) = (milliseconds(began.elapsed()), notices.into_iter().flatten().collect());
            Ok(Box::new(Lambda { instance, init_ms, notices, _code: code }) as Box<dyn Sandbox>)
        })
    }

    fn room_mb(&self) -> u64 {
        lambda::memory_mb() * OVERCOMMITTED
    }
}

struct Lambda {
    instance: lambda::Instance,
    init_ms: f64,
    notices: Vec<String>,
    /// Stays on the disk while the sandbox runs.
    _code: Arc<Package>,
}

impl Sandbox for Lambda {
    fn invoke<'s>(&'s mut self, event: Event) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>> {
        Box::pin(async move {
            let report = self.instance.invoke(invocation(event)).await;
            Outcome {
                result: result(report.outcome),
                duration_ms: milliseconds(report.duration),
                max_memory_mb: megabytes(report.max_memory_bytes),
            }
        })
    }

    fn is_ready(&self) -> bool {
        self.instance.is_usable()
    }

    fn init_ms(&self) -> f64 {
        self.init_ms
    }

    fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }
}

fn started(spec: FunctionSpec, code: PathBuf, log: LogSink) -> lambda::Spec {
    lambda::Spec {
        function_name: spec.name,
        function_version: spec.version,
        handler: spec.handler,
        code,
        layers: None,
        modules: None,
        env: spec.environment,
        memory_mb: narrow(spec.memory_mb),
        tmp_mb: narrow(spec.ephemeral_storage_mb),
        log_group: spec.log_group,
        log_stream: spec.log_stream,
        init_timeout: Duration::from_millis(spec.init_timeout_ms),
        on_line: log,
    }
}

fn invocation(event: Event) -> lambda::Invocation {
    lambda::Invocation {
        request_id: event.request_id,
        payload: event.payload,
        timeout: Duration::from_millis(event.timeout_ms),
        function_arn: event.function_arn,
        trace_id: Some(event.trace_id),
        client_context: event.client_context,
        cognito_identity: None,
    }
}

fn result(outcome: lambda::Outcome) -> InvokeResult {
    match outcome {
        lambda::Outcome::Response(body) => InvokeResult::Response(body),
        lambda::Outcome::FunctionError { error_type, body } => InvokeResult::Error { error_type, body },
        lambda::Outcome::TimedOut => InvokeResult::TimedOut,
        lambda::Outcome::Crashed(exit) => InvokeResult::Exited(exit.to_string()),
    }
}

fn not_started(failed: lambda::FailedInit) -> StartError {
    let why = match failed.error {
        lambda::InitError::Failed { error_type, body } => NotStarted::Error { error_type, body },
        lambda::InitError::Crashed(exit) => NotStarted::Exited(exit.to_string()),
        lambda::InitError::TimedOut => NotStarted::TimedOut,
        lambda::InitError::Host(why) => NotStarted::Unavailable(why),
    };
    let (duration_ms, max_memory_mb) = (milliseconds(failed.duration), megabytes(failed.max_memory_bytes));
    StartError { why, duration_ms, max_memory_mb }
}

fn unavailable(why: String) -> StartError {
    StartError { why: NotStarted::Unavailable(why), duration_ms: 0.0, max_memory_mb: 0 }
}

/// Made when the first call needs it: reading the certificates takes longer than a start may.
struct Outbound(LazyLock<http::Client>);

impl Default for Outbound {
    fn default() -> Self {
        Outbound(LazyLock::new(http::Client::new))
    }
}

struct Body(http::Streamed);

impl Pieces for Body {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>, String>> + Send + '_>> {
        Box::pin(async { self.0.chunk().await.map_err(|it| it.to_string()) })
    }
}

impl Http for Outbound {
    fn send(&self, call: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        let client = self.0.clone();
        Box::pin(async move {
            let answer = client.send(request(call)?, MOST_ANSWER_BYTES).await.map_err(|it| it.to_string())?;
            Ok(HttpAnswer { status: answer.status.as_u16(), headers: texts(&answer.headers), body: answer.body })
        })
    }

    fn stream(&self, call: HttpCall) -> BoxFuture<Result<HttpStream, String>> {
        let client = self.0.clone();
        Box::pin(async move {
            let answer = client.stream(request(call)?, MOST_ANSWER_BYTES).await.map_err(|it| it.to_string())?;
            let (status, headers) = (answer.status.as_u16(), texts(&answer.headers));
            Ok(HttpStream { status, headers, body: Box::new(Body(answer)) })
        })
    }
}

fn texts(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn request(call: HttpCall) -> Result<http::Request, String> {
    let method = call.method.parse().map_err(|_| format!("`{}` is no method of HTTP", call.method))?;
    let mut request = http::Request::new(method, call.url);
    for (name, value) in call.headers {
        let parsed: Option<(http::HeaderName, http::HeaderValue)> = name.parse().ok().zip(value.parse().ok());
        let (name, value) = parsed.ok_or_else(|| format!("the header {name} cannot be sent"))?;
        request.headers.append(name, value);
    }
    request.body = call.body;
    request.timeout = Duration::from_millis(call.timeout_ms);
    Ok(request)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

fn narrow(megabytes: u64) -> u32 {
    u32::try_from(megabytes).unwrap_or(u32::MAX)
}

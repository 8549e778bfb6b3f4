//! The real drivers, as the kernel's services see them.

use crate::config::Config;
use ::drivers::{http, lambda};
use kernel::BoxFuture;
use kernel::driver::{
    Drivers, Event, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, InvokeResult, LogSink, Outcome, Sandbox,
    StartError,
};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// What a server outside may answer at most: it is held in memory.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

pub fn all(config: &Config) -> Drivers {
    let folder = config.cache_dir.join("runtimes");
    let host = lambda::Host::new(folder, lambda::Sdk::Install, config.search_path.clone(), config.home.clone());
    Drivers { functions: Arc::new(Lambdas { host: Arc::new(host) }), http: Arc::new(Outbound::default()) }
}

struct Lambdas {
    host: Arc<lambda::Host>,
}

impl Functions for Lambdas {
    fn start(&self, spec: FunctionSpec, log: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        let host = self.host.clone();
        Box::pin(async move {
            let prepared = host.prepare(&spec.runtime).await.map_err(|it| StartError::Unavailable(it.to_string()))?;
            let began = Instant::now();
            let instance = lambda::Instance::start(started(spec, log), &prepared).await.map_err(not_started)?;
            let notices = [prepared.substitution(), prepared.sdk_missing.clone()];
            let notice = notices.into_iter().flatten().collect::<Vec<_>>().join("\n");
            Ok(Box::new(Lambda {
                instance: Arc::new(Mutex::new(instance)),
                init_ms: milliseconds(began.elapsed()),
                notice: Some(notice).filter(|it| !it.is_empty()),
            }) as Box<dyn Sandbox>)
        })
    }
}

struct Lambda {
    /// Shared with the invocation that is under way.
    instance: Arc<Mutex<lambda::Instance>>,
    init_ms: f64,
    notice: Option<String>,
}

impl Sandbox for Lambda {
    fn invoke(&mut self, event: Event) -> BoxFuture<Outcome> {
        let instance = self.instance.clone();
        Box::pin(async move {
            let mut instance = instance.lock().await;
            let report = instance.invoke(invocation(event)).await;
            Outcome {
                result: result(report.outcome),
                duration_ms: milliseconds(report.duration),
                max_memory_mb: report.max_memory_bytes.div_ceil(1 << 20),
                reusable: instance.is_usable(),
            }
        })
    }

    fn init_ms(&self) -> f64 {
        self.init_ms
    }

    fn notice(&self) -> Option<String> {
        self.notice.clone()
    }
}

/// What the driver wants to know by name stands among the variables that AWS gives every function.
fn started(spec: FunctionSpec, log: LogSink) -> lambda::Spec {
    let mut env = spec.environment;
    let mut take = |name: &str| {
        let found = env.iter().position(|(it, _)| it == name);
        found.map(|index| env.remove(index).1).unwrap_or_default()
    };
    lambda::Spec {
        function_name: take("AWS_LAMBDA_FUNCTION_NAME"),
        function_version: take("AWS_LAMBDA_FUNCTION_VERSION"),
        log_group: take("AWS_LAMBDA_LOG_GROUP_NAME"),
        log_stream: take("AWS_LAMBDA_LOG_STREAM_NAME"),
        handler: spec.handler,
        code: spec.code,
        layers: None,
        env,
        memory_mb: narrow(spec.memory_mb),
        tmp_mb: narrow(spec.ephemeral_storage_mb),
        init_timeout: lambda::instance::INIT_TIMEOUT,
        on_line: log,
    }
}

fn invocation(event: Event) -> lambda::Invocation {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as u64);
    lambda::Invocation {
        request_id: event.request_id,
        payload: event.payload,
        timeout: Duration::from_millis(event.timeout_ms.saturating_sub(now)),
        function_arn: event.function_arn,
        trace_id: Some(event.trace_id).filter(|it| !it.is_empty()),
        client_context: event.client_context,
        cognito_identity: None,
    }
}

fn result(outcome: lambda::Outcome) -> InvokeResult {
    match outcome {
        lambda::Outcome::Response(body) => InvokeResult::Response(body),
        lambda::Outcome::FunctionError { body, .. } => InvokeResult::Error(body),
        lambda::Outcome::TimedOut => InvokeResult::TimedOut,
        lambda::Outcome::Crashed(exit) => InvokeResult::Exited(exit.to_string()),
    }
}

fn not_started(failed: lambda::FailedInit) -> StartError {
    let init_ms = milliseconds(failed.duration);
    match failed.error {
        lambda::InitError::Failed { body, .. } => StartError::Init { body, init_ms },
        lambda::InitError::Crashed(exit) => StartError::Exited { how: exit.to_string(), init_ms },
        lambda::InitError::TimedOut => StartError::Exited { how: "timeout".to_owned(), init_ms },
        lambda::InitError::Host(why) => StartError::Unavailable(why),
    }
}

/// Made when the first call needs it: reading the certificates takes longer than a start may.
struct Outbound(LazyLock<http::Client>);

impl Default for Outbound {
    fn default() -> Self {
        Outbound(LazyLock::new(http::Client::new))
    }
}

impl Http for Outbound {
    fn send(&self, call: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        let client = self.0.clone();
        Box::pin(async move {
            let answer = client.send(request(call)?, MOST_ANSWER_BYTES).await.map_err(|it| it.to_string())?;
            let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            Ok(HttpAnswer { status: answer.status.as_u16(), headers, body: answer.body })
        })
    }
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

fn narrow(megabytes: u64) -> u32 {
    u32::try_from(megabytes).unwrap_or(u32::MAX)
}

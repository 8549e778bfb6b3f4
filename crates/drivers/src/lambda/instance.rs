//! One execution environment of a function: a sandbox with a runtime that asks for invocations.

use super::api::{self, Answer, Desk, Init, Work};
use super::environment;
use super::layer::Prepared;
use super::logs::{Logs, OnLine};
use crate::sandbox::{self, Exit, Isolation, Sandbox};
use bytes::Bytes;
use http::HeaderValue;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a function may take to start: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
pub const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// AWS's default for `/tmp`, in MB.
pub const TMP_MB: u32 = 512;
/// How long to wait for the end of what was killed.
const DYING: Duration = Duration::from_secs(2);

/// A function, as its instances need to know it.
#[derive(Clone)]
pub struct Spec {
    pub function_name: String,
    pub function_version: String,
    pub handler: String,
    /// The unpacked package on the host; `/var/task` inside.
    pub code: PathBuf,
    /// The unpacked layers, merged; `/opt` inside.
    pub layers: Option<PathBuf>,
    /// Packages for Node.js that the package itself has not; `/var/node_modules` inside.
    pub modules: Option<PathBuf>,
    /// The function's variables, its region, credentials and endpoint. What every runtime has is added.
    pub env: Vec<(String, String)>,
    pub memory_mb: u32,
    pub tmp_mb: u32,
    pub log_group: String,
    pub log_stream: String,
    /// [`INIT_TIMEOUT`], unless the start is part of an invocation, which has its own.
    pub init_timeout: Duration,
    pub on_line: OnLine,
}

/// One event for a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    pub payload: Bytes,
    /// From now on.
    pub timeout: Duration,
    pub function_arn: String,
    pub trace_id: Option<String>,
    /// JSON, decoded from the header of `Invoke`.
    pub client_context: Option<String>,
    /// JSON.
    pub cognito_identity: Option<String>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Response(Bytes),
    /// The function failed, and can be invoked again.
    FunctionError {
        error_type: String,
        body: Bytes,
    },
    /// The instance was ended.
    TimedOut,
    /// The instance ended.
    Crashed(Exit),
}

/// An outcome, and what AWS reports of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub outcome: Outcome,
    pub duration: Duration,
    /// Only with the first invocation of an instance.
    pub init_duration: Option<Duration>,
    /// Of the runtime's own process, at most since it started.
    pub max_memory_bytes: u64,
}

/// Why an instance did not become ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitError {
    /// The runtime told an error: AWS's JSON, with `errorType` and `errorMessage`.
    Failed {
        error_type: String,
        body: Bytes,
    },
    Crashed(Exit),
    TimedOut,
    /// This machine could not start it.
    Host(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInit {
    pub error: InitError,
    pub duration: Duration,
    pub max_memory_bytes: u64,
}

/// An execution environment that is ready. Dropping it ends all its processes.
pub struct Instance {
    desk: Arc<Desk>,
    logs: Arc<Logs>,
    exit: watch::Receiver<Option<Exit>>,
    kill: Arc<Notify>,
    settle: Arc<Notify>,
    tasks: [JoinHandle<()>; 3],
    /// The host's number of the runtime's process.
    runtime: Option<i32>,
    init_duration: Option<Duration>,
    usable: bool,
}

impl Instance {
    /// Starts the runtime and waits until it asks for its first invocation. Every line written so far is given before
    /// this returns.
    pub async fn start(spec: Spec, prepared: &Prepared) -> Result<Instance, FailedInit> {
        let began = Instant::now();
        let (told, ready) = oneshot::channel();
        let host = |it: io::Error| FailedInit::new(InitError::Host(it.to_string()), began, 0);
        let mut instance = Instance::spawn(&spec, prepared, told).await.map_err(host)?;
        let mut exit = instance.exit.clone();
        let error = tokio::select! {
            biased;
            it = ready => match it {
                Ok(Init::Ready) => {
                    instance.settle.notify_one();
                    instance.logs.drain();
                    instance.init_duration = Some(began.elapsed());
                    return Ok(instance);
                }
                Ok(Init::Error { error_type, body }) => InitError::Failed { error_type, body },
                Err(_) => InitError::Host("the Runtime API ended".to_owned()),
            },
            it = exit.wait_for(Option::is_some) => {
                match it.ok().and_then(|it| it.clone()).unwrap_or_default() {
                    Exit { not_started: Some(why), .. } => InitError::Host(why),
                    it => InitError::Crashed(it),
                }
            }
            () = sleep_until(began + spec.init_timeout) => InitError::TimedOut,
        };
        let memory = instance.memory();
        instance.end().await;
        Err(FailedInit::new(error, began, memory))
    }

    /// Hands an event to the function and waits for its answer. Every line written before the answer is given before
    /// this returns. After `TimedOut` or `Crashed`, or when this future was dropped, the instance is of no more use.
    pub async fn invoke(&mut self, invocation: Invocation) -> Report {
        let (began, limit) = (Instant::now(), invocation.timeout);
        let (to, answer) = oneshot::channel();
        self.usable = false;
        self.desk.submit(work(invocation, to));
        let mut exit = self.exit.clone();
        let outcome = tokio::select! {
            biased;
            Ok(it) = answer => {
                self.usable = true;
                match it {
                    Answer::Response(it) => Outcome::Response(it),
                    Answer::Error { error_type, body } => Outcome::FunctionError { error_type, body },
                }
            }
            it = exit.wait_for(Option::is_some) => Outcome::Crashed(it.ok().and_then(|it| it.clone()).unwrap_or_default()),
            () = sleep_until(began + limit) => Outcome::TimedOut,
        };
        let duration = began.elapsed();
        let mut max_memory_bytes = self.memory();
        if self.usable {
            self.logs.drain();
        } else {
            self.end().await;
        }
        if let Outcome::Crashed(exit) = &outcome {
            max_memory_bytes = max_memory_bytes.max(exit.peak_memory_bytes.unwrap_or(0));
        }
        Report { outcome, duration, init_duration: self.init_duration.take(), max_memory_bytes }
    }

    /// Whether it can be invoked (again): it runs, and no invocation is open.
    pub fn is_usable(&self) -> bool {
        self.usable && self.exit.borrow().is_none()
    }

    /// Waits until the instance ends by itself, for whoever keeps it warm. Cancel safe.
    pub async fn ended(&self) -> Exit {
        let mut exit = self.exit.clone();
        exit.wait_for(Option::is_some).await.ok().and_then(|it| it.clone()).unwrap_or_default()
    }

    async fn spawn(spec: &Spec, prepared: &Prepared, told: oneshot::Sender<Init>) -> io::Result<Instance> {
        let (listener, address) = api::listen().await?;
        let (logs, output) = Logs::new(spec.on_line.clone())?;
        let apart = *sandbox::isolation().await == Isolation::Namespaces;
        let within = environment::sandbox(spec, prepared, address, apart);
        let desk = Desk::new(told);
        let (ended, exit) = watch::channel(None);
        let (kill, settle) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let server = tokio::spawn(api::serve(listener, desk.clone()));
        let pump = tokio::spawn(logs.clone().pump());
        let (stdout, stderr) = (Stdio::from(output.try_clone()?), Stdio::from(output));
        let sandbox = Sandbox::start(within, stdout, stderr).await;
        let (named, pid) = oneshot::channel();
        let guard = tokio::spawn(guard(sandbox, named, (kill.clone(), settle.clone()), ended));
        let mut instance = Instance {
            desk,
            logs,
            exit,
            kill,
            settle,
            tasks: [server, pump, guard],
            runtime: None,
            init_duration: None,
            usable: true,
        };
        let init = pid.await.ok().flatten();
        instance.runtime = if apart { init.and_then(only_child) } else { init };
        Ok(instance)
    }

    /// Ends all processes, and gives their last lines.
    async fn end(&mut self) {
        self.usable = false;
        self.kill.notify_one();
        let _ = timeout(DYING, self.ended()).await;
        self.logs.finish();
    }

    /// The most memory that the runtime's process ever held.
    fn memory(&self) -> u64 {
        let Some(pid) = self.runtime else { return 0 };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let peak =
            status.lines().find_map(|it| it.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak.unwrap_or(0) * 1024
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for it in &self.tasks {
            it.abort();
        }
    }
}

impl FailedInit {
    fn new(error: InitError, began: Instant, max_memory_bytes: u64) -> FailedInit {
        FailedInit { error, duration: began.elapsed(), max_memory_bytes }
    }
}

/// Owns the sandbox: when this task is aborted, all its processes end.
async fn guard(
    sandbox: io::Result<Sandbox>,
    named: oneshot::Sender<Option<i32>>,
    (kill, settle): (Arc<Notify>, Arc<Notify>),
    ended: watch::Sender<Option<Exit>>,
) {
    let mut sandbox = match sandbox {
        Ok(it) => it,
        Err(it) => {
            let _ = named.send(None);
            ended.send_replace(Some(Exit { not_started: Some(it.to_string()), ..Exit::default() }));
            return;
        }
    };
    sandbox.started().await;
    let _ = named.send(sandbox.pid());
    let exit = loop {
        tokio::select! {
            it = sandbox.ended() => break it,
            () = settle.notified() => sandbox.settle(),
            () = kill.notified() => {
                sandbox.kill();
                break sandbox.ended().await;
            }
        }
    };
    ended.send_replace(Some(exit));
}

/// The program below the init process.
fn only_child(init: i32) -> Option<i32> {
    let children = fs::read_to_string(format!("/proc/{init}/task/{init}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn work(invocation: Invocation, answer: oneshot::Sender<Answer>) -> Work {
    // The runtime needs the time of day, which the drivers' callers give to all others.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline = (now + invocation.timeout).as_millis();
    let mut headers = Vec::with_capacity(6);
    let mut add = |name: &'static str, value: Option<&str>| {
        // A header cannot hold every character; what it cannot hold, no runtime could read.
        if let Some(value) = value.and_then(|it| HeaderValue::from_bytes(it.as_bytes()).ok()) {
            headers.push((name, value));
        }
    };
    add("lambda-runtime-aws-request-id", Some(&invocation.request_id));
    add("lambda-runtime-deadline-ms", Some(&deadline.to_string()));
    add("lambda-runtime-invoked-function-arn", Some(&invocation.function_arn));
    add("lambda-runtime-trace-id", invocation.trace_id.as_deref());
    add("lambda-runtime-client-context", invocation.client_context.as_deref());
    add("lambda-runtime-cognito-identity", invocation.cognito_identity.as_deref());
    add("content-type", Some("application/json"));
    Work { request_id: invocation.request_id, payload: invocation.payload, headers, answer }
}

//! Starting a sandbox: code, variables, credentials, log.

use super::log::Log;
use super::pool::{Pools, Warm};
use super::report;
use crate::function::{self, Code, Function, Logging};
use crate::{name, time};
use api::sts::{AssumeRole, Credentials};
use bytes::Bytes;
use kernel::Cloud;
use kernel::driver::{self, FunctionSpec, LogSink, NotStarted, StartError};
use model::{ErrorShape, Result, Timestamp};
use std::io;
use std::sync::Arc;
use store::BlobId;

/// How long a start may take before it is tried again as part of the invocation
/// (Lambda execution environment lifecycle in the developer guide).
const INIT_TIMEOUT_MS: u64 = 10_000;
/// A sandbox is given up this long before its credentials expire, beside the function's timeout.
const EXPIRY_MARGIN_MS: i64 = 60_000;

const ACCESS_DENIED: ErrorShape = ErrorShape::sender("AccessDeniedException").status(403);

/// A sandbox that is ready, or why it is not, with the log that tells it.
///
/// A start that fails is tried once more, with the function's own timeout, as AWS does.
///
/// # Errors
/// The role cannot be assumed; the machine's memory has no room.
pub async fn sandbox(
    cloud: &Cloud,
    pools: &Pools,
    function: &Function,
    request_id: &str,
) -> Result<std::result::Result<Warm, (Arc<Log>, StartError)>> {
    let driver = cloud.kernel().drivers.functions.clone();
    let memory = pools.reserve(function, driver.room_mb())?;
    let credentials = credentials(cloud, function).await?;
    let session = cloud.read(|cx| function::session_of(cx, function));
    let log = Log::open(cloud, session, function, stream(cloud, function));
    let spec = spec(cloud, function, &credentials, &log);
    let serves_until = Timestamp(credentials.expiration.0 - function.timeout * 1000 - EXPIRY_MARGIN_MS);
    let mut started = driver.start(spec.clone(), sink(&log)).await;
    if let Err(error) = &started
        && !matches!(error.why, NotStarted::Unavailable(_))
    {
        init_failed(&log, error, "init");
        log.begin(request_id);
        let again = FunctionSpec { init_timeout_ms: function.timeout as u64 * 1000, ..spec };
        started = driver.start(again, sink(&log)).await;
    }
    match started {
        Ok(sandbox) => {
            sandbox.notices().iter().for_each(|it| log.line(it));
            let revision = function.revision.clone();
            Ok(Ok(Warm { sandbox, log, revision, serves_until, idle_since: cloud.now(), used: false, memory }))
        }
        Err(error) => {
            if !matches!(error.why, NotStarted::Unavailable(_)) {
                init_failed(&log, &error, "invoke");
            }
            Ok(Err((log, error)))
        }
    }
}

/// Real temporary credentials of the function's role.
async fn credentials(cloud: &Cloud, function: &Function) -> Result<Credentials> {
    let input = AssumeRole {
        role_arn: function.role.clone(),
        role_session_name: function::session_name(function),
        ..AssumeRole::default()
    };
    let denied = || ACCESS_DENIED.with("The role defined for the function cannot be assumed by Lambda.");
    let output = cloud.call(input).await.map_err(|error| {
        tracing::debug!("{}: {error}", function.arn);
        denied()
    })?;
    output.credentials.ok_or_else(denied)
}

fn spec(cloud: &Cloud, function: &Function, credentials: &Credentials, log: &Log) -> FunctionSpec {
    FunctionSpec {
        name: function.name.clone(),
        version: function.version.clone(),
        runtime: function.runtime.clone(),
        handler: function.handler.clone(),
        code: code(cloud, function.code),
        environment: environment(cloud, function, credentials),
        memory_mb: function.memory as u64,
        ephemeral_storage_mb: function.ephemeral_storage as u64,
        init_timeout_ms: INIT_TIMEOUT_MS,
        log_group: log.group().to_owned(),
        log_stream: log.stream().to_owned(),
    }
}

/// Later ones win: a function's owner may name another endpoint, but not other credentials.
fn environment(cloud: &Cloud, function: &Function, credentials: &Credentials) -> Vec<(String, String)> {
    let region = name::parse(&function.arn).region.unwrap_or_default();
    let mut all = vec![("AWS_ENDPOINT_URL".to_owned(), cloud.kernel().settings.endpoint.clone())];
    all.extend(function.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
    let ours = [
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", &credentials.session_token),
    ];
    all.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if let Logging::Json { application_level, .. } = &function.logging {
        all.push(("AWS_LAMBDA_LOG_FORMAT".to_owned(), "JSON".to_owned()));
        all.push(("AWS_LAMBDA_LOG_LEVEL".to_owned(), application_level.clone()));
    }
    all
}

fn code(cloud: &Cloud, code: Code) -> driver::Code {
    let store = cloud.kernel().store.clone();
    driver::Code {
        sha256: code.sha256.iter().map(|it| format!("{it:02x}")).collect(),
        zip: Arc::new(move || read_blob(&store, code.blob)),
    }
}

fn read_blob(store: &store::Store, id: BlobId) -> io::Result<Bytes> {
    let blob = store.blobs().open(id)?;
    let length = usize::try_from(blob.length()).map_err(io::Error::other)?;
    blob.read_at(0, length).map(Bytes::from)
}

/// `2025/09/06/[$LATEST]` and 32 hexadecimal digits.
fn stream(cloud: &Cloud, function: &Function) -> String {
    let id = cloud.kernel().entropy.uuid().replace('-', "");
    format!("{}/[{}]{id}", time::day(cloud.now()), function.version)
}

fn sink(log: &Arc<Log>) -> LogSink {
    let log = log.clone();
    Arc::new(move |line| log.line(line))
}

fn init_failed(log: &Log, error: &StartError, phase: &str) {
    let error_type = match &error.why {
        NotStarted::TimedOut => None,
        NotStarted::Error { error_type, .. } => Some(error_type.as_str()),
        NotStarted::Exited(_) | NotStarted::Unavailable(_) => Some("Runtime.ExitError"),
    };
    if let Some(line) = report::init(log.now(), log.logging(), error.duration_ms, phase, error_type) {
        log.line(&line);
    }
}

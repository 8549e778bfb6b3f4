//! What Lambda itself says in a function's log: as text, or as JSON from the function's system log level on.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>

use super::outcome::Failure;
use crate::function::{Function, Logging};
use crate::time;
use model::Timestamp;
use serde_json::{Value as Json, json};

/// What the end of an invocation is reported with.
pub struct Figures {
    pub duration_ms: f64,
    /// Where the sandbox was started for this invocation.
    pub init_ms: Option<f64>,
    pub max_memory_mb: u64,
}

/// From the most to the least that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Debug,
    Info,
    Warn,
}

pub fn start(now: Timestamp, logging: &Logging, id: &str, version: &str) -> Option<String> {
    match logging {
        Logging::Text => Some(format!("START RequestId: {id} Version: {version}")),
        Logging::Json { system_level, .. } => {
            let record = json!({ "requestId": id, "version": version });
            event(now, system_level, Level::Info, "platform.start", record)
        }
    }
}

/// The lines at the end of an invocation. Starting is billed like running (AWS Lambda pricing, since August 2025).
pub fn end(now: Timestamp, function: &Function, id: &str, figures: &Figures, failure: Option<&Failure>) -> Vec<String> {
    let billed = (figures.duration_ms + figures.init_ms.unwrap_or(0.0)).ceil();
    let Logging::Json { system_level, .. } = &function.logging else {
        return vec![format!("END RequestId: {id}"), text(function, id, figures, billed, failure)];
    };
    let status = failure.map_or("success", Failure::platform_status);
    let mut metrics = json!({
        "durationMs": thousandths(figures.duration_ms),
        "billedDurationMs": billed as i64,
        "memorySizeMB": function.memory,
        "maxMemoryUsedMB": figures.max_memory_mb,
    });
    if let Some(init) = figures.init_ms {
        metrics["initDurationMs"] = thousandths(init);
    }
    let mut report = json!({ "requestId": id, "metrics": metrics, "status": status });
    let mut done = json!({
        "requestId": id, "status": status, "metrics": { "durationMs": thousandths(figures.duration_ms) }
    });
    if let Some(failure) = failure {
        report["errorType"] = json!(failure.error_type);
        done["errorType"] = json!(failure.error_type);
    }
    let (of_done, of_report) = if failure.is_some() { (Level::Warn, Level::Warn) } else { (Level::Debug, Level::Info) };
    let events = [
        event(now, system_level, of_done, "platform.runtimeDone", done),
        event(now, system_level, of_report, "platform.report", report),
    ];
    events.into_iter().flatten().collect()
}

/// A start that failed.
pub fn init(
    now: Timestamp,
    logging: &Logging,
    duration_ms: f64,
    phase: &str,
    error_type: Option<&str>,
) -> Option<String> {
    let Logging::Json { system_level, .. } = logging else {
        let status = error_type.map_or("timeout".to_owned(), |it| format!("error\tError Type: {it}"));
        return Some(format!("INIT_REPORT Init Duration: {duration_ms:.2} ms\tPhase: {phase}\tStatus: {status}"));
    };
    let mut record = json!({
        "initializationType": "on-demand", "phase": phase,
        "status": if error_type.is_some() { "error" } else { "timeout" },
        "metrics": { "durationMs": thousandths(duration_ms) },
    });
    if let Some(it) = error_type {
        record["errorType"] = json!(it);
    }
    event(now, system_level, Level::Warn, "platform.initReport", record)
}

fn text(function: &Function, id: &str, figures: &Figures, billed: f64, failure: Option<&Failure>) -> String {
    let mut out = format!(
        "REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
        figures.duration_ms, function.memory, figures.max_memory_mb
    );
    if let Some(init) = figures.init_ms {
        out.push_str(&format!("Init Duration: {init:.2} ms\t"));
    }
    if let Some(it) = failure {
        out.push_str(&it.status());
    }
    out
}

/// None where the function's log does not go so far.
fn event(now: Timestamp, configured: &str, level: Level, kind: &str, record: Json) -> Option<String> {
    let from = match configured {
        "DEBUG" => Level::Debug,
        "WARN" => Level::Warn,
        _ => Level::Info,
    };
    (level >= from).then(|| json!({ "time": time::logged(now), "type": kind, "record": record }).to_string())
}

fn thousandths(ms: f64) -> Json {
    json!((ms * 1000.0).round() / 1000.0)
}

//! How failures are told: the payloads that Lambda itself makes, and what the log says of them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>

use bytes::Bytes;
use kernel::driver::NotStarted;
use serde_json::json;

/// An invocation that ended badly.
#[derive(Debug)]
pub struct Failure {
    pub error_type: String,
    /// What the caller gets.
    pub body: Bytes,
    /// What Lambda adds to the log, where the runtime could not say it.
    pub said: Option<Said>,
}

#[derive(Debug)]
pub enum Said {
    /// After a time and the request's id.
    TimedOut(String),
    Exited(String),
    Unavailable(String),
}

const TIMED_OUT: &str = "Sandbox.Timedout";
const EXITED: &str = "Runtime.ExitError";
/// Ours: AWS has every interpreter.
const UNAVAILABLE: &str = "Runtime.NotInstalled";

impl Failure {
    /// At the end of the report's line.
    pub fn status(&self) -> String {
        match self.error_type.as_str() {
            TIMED_OUT => "Status: timeout".to_owned(),
            other => format!("Status: error\tError Type: {other}"),
        }
    }
}

impl Failure {
    /// In the JSON of `platform.report`.
    pub fn platform_status(&self) -> &'static str {
        match self.error_type.as_str() {
            TIMED_OUT => "timeout",
            EXITED => "failure",
            _ => "error",
        }
    }
}

pub fn timed_out(id: &str, seconds: i64) -> Failure {
    let text = format!("Task timed out after {seconds}.00 seconds");
    let body = body(TIMED_OUT, &format!("RequestId: {id} Error: {text}"));
    Failure { error_type: TIMED_OUT.to_owned(), body, said: Some(Said::TimedOut(text)) }
}

/// `how` is `exit status 1` or `signal: killed`.
pub fn exited(id: &str, how: &str) -> Failure {
    let text = format!("RequestId: {id} Error: Runtime exited with error: {how}");
    Failure { error_type: EXITED.to_owned(), body: body(EXITED, &text), said: Some(Said::Exited(text)) }
}

pub fn not_started(id: &str, timeout: i64, why: &NotStarted) -> Failure {
    match why {
        NotStarted::Error { error_type, body } => {
            Failure { error_type: error_type.clone(), body: body.clone(), said: None }
        }
        NotStarted::TimedOut => timed_out(id, timeout),
        NotStarted::Exited(how) => exited(id, how),
        NotStarted::Unavailable(why) => {
            let said = Some(Said::Unavailable(format!("RequestId: {id} Error: {why}")));
            Failure { error_type: UNAVAILABLE.to_owned(), body: body(UNAVAILABLE, why), said }
        }
    }
}

fn body(error_type: &str, message: &str) -> Bytes {
    Bytes::from(json!({ "errorType": error_type, "errorMessage": message }).to_string())
}

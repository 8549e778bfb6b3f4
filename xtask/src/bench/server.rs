//! A server under measurement.

use crate::{Outcome, shell};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Running {
    child: Child,
    pub url: String,
    /// From starting the process to its line.
    pub ready_after: Duration,
}

pub struct Memory {
    pub total_mb: f64,
    /// Without the pages of files, which the system takes back when it needs them.
    pub anonymous_mb: f64,
}

/// What a server gets to stop after it was asked to.
const STOPPING: Duration = Duration::from_secs(15);

impl Running {
    /// Starts a server that prints one line with its URL when it is ready.
    pub fn start(program: &Path, args: &[&str]) -> Outcome<Running> {
        let failed = |what: String| format!("{} did not start: {what}", program.display());
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NIEBLA_")) {
            command.env_remove(name);
        }
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let mut line = String::new();
        let out = child.stdout.take().expect("it was piped");
        BufReader::new(out).read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        let ready_after = began.elapsed();
        let url = line.split_whitespace().find(|it| it.starts_with("http://")).map(str::to_owned);
        let url = url.ok_or_else(|| failed(format!("it said `{}`", line.trim())))?;
        Ok(Running { child, url, ready_after })
    }

    /// Niebla on a free port.
    pub fn niebla(program: &Path, data_dir: &Path) -> Outcome<Running> {
        let data_dir = data_dir.to_string_lossy();
        Running::start(program, &["start", "--listen", "127.0.0.1:0", "--data-dir", &data_dir])
    }

    /// Makes a queue; returns its URL.
    pub fn queue(&self, name: &str) -> Outcome<String> {
        let answer = self.post("sqs", "AmazonSQS.CreateQueue", &format!(r#"{{"QueueName":"{name}"}}"#))?;
        let value: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        value["QueueUrl"].as_str().map(str::to_owned).ok_or_else(|| format!("CreateQueue was answered with {answer}"))
    }

    /// User and system time so far.
    pub fn processor_time(&self) -> Outcome<Duration> {
        let stat = self.proc("stat")?;
        let ticks = ticks(&stat).ok_or_else(|| format!("/proc says {stat}"))?;
        let per_second: u64 = shell::output(&mut shell::program("getconf", ["CLK_TCK"]))?.trim().parse().unwrap_or(100);
        Ok(Duration::from_micros(ticks * 1_000_000 / per_second))
    }

    pub fn memory(&self) -> Outcome<Memory> {
        let status = self.proc("status")?;
        let mb =
            |name| kilobytes(&status, name).map(|it| it as f64 / 1024.0).ok_or_else(|| format!("/proc has no {name}"));
        Ok(Memory { total_mb: mb("VmRSS")?, anonymous_mb: mb("RssAnon")? })
    }

    /// The most that it held at once.
    pub fn peak_mb(&self) -> Outcome<f64> {
        let status = self.proc("status")?;
        kilobytes(&status, "VmHWM").map(|it| it as f64 / 1024.0).ok_or_else(|| "/proc has no VmHWM".to_owned())
    }

    fn proc(&self, name: &str) -> Outcome<String> {
        let path = format!("/proc/{}/{name}", self.child.id());
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    }

    /// One call of a service that speaks JSON; returns the body of the answer.
    pub fn post(&self, service: &str, target: &str, body: &str) -> Outcome<String> {
        let headers = format!("content-type: application/x-amz-json-1.0\r\nx-amz-target: {target}\r\n");
        self.send(("POST", "/"), service, &headers, body)
    }

    /// Makes a bucket, or an object.
    pub fn put(&self, path: &str, body: &str) -> Outcome<String> {
        self.send(("PUT", path), "s3", "x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n", body)
    }

    fn send(&self, (method, path): (&str, &str), service: &str, headers: &str, body: &str) -> Outcome<String> {
        let address = self.url.strip_prefix("http://").unwrap_or_default();
        let scope = format!("20260101/us-east-1/{service}/aws4_request");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature={}\r\n\r\n{body}",
            body.len(),
            "0".repeat(64)
        );
        let mut answer = String::new();
        let mut talk = || {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        };
        talk().map_err(|error| format!("{method} {path} of {service}: {error}"))?;
        Ok(answer.split_once("\r\n\r\n").map_or(answer.clone(), |(_, body)| body.to_owned()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let deadline = Instant::now() + STOPPING;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// utime and stime of `/proc/PID/stat`; the name before them may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11).map(|it| it.parse::<u64>().ok());
    Some(fields.next()?? + fields.next()??)
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_of_a_process() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1 1 1";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("42"), None);
        let status = "Name:\tniebla\nVmRSS:\t   12288 kB\nRssAnon:\t    4096 kB\n";
        assert_eq!(kilobytes(status, "VmRSS"), Some(12_288));
        assert_eq!(kilobytes(status, "RssFile"), None);
    }
}

//! Asks the running server, over HTTP on `/_niebla/…`.
//!
//! One request per command to this machine, so plain blocking sockets: the commands start at once and stay small.

use crate::failure::{Failure, Result, reason};
use crate::instance::Record;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The header that carries [`Record::token`].
pub const TOKEN_HEADER: &str = "x-niebla-token";

/// A server on this machine that takes longer to accept is not there.
const CONNECT: Duration = Duration::from_secs(2);
/// Saving or loading a large snapshot is a matter of the disk.
const ANSWER: Duration = Duration::from_secs(600);
/// No answer of ours comes near it; whatever else listens there may talk without end.
const MOST: u64 = 1 << 20;
/// A stranger on the port gets less patience.
const PROBE: Duration = Duration::from_millis(500);

pub fn get(server: &Record, path: &str) -> Result<Value> {
    ask(server, "GET", path, &Value::Null)
}

pub fn post(server: &Record, path: &str, body: &Value) -> Result<Value> {
    ask(server, "POST", path, body)
}

/// What a Niebla on this address says of itself; `None` if it is something else.
pub fn health(address: SocketAddr) -> Option<Value> {
    let (status, body) = exchange(address, "GET", "/_niebla/health", "", "", PROBE).ok()?;
    let health: Value = serde_json::from_slice(&body).ok()?;
    (status == 200 && health["version"].is_string()).then_some(health)
}

fn ask(server: &Record, method: &str, path: &str, body: &Value) -> Result<Value> {
    let address: Option<SocketAddr> = server.url.strip_prefix("http://").and_then(|it| it.parse().ok());
    let address = address.ok_or_else(|| Failure::new(format!("{} is no address of a Niebla", server.url)))?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = exchange(address, method, path, &server.token, &body, ANSWER).map_err(|error| {
        Failure::new(format!("Niebla (process {}) does not answer on {}: {}", server.pid, server.url, reason(&error)))
            .next("Look into its log, or stop it with `niebla stop`.")
    })?;
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if status == 200 {
        return Ok(answer);
    }
    let failure = Failure::new(answer["message"].as_str().unwrap_or("Niebla refused without a reason"));
    Err(match answer["next"].as_str() {
        Some(next) => failure.next(next),
        None => failure,
    })
}

fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
    patience: Duration,
) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {TOKEN_HEADER}: {token}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| std::io::Error::other("what answers there does not speak HTTP as Niebla does"))
}

/// Status and body of an answer that ends with its connection.
fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Some((200, b"{}".to_vec()))),
            ("HTTP/1.1 409 Conflict\r\n\r\n", Some((409, Vec::new()))),
            ("SSH-2.0-OpenSSH\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
    }
}

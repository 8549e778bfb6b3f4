//! Functions under measurement: warm and cold invocations over HTTP, and the way from SendMessage into a handler.

use super::server::Running;
use super::{median, milliseconds};
use crate::{Outcome, shell};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MOST_WARM: Duration = Duration::from_millis(2);
const MOST_DELIVERY: Duration = Duration::from_millis(10);
/// A cold start may take this many times the interpreter's own, and this much more.
const MOST_STARTS: f64 = 2.5;
const MOST_BESIDE: Duration = Duration::from_millis(50);

const WARM: usize = 300;
const COLD: usize = 15;
const MESSAGES: usize = 60;
/// The first function of a runtime waits for its SDK.
const PATIENCE: Duration = Duration::from_secs(180);
const INVOKE: &str = "/2015-03-31/functions/bench/invocations";

/// The function tells each message's time on the way to the bench itself.
const STACK: &str = r#"{"Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    "Policies": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": ["logs:*", "sqs:*"], "Resource": "*"}]}}]}},
  "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "to-bench"}},
  "Function": {"Type": "AWS::Lambda::Function", "Properties": {
    "FunctionName": "bench", "Runtime": "RUNTIME", "Handler": "index.handler", "Timeout": 10,
    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    "Code": {"ZipFile": "CODE"}}},
  "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
    "FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}}}}}"#;

const CODE: &str = r#"import time
def handler(event, context):
    now = time.time() * 1e6
    import socket
    for record in event.get("Records", []):
        told = str(int(now) - int(record["body"])).encode()
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(told, ("127.0.0.1", PORT))
"#;

/// Prints the figures; what misses its bar.
pub fn measure(server: &Running) -> Outcome<Vec<&'static str>> {
    let python = Python::find()?;
    let ear = UdpSocket::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    ear.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    let port = ear.local_addr().map_err(|error| error.to_string())?.port();
    deploy(server, &python, port)?;
    let mut line = Line::open(server)?;
    let invoke = |line: &mut Line| line.post(INVOKE, "lambda", "application/json", "", "{}");

    let mut warm = times(WARM, || invoke(&mut line).map(drop))?;
    let mut cold = Vec::new();
    for index in 0..COLD {
        let change = format!(r#"{{"Description":"{index}"}}"#);
        line.send("PUT", "/2015-03-31/functions/bench/configuration", "lambda", "application/json", "", &change)?;
        cold.extend(times(1, || invoke(&mut line).map(drop))?);
    }
    let mut plain = times(COLD, || python.run())?;
    let mut delivered = Vec::new();
    for _ in 0..MESSAGES {
        delivered.push(deliver(&mut line, server, &ear)?);
    }
    let bar = median(&mut plain).mul_f64(MOST_STARTS) + MOST_BESIDE;
    let rows = [
        ("lambda warm invoke, Python", median(&mut warm), MOST_WARM, "a warm invoke is too slow"),
        ("lambda cold invoke, Python", median(&mut cold), bar, "a cold invoke is too slow"),
        ("from SendMessage into the handler", median(&mut delivered), MOST_DELIVERY, "a message arrives too late"),
    ];
    for (name, found, bar, _) in &rows {
        println!("{name:<34}{:>8.2} ms (median; bar {:.0} ms)", milliseconds(*found), milliseconds(*bar));
    }
    Ok(rows.into_iter().filter(|(_, found, bar, _)| found > bar).map(|(.., missed)| missed).collect())
}

fn times(count: usize, mut act: impl FnMut() -> Outcome) -> Outcome<Vec<Duration>> {
    let timed = |_| {
        let began = Instant::now();
        act().map(|()| began.elapsed())
    };
    (0..count).map(timed).collect()
}

/// The interpreter that the function runs on.
struct Python(String);

impl Python {
    fn find() -> Outcome<Python> {
        let said = shell::output(&mut shell::program("python3", ["-c", "import sys; print(sys.version_info.minor)"]))?;
        Ok(Python(format!("python3.{}", said.trim())))
    }

    fn run(&self) -> Outcome {
        shell::output(&mut shell::program(&self.0, ["-c", "pass"])).map(drop)
    }
}

/// Makes role, queue, function and mapping, and waits until the function has answered once.
fn deploy(server: &Running, python: &Python, port: u16) -> Outcome {
    let code = serde_json::Value::from(CODE.replace("PORT", &port.to_string())).to_string();
    let template = STACK.replace("RUNTIME", &python.0).replace("\"CODE\"", &code);
    let form = format!(
        "Action=CreateStack&Version=2010-05-15&StackName=bench&Capabilities.member.1=CAPABILITY_IAM&TemplateBody={}",
        percent(&template)
    );
    let mut line = Line::open(server)?;
    line.post("/", "cloudformation", super::FORM, "", &form)?;
    let deadline = Instant::now() + PATIENCE;
    while let Err(why) = line.post(INVOKE, "lambda", "application/json", "", "{}") {
        if Instant::now() > deadline {
            return Err(format!("the function does not answer: {why}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// One message: from before it is sent until the handler's first line.
fn deliver(line: &mut Line, server: &Running, ear: &UdpSocket) -> Outcome<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let body = format!(r#"{{"QueueUrl":"{}/000000000000/to-bench","MessageBody":"{now}"}}"#, server.url);
    line.post("/", "sqs", super::JSON, "AmazonSQS.SendMessage", &body)?;
    let mut told = [0; 32];
    let length = ear.recv(&mut told).map_err(|error| format!("no message arrived: {error}"))?;
    let micros =
        String::from_utf8_lossy(&told[..length]).parse().map_err(|_| "the function told no time".to_owned())?;
    // The poller has to wait for the queue again.
    std::thread::sleep(Duration::from_millis(20));
    Ok(Duration::from_micros(micros))
}

/// One connection, kept alive.
struct Line {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Line {
    fn open(server: &Running) -> Outcome<Line> {
        let host = server.url.strip_prefix("http://").unwrap_or_default().to_owned();
        let stream = TcpStream::connect(&host).map_err(|error| format!("{host}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Line { stream: BufReader::new(stream), host })
    }

    fn post(&mut self, path: &str, service: &str, kind: &str, target: &str, body: &str) -> Outcome<String> {
        self.send("POST", path, service, kind, target, body)
    }

    fn send(&mut self, verb: &str, path: &str, service: &str, kind: &str, target: &str, body: &str) -> Outcome<String> {
        let target = if target.is_empty() { String::new() } else { format!("x-amz-target: {target}\r\n") };
        let request = format!(
            "{verb} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {kind}\r\n{target}content-length: {}\r\nauthorization: \
             AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, \
             Signature={}\r\n\r\n{body}",
            self.host,
            body.len(),
            "0".repeat(64)
        );
        let (status, body) = self.exchange(&request).map_err(|error| format!("{verb} {path}: {error}"))?;
        if status < 300 { Ok(body) } else { Err(format!("{verb} {path} was answered with {status} {body}")) }
    }

    fn exchange(&mut self, request: &str) -> std::io::Result<(u16, String)> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if text.starts_with("HTTP/") {
                status = text.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
            }
            if let Some(it) = text.to_ascii_lowercase().strip_prefix("content-length:") {
                length = it.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// For the value of a form.
fn percent(text: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
    text.bytes().map(|it| if plain(it) { (it as char).to_string() } else { format!("%{it:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_any_text() {
        assert_eq!(percent("a b&c=ñ\n"), "a%20b%26c%3D%C3%B1%0A");
    }

    #[test]
    fn the_template_is_json() {
        let code = serde_json::Value::from(CODE).to_string();
        let template: serde_json::Value = serde_json::from_str(&STACK.replace("\"CODE\"", &code)).unwrap();
        assert_eq!(template["Resources"]["Function"]["Properties"]["Code"]["ZipFile"], CODE);
    }
}

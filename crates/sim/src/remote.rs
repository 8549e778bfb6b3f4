//! A real server as a script's target: the binary in `NIEBLA_BIN`, over HTTP, killed with SIGKILL where a script says
//! `crash`. One server and one data folder for each script.

use crate::script::{BoxFutureOf, Target, input_of, shown};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use model::wire::{HttpRequest, HttpResponse, ResponseError, decode_response, encode_request};
use model::{Operation, Service};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct Remote {
    binary: PathBuf,
    folder: tempfile::TempDir,
    server: Child,
    address: String,
}

/// What the job loop gets after the clock was moved.
const SETTLE: Duration = Duration::from_millis(100);

impl Remote {
    /// Starts the server.
    pub fn start(binary: PathBuf) -> Remote {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (server, address) = launch(&binary, &folder);
        Remote { binary, folder, server, address }
    }

    fn call(&self, account: &str, service: &'static Service, operation: &'static Operation, input: Json) -> Called {
        let input = input_of(service, operation, input)?;
        let protocol = service.metadata.protocol;
        let response = self.send(account, service, encode_request(service, operation, protocol, &input));
        match decode_response(service, operation, protocol, &response) {
            Ok(output) => Ok(shown(service, operation, &output)),
            // Scripts name errors as the modern protocol does.
            Err(ResponseError::Fault(fault)) => Err((json_code(&response).unwrap_or(fault.code), fault.message)),
            Err(ResponseError::Malformed(error)) => Err((error.code.to_owned(), error.message)),
        }
    }

    fn send(&self, account: &str, service: &Service, request: HttpRequest) -> HttpResponse {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let mut head = format!(
            "{} {}{query} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential={account}/20250906/us-east-1/{}/aws4_request, SignedHeaders=host, Signature={}\r\n",
            request.method,
            request.path,
            self.address,
            request.body.len(),
            service.metadata.signing_name,
            "0".repeat(64),
        );
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&request.body)).expect("the server reads");
        answer(BufReader::new(stream)).expect("the server answers in HTTP")
    }

    fn niebla(&self, arguments: &[&str]) {
        let folder = self.folder.path();
        let done = Command::new(&self.binary).arg("--data-dir").arg(folder).args(arguments).output();
        let done = done.expect("the binary runs");
        assert!(done.status.success(), "niebla {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

type Called = Result<Json, (String, String)>;

impl Target for Remote {
    fn call<'t>(
        &'t mut self,
        account: &'t str,
        service: &'static Service,
        operation: &'static Operation,
        input: Json,
    ) -> BoxFutureOf<'t, Called> {
        Box::pin(async move { Remote::call(self, account, service, operation, input) })
    }

    fn wait(&mut self, by: Duration) -> BoxFutureOf<'_, ()> {
        self.niebla(&["clock", "advance", &format!("{}s", by.as_secs().max(1))]);
        std::thread::sleep(SETTLE);
        Box::pin(async {})
    }

    fn crash(&mut self) -> BoxFutureOf<'_, ()> {
        self.server.kill().and_then(|()| self.server.wait()).expect("the server was running");
        (self.server, self.address) = launch(&self.binary, &self.folder);
        Box::pin(async {})
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The server, and `127.0.0.1:PORT` from its one line.
fn launch(binary: &PathBuf, folder: &tempfile::TempDir) -> (Child, String) {
    let mut server = Command::new(binary)
        .args(["start", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut line = String::new();
    let out = server.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut line).expect("the server says when it is ready");
    let address = line.split("http://").nth(1).and_then(|it| it.split_whitespace().next());
    let address = address.unwrap_or_else(|| panic!("not ready: {line}")).to_owned();
    (server, address)
}

fn answer(mut from: impl BufRead) -> Option<HttpResponse> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let name = HeaderName::try_from(name).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    let mut body = Vec::new();
    from.read_to_end(&mut body).ok()?;
    Some(HttpResponse { status, headers, body: Bytes::from(body) })
}

fn json_code(response: &HttpResponse) -> Option<String> {
    let body: Json = serde_json::from_slice(&response.body).ok()?;
    let code = body["__type"].as_str()?;
    Some(code.rsplit('#').next().unwrap_or(code).to_owned())
}

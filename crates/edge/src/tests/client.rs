//! A server on a free port, and requests to it as text.

use crate::sigv4::{self, Claim, Head, Paths, SigningKeys};
use crate::{Limits, Options, serve};
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::driver::{
    Drivers, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, LogSink, NotStarted, Sandbox, StartError,
};
use kernel::{BoxFuture, Clock, Credential, Cx, Entropy, Kernel, Principal, Service, Settings};
use std::net::SocketAddr;
use std::sync::Arc;
use store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A request under way: header lines and a body.
#[derive(Clone)]
pub struct Call {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn limited(limits: Limits) -> Self {
        Self::with(Options { limits, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, kernel(), options, stopped));
        Self { address, stop: Some(stop), served }
    }

    pub async fn stop(mut self) {
        self.stop.take().expect("stopped once").send(()).expect("still serving");
        self.served.await.expect("ends in order");
    }

    pub async fn send(&self, call: &Call) -> Answer {
        self.send_raw(&call.written(self.address)).await
    }

    pub async fn send_raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("listening");
        stream.write_all(bytes).await.expect("read by the server");
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.expect("an answer");
        Answer::parse(&received)
    }
}

impl Call {
    pub fn new(method: &'static str, target: &str) -> Self {
        Self { method, target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// In the name of a key, with a signature that nobody looks at.
    pub fn by(self, access_key: &str, service: &str) -> Self {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
        );
        self.header("authorization", &value)
    }

    /// awsJson1.0
    pub fn json(target: &str, body: &str) -> Self {
        let call = Call::new("POST", "/").header("x-amz-target", target).body(body);
        call.header("content-type", "application/x-amz-json-1.0")
    }

    pub fn query(body: &str) -> Self {
        Call::new("POST", "/").header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// Signed for real, `seconds` away from now.
    pub fn signed(mut self, server: &Server, access_key: &str, secret: &str, service: &str, seconds: i64) -> Self {
        let time = sigv4::basic_text(now() + seconds);
        self.headers.push(("host".to_owned(), server.address.to_string()));
        self.headers.push(("x-amz-date".to_owned(), time.clone()));
        let mut names: Vec<String> = self.headers.iter().map(|it| it.0.to_ascii_lowercase()).collect();
        names.sort();
        let (scope, names) = (format!("{}/us-east-1/{service}/aws4_request", &time[..8]), names.join(";"));
        let unsigned = format!("AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}");
        let mut headers = self.header_map();
        headers.insert("authorization", HeaderValue::from_str(&unsigned).expect("a header"));
        let claim = sigv4::claim(&headers, "").expect("well formed").expect("signed");
        let signature = self.signature(&headers, &claim, &sigv4::hash(&self.body), Paths::Twice, secret);
        self.header("authorization", &format!("{unsigned}, Signature={signature}"))
    }

    pub fn signature(&self, headers: &HeaderMap, claim: &Claim, payload: &str, paths: Paths, secret: &str) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let head = Head { method: self.method, path, query, headers };
        let text = sigv4::string_to_sign(claim, &sigv4::canonical_request(claim, &head, payload, paths));
        crate::encoding::hex(&sigv4::sign(&SigningKeys::default().of(secret, claim), text.as_bytes()))
    }

    pub fn header_map(&self) -> HeaderMap {
        let header = |(name, value): &(String, String)| {
            (
                HeaderName::try_from(name.as_str()).expect("a name"),
                HeaderValue::try_from(value.as_str()).expect("a value"),
            )
        };
        self.headers.iter().map(header).collect()
    }

    pub fn written(&self, address: SocketAddr) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|it| it.0 == "host") {
            out.push_str(&format!("host: {address}\r\n"));
        }
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()));
        [out.into_bytes(), self.body.clone()].concat()
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("a whole head, not {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|it| it.split(' ').nth(1)).and_then(|it| it.parse().ok());
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header");
            let name = HeaderName::try_from(name).expect("a name");
            headers.append(name, HeaderValue::try_from(value).expect("a value"));
        }
        Self { status: status.expect("a status"), headers, body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }
}

/// Asserts a status and that each text stands in the body.
#[track_caller]
pub fn check(answer: &Answer, status: u16, texts: &[&str]) {
    assert_eq!(answer.status, status, "{answer:?}");
    for text in texts {
        assert!(answer.body.contains(text), "{text} is not in {answer:?}");
    }
}

#[allow(clippy::disallowed_methods, reason = "signatures are made with the machine's time")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs() as i64
}

fn kernel() -> Arc<Kernel> {
    let iam = Service::new("iam").credentials(credential);
    let services = vec![sqs::service(), sts::service(), iam, super::streams::service(), super::bodies::service()];
    let drivers = Drivers { functions: Arc::new(Nothing), http: Arc::new(Nothing) };
    let settings = Settings { endpoint: "http://127.0.0.1:4566".to_owned(), version: "1.2.3", ..Settings::default() };
    Kernel::new(Store::ephemeral(), Clock::running(0), Entropy::System, drivers, settings, services)
}

/// The keys of these tests, by name.
fn credential(_: &Cx, access_key: &str) -> Option<Credential> {
    let known = Credential {
        secret: SECRET.to_owned(),
        token: None,
        expires_at: None,
        principal: Principal::root("111122223333"),
        session: None,
        active: true,
    };
    let token = Some("the token".to_owned());
    match access_key {
        "AKIAGOOD" => Some(known),
        "AKIAINACTIVE" => Some(Credential { active: false, ..known }),
        "ASIAGOOD" => Some(Credential { token, expires_at: Some(i64::MAX), ..known }),
        "ASIAEXPIRED" => Some(Credential { token, expires_at: Some(1), ..known }),
        _ => None,
    }
}

/// No test here leaves the process.
struct Nothing;

impl Functions for Nothing {
    fn start(&self, _: FunctionSpec, _: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        Box::pin(async {
            Err(StartError {
                why: NotStarted::Unavailable("no functions in this test".to_owned()),
                duration_ms: 0.0,
                max_memory_mb: 0,
            })
        })
    }
}

impl Http for Nothing {
    fn send(&self, _: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        Box::pin(async { Err("no calls in this test".to_owned()) })
    }
}

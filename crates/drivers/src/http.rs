//! Outbound HTTP: one pooled client for everything that Niebla calls outside.
//!
//! HTTP/1.1 and HTTP/2, with TLS against the web's root certificates. Follows no redirect: the caller decides.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// How long to wait for a connection; the rest of a request's time is the server's.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Idle connections to one host: as many as a busy function target needs, not as many as there ever were.
const IDLE_PER_HOST: usize = 64;

/// What to send.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// Absolute, `http` or `https`.
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For everything, to the last byte of a collected body; for a streamed one, to the headers.
    pub timeout: Duration,
}

impl Request {
    /// A request without headers or body that may take 30 s.
    pub fn new(method: Method, url: impl Into<String>) -> Request {
        let (headers, body, timeout) = (HeaderMap::new(), Bytes::new(), Duration::from_secs(30));
        Request { method, url: url.into(), headers, body, timeout }
    }
}

/// An answer whose body is complete.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Streamed {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Limited<Incoming>,
    url: String,
}

/// Why there is no answer. Its text is a sentence that names the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub url: String,
    /// What the layer below said.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The URL or a header is not valid.
    Invalid,
    /// The host's name is not known.
    Dns,
    /// Nothing listens there.
    Refused,
    /// The certificate is not trusted, or TLS failed otherwise.
    Tls,
    Timeout,
    /// The body is larger than the caller wants.
    TooLarge,
    /// The connection broke, or what came is not HTTP.
    Broken,
}

/// Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    inner: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl Client {
    pub fn new() -> Client {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let tls = hyper_rustls::HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_timer(TokioTimer::new())
            .build(tls);
        Client { inner }
    }

    /// Sends, and collects the whole body, at most `max_body` bytes of it.
    pub async fn send(&self, request: Request, max_body: usize) -> Result<Response, Error> {
        let (timeout, url) = (request.timeout, request.url.clone());
        let all = async {
            let mut answer = self.stream(request, max_body).await?;
            let mut body = BytesMut::new();
            let mut only = None;
            while let Some(chunk) = answer.chunk().await? {
                match (&only, body.is_empty()) {
                    (None, true) => only = Some(chunk),
                    _ => {
                        if let Some(first) = only.take() {
                            body.extend_from_slice(&first);
                        }
                        body.extend_from_slice(&chunk);
                    }
                }
            }
            let body = only.unwrap_or_else(|| body.freeze());
            Ok(Response { status: answer.status, headers: answer.headers, body })
        };
        tokio::time::timeout(timeout, all).await.unwrap_or_else(|_| Err(timed_out(url)))
    }

    /// Sends, and returns as soon as the headers are there. Of the body, at most `max_body` bytes may be read.
    pub async fn stream(&self, request: Request, max_body: usize) -> Result<Streamed, Error> {
        let url = request.url;
        let mut message = http::Request::builder().method(request.method).uri(&url);
        if let Some(headers) = message.headers_mut() {
            *headers = request.headers;
        }
        let invalid = |it: http::Error| Error { kind: Kind::Invalid, url: url.clone(), detail: it.to_string() };
        let message = message.body(Full::new(request.body)).map_err(invalid)?;
        match tokio::time::timeout(request.timeout, self.inner.request(message)).await {
            Ok(Ok(answer)) => {
                let (parts, body) = answer.into_parts();
                let body = Limited::new(body, max_body);
                Ok(Streamed { status: parts.status, headers: parts.headers, body, url })
            }
            Ok(Err(it)) => Err(Error::from_layers(url, &it)),
            Err(_) => Err(timed_out(url)),
        }
    }
}

impl Streamed {
    /// The next piece of the body. None: it is complete.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(it)) => return Err(Error::from_layers(self.url.clone(), &*it)),
            }
        }
    }
}

impl Error {
    /// The kind is told by the deepest layer that we know.
    fn from_layers(url: String, error: &(dyn StdError + 'static)) -> Error {
        let (mut kind, mut detail, mut layer) = (Kind::Broken, error.to_string(), Some(error));
        while let Some(it) = layer {
            detail = it.to_string();
            if it.is::<http_body_util::LengthLimitError>() {
                kind = Kind::TooLarge;
            } else if let Some(io) = it.downcast_ref::<io::Error>() {
                kind = match io.kind() {
                    io::ErrorKind::ConnectionRefused => Kind::Refused,
                    io::ErrorKind::TimedOut => Kind::Timeout,
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Kind::Tls,
                    _ => kind,
                };
                // An io::Error hides what it wraps from `source`.
                layer = io.get_ref().map(|it| it as &(dyn StdError + 'static)).or(it.source());
                continue;
            } else if detail.starts_with("dns error") {
                kind = Kind::Dns;
            } else if detail.starts_with("invalid URL") {
                kind = Kind::Invalid;
            }
            layer = it.source();
        }
        Error { kind, url, detail }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { kind, url, detail } = self;
        match kind {
            Kind::Invalid => write!(f, "{url} cannot be called: {detail}"),
            Kind::Dns => write!(f, "The host name of {url} could not be resolved: {detail}"),
            Kind::Refused => write!(f, "The connection to {url} was refused"),
            Kind::Tls => write!(f, "No secure connection to {url} could be made: {detail}"),
            Kind::Timeout => write!(f, "{url} did not answer in time"),
            Kind::TooLarge => write!(f, "The answer of {url} is too large"),
            Kind::Broken => write!(f, "The connection to {url} failed: {detail}"),
        }
    }
}

impl StdError for Error {}

fn timed_out(url: String) -> Error {
    Error { kind: Kind::Timeout, url, detail: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server that answers every connection's first bytes with `answer`, and returns what it read.
    async fn server(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/path?q=1", listener.local_addr().unwrap());
        let read = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let n = stream.read(&mut buffer).await.unwrap();
            stream.write_all(answer).await.unwrap();
            if answer.is_empty() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            String::from_utf8_lossy(&buffer[..n]).into_owned()
        });
        (url, read)
    }

    async fn fails(url: &str, answer_within: Duration, max: usize) -> Kind {
        let mut request = Request::new(Method::GET, url);
        request.timeout = answer_within;
        Client::new().send(request, max).await.unwrap_err().kind
    }

    const LONG: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_request_goes_out_and_its_answer_comes_back() {
        let (url, read) = server(b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 5\r\n\r\nhello").await;
        let mut request = Request::new(Method::POST, url);
        request.headers.insert("x-a", HeaderValue::from_static("b"));
        request.body = Bytes::from_static(b"body");
        let answer = Client::new().send(request, 5).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (302, &b"hello"[..]));
        let read = read.await.unwrap();
        assert!(read.starts_with("POST /path?q=1 HTTP/1.1\r\nx-a: b\r\n"), "{read}");
        assert!(read.ends_with("\r\n\r\nbody"), "{read}");
    }

    #[tokio::test]
    async fn a_body_comes_in_pieces() {
        let (url, _read) =
            server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n").await;
        let answer = Client::new().send(Request::new(Method::GET, url), 100).await.unwrap();
        assert_eq!(answer.body, "abc");
    }

    #[tokio::test]
    async fn errors_say_what_is_wrong() {
        assert_eq!(fails("http://127.0.0.1:1/", LONG, 0).await, Kind::Refused);
        assert_eq!(fails("http://no-such-host.invalid/", LONG, 0).await, Kind::Dns);
        assert_eq!(fails("not a url", LONG, 0).await, Kind::Invalid);
        assert_eq!(fails("/relative", LONG, 0).await, Kind::Broken);
        let (url, _read) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        assert_eq!(fails(&url, LONG, 4).await, Kind::TooLarge);
        let (url, _read) = server(b"").await;
        assert_eq!(fails(&url, Duration::from_millis(50), 4).await, Kind::Timeout);
        let (url, _read) = server(b"this is not HTTP\r\n\r\n").await;
        assert_eq!(fails(&url, LONG, 4).await, Kind::Broken);
        let (url, _read) = server(b"neither is it TLS\r\n").await;
        assert_eq!(fails(&url.replace("http:", "https:"), LONG, 4).await, Kind::Tls);
    }
}

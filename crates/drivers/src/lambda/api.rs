//! The server's half of the Lambda Runtime API, for one instance.

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

/// AWS's bound for the answer of a function: 6 MB and some for the envelope.
pub const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;
/// Connections of one runtime. Each language's client needs one or two.
const MAX_CONNECTIONS: usize = 32;
const BASE: &str = "/2018-06-01/runtime/";

/// What the runtime said of an invocation.
#[derive(Debug)]
pub enum Answer {
    Response(Bytes),
    Error { error_type: String, body: Bytes },
}

/// What the runtime said of its start.
#[derive(Debug)]
pub enum Init {
    Ready,
    Error { error_type: String, body: Bytes },
}

/// One invocation on its way to the runtime.
#[derive(Debug)]
pub struct Work {
    pub request_id: String,
    pub payload: Bytes,
    pub headers: Vec<(&'static str, HeaderValue)>,
    pub answer: oneshot::Sender<Answer>,
}

/// What the connections share with the instance.
#[derive(Default)]
pub struct Desk {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    init: Option<oneshot::Sender<Init>>,
    waiting: Option<Work>,
    /// What the runtime is working on.
    current: Option<(String, oneshot::Sender<Answer>)>,
}

impl Desk {
    pub fn new(init: oneshot::Sender<Init>) -> Arc<Desk> {
        let state = State { init: Some(init), ..State::default() };
        Arc::new(Desk { state: Mutex::new(state), arrived: Notify::new() })
    }

    /// Lays work down for the runtime's next question.
    pub fn submit(&self, work: Work) {
        self.state().waiting = Some(work);
        self.arrived.notify_one();
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.begun(Init::Ready);
        loop {
            let arrived = self.arrived.notified();
            let work = self.state().waiting.take();
            let Some(work) = work else {
                arrived.await;
                continue;
            };
            let mut response = Response::new(Full::new(work.payload));
            response
                .headers_mut()
                .extend(work.headers.into_iter().map(|(name, value)| (http::HeaderName::from_static(name), value)));
            self.state().current = Some((work.request_id, work.answer));
            return response;
        }
    }

    fn begun(&self, how: Init) {
        if let Some(init) = self.state().init.take() {
            // Nobody waits any more for one that took too long.
            let _ = init.send(how);
        }
    }

    /// False: this is not the request that the runtime has.
    fn answer(&self, request_id: &str, answer: Answer) -> bool {
        let mut state = self.state();
        match state.current.take() {
            Some((id, to)) if id == request_id => {
                let _ = to.send(answer);
                true
            }
            other => {
                state.current = other;
                false
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener for one instance, on a free port of 127.0.0.1.
pub async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until dropped, and every connection with it.
pub async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            continue;
        }
        // Small answers shall not wait for more.
        let _ = stream.set_nodelay(true);
        let desk = desk.clone();
        connections.spawn(async move {
            let service = service_fn(|request| route(&desk, request));
            // A broken connection is the runtime's own loss.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn route(desk: &Desk, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(BASE).unwrap_or_default();
    let error_type = || {
        let given = parts.headers.get("lambda-runtime-function-error-type").and_then(|it| it.to_str().ok());
        given.unwrap_or("Runtime.Unknown").to_owned()
    };
    let path: Vec<_> = path.split('/').collect();
    Ok(match (&parts.method, &path[..]) {
        (&Method::GET, ["invocation", "next"]) => desk.next().await,
        (&Method::POST, ["invocation", id, "response"]) => match collect(body).await {
            Ok(body) => answered(desk, id, Answer::Response(body)),
            Err(Unread::TooLarge) => {
                answered(desk, id, too_large());
                let message = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
                refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
            }
            Err(Unread::Broken) => refuse(StatusCode::BAD_REQUEST, "InvalidRequest", "The body could not be read"),
        },
        (&Method::POST, ["invocation", id, "error"]) => {
            let body = collect(body).await.unwrap_or_default();
            answered(desk, id, Answer::Error { error_type: error_type(), body })
        }
        (&Method::POST, ["init", "error"]) => {
            let body = collect(body).await.unwrap_or_default();
            desk.begun(Init::Error { error_type: error_type(), body });
            accepted()
        }
        _ => refuse(StatusCode::NOT_FOUND, "InvalidRequest", "There is no such path in the Lambda Runtime API"),
    })
}

enum Unread {
    TooLarge,
    Broken,
}

/// Reads a body to its end, also one that is too large: a runtime that still writes would not hear the refusal.
async fn collect(mut body: Incoming) -> Result<Bytes, Unread> {
    let mut kept = BytesMut::with_capacity(body.size_hint().lower().min(MAX_RESPONSE as u64) as usize);
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        size += data.len();
        if size <= MAX_RESPONSE {
            kept.extend_from_slice(&data);
        }
    }
    if size > MAX_RESPONSE { Err(Unread::TooLarge) } else { Ok(kept.freeze()) }
}

/// The outcome of an invocation whose response is too large, as AWS tells it.
fn too_large() -> Answer {
    let error_type = "Function.ResponseSizeTooLarge";
    let message = format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
    let body = serde_json::json!({ "errorMessage": message, "errorType": error_type });
    Answer::Error { error_type: error_type.to_owned(), body: Bytes::from(body.to_string()) }
}

fn answered(desk: &Desk, id: &str, answer: Answer) -> Response<Full<Bytes>> {
    if desk.answer(id, answer) {
        accepted()
    } else {
        refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{\"status\":\"OK\"}\n")));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn refuse(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "errorMessage": message, "errorType": error_type });
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

//! The listener and its connections: HTTP/1.1 and HTTP/2 on one port.

use crate::body;
use crate::cors::Origins;
use crate::exchange;
use crate::internal::{self, Handler};
use crate::limits::Limits;
use crate::sigv4::SigningKeys;
use http::HeaderMap;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use kernel::Kernel;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// When the process has no more files to give, a connection that ends frees one; looking again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How the edge is set up.
#[derive(Clone, Default)]
pub struct Options {
    pub limits: Limits,
    pub origins: Origins,
    /// Answers `/_niebla/…` beside health; called only for this machine, and not for pages of other sites.
    pub internal: Option<Handler>,
}

/// What all connections share.
pub(crate) struct Edge {
    pub kernel: Arc<Kernel>,
    pub options: Options,
    pub keys: SigningKeys,
    pub room: body::Room,
}

pub(crate) struct Connection {
    pub edge: Arc<Edge>,
    pub source_ip: String,
    /// The peer is on this machine.
    pub loopback: bool,
    /// Over TLS.
    pub secure: bool,
    /// A whole head has come.
    started: AtomicBool,
}

impl Connection {
    /// Whether the keys that everybody knows are good here: on this machine, and not for pages of other sites.
    pub fn trusts(&self, headers: &HeaderMap) -> bool {
        self.loopback && !internal::is_foreign_page(headers)
    }
}

/// Answers until `shutdown` is ready, then takes no more connections, lets requests that are under way end within
/// `limits.drain_time`, and returns.
pub async fn serve(listener: TcpListener, kernel: Arc<Kernel>, options: Options, shutdown: impl Future) {
    let room = body::Room::new(&options.limits);
    let edge = Arc::new(Edge { kernel, options, keys: SigningKeys::default(), room });
    let limits = edge.options.limits.clone();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (closing, closes) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (slot, stream, peer) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            _ = shutdown.as_mut() => break,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(edge.clone(), stream, peer, slot, closes.clone()));
    }
    drop(listener);
    edge.kernel.announce_stop();
    let _ = closing.send(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain_time, drained).await.is_err() {
        tracing::warn!("requests that took longer than {} s were cut off", limits.drain_time.as_secs());
    }
    connections.shutdown().await;
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
    let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (slot, stream, peer),
            Err(error) => {
                tracing::debug!("a connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, from its first byte to its end.
async fn converse(
    edge: Arc<Edge>,
    stream: TcpStream,
    peer: SocketAddr,
    _slot: OwnedSemaphorePermit,
    mut closes: watch::Receiver<bool>,
) {
    // Answers are written at once, so waiting to join small packets only delays them.
    let _ = stream.set_nodelay(true);
    let limits = &edge.options.limits;
    let builder = builder(limits);
    let too_late = tokio::time::sleep(limits.head_time);
    let ip = peer.ip().to_canonical();
    let connection = Arc::new(Connection {
        edge: edge.clone(),
        source_ip: ip.to_string(),
        loopback: ip.is_loopback(),
        secure: false,
        started: AtomicBool::new(false),
    });
    let service = service_fn(|request| {
        let connection = connection.clone();
        async move {
            connection.started.store(true, Ordering::Relaxed);
            Ok::<_, Infallible>(exchange::answer(&connection, request).await)
        }
    });
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut too_late = pin!(too_late);
    let (mut is_closing, mut is_waiting) = (false, true);
    loop {
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!("a connection ended early: {error}");
                }
                return;
            }
            _ = closes.changed(), if !is_closing => {
                is_closing = true;
                served.as_mut().graceful_shutdown();
            }
            // A peer that sends nothing is not yet under the timeouts of either version of HTTP.
            () = too_late.as_mut(), if is_waiting => {
                is_waiting = false;
                if !connection.started.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head_time);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.head_time)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    builder
}

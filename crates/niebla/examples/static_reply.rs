//! The floor that `cargo xtask bench` compares with: the same HTTP stack and allocator, and an answer that never changes.
//! `/file` is the file that the first argument names.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As long as the answer to SendMessage.
const BODY: &[u8] =
    br#"{"MessageId":"5fea7756-0ea4-451a-a703-a558b933e274","MD5OfMessageBody":"fafb00f5732ab283681e124bf8747ed1"}"#;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "static reply on http://{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            // A peer that goes away ends its connection, and nothing else.
            let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

type Answer = BoxBody<Bytes, io::Error>;

async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    if request.uri().path() == "/file" {
        let path = std::env::args().nth(1).expect("a file is named");
        return Ok(Response::new(Pieces::of(&path).expect("it can be read").boxed()));
    }
    let _ = request.into_body().collect().await;
    let answer = Response::builder()
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "5fea7756-0ea4-451a-a703-a558b933e274")
        .body(Full::new(Bytes::from_static(BODY)).map_err(|never| match never {}).boxed());
    Ok(answer.expect("the headers are valid"))
}

const PIECE: u64 = 1024 * 1024;

/// A file, read by a thread while the piece before is written.
struct Pieces {
    file: Arc<File>,
    length: u64,
    at: u64,
    next: JoinHandle<io::Result<Bytes>>,
}

impl Pieces {
    fn of(path: &str) -> io::Result<Self> {
        let file = Arc::new(File::open(path)?);
        let length = file.metadata()?.len();
        Ok(Self { next: read(file.clone(), 0, length), file, length, at: 0 })
    }
}

fn read(file: Arc<File>, at: u64, length: u64) -> JoinHandle<io::Result<Bytes>> {
    spawn_blocking(move || {
        let mut piece = vec![0; PIECE.min(length - at) as usize];
        file.read_exact_at(&mut piece, at)?;
        Ok(piece.into())
    })
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.at >= this.length {
            return Poll::Ready(None);
        }
        let piece = ready!(Pin::new(&mut this.next).poll(cx)).map_err(io::Error::other)??;
        this.at += piece.len() as u64;
        if this.at < this.length {
            this.next = read(this.file.clone(), this.at, this.length);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.at)
    }
}

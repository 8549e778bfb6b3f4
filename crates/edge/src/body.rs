//! Bodies: read whole within limits, freed of `aws-chunked` and of gzip.

use crate::chunked::{self, Chain, Decoder, Form};
use crate::limits::Limits;
use crate::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use model::ErrorShape;
use std::io::Read;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body that is too large is read on for so long, for a sender that does not look for an answer before it has sent
/// everything would see a broken connection instead of the error.
const PATIENCE: Duration = Duration::from_secs(5);

pub const TOO_LARGE: ErrorShape = ErrorShape::sender("RequestEntityTooLarge").status(413);
pub const TOO_SLOW: ErrorShape = ErrorShape::sender("RequestTimeout").status(408);
pub const MALFORMED: ErrorShape = ErrorShape::sender("SerializationException");
const TRAILER: &str = "x-amz-trailer";

pub const BROKEN: ErrorShape = ErrorShape::sender("IncompleteBody");

/// Bodies of usual calls take no part in the room that all share.
const SMALL: usize = 256 * 1024;

/// The memory that the large bodies of all requests share. Who finds none waits, as long as a body may take to come.
pub struct Room(Arc<Semaphore>);

/// Given back when the request has been answered.
pub type Held = Option<OwnedSemaphorePermit>;

impl Room {
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Semaphore::new(limits.bodies_bytes.max(limits.body_bytes).div_ceil(SMALL))))
    }

    async fn take(&self, bytes: usize) -> Held {
        if bytes <= SMALL {
            return None;
        }
        let pieces = u32::try_from(bytes.div_ceil(SMALL)).expect("bodies are bounded");
        self.0.clone().acquire_many_owned(pieces).await.ok()
    }
}

/// What is still to come of a request's body, which several hold and one reads.
#[derive(Clone)]
pub struct Rest(Arc<Mutex<Coming>>);

struct Coming {
    body: Option<Incoming>,
    /// Who asks first has not begun to send, and reading would tell him to.
    is_asked_for: bool,
}

impl Rest {
    pub fn new(body: Incoming, headers: &HeaderMap) -> Self {
        Self(Arc::new(Mutex::new(Coming { body: Some(body), is_asked_for: !headers.contains_key(EXPECT) })))
    }

    /// For who reads all of it.
    pub fn take(&self) -> Option<Incoming> {
        self.coming().body.take()
    }

    /// In bytes, where it is known.
    pub fn length(&self) -> Option<u64> {
        self.coming().body.as_ref().and_then(|it| it.size_hint().exact())
    }

    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        let mut coming = self.coming();
        coming.is_asked_for = true;
        let Some(body) = &mut coming.body else { return Poll::Ready(None) };
        loop {
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// Lets the sender send on for a while, so that it hears the answer.
    pub async fn let_through(&self) {
        let unread = {
            let mut coming = self.coming();
            if coming.is_asked_for { coming.body.take() } else { None }
        };
        if let Some(mut body) = unread.filter(|it| !it.is_end_stream()) {
            let _ = tokio::time::timeout(PATIENCE, discard(&mut body)).await;
        }
    }

    fn coming(&self) -> MutexGuard<'_, Coming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads all of it.
pub async fn read(rest: &Rest, headers: &HeaderMap, limits: &Limits, room: &Room) -> model::Result<(Bytes, Held)> {
    let Some(mut body) = rest.take().filter(|it| !it.is_end_stream()) else { return Ok((Bytes::new(), None)) };
    // What nobody said the length of, and what expands, may become as long as any.
    let said = if is_zipped(headers) { None } else { body.size_hint().upper() };
    let most = said.map_or(limits.body_bytes, |it| usize::try_from(it).unwrap_or(usize::MAX).min(limits.body_bytes));
    if body.size_hint().lower() > limits.body_bytes as u64 {
        // Who asks first has not begun to send, and reading would tell him to.
        if headers.contains_key(EXPECT) {
            return Err(too_large(limits));
        }
        let _ = tokio::time::timeout(PATIENCE, discard(&mut body)).await;
        return Err(too_large(limits));
    }
    let collected = async {
        let held = room.take(most).await;
        collect(&mut body, limits).await.map(|whole| whole.map(|bytes| (bytes, held)))
    };
    match tokio::time::timeout(limits.body_time, collected).await {
        Ok(Ok(Some(whole))) => Ok(whole),
        Ok(Ok(None)) => {
            let _ = tokio::time::timeout(PATIENCE, discard(&mut body)).await;
            Err(too_large(limits))
        }
        Ok(Err(error)) => Err(BROKEN.with(format!("The body could not be read: {error}"))),
        Err(_) => Err(TOO_SLOW.with(format!(
            "Your socket connection to the server was not read from or written to within the timeout period. The body did not arrive within {} seconds.",
            limits.body_time.as_secs()
        ))),
    }
}

/// `None` when it is larger than the limit.
async fn collect(body: &mut Incoming, limits: &Limits) -> Result<Option<Bytes>, hyper::Error> {
    let Some(first) = next(body).await? else { return Ok(Some(Bytes::new())) };
    if first.len() > limits.body_bytes {
        return Ok(None);
    }
    // Most bodies come in one piece, which is then not copied.
    if body.is_end_stream() {
        return Ok(Some(first));
    }
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(limits.body_bytes);
    let mut whole = BytesMut::with_capacity(first.len() + expected);
    whole.extend_from_slice(&first);
    while let Some(piece) = next(body).await? {
        if whole.len() + piece.len() > limits.body_bytes {
            return Ok(None);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Some(whole.freeze()))
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, hyper::Error> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn discard(body: &mut Incoming) {
    while let Ok(Some(_)) = next(body).await {}
}

fn too_large(limits: &Limits) -> model::Error {
    TOO_LARGE.with(format!("The body is larger than {} bytes.", limits.body_bytes))
}

/// The decoder of a body in chunks.
pub fn decoder(form: Form, chain: Option<Chain>, headers: &HeaderMap) -> Decoder {
    Decoder::new(form, chain, text(headers, TRAILER), decoded_length(headers))
}

/// The header of a checksum that comes behind the body.
pub fn announced(headers: &HeaderMap) -> Option<String> {
    chunked::announced(text(headers, TRAILER))
}

/// `x-amz-decoded-content-length`
pub fn decoded_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, "x-amz-decoded-content-length").and_then(|it| it.trim().parse().ok())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|it| it.to_str().ok())
}

/// Takes the chunks apart. The trailer's headers become headers of the request, and the rest looks as if the body had
/// come without chunks.
pub fn unchunk(form: Form, chain: Option<Chain>, headers: &mut HeaderMap, body: Bytes) -> Result<Bytes, Refusal> {
    let (data, trailers) = chunked::decode(decoder(form, chain, headers), body).map_err(Refusal::Chunks)?;
    for (name, value) in trailers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            // A trailer says what was not known before, never something else.
            headers.entry(name).or_insert(value);
        }
    }
    look_unchunked(headers, Some(data.len() as u64));
    Ok(data)
}

/// The head looks as if the body came without chunks.
pub fn look_unchunked(headers: &mut HeaderMap, length: Option<u64>) {
    match length {
        Some(length) => headers.insert(CONTENT_LENGTH, HeaderValue::from(length)),
        None => headers.remove(CONTENT_LENGTH),
    };
    drop_chunked(headers);
}

/// Undoes gzip, which SDKs use for large requests of some services.
pub fn unzip(body: &[u8], limits: &Limits) -> model::Result<Bytes> {
    let mut out = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(limits.body_bytes as u64 + 1);
    reader.read_to_end(&mut out).map_err(|error| MALFORMED.with(format!("The body is not gzip: {error}")))?;
    if out.len() > limits.body_bytes {
        return Err(too_large(limits));
    }
    Ok(out.into())
}

/// Whether the outermost encoding is gzip.
pub fn is_zipped(headers: &HeaderMap) -> bool {
    let Some(encoding) = headers.get(CONTENT_ENCODING).and_then(|it| it.to_str().ok()) else { return false };
    encoding.rsplit(',').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("gzip"))
}

/// What remains is the encoding of the object.
fn drop_chunked(headers: &mut HeaderMap) {
    let Some(encoding) = headers.remove(CONTENT_ENCODING) else { return };
    let kept = encoding.to_str().unwrap_or_default().split(',').map(str::trim);
    let kept: Vec<&str> = kept.filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("aws-chunked")).collect();
    if let Some(value) = HeaderValue::try_from(kept.join(",")).ok().filter(|it| !it.is_empty()) {
        headers.insert(CONTENT_ENCODING, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use std::io::Write;

    fn zipped(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all").into()
    }

    #[test]
    fn gzip_is_undone_and_its_expansion_is_bounded() {
        let encoded = |value| is_zipped(&HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(value))]));
        assert!(encoded("gzip") && encoded("aws-chunked, gzip") && !encoded("identity"));
        let limits = Limits { body_bytes: 1000, ..Limits::default() };
        assert_eq!(unzip(&zipped(b"hello"), &limits).expect("gzip"), "hello");
        let error = unzip(&zipped(&[0; 1001]), &limits).expect_err("too large");
        assert_eq!(error.shape().status, 413);
        let error = unzip(b"hello", &limits).expect_err("not gzip");
        assert_eq!(error.code(), "SerializationException");
    }

    #[test]
    fn an_unchunked_request_looks_as_if_there_had_been_no_chunks() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-encoding", "aws-chunked,gzip"),
            ("x-amz-decoded-content-length", "9"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let body = Bytes::from_static(b"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
        let form = Form { signed: false, trailer: true };
        assert_eq!(unchunk(form, None, &mut headers, body).expect("right"), "123456789");
        assert_eq!(headers["content-encoding"], "gzip");
        assert_eq!(headers["content-length"], "9");
        assert_eq!(headers["x-amz-checksum-crc32"], "y/Q5Jg==");
    }
}

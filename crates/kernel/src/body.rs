//! Large bodies, piece by piece, on their way in or out: nobody holds the whole of one.

use crate::stream::Produced;
use bytes::{Bytes, BytesMut};
use model::{ErrorShape, Result};
use std::future::{Future, poll_fn};
use std::task::{Context, Poll};

/// What a call from inside may hold whole.
const MOST_COLLECTED: usize = 256 * 1024 * 1024;
const TOO_LARGE: ErrorShape = ErrorShape::sender("EntityTooLarge");

/// A body that arrives or is made as it is read. Dropping it ends whoever makes it.
pub struct Body {
    length: Option<u64>,
    announced: Option<String>,
    pieces: From,
}

enum From {
    Whole(Bytes),
    Pieces(Box<dyn Pieces>),
}

/// Where the pieces of a body come from.
pub trait Pieces: Send {
    /// None: it is complete, and right as far as the sender said what it should be. Not asked again after the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>>;

    /// The headers that came behind the body, in lower case; known at its end.
    fn trailers(&mut self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Where a maker of a body puts its pieces.
pub type PieceSink = crate::stream::Outlet<Bytes>;

impl Body {
    pub fn whole(bytes: Bytes) -> Self {
        Self { length: Some(bytes.len() as u64), announced: None, pieces: From::Whole(bytes) }
    }

    /// `length` in bytes, where it is known.
    pub fn new(length: Option<u64>, pieces: impl Pieces + 'static) -> Self {
        Self { length, announced: None, pieces: From::Pieces(Box::new(pieces)) }
    }

    /// The header of a checksum will come behind it, which whoever takes the body has to compare.
    pub fn announcing(self, header: Option<String>) -> Self {
        Self { announced: header, ..self }
    }

    /// `x-amz-checksum-crc32`, if that comes behind it.
    pub fn announced(&self) -> Option<&str> {
        self.announced.as_deref()
    }

    /// A body that `make` makes, as fast as it is read.
    pub fn made<F>(length: u64, make: impl FnOnce(PieceSink) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(Some(length), Produced::new(make))
    }

    /// In bytes, as far as it is known before its end.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        match &mut self.pieces {
            From::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            From::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            From::Pieces(pieces) => pieces.poll_next(cx),
        }
    }

    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// What was sent behind the body, once it has been read to its end.
    pub fn trailers(&mut self) -> Vec<(String, String)> {
        match &mut self.pieces {
            From::Whole(_) => Vec::new(),
            From::Pieces(pieces) => pieces.trailers(),
        }
    }

    /// All of it in memory, for who cannot do with less.
    pub async fn collect(mut self) -> Result<Bytes> {
        if let From::Whole(bytes) = self.pieces {
            return Ok(bytes);
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if whole.len() + piece.len() > MOST_COLLECTED {
                return Err(TOO_LARGE.with(format!("The body is larger than {MOST_COLLECTED} bytes.")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl Pieces for Produced<Bytes> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        self.poll(cx)
    }
}

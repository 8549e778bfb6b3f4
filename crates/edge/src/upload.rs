//! Bodies that are handed on as they come: freed of their chunks, and verified on the way.
//!
//! What was handed on may turn out to be wrong at the end, so whoever takes it keeps nothing before that.

use crate::body::{BROKEN, Rest, TOO_SLOW};
use crate::chunked::{ChunkError, Decoder, Progress};
use crate::encoding::hex;
use crate::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use kernel::Pieces;
use model::{Error, Protocol, Result, Service};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

pub struct Upload {
    rest: Rest,
    check: Check,
    spoken: (&'static Service, Protocol),
    /// How long the sender may pause.
    patience: Duration,
    pause: Pin<Box<Sleep>>,
    trailers: Vec<(String, String)>,
}

/// What says whether the body is right.
pub enum Check {
    /// Nothing, or what its taker knows.
    Nothing,
    /// `x-amz-content-sha256`
    Hash {
        declared: String,
        hasher: Sha256,
    },
    Chunks {
        decoder: Box<Decoder>,
        input: BytesMut,
    },
}

impl Upload {
    pub fn new(rest: Rest, check: Check, spoken: (&'static Service, Protocol), patience: Duration) -> Self {
        Self { rest, check, spoken, patience, pause: Box::pin(sleep(patience)), trailers: Vec::new() }
    }

    /// The next bytes as they were sent.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if let Poll::Ready(piece) = self.rest.poll(cx) {
            let next = Instant::now() + self.patience;
            self.pause.as_mut().reset(next);
            return Poll::Ready(piece.map(|it| it.map_err(|error| broken(&error))));
        }
        ready!(self.pause.as_mut().poll(cx));
        let sentence = "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
        Poll::Ready(Some(Err(TOO_SLOW.status(400).with(sentence))))
    }

    fn refused(&self, refusal: &Refusal) -> Error {
        refusal.error(self.spoken.0, self.spoken.1)
    }

    /// What the decoder makes of what it has: data, the end, or an error. None: it needs more.
    fn decode(&mut self) -> Option<Option<Result<Bytes>>> {
        let Check::Chunks { decoder, input } = &mut self.check else { return None };
        let progress = decoder.next(input);
        self.progressed(progress)
    }

    fn progressed(&mut self, progress: Result<Progress, ChunkError>) -> Option<Option<Result<Bytes>>> {
        match progress {
            Ok(Progress::Data(data)) => Some(Some(Ok(data))),
            Ok(Progress::NeedsMore) => None,
            Ok(Progress::End(trailers)) => {
                self.trailers = trailers;
                Some(None)
            }
            Err(error) => Some(Some(Err(self.refused(&Refusal::Chunks(error))))),
        }
    }

    /// What the end of what was sent means.
    fn end(&mut self) -> Option<Result<Bytes>> {
        let wrong = match &mut self.check {
            Check::Nothing => return None,
            Check::Hash { declared, hasher } => {
                let computed = hex(&std::mem::take(hasher).finalize());
                if declared.eq_ignore_ascii_case(&computed) {
                    return None;
                }
                Refusal::WrongPayload { declared: declared.clone(), computed }
            }
            Check::Chunks { decoder, .. } => {
                let progress = decoder.finish();
                return self.progressed(progress).flatten();
            }
        };
        Some(Err(self.refused(&wrong)))
    }
}

impl Pieces for Upload {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            if let Some(decoded) = self.decode() {
                return Poll::Ready(decoded);
            }
            let piece = match ready!(self.poll_sent(cx)) {
                None => return Poll::Ready(self.end()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(piece)) => piece,
            };
            match &mut self.check {
                Check::Nothing => return Poll::Ready(Some(Ok(piece))),
                Check::Hash { hasher, .. } => {
                    hasher.update(&piece);
                    return Poll::Ready(Some(Ok(piece)));
                }
                Check::Chunks { input, .. } if input.is_empty() => *input = BytesMut::from(piece),
                Check::Chunks { input, .. } => input.extend_from_slice(&piece),
            }
        }
    }

    fn trailers(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.trailers)
    }
}

fn broken(error: &hyper::Error) -> Error {
    BROKEN.with(format!("The request body terminated unexpectedly: {error}"))
}

//! Bodies of answers: a whole one, or events in frames or pieces, written as they are made.
//!
//! Whoever reads slowly slows the producer down, and whoever goes away ends it: hyper drops the body, and with it the
//! stream.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use kernel::{BoxFuture, EventStream, INTERNAL_FAILURE, Kernel};
use model::wire::{encode_event, encode_event_failure};
use model::{Error, ErrorShape, Operation, Protocol, Service, ShapeId, Value};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

const CUT_OFF: ErrorShape = ErrorShape::receiver("ServiceUnavailableException").status(503);

pub enum AnswerBody {
    Whole(Full<Bytes>),
    Events(Box<Events>),
    /// After an error the connection is closed: the head has said how long the body is.
    Pieces(kernel::Body),
}

pub struct Events {
    /// What comes before the first event: the initial response of the RPC protocols.
    initial: Bytes,
    stream: EventStream,
    union: ShapeId,
    service: &'static Service,
    protocol: Protocol,
    /// The server stops, and has waited for the end of this stream.
    cut_off: BoxFuture<()>,
    ended: bool,
}

impl Events {
    /// `patience` is what a stream gets when the server stops.
    pub fn new(
        kernel: &Arc<Kernel>,
        (service, operation, protocol): (&'static Service, &Operation, Protocol),
        stream: EventStream,
        patience: Duration,
    ) -> Events {
        let union = service.event_stream(operation.output).expect("what streams has a stream in its model").shape;
        let kernel = kernel.clone();
        let cut_off: BoxFuture<()> = Box::pin(async move {
            kernel.stopping().await;
            tokio::time::sleep(patience).await;
        });
        Events { initial: Bytes::new(), stream, union, service, protocol, cut_off, ended: false }
    }

    pub fn beginning_with(mut self, initial: Bytes) -> Self {
        self.initial = initial;
        self
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.initial.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut self.initial)));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        match self.stream.poll_next(cx) {
            Poll::Ready(Some(Ok(event))) => Poll::Ready(Some(self.encoded(event))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(self.failed(&error))),
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.cut_off.as_mut().poll(cx).map(|()| {
                    Some(self.failed(&CUT_OFF.with("Niebla was stopped before this stream came to its end.")))
                })
            }
        }
    }

    fn encoded(&mut self, event: Value) -> Bytes {
        match event.into_fields().pop() {
            Some((name, value)) => encode_event(self.service, self.protocol, self.union, name, &value),
            None => self.failed(&INTERNAL_FAILURE.with("An event has no name.")),
        }
    }

    fn failed(&mut self, error: &Error) -> Bytes {
        self.ended = true;
        encode_event_failure(self.service, self.protocol, self.union, error)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            AnswerBody::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            AnswerBody::Events(events) => events.poll(cx).map(|it| it.map(|bytes| Ok(Frame::data(bytes)))),
            AnswerBody::Pieces(body) => body.poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(body) => body.is_end_stream(),
            AnswerBody::Events(_) => false,
            AnswerBody::Pieces(body) => body.length() == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(body) => body.size_hint(),
            AnswerBody::Events(_) => SizeHint::default(),
            AnswerBody::Pieces(body) => body.length().map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

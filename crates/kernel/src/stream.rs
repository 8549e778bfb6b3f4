//! Operations that answer with a stream of events: model tokens, live tails; or with a body of any length.
//!
//! Such an operation has two parts. The first one is answered like any other: until it is done, what is wrong is an
//! ordinary error. It hands over the producer, which makes the events; they are written as they come, and what goes
//! wrong by then ends the stream with an exception. The producer waits while its reader does not read, is dropped when
//! the reader goes away, and is told when the server is about to stop (`Cloud::stopping`).

use crate::body::Body;
use crate::door;
use crate::service::BoxFuture;
use model::typed::Typed;
use model::{Result, Value};
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;

/// Items that wait for their reader. Few: what is not read yet need not be made yet.
const MOST_WAITING: usize = 4;

type Producer = Box<dyn FnOnce(Sink) -> BoxFuture<Result<()>> + Send>;

/// What the first part answers: the members of the output that are no stream, and who makes the events.
pub struct Streamed<O> {
    pub(crate) output: O,
    pub(crate) produce: Producer,
}

/// Where a producer puts its events.
#[derive(Clone)]
pub struct Sink(Outlet<Value>);

/// The events of one answer, for who passes them on. Dropping it ends the producer.
pub struct EventStream {
    /// The members of the output that are no stream.
    pub output: Value,
    events: Produced<Value>,
}

/// An answer with a body that is sent as it is read: the output without its payload, and the payload.
pub struct Download<O> {
    pub output: O,
    pub body: Body,
}

/// What an operation answers.
pub enum Answer {
    Whole(Value),
    Stream(EventStream),
    Download { output: Value, body: Body },
}

/// Items that a future makes, as fast as they are taken. Dropping it ends that future.
pub(crate) struct Produced<T> {
    items: mpsc::Receiver<T>,
    /// Goes on only while somebody asks for items.
    producer: Option<BoxFuture<Result<()>>>,
    outcome: Result<()>,
}

/// Where the maker of items puts them.
pub struct Outlet<T>(mpsc::Sender<T>);

impl<T> Clone for Outlet<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Outlet<T> {
    /// Waits until there is room.
    pub async fn send(&self, item: T) {
        if self.0.send(item).await.is_err() {
            // Nobody reads on, and the producer is being dropped.
            std::future::pending().await
        }
    }
}

impl<T: Send + 'static> Produced<T> {
    pub fn new<F>(produce: impl FnOnce(Outlet<T>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (sender, items) = mpsc::channel(MOST_WAITING);
        let producer = Box::pin(door::guarded_async(produce(Outlet(sender))));
        Self { items, producer: Some(producer), outcome: Ok(()) }
    }

    /// The next item. After an error there is nothing.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(producer) = &mut self.producer
            && let Poll::Ready(outcome) = producer.as_mut().poll(cx)
        {
            self.producer = None;
            self.items.close();
            self.outcome = outcome;
        }
        match ready!(self.items.poll_recv(cx)) {
            Some(item) => Poll::Ready(Some(Ok(item))),
            None if self.producer.is_some() => Poll::Pending,
            // How it ended is the last word.
            None => Poll::Ready(std::mem::replace(&mut self.outcome, Ok(())).err().map(Err)),
        }
    }
}

impl<O> Streamed<O> {
    pub fn new<F>(output: O, produce: impl FnOnce(Sink) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self { output, produce: Box::new(move |sink| Box::pin(produce(sink))) }
    }
}

impl Sink {
    /// The stream's union with the one member that is set. Waits until there is room.
    pub async fn send(&self, event: impl Typed) {
        self.0.send(event.into_value()).await;
    }
}

impl EventStream {
    pub(crate) fn new(output: Value, produce: Producer) -> Self {
        Self { output, events: Produced::new(|outlet| produce(Sink(outlet))) }
    }

    /// The next event, a structure of one member. After an error there is nothing.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value>>> {
        self.events.poll(cx)
    }

    pub async fn next(&mut self) -> Option<Result<Value>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The whole output, with a list of all events as its member `stream`.
    pub(crate) async fn collect(mut self, stream: &'static str) -> Result<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event?);
        }
        let mut members = self.output.into_fields();
        members.retain(|(name, _)| *name != stream);
        members.push((stream, Value::List(events)));
        Ok(Value::Structure(members))
    }
}

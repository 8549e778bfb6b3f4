//! Operations that answer with a stream of events: model tokens, live tails.
//!
//! Such an operation has two parts. The first one is answered like any other: until it is done, what is wrong is an
//! ordinary error. It hands over the producer, which makes the events; they are written as they come, and what goes
//! wrong by then ends the stream with an exception. The producer waits while its reader does not read, is dropped when
//! the reader goes away, and is told when the server is about to stop (`Cloud::stopping`).

use crate::door;
use crate::service::BoxFuture;
use model::typed::Typed;
use model::{Result, Value};
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;

/// Events that wait for their reader. Few: what is not read yet need not be made yet.
const MOST_WAITING: usize = 16;

type Producer = Box<dyn FnOnce(Sink) -> BoxFuture<Result<()>> + Send>;

/// What the first part answers: the members of the output that are no stream, and who makes the events.
pub struct Streamed<O> {
    pub(crate) output: O,
    pub(crate) produce: Producer,
}

/// Where a producer puts its events.
#[derive(Clone)]
pub struct Sink(mpsc::Sender<Value>);

/// The events of one answer, for who passes them on. Dropping it ends the producer.
pub struct EventStream {
    /// The members of the output that are no stream.
    pub output: Value,
    events: mpsc::Receiver<Value>,
    /// Goes on only while somebody asks for events.
    producer: Option<BoxFuture<Result<()>>>,
    outcome: Result<()>,
}

/// What an operation answers.
pub enum Answer {
    Whole(Value),
    Stream(EventStream),
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
        if self.0.send(event.into_value()).await.is_err() {
            // Nobody reads on, and the producer is being dropped.
            std::future::pending().await
        }
    }
}

impl EventStream {
    pub(crate) fn new(output: Value, produce: Producer) -> Self {
        let (sender, events) = mpsc::channel(MOST_WAITING);
        let producer = Box::pin(door::guarded_async(produce(Sink(sender))));
        Self { output, events, producer: Some(producer), outcome: Ok(()) }
    }

    /// The next event, a structure of one member. After an error there is nothing.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Value>>> {
        if let Some(producer) = &mut self.producer
            && let Poll::Ready(outcome) = producer.as_mut().poll(cx)
        {
            self.producer = None;
            self.events.close();
            self.outcome = outcome;
        }
        match ready!(self.events.poll_recv(cx)) {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None if self.producer.is_some() => Poll::Pending,
            // How it ended is the last word.
            None => Poll::Ready(std::mem::replace(&mut self.outcome, Ok(())).err().map(Err)),
        }
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

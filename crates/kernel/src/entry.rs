//! One operation as the door and the edge see it.

use crate::body::Body;
use crate::cloud::Cloud;
use crate::cx::Cx;
use crate::resources::Question;
use crate::service::BoxFuture;
use crate::stream::{Download, EventStream};
use model::typed::{Operation, Typed};
use model::{Result, Value};
use policy::Context;
use std::any::Any;
use std::future::Future;

/// One operation.
pub struct Entry {
    /// What a policy has to allow: `sqs:SendMessage`.
    pub action: String,
    pub(crate) convert: fn(Value) -> Input,
    pub(crate) resources: ResourcesOf,
    pub(crate) conditions: Option<ConditionsOf>,
    pub(crate) headers: Option<HeadersOf>,
    pub(crate) status: Option<StatusOf>,
    pub(crate) digest: Digest,
    pub(crate) run: Run,
    /// What calls from outside of a transaction do instead.
    pub(crate) outside: Option<Conversing>,
    /// What calls from within a transaction do instead.
    pub(crate) inside: Option<Writing>,
    /// What browsers ask for with a form.
    pub(crate) form: Option<Uploading>,
}

pub(crate) type Input = Box<dyn Any + Send>;
pub(crate) type ResourcesOf = Box<dyn Fn(&Cx, &(dyn Any + Send)) -> Result<Vec<Question>> + Send + Sync>;
/// (name, value) of input and output.
pub type HeadersOf = fn(&Value, &Value) -> Vec<(&'static str, String)>;
/// The HTTP status of an output.
pub type StatusOf = fn(&Value) -> u16;
pub(crate) type ConditionsOf = Box<dyn Fn(&Cx, &(dyn Any + Send), &mut Context) + Send + Sync>;

pub(crate) type Reading = Box<dyn Fn(&Cx, Input) -> Result<Value> + Send + Sync>;
pub(crate) type Writing = Box<dyn Fn(&mut Cx, Input) -> Result<Value> + Send + Sync>;
pub(crate) type Conversing = Box<dyn Fn(Cloud, Input) -> BoxFuture<Result<Value>> + Send + Sync>;
pub(crate) type Uploading = Box<dyn Fn(Cloud, Input, Body) -> BoxFuture<Result<Value>> + Send + Sync>;
pub(crate) type Downloading = Box<dyn Fn(Cloud, Input) -> BoxFuture<Result<Download<Value>>> + Send + Sync>;
pub(crate) type Streaming = Box<dyn Fn(Cloud, Input) -> BoxFuture<Result<EventStream>> + Send + Sync>;

/// Whether a request has to say which body it has: by `Content-MD5`, or a checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    #[default]
    IfGiven,
    Needed,
}

/// What kind of operation it is.
pub(crate) enum Run {
    /// Looks only: on a snapshot, beside others.
    Read(Reading),
    /// A transaction.
    Write(Writing),
    /// Waits on the outside or moves large bodies.
    Conversation(Conversing),
    /// Answers with events, as they come.
    Stream(Streaming),
    /// Takes a body of any length, as it comes.
    Upload(Uploading),
    /// Answers with a body of any length.
    Download(Downloading),
}

impl Entry {
    /// Whether its payload is handed over as it comes.
    pub fn takes_body(&self) -> bool {
        matches!(self.run, Run::Upload(_))
    }

    pub(crate) fn convert(&self, value: Value) -> Input {
        (self.convert)(value)
    }

    pub(crate) fn questions(&self, cx: &Cx, input: &Input) -> Result<Vec<Question>> {
        (self.resources)(cx, input.as_ref())
    }

    pub(crate) fn conditions(&self, cx: &Cx, input: &Input, context: &mut Context) {
        if let Some(of) = &self.conditions {
            of(cx, input.as_ref(), context);
        }
    }

    /// Beside what the model states.
    pub fn headers(&self) -> Option<HeadersOf> {
        self.headers
    }

    pub fn status(&self) -> Option<StatusOf> {
        self.status
    }

    pub fn needs_digest(&self) -> Digest {
        self.digest
    }
}

/// What a handler that waits gives back.
pub trait Answering<T>: Future<Output = Result<T>> + Send + 'static {}

impl<T, F: Future<Output = Result<T>> + Send + 'static> Answering<T> for F {}

pub(crate) fn conversing<I: Operation, F: Answering<I::Output>>(handler: fn(Cloud, I) -> F) -> Conversing {
    Box::new(move |cloud, input| {
        let answer = handler(cloud, unwrap(input));
        Box::pin(async move { answer.await.map(Typed::into_value) })
    })
}

pub(crate) fn uploading<I: Operation, F: Answering<I::Output>>(handler: fn(Cloud, I, Body) -> F) -> Uploading {
    Box::new(move |cloud, input, body| {
        let answer = handler(cloud, unwrap(input), body);
        Box::pin(async move { answer.await.map(Typed::into_value) })
    })
}

pub(crate) fn unwrap<I: 'static>(input: Input) -> I {
    *input.downcast().expect("converted by the same entry")
}

pub(crate) fn peek<I: 'static>(input: &(dyn Any + Send)) -> &I {
    input.downcast_ref().expect("converted by the same entry")
}

//! Fake drivers: nothing leaves the process.

use bytes::Bytes;
use kernel::BoxFuture;
use kernel::driver::{
    Drivers, Event, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, InvokeResult, LogSink, Outcome, Sandbox,
    StartError,
};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Notify;

/// What a fake function does with an event; given its handler's name.
pub type Behaviour = Arc<dyn Fn(&str, &Bytes) -> Deed + Send + Sync>;

/// How a fake function answers.
pub enum Deed {
    Now(InvokeResult),
    /// It hangs until it is told to answer, or its sandbox is gone.
    Late(InvokeResult, Arc<Notify>),
}

/// Functions that behave as `behaviour` says, and no network.
pub fn fake(behaviour: Behaviour) -> Drivers {
    Drivers { functions: Arc::new(Fakes(behaviour)), http: Arc::new(NoNetwork) }
}

/// Functions that answer with the event they got.
pub fn echoing() -> Drivers {
    fake(Arc::new(|_, event| Deed::Now(InvokeResult::Response(event.clone()))))
}

struct Fakes(Behaviour);

impl Functions for Fakes {
    fn start(&self, spec: FunctionSpec, _: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        let it: Box<dyn Sandbox> = Box::new(Fake { behaviour: self.0.clone(), handler: spec.handler, ended: false });
        Box::pin(async { Ok(it) })
    }
}

struct Fake {
    behaviour: Behaviour,
    handler: String,
    ended: bool,
}

impl Sandbox for Fake {
    fn invoke<'s>(&'s mut self, event: Event) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>> {
        let (result, late) = match (self.behaviour)(&self.handler, &event.payload) {
            Deed::Now(result) => (result, None),
            Deed::Late(result, until) => (result, Some(until)),
        };
        self.ended = matches!(result, InvokeResult::TimedOut | InvokeResult::Exited(_));
        Box::pin(async {
            // Others get a turn between what a function does and what it answers: a crash may come in between.
            match late {
                Some(until) => until.notified_owned().await,
                None => tokio::task::yield_now().await,
            }
            Outcome { result, duration_ms: 1.0, max_memory_mb: 32 }
        })
    }

    fn is_ready(&self) -> bool {
        !self.ended
    }

    fn init_ms(&self) -> f64 {
        1.0
    }

    fn notices(&self) -> Vec<String> {
        Vec::new()
    }
}

struct NoNetwork;

impl Http for NoNetwork {
    fn send(&self, call: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        Box::pin(async move { Err(format!("{}: there is no network in a simulated world", call.url)) })
    }
}

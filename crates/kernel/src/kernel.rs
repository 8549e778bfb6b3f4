//! Niebla's core: the store, the clock, the services, and the way in.

use crate::body::Body;
use crate::caller::{Caller, Credential, Principal};
use crate::clock::{self, Clock};
use crate::cloud::Cloud;
use crate::cx::{Cx, Tx, WriteError};
use crate::door;
use crate::driver::{Drivers, ModelServer};
use crate::entropy::Entropy;
use crate::entry::{Entry, Input, Run};
use crate::job;
use crate::memory::Memory;
use crate::policies::PolicyCache;
use crate::service::{BoxFuture, Service};
use crate::stream::{Answer, Download};
use crate::trail::{self, Trail};
use bytes::Bytes;
use model::{ErrorShape, Result, ShapeId, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Kernel {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub drivers: Drivers,
    pub settings: Settings,
    pub services: BTreeMap<&'static str, Arc<Service>>,
    pub(crate) policies: PolicyCache,
    pub(crate) trail: Trail,
    memory: Memory,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
}

/// What the configuration says and services may want to know.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where functions and answers find us: `http://127.0.0.1:4566`.
    pub endpoint: String,
    pub version: &'static str,
    /// Answers for Bedrock's models; without one, the offline model does.
    pub model_server: Option<ModelServer>,
}

pub const NOT_IMPLEMENTED: ErrorShape = ErrorShape::receiver("NotImplemented").status(501);

impl Kernel {
    pub fn new(
        store: Store,
        clock: Clock,
        entropy: Entropy,
        drivers: Drivers,
        settings: Settings,
        services: Vec<Service>,
    ) -> Arc<Self> {
        let services = services.into_iter().map(|it| (it.name, Arc::new(it))).collect();
        Arc::new(Self {
            store,
            clock,
            entropy,
            drivers,
            settings,
            services,
            policies: PolicyCache::default(),
            trail: Trail::default(),
            memory: Memory::default(),
            tasks: Mutex::default(),
            stop: watch::Sender::new(false),
        })
    }

    /// Starts what runs by itself: the job loop and the services' reconcilers. Call once, inside the runtime.
    pub fn start(self: &Arc<Self>) {
        let mut tasks = self.tasks.lock().expect("no panic while a task is noted");
        let mut run = |name: String, make: Box<dyn Fn(Arc<Kernel>) -> BoxFuture<()> + Send>| {
            tasks.push(tokio::spawn(supervise(self.clone(), name, make)));
        };
        run("transaction jobs".to_owned(), Box::new(|it| Box::pin(job::run_transactions(it))));
        run("conversation jobs".to_owned(), Box::new(|it| Box::pin(job::run_conversations(it))));
        run("the trail".to_owned(), Box::new(|it| Box::pin(trail::write(it))));
        for service in self.services.values() {
            for reconciler in service.reconcilers.clone() {
                let name = service.name;
                run(format!("a reconciler of {name}"), Box::new(move |it| reconciler(it.as_service(name))));
            }
        }
    }

    /// A job by its name.
    pub(crate) fn job(&self, name: &str) -> Option<&job::JobEntry> {
        self.services.values().find_map(|it| it.jobs.get(name))
    }

    /// One operation, as one caller: through the door. The input need not have been checked.
    pub async fn call(
        self: &Arc<Self>,
        caller: Arc<Caller>,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value> {
        let named = self.entry(service, operation)?;
        match self.answer(caller, &named, input, None).await? {
            Answer::Whole(output) => Ok(door::plain(&named, output)),
            Answer::Download { output, body } => {
                let mut members = output.into_fields();
                if let Some(name) = payload(&named, named.operation.output) {
                    members.push((name, Value::Blob(body.collect().await?)));
                }
                Ok(Value::Structure(members))
            }
            Answer::Stream(events) => {
                let stream = named.service.model().event_stream(named.operation.output);
                events.collect(stream.expect("what streams has a stream in its model").name).await
            }
        }
    }

    /// The same for who has found the operation already, and passes events and bodies on as they come. `body` is the
    /// payload of what [takes one](Entry::takes_body); without it, the input holds it.
    pub async fn answer(
        self: &Arc<Self>,
        caller: Arc<Caller>,
        named: &Named,
        input: Value,
        body: Option<Body>,
    ) -> Result<Answer> {
        let outcome = match door::check(&named.service, named.operation, &input) {
            Err(error) => Err(error),
            Ok(()) => match (&named.entry.run, &named.entry.outside) {
                (Run::Conversation(run), _) | (Run::Write(_), Some(run)) => {
                    self.converse(&caller, named, input, run).await.map(Answer::Whole)
                }
                (Run::Write(_), None) => self.transact(caller.clone(), named.clone(), input).await.map(Answer::Whole),
                (Run::Read(_), _) => self.look(&caller, named, input).map(Answer::Whole),
                (Run::Stream(run), _) => self.converse(&caller, named, input, run).await.map(Answer::Stream),
                (Run::Upload(run), _) => {
                    let (input, body) = match body {
                        Some(body) => (input, body),
                        None => payload_apart(named, input),
                    };
                    let run = |cloud, input| run(cloud, input, body);
                    self.converse(&caller, named, input, run).await.map(Answer::Whole)
                }
                (Run::Download(run), _) => {
                    let answer = self.converse(&caller, named, input, run).await;
                    answer.map(|Download { output, body }| Answer::Download { output, body })
                }
            },
        };
        self.trail.record(&caller, named, self.clock.now(), &outcome);
        outcome
    }

    /// The same for an upload that a browser's form asks for.
    pub async fn answer_form(
        self: &Arc<Self>,
        caller: Arc<Caller>,
        named: &Named,
        input: Value,
        body: Body,
    ) -> Result<Value> {
        let run = named.entry.form.as_ref().expect("whoever reads forms names an operation that takes them");
        let outcome = match door::check(&named.service, named.operation, &input) {
            Err(error) => Err(error),
            Ok(()) => self.converse(&caller, named, input, |cloud, input| run(cloud, input, body)).await,
        };
        self.trail.record(&caller, named, self.clock.now(), &outcome);
        outcome
    }

    pub fn entry(&self, service: &str, operation: &str) -> Result<Named> {
        let missing = || NOT_IMPLEMENTED.with(format!("Niebla does not implement {service}:{operation}."));
        let known = self.services.get(service).ok_or_else(missing)?;
        let (name, entry) = known.operations.get_key_value(operation).ok_or_else(missing)?;
        let operation = known.model().operation(name).ok_or_else(missing)?;
        Ok(Named { service: known.clone(), operation, entry: entry.clone() })
    }

    /// The key that signed a request.
    pub fn credential(self: &Arc<Self>, access_key: &str) -> Option<Credential> {
        let nobody = Caller::internal(Principal::Anonymous, "us-east-1", String::new());
        self.cloud(Arc::new(nobody))
            .read(|cx| self.services.values().filter_map(|it| it.credential).find_map(|find| find(cx, access_key)))
    }

    /// What a service keeps in memory, by its type; made at first use. Never truth: the store is.
    pub fn memory<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.memory.of()
    }

    /// Whether a job is due and not done yet. For tests, which move the clock and want to see what that did.
    pub fn has_due_jobs(&self) -> bool {
        job::any_due(self)
    }

    /// Stops what runs by itself, and writes down what is only noted.
    pub async fn close(self: &Arc<Self>) {
        self.abandon().await;
        trail::flush(self).await;
    }

    /// Tells streams and whoever else would go on for long that the server is about to stop.
    pub fn announce_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns once that was announced.
    pub async fn stopping(&self) {
        let mut stop = self.stop.subscribe();
        // The sender is ours, so this ends with the announcement alone.
        let _ = stop.wait_for(|stopping| *stopping).await;
    }

    /// Stops what runs by itself and forgets the rest, as a crash would: for the simulator.
    pub async fn abandon(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().expect("no panic while a task is noted"));
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
        self.forget();
    }

    /// Lets go of what services keep in memory.
    pub fn forget(&self) {
        self.memory.forget();
    }

    pub fn cloud(self: &Arc<Self>, caller: Arc<Caller>) -> Cloud {
        Cloud::new(self.clone(), caller)
    }

    /// Niebla's own view, for background work of a service.
    pub fn as_service(self: &Arc<Self>, service: &str) -> Cloud {
        let principal = Principal::service("000000000000", format!("{service}.amazonaws.com"));
        self.cloud(Arc::new(Caller::internal(principal, "us-east-1", self.entropy.uuid())))
    }

    fn look(self: &Arc<Self>, caller: &Arc<Caller>, named: &Named, input: Value) -> Result<Value> {
        let now = self.clock.now();
        self.store.read(|reader| {
            let mut cx = Cx::new(Tx::Read(reader), self, caller.clone(), now);
            door::pass(&mut cx, named, input)
        })
    }

    async fn transact(self: &Arc<Self>, caller: Arc<Caller>, named: Named, input: Value) -> Result<Value> {
        let this = self.clone();
        let done = self.store.write(move |transaction| {
            let mut cx = Cx::new(Tx::Write(transaction), &this, caller, this.clock.now());
            Ok::<_, WriteError>(door::pass(&mut cx, &named, input)?)
        });
        done.await.map_err(Into::into)
    }

    async fn converse<T>(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        named: &Named,
        input: Value,
        run: impl FnOnce(Cloud, Input) -> BoxFuture<Result<T>>,
    ) -> Result<T> {
        let cloud = self.cloud(caller.clone());
        let input = named.entry.convert(input);
        let resources = cloud.read(|cx| door::admit(cx, named, &input));
        let place = resources?.first().map_or(cloud.clone(), |arn| cloud.in_place_of(arn));
        door::guarded_async(run(place, input)).await
    }
}

/// The name of the member that is the body.
fn payload(named: &Named, shape: Option<ShapeId>) -> Option<&'static str> {
    let structure = named.service.model().structure(shape?)?;
    structure.payload_member().map(|it| it.name)
}

/// The input without its payload, and the payload.
fn payload_apart(named: &Named, input: Value) -> (Value, Body) {
    let name = payload(named, named.operation.input);
    let mut members = input.into_fields();
    let at = members.iter().position(|it| Some(it.0) == name);
    let body = match at.map(|at| members.remove(at).1) {
        Some(Value::Blob(bytes)) => bytes,
        _ => Bytes::new(),
    };
    (Value::Structure(members), Body::whole(body))
}

/// What runs as long as Niebla does is started again after a panic. It holds no truth, so it may begin anew.
async fn supervise(kernel: Arc<Kernel>, name: String, make: Box<dyn Fn(Arc<Kernel>) -> BoxFuture<()> + Send>) {
    loop {
        let run = make(kernel.clone());
        let ended = door::guarded_async(async move {
            run.await;
            Ok(())
        });
        match ended.await {
            Ok(()) => return,
            Err(_) => tracing::error!("{name} stopped, as said above, and is started again"),
        }
        clock::rest(AFTER_A_PANIC).await;
    }
}

/// What panics at once must not keep a core busy.
const AFTER_A_PANIC: Duration = Duration::from_millis(200);

/// An operation found by name. Cheap to clone.
#[derive(Clone)]
pub struct Named {
    pub service: Arc<Service>,
    pub operation: &'static model::Operation,
    pub entry: Arc<Entry>,
}

//! A service's table of contents: each operation, whom it may be asked of, and who answers.
//!
//! Everything that the door, the job loop, the edge and the reports know of a service stands here, once.

use crate::body::Body;
use crate::caller::{Credential, Principal};
use crate::cloud::Cloud;
use crate::cx::Cx;
use crate::entry::{Answering, Digest, Entry, HeadersOf, Run, StatusOf, conversing, peek, unwrap, uploading};
use crate::identity::{Identity, ResourcePolicy, Role};
use crate::job::{Job, JobEntry};
use crate::refusal::{Refusal, access_denied, validation_error};
use crate::resource::ResourceType;
use crate::resources::Resources;
use crate::source::Source;
use crate::stream::{Download, EventStream, Streamed};
use crate::web::{CrossOrigin, Web};
use model::typed::{Operation, Typed};
use model::{Error, Result, Violations};
use policy::Context;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub struct Service {
    /// The service's folder in `models/`.
    pub name: &'static str,
    /// What its actions begin with: `sqs`, and `bedrock` for `bedrock-runtime`.
    pub prefix: &'static str,
    pub operations: BTreeMap<&'static str, Arc<Entry>>,
    pub jobs: BTreeMap<&'static str, JobEntry>,
    pub resource_types: Vec<&'static ResourceType>,
    pub sources: Vec<&'static Source>,
    pub reconcilers: Vec<fn(Cloud) -> BoxFuture<()>>,
    /// Finds the key that signed a request. IAM and STS have one.
    pub credential: Option<fn(&Cx, &str) -> Option<Credential>>,
    /// Finds what a principal may do. IAM has one.
    pub identity: Option<fn(&Cx, &Principal) -> Identity>,
    /// Finds a role by its ARN, in the place of its account. IAM has one.
    pub role: Option<fn(&Cx, &str) -> Option<Role>>,
    /// Finds the unique id of a user or a role by its ARN, in the place of its account. IAM has one.
    pub principal_id: Option<fn(&Cx, &str) -> Option<String>>,
    /// Finds the text in force of a managed policy by its ARN, in the place of its account. IAM has one.
    pub managed_policy: Option<fn(&Cx, &str) -> Option<String>>,
    /// Finds the tags of a resource by its ARN, in the resource's place, for `aws:ResourceTag/…`.
    pub resource_tags: Option<TagsOf>,
    /// Finds the policy of a resource that operations of this service are about, by ARN, in the resource's place.
    pub resource_policy: Option<fn(&Cx, &str) -> Option<ResourcePolicy>>,
    /// Whether an unsigned request's path names something of this service's. S3 knows its buckets.
    pub known_path: Option<fn(&Cx, &str) -> bool>,
    /// Requests that are no calls. S3 has a part.
    pub web: Option<Web>,
    /// What pages of other origins may do with resources of this service. S3 has rules.
    pub cross_origin: Option<CrossOrigin>,
    /// Finds the account of a resource whose ARN does not state it.
    pub owner: Option<fn(&Cx, &str) -> Option<String>>,
    /// What the configuration can switch on.
    switches: Vec<(&'static Switch, bool)>,
    /// How the service words what its model forbids.
    pub invalid: fn(&'static model::Service, &Violations) -> Result<()>,
    /// How the service words what the door refuses.
    pub(crate) refused: fn(&Service, &Refusal) -> Error,
    model: OnceLock<&'static model::Service>,
    last: &'static str,
}

/// Something of AWS's that is off unless the configuration switches it on.
pub struct Switch {
    /// `sqs.queue-deleted-recently`.
    pub name: &'static str,
}

pub type TagsOf = fn(&Cx, &str) -> Vec<(String, String)>;

impl Service {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            prefix: name,
            operations: BTreeMap::new(),
            jobs: BTreeMap::new(),
            resource_types: Vec::new(),
            sources: Vec::new(),
            reconcilers: Vec::new(),
            credential: None,
            identity: None,
            role: None,
            principal_id: None,
            managed_policy: None,
            resource_tags: None,
            resource_policy: None,
            known_path: None,
            web: None,
            cross_origin: None,
            owner: None,
            switches: Vec::new(),
            invalid: validation_error,
            refused: access_denied,
            model: OnceLock::new(),
            last: "",
        }
    }

    /// Its model, read when it is first asked for.
    pub fn model(&self) -> &'static model::Service {
        self.model.get_or_init(|| model::service(self.name).expect("a service is named as its model is"))
    }

    /// For services that do not say `1 validation error detected`, or that let pass what their model forbids.
    pub fn invalid_as(mut self, word: fn(&'static model::Service, &Violations) -> Result<()>) -> Self {
        self.invalid = word;
        self
    }

    /// For services that do not say `AccessDenied`, or that give the decision along, encoded.
    pub fn refused_as(mut self, word: fn(&Service, &Refusal) -> Error) -> Self {
        self.refused = word;
        self
    }

    /// Before the operations, where IAM's name for the service is not the model's.
    pub fn iam_prefix(mut self, prefix: &'static str) -> Self {
        assert!(self.operations.is_empty(), "the prefix is part of every action that follows");
        self.prefix = prefix;
        self
    }

    /// A transaction.
    pub fn op<I: Operation, R: Into<Resources>>(
        self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        handler: fn(&mut Cx, I) -> Result<I::Output>,
    ) -> Self {
        let run = Run::Write(Box::new(move |cx, input| handler(cx, unwrap(input)).map(Typed::into_value)));
        self.entry::<I, R>(resources, run)
    }

    /// A transaction that only looks: it takes `&Cx`, so it cannot write, and runs beside others.
    pub fn read<I: Operation, R: Into<Resources>>(
        self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        handler: fn(&Cx, I) -> Result<I::Output>,
    ) -> Self {
        let run = Run::Read(Box::new(move |cx, input| handler(cx, unwrap(input)).map(Typed::into_value)));
        self.entry::<I, R>(resources, run)
    }

    /// A conversation with the outside.
    pub fn conversation<I: Operation, R: Into<Resources>, F: Answering<I::Output>>(
        self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        handler: fn(Cloud, I) -> F,
    ) -> Self {
        self.entry::<I, R>(resources, Run::Conversation(conversing(handler)))
    }

    /// The operation just named, a transaction, is this conversation where it is called from outside: what is heavy about
    /// it is then done beside the store. A call within a transaction stays in it.
    pub fn from_outside<I: Operation, F: Answering<I::Output>>(mut self, handler: fn(Cloud, I) -> F) -> Self {
        assert_eq!(I::NAME, self.last, "follows its operation");
        self.last_entry().outside = Some(conversing(handler));
        self
    }

    /// The operation just named, a conversation, is this where it is called from within a transaction, which cannot wait:
    /// bodies are members of input and output then.
    pub fn within<I: Operation>(mut self, handler: fn(&mut Cx, I) -> Result<I::Output>) -> Self {
        assert_eq!(I::NAME, self.last, "follows its operation");
        self.last_entry().inside = Some(Box::new(move |cx, input| handler(cx, unwrap(input)).map(Typed::into_value)));
        self
    }

    /// A conversation whose output is a stream of events.
    pub fn stream<I: Operation, R: Into<Resources>, F: Answering<Streamed<I::Output>>>(
        self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        handler: fn(Cloud, I) -> F,
    ) -> Self {
        let run = Run::Stream(Box::new(move |cloud, input| {
            let answer = handler(cloud, unwrap(input));
            Box::pin(async move {
                let streamed = answer.await?;
                Ok(EventStream::new(streamed.output.into_value(), streamed.produce))
            })
        }));
        self.entry::<I, R>(resources, run)
    }

    /// A conversation whose payload comes as a stream: the input is without it. Who may not call it is refused before the
    /// body is read.
    pub fn upload<I: Operation, R: Into<Resources>, F: Answering<I::Output>>(
        self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        handler: fn(Cloud, I, Body) -> F,
    ) -> Self {
        self.entry::<I, R>(resources, Run::Upload(uploading(handler)))
    }

    /// A conversation whose payload goes out as a stream.
    pub fn download<I: Operation, R: Into<Resources>, F: Answering<Download<I::Output>>>(
        self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        handler: fn(Cloud, I) -> F,
    ) -> Self {
        let run = Run::Download(Box::new(move |cloud, input| {
            let answer = handler(cloud, unwrap(input));
            Box::pin(async move {
                let Download { output, body } = answer.await?;
                Ok(Download { output: output.into_value(), body })
            })
        }));
        self.entry::<I, R>(resources, run)
    }

    /// The operation just named, an upload, is this where a browser asks for it with a form.
    pub fn by_form<I: Operation, F: Answering<I::Output>>(mut self, handler: fn(Cloud, I, Body) -> F) -> Self {
        assert_eq!(I::NAME, self.last, "follows its operation");
        self.last_entry().form = Some(uploading(handler));
        self
    }

    /// The operation just named is checked as this action: Invoke as `lambda:InvokeFunction`.
    pub fn checked_as(mut self, action: &str) -> Self {
        self.last_entry().action = action.to_owned();
        self
    }

    /// Condition keys of the operation just named, beside the global ones.
    pub fn conditions<I: Operation>(mut self, of: impl Fn(&Cx, &I, &mut Context) + Send + Sync + 'static) -> Self {
        self.last_entry().conditions = Some(Box::new(move |cx, input, context| of(cx, peek(input), context)));
        self
    }

    /// Headers that AWS sends with the answer of the operation just named, though its model does not state them.
    pub fn headers(mut self, of: HeadersOf) -> Self {
        self.last_entry().headers = Some(of);
        self
    }

    /// The operation just named is refused without a digest of its body. Models say so of operations that do without.
    pub fn digest_needed(mut self) -> Self {
        self.last_entry().digest = Digest::Needed;
        self
    }

    /// The HTTP status of the operation just named, where it depends on the output.
    pub fn status(mut self, of: StatusOf) -> Self {
        self.last_entry().status = Some(of);
        self
    }

    /// What the service does later.
    pub fn job<P>(mut self, job: &'static Job<P>, handler: fn(&mut Cx, P) -> Result<()>) -> Self
    where
        P: Serialize + DeserializeOwned + Send + 'static,
    {
        self.jobs.insert(job.name, JobEntry::transaction(job, handler));
        self
    }

    /// What the service does later, waiting on the outside. May be carried out twice if the power goes.
    pub fn job_conversation<P, F>(mut self, job: &'static Job<P>, handler: fn(Cloud, P) -> F) -> Self
    where
        P: Serialize + DeserializeOwned + Send + 'static,
        F: Answering<()>,
    {
        self.jobs.insert(job.name, JobEntry::conversation(job, handler));
        self
    }

    /// A resource type of CloudFormation.
    pub fn resource(mut self, resource_type: &'static ResourceType) -> Self {
        self.resource_types.push(resource_type);
        self
    }

    /// Something that can be read as a stream.
    pub fn source(mut self, source: &'static Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Runs as long as Niebla does and brings the world in line with what is stored; started anew after a crash.
    pub fn reconciler(mut self, run: fn(Cloud) -> BoxFuture<()>) -> Self {
        self.reconcilers.push(run);
        self
    }

    pub fn credentials(mut self, find: fn(&Cx, &str) -> Option<Credential>) -> Self {
        self.credential = Some(find);
        self
    }

    pub fn identities(mut self, find: fn(&Cx, &Principal) -> Identity) -> Self {
        self.identity = Some(find);
        self
    }

    pub fn roles(mut self, find: fn(&Cx, &str) -> Option<Role>) -> Self {
        self.role = Some(find);
        self
    }

    pub fn principal_ids(mut self, find: fn(&Cx, &str) -> Option<String>) -> Self {
        self.principal_id = Some(find);
        self
    }

    pub fn managed_policies(mut self, find: fn(&Cx, &str) -> Option<String>) -> Self {
        self.managed_policy = Some(find);
        self
    }

    pub fn resource_tags(mut self, find: TagsOf) -> Self {
        self.resource_tags = Some(find);
        self
    }

    pub fn resource_policies(mut self, find: fn(&Cx, &str) -> Option<ResourcePolicy>) -> Self {
        self.resource_policy = Some(find);
        self
    }

    pub fn known_path(mut self, knows: fn(&Cx, &str) -> bool) -> Self {
        self.known_path = Some(knows);
        self
    }

    pub fn web(mut self, web: Web) -> Self {
        self.web = Some(web);
        self
    }

    pub fn cross_origin(mut self, rules: CrossOrigin) -> Self {
        self.cross_origin = Some(rules);
        self
    }

    /// For ARNs that state no account: S3's.
    pub fn owners(mut self, find: fn(&Cx, &str) -> Option<String>) -> Self {
        self.owner = Some(find);
        self
    }

    /// Something that the configuration can switch on.
    pub fn switch(mut self, switch: &'static Switch) -> Self {
        self.switches.push((switch, false));
        self
    }

    /// Switches something on by its name; whether this service has it.
    pub fn switch_on(&mut self, name: &str) -> bool {
        let found = self.switches.iter_mut().find(|(switch, _)| switch.name == name);
        found.map(|(_, on)| *on = true).is_some()
    }

    pub fn switches(&self) -> impl Iterator<Item = &'static Switch> {
        self.switches.iter().map(|(switch, _)| *switch)
    }

    pub(crate) fn is_on(&self, switch: &Switch) -> bool {
        self.switches.iter().any(|(it, on)| *on && it.name == switch.name)
    }

    fn entry<I: Operation, R: Into<Resources>>(
        mut self,
        resources: impl Fn(&Cx, &I) -> R + Send + Sync + 'static,
        run: Run,
    ) -> Self {
        assert_eq!(I::SERVICE, self.name, "{} belongs to another service", I::NAME);
        let entry = Entry {
            action: format!("{}:{}", self.prefix, I::NAME),
            convert: |value| Box::new(I::from_value(value)),
            resources: Box::new(move |cx, input| resources(cx, peek(input)).into().0),
            conditions: None,
            headers: None,
            status: None,
            digest: Digest::IfGiven,
            run,
            outside: None,
            inside: None,
            form: None,
        };
        let before = self.operations.insert(I::NAME, Arc::new(entry));
        assert!(before.is_none(), "{} is named twice", I::NAME);
        self.last = I::NAME;
        self
    }

    fn last_entry(&mut self) -> &mut Entry {
        let entry = self.operations.get_mut(self.last).expect("follows an operation");
        Arc::get_mut(entry).expect("nobody else has it before the kernel does")
    }
}

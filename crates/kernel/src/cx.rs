//! What a handler is given: the caller, the time, the tables, and the other services. Nothing else exists for it.

use crate::access_key;
use crate::caller::{Caller, Principal};
use crate::door;
use crate::identity::Role;
use crate::job::{self, Job};
use crate::kernel::Kernel;
use crate::service::{Service, Switch};
use crate::trail::{LAST_USES, LastUse};
use model::typed::{Operation, Typed};
use model::{Error, ErrorShape, Result, Timestamp, Value};
use serde::{Serialize, de::DeserializeOwned};
use std::ops::ControlFlow;
use std::sync::Arc;
use store::{BlobId, Direction, Key, KeyOwned, Place, Reader, Span, StoreError, Table, Transaction};

/// A transaction as its handler sees it. Everything in it happens at one time, or not at all.
pub struct Cx<'a> {
    tx: Tx<'a>,
    kernel: &'a Arc<Kernel>,
    caller: Arc<Caller>,
    account: String,
    region: String,
    now: Timestamp,
    depth: u32,
    wake_at: Option<Timestamp>,
}

pub(crate) enum Tx<'a> {
    Read(&'a Reader),
    Write(&'a mut Transaction),
}

/// Calls within calls go no deeper: a chain this long is a circle.
const MOST_NESTED_CALLS: u32 = 32;

pub const INTERNAL_FAILURE: ErrorShape = ErrorShape::receiver("InternalFailure");
const SERVICE_UNAVAILABLE: ErrorShape = ErrorShape::receiver("ServiceUnavailable").status(503);

impl<'a> Cx<'a> {
    pub(crate) fn new(tx: Tx<'a>, kernel: &'a Arc<Kernel>, caller: Arc<Caller>, now: Timestamp) -> Self {
        let (account, region) = (caller.account().to_owned(), caller.region.clone());
        Self { tx, kernel, caller, account, region, now, depth: 0, wake_at: None }
    }

    /// The same for the whole transaction.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A fresh UUID.
    pub fn id(&self) -> String {
        self.kernel.entropy.uuid()
    }

    /// Random characters of an alphabet, fit for secrets.
    pub fn random_text(&self, length: usize, alphabet: &[u8]) -> String {
        self.kernel.entropy.text(length, alphabet)
    }

    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.kernel.entropy.fill(&mut bytes);
        bytes
    }

    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub fn request_id(&self) -> &str {
        &self.caller.request_id
    }

    /// Where the resource lives that the operation is about: its account, which may not be the caller's.
    pub fn account(&self) -> &str {
        &self.account
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn partition(&self) -> &'static str {
        "aws"
    }

    pub fn kernel(&self) -> &Arc<Kernel> {
        self.kernel
    }

    /// Whether the configuration switched it on.
    pub fn is_on(&self, switch: &Switch) -> bool {
        self.kernel.services.values().any(|it| it.is_on(switch))
    }

    /// `arn:aws:sqs:us-east-1:000000000000:jobs`, in the place where the transaction runs.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        self.arn_of(service, &self.region, &self.account, resource)
    }

    /// The same for services without regions: `arn:aws:iam::000000000000:role/r`.
    pub fn global_arn(&self, service: &str, resource: &str) -> String {
        self.arn_of(service, "", &self.account, resource)
    }

    /// The same in any place.
    pub fn arn_of(&self, service: &str, region: &str, account: &str, resource: &str) -> String {
        // Nearly every call makes one, and formatting takes some times as long.
        ["arn:", self.partition(), ":", service, ":", region, ":", account, ":", resource].concat()
    }

    pub fn get<V: DeserializeOwned>(&self, table: &Table<V>, key: &(impl Key + ?Sized)) -> Option<V> {
        self.reader().get(table, self.place(), key)
    }

    /// The same, shared with other calls that read the same record and do not change it: cheaper for what nearly every call
    /// asks for, such as the queue that it is about.
    pub fn shared<V: DeserializeOwned>(&self, table: &Table<V>, key: &(impl Key + ?Sized)) -> Option<Arc<V>> {
        self.reader().shared(table, self.place(), key)
    }

    pub fn has<V>(&self, table: &Table<V>, key: &(impl Key + ?Sized)) -> bool {
        self.reader().contains(table, self.place(), key)
    }

    /// At most `limit` records, in key order.
    pub fn range<V: DeserializeOwned>(&self, table: &Table<V>, span: impl Into<Span>, limit: usize) -> Vec<V> {
        self.reader().values(table, self.place(), span, Direction::Forward, limit)
    }

    /// At most `limit` records, from the end of the span.
    pub fn range_back<V: DeserializeOwned>(&self, table: &Table<V>, span: impl Into<Span>, limit: usize) -> Vec<V> {
        self.reader().values(table, self.place(), span, Direction::Backward, limit)
    }

    /// At most `limit` keys with their records, in key order.
    pub fn rows<K: KeyOwned, V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        span: impl Into<Span>,
        limit: usize,
    ) -> Vec<(K, V)> {
        self.reader().range(table, self.place(), span, Direction::Forward, limit)
    }

    /// Shows records, one after the other, until `look` has seen enough: for pages that end with their size.
    pub fn visit<V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        span: impl Into<Span>,
        direction: Direction,
        look: impl FnMut(V) -> ControlFlow<()>,
    ) {
        self.reader().each(table, self.place(), span, direction, look);
    }

    /// At most `limit` keys, in order.
    pub fn keys<K: KeyOwned, V>(&self, table: &Table<V>, span: impl Into<Span>, limit: usize) -> Vec<K> {
        self.reader().keys(table, self.place(), span, Direction::Forward, limit)
    }

    /// All records of a table, wherever they are: (account, region, key, record). For reconcilers, at their start.
    pub fn everywhere<K: KeyOwned, V: DeserializeOwned>(&self, table: &Table<V>) -> Vec<(String, String, K, V)> {
        self.reader().everywhere(table)
    }

    pub fn put<V: Serialize>(&mut self, table: &Table<V>, key: &(impl Key + ?Sized), value: &V) {
        let place = Place { account: &self.account, region: &self.region };
        writable(&mut self.tx).put(table, place, key, value).expect("the models bound what keys are made of");
    }

    pub fn delete<V>(&mut self, table: &Table<V>, key: &(impl Key + ?Sized)) {
        let place = Place { account: &self.account, region: &self.region };
        writable(&mut self.tx).delete(table, place, key);
    }

    /// Keeps a body of some megabytes, named by a row that this transaction writes. Larger ones are streamed to a blob
    /// before their transaction.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<BlobId> {
        let blobs = self.kernel.store.blobs();
        let written = blobs.create().and_then(|mut blob| {
            blob.write(bytes)?;
            blob.finish()
        });
        let blob = written.map_err(|error| {
            tracing::error!("a blob cannot be written: {error}");
            SERVICE_UNAVAILABLE.with(format!("Niebla cannot store this: {error}."))
        })?;
        writable(&mut self.tx).retain_blob(blob.id()).expect("it is new");
        Ok(blob.id())
    }

    /// A row that this transaction writes names a blob that was written before; or one more row names it.
    ///
    /// # Errors
    /// The blob is gone.
    pub fn retain_blob(&mut self, id: BlobId) -> Result<()> {
        writable(&mut self.tx).retain_blob(id).map_err(|error| internal(format!("{error}")))
    }

    /// The row that named a blob is gone.
    pub fn release_blob(&mut self, id: BlobId) {
        writable(&mut self.tx).release_blob(id).expect("the row that named it held it");
    }

    /// Whether the caller's policies, and the resource's, allow an operation; nothing is done and nothing recorded.
    pub fn may(&self, service: &str, operation: &str, arn: &str) -> bool {
        self.kernel.entry(service, operation).is_ok_and(|named| door::allows(self, &named, arn))
    }

    /// Refuses, in the words of `service`, what the caller's own policies do not allow: an action that is no operation of its
    /// own but part of one, such as `iam:PassRole` on the role that a new function is given.
    pub fn require(
        &self,
        service: &str,
        action: &str,
        arn: &str,
        conditions: impl FnOnce(&mut policy::Context),
    ) -> Result<()> {
        door::authorize(self, self.asking(service), action, arn, (None, None), conditions)
    }

    /// The same where the resource's own policy has a say too: `sts:TagSession` and a role's trust policy.
    pub fn require_of(
        &self,
        service: &str,
        action: &str,
        arn: &str,
        conditions: impl FnOnce(&mut policy::Context),
    ) -> Result<()> {
        let service = self.asking(service);
        door::authorize(self, service, action, arn, (None, door::policy_of(self, service, arn)), conditions)
    }

    fn asking(&self, service: &str) -> &Service {
        self.kernel.services.get(service).expect("a service asks for itself")
    }

    /// Calls another operation, of any service, through the door, as the same caller. An error undoes what it wrote.
    pub fn call<I: Operation>(&mut self, input: I) -> Result<I::Output> {
        self.call_by_name(I::SERVICE, I::NAME, input.into_value()).map(Typed::from_value)
    }

    /// The same by name, for what is known only at run time.
    pub fn call_by_name(&mut self, service: &str, operation: &str, input: Value) -> Result<Value> {
        let caller = self.caller.clone();
        self.nested(caller, |cx| door::enter(cx, service, operation, input))
    }

    /// Runs `inside` as somebody else, in their account; an error undoes what it wrote.
    pub fn acting_as<T>(&mut self, principal: Principal, inside: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        let caller = self.caller.acting_as(principal, self.now);
        self.nested(Arc::new(caller), inside)
    }

    /// Runs `inside` as the same caller, on whose behalf the service calls: `cloudformation.amazonaws.com`. An error undoes
    /// what it wrote.
    pub fn via<T>(&mut self, service: &str, inside: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        let caller = Caller { via: Some(service.to_owned()), ..Caller::clone(&self.caller) };
        let place = (self.account.clone(), self.region.clone());
        self.nested(Arc::new(caller), |cx| {
            (cx.account, cx.region) = place;
            inside(cx)
        })
    }

    /// A role of any account, without asking whether the caller may see it: for trust, not for answers.
    pub fn role(&self, arn: &str) -> Option<Role> {
        let find = self.kernel.services.values().find_map(|it| it.role)?;
        self.look_in_place_of(arn, |cx| find(cx, arn))
    }

    /// The unique id of a user or a role of any account, by its ARN.
    pub fn principal_id(&self, arn: &str) -> Option<String> {
        let find = self.kernel.services.values().find_map(|it| it.principal_id)?;
        self.look_in_place_of(arn, |cx| find(cx, arn))
    }

    /// The text of a managed policy that is in force, of any account, without asking whether the caller may see it.
    pub fn managed_policy(&self, arn: &str) -> Option<String> {
        let find = self.kernel.services.values().find_map(|it| it.managed_policy)?;
        self.look_in_place_of(arn, |cx| find(cx, arn))
    }

    /// A new access key id in the account where this runs: `AKIA…` for users, `ASIA…` for sessions.
    pub fn access_key_id(&self, kind: &str) -> String {
        access_key::id(kind, &self.account, self.random_bytes())
    }

    /// When, where and with what an access key or a role was last used, by its id.
    pub fn last_use(&self, id: &str) -> Option<LastUse> {
        self.reader().get(&LAST_USES, Place::PARTITION, id)
    }

    /// Does something later, at `time` or as soon as this transaction is on disk.
    pub fn at<P: Serialize + DeserializeOwned>(&mut self, time: Timestamp, job: &'static Job<P>, payload: &P) {
        job::put(self, time, job.name, job::pack(payload));
    }

    /// What was read may read differently at `time`: a long poll tries again then.
    pub fn wake_at(&mut self, time: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(time, |before| before.min(time)));
    }

    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    /// Runs where a resource lives: `inside` sees the tables of its account and region.
    pub fn in_place_of<T>(&mut self, arn: &str, inside: impl FnOnce(&mut Cx) -> T) -> T {
        let before = (self.account.clone(), self.region.clone());
        self.move_to(arn);
        let result = inside(self);
        (self.account, self.region) = before;
        result
    }

    pub(crate) fn move_to(&mut self, arn: &str) {
        let (region, account) = place_of(arn);
        if !region.is_empty() && region != self.region {
            region.clone_into(&mut self.region);
        }
        if is_account(account) && account != self.account {
            account.clone_into(&mut self.account);
        }
    }

    /// The same for a look.
    pub fn look_in_place_of<T>(&self, arn: &str, inside: impl FnOnce(&Cx) -> T) -> T {
        let mut cx = Cx {
            tx: Tx::Read(self.reader()),
            kernel: self.kernel,
            caller: self.caller.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
            now: self.now,
            depth: self.depth,
            wake_at: None,
        };
        cx.move_to(arn);
        inside(&cx)
    }

    /// Whether that resource lives somewhere else.
    pub(crate) fn is_elsewhere(&self, arn: &str) -> bool {
        let (region, account) = place_of(arn);
        (!region.is_empty() && region != self.region) || (is_account(account) && account != self.account)
    }

    pub(crate) fn transaction(&mut self) -> &mut Transaction {
        writable(&mut self.tx)
    }

    fn reader(&self) -> &Reader {
        match &self.tx {
            Tx::Read(reader) => reader,
            Tx::Write(transaction) => transaction,
        }
    }

    fn place(&self) -> Place<'_> {
        Place { account: &self.account, region: &self.region }
    }

    fn nested<T>(&mut self, caller: Arc<Caller>, inside: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        if self.depth >= MOST_NESTED_CALLS {
            return Err(INTERNAL_FAILURE.with(format!("More than {MOST_NESTED_CALLS} calls within one another")));
        }
        let (now, depth, kernel) = (self.now, self.depth + 1, self.kernel);
        let tx = writable(&mut self.tx);
        let savepoint = tx.savepoint();
        let (account, region) = (caller.account().to_owned(), caller.region.clone());
        let mut cx = Cx { tx: Tx::Write(tx), kernel, caller, account, region, now, depth, wake_at: None };
        let result = inside(&mut cx);
        if result.is_err() {
            writable(&mut self.tx).rollback_to(savepoint);
        }
        result
    }
}

fn writable<'t>(tx: &'t mut Tx) -> &'t mut Transaction {
    match tx {
        Tx::Write(tx) => tx,
        Tx::Read(_) => unreachable!("an operation that only looks is given &Cx, which cannot write"),
    }
}

/// (region, account) of an ARN; empty where it names none.
pub(crate) fn place_of(arn: &str) -> (&str, &str) {
    // Every call asks this some times, which is why it does without the iterators of `str`.
    let mut colons = arn.bytes().enumerate().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
    let (Some(before), Some(between)) = (colons.nth(2), colons.next()) else { return ("", "") };
    let end = colons.next().unwrap_or(arn.len());
    (&arn[before + 1..between], &arn[between + 1..end])
}

/// Twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())
}

/// An internal failure whose text says what broke; the caller sees AWS's sentence.
pub(crate) fn internal(what: impl std::fmt::Display) -> Error {
    tracing::error!("{what}");
    INTERNAL_FAILURE.with("The request processing has failed because of an unknown error, exception or failure.")
}

/// Why a transaction was not carried out.
#[derive(Debug)]
pub(crate) enum WriteError {
    Refused(Error),
    Store(StoreError),
}

impl WriteError {
    /// Whether the machine refused, and not what was asked for.
    pub(crate) fn is_of_the_machine(&self) -> bool {
        matches!(self, WriteError::Store(StoreError::Full | StoreError::Failed(_) | StoreError::Closed))
    }
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        WriteError::Store(error)
    }
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        WriteError::Refused(error)
    }
}

/// What the caller is told.
impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(error) => error,
            WriteError::Store(StoreError::Full) => {
                tracing::error!("{}", StoreError::Full);
                SERVICE_UNAVAILABLE.with(format!("Niebla cannot store this: {}.", StoreError::Full))
            }
            WriteError::Store(error @ StoreError::Failed(_)) => {
                tracing::error!("{error}");
                SERVICE_UNAVAILABLE
                    .with("Niebla could not write to its data folder and stores nothing until it is restarted.")
            }
            WriteError::Store(error) => internal(error),
        }
    }
}

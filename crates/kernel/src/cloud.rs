//! The handle of conversations, jobs and reconcilers: Niebla as one caller sees it.

use crate::caller::{Caller, Principal};
use crate::cx::{Cx, Tx, WriteError};
use crate::kernel::Kernel;
use model::typed::{Operation, Typed};
use model::{Result, Timestamp, Value};
use std::sync::Arc;
use store::{ReadSet, Transaction};

/// Cheap to clone.
#[derive(Clone)]
pub struct Cloud {
    kernel: Arc<Kernel>,
    caller: Arc<Caller>,
    /// The ARN whose account and region transactions run in; the caller's own without one.
    place: Option<Arc<str>>,
}

/// What came of one attempt of a long poll.
struct Tried<T> {
    result: T,
    wake_at: Option<Timestamp>,
    reads: ReadSet,
}

impl Cloud {
    pub(crate) fn new(kernel: Arc<Kernel>, caller: Arc<Caller>) -> Self {
        Self { kernel, caller, place: None }
    }

    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub fn now(&self) -> Timestamp {
        self.kernel.clock.now()
    }

    /// Returns once the clock says `time`.
    pub async fn sleep_until(&self, time: Timestamp) {
        self.kernel.clock.until(time).await;
    }

    /// Returns once the server is about to stop: what would go on for long should come to its end.
    pub async fn stopping(&self) {
        self.kernel.stopping().await;
    }

    /// The same Niebla, seen by somebody else.
    pub fn acting_as(&self, principal: Principal) -> Cloud {
        let caller = self.caller.acting_as(principal, self.now());
        Cloud { kernel: self.kernel.clone(), caller: Arc::new(caller), place: None }
    }

    /// The same caller in another region.
    pub fn in_region(&self, region: &str) -> Cloud {
        let caller = Caller { region: region.to_owned(), ..Caller::clone(&self.caller) };
        Cloud { kernel: self.kernel.clone(), caller: Arc::new(caller), place: None }
    }

    /// The same caller, with transactions that run where this resource lives.
    pub fn in_place_of(&self, arn: &str) -> Cloud {
        Cloud { kernel: self.kernel.clone(), caller: self.caller.clone(), place: Some(arn.into()) }
    }

    /// Looks at a snapshot.
    pub fn read<T>(&self, look: impl FnOnce(&Cx) -> T) -> T {
        self.kernel.store.read(|reader| {
            let mut cx = Cx::new(Tx::Read(reader), &self.kernel, self.caller.clone(), self.now());
            self.settle(&mut cx);
            look(&cx)
        })
    }

    /// One transaction. What it returned is on disk.
    pub async fn write<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Cx) -> Result<T> + Send + 'static,
    {
        let this = self.clone();
        let done = self.kernel.store.write(move |transaction| {
            let mut cx = Cx::new(Tx::Write(transaction), &this.kernel, this.caller.clone(), this.now());
            this.settle(&mut cx);
            change(&mut cx).map_err(WriteError::from)
        });
        done.await.map_err(Into::into)
    }

    /// A long poll: `attempt` again whenever a row that it read changes or its `wake_at` comes, until `done` or the deadline.
    /// Each attempt is first made on a snapshot; only one that would write something is made again on the writer.
    pub async fn until<T, F>(&self, deadline: Timestamp, attempt: F, done: fn(&T) -> bool) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Cx) -> Result<T> + Send + Sync + 'static,
    {
        let attempt = Arc::new(attempt);
        loop {
            let tried = self.kernel.store.attempt(|transaction| {
                let tried = self.attempt(transaction, &*attempt);
                if transaction.has_written() { None } else { Some(tried) }
            });
            let Tried { result, wake_at, reads } = match tried {
                Some(tried) => tried.map_err(model::Error::from)?,
                None => {
                    let (this, again) = (self.clone(), attempt.clone());
                    let done = self.kernel.store.write(move |transaction| this.attempt(transaction, &*again));
                    done.await.map_err(model::Error::from)?
                }
            };
            if done(&result) || self.now() >= deadline {
                return Ok(result);
            }
            let watch = self.kernel.store.watch(reads);
            let next = wake_at.map_or(deadline, |it| it.min(deadline));
            tokio::select! {
                () = watch => {}
                () = self.sleep_until(next) => {}
                // Whoever waits hears what there is, instead of a broken connection.
                () = self.kernel.stopping() => return Ok(result),
            }
        }
    }

    fn attempt<T>(
        &self,
        transaction: &mut Transaction,
        attempt: &impl Fn(&mut Cx) -> Result<T>,
    ) -> std::result::Result<Tried<T>, WriteError> {
        transaction.record_reads();
        let mut cx = Cx::new(Tx::Write(transaction), &self.kernel, self.caller.clone(), self.now());
        self.settle(&mut cx);
        let result = attempt(&mut cx)?;
        let wake_at = cx.wakes_at();
        Ok(Tried { result, wake_at, reads: transaction.take_reads() })
    }

    /// Calls an operation through the door.
    pub async fn call<I: Operation>(&self, input: I) -> Result<I::Output> {
        self.call_by_name(I::SERVICE, I::NAME, input.into_value()).await.map(Typed::from_value)
    }

    pub async fn call_by_name(&self, service: &str, operation: &str, input: Value) -> Result<Value> {
        self.kernel.call(self.caller.clone(), service, operation, input).await
    }

    fn settle(&self, cx: &mut Cx) {
        if let Some(arn) = &self.place {
            cx.move_to(arn);
        }
    }
}

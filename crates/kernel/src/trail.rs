//! The trail: every call, allowed or refused, one row for all the calls of a moment.

use crate::caller::Caller;
use crate::kernel::{Kernel, Named};
use model::{Result, Timestamp, Value};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Place, Span, StoreError, Table};
use tokio::sync::Notify;

/// Calls, oldest first. Key: number of the row.
pub static TRAIL: Table<Vec<Call>> = Table::partition("kernel.trail");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub time: i64,
    pub request_id: String,
    pub principal: String,
    pub account: String,
    pub region: String,
    pub service: String,
    pub operation: String,
    /// The error's code; absent when it succeeded.
    pub error: Option<String>,
    pub source_ip: String,
    pub via: Option<String>,
}

/// Calls that no row holds yet. A crash takes those of the last moment with it.
#[derive(Default)]
pub struct Trail {
    pending: Mutex<Vec<Call>>,
    waiting: Notify,
}

/// Rows are dropped from the front beyond this many.
const MOST_ROWS: u64 = 100_000;
const MOMENT: Duration = Duration::from_millis(200);

impl Call {
    pub(crate) fn of(caller: &Caller, named: &Named, now: Timestamp, outcome: &Result<Value>) -> Self {
        Self {
            time: now.0,
            request_id: caller.request_id.clone(),
            principal: caller.principal.arn(),
            account: caller.account().to_owned(),
            region: caller.region.clone(),
            service: named.service.name.to_owned(),
            operation: named.operation.name.to_owned(),
            error: outcome.as_ref().err().map(|it| it.code().to_owned()),
            source_ip: caller.source_ip.clone(),
            via: caller.via.clone(),
        }
    }
}

impl Trail {
    pub(crate) fn record(&self, call: Call) {
        let mut pending = self.pending.lock().expect("no panic while a call is noted");
        pending.push(call);
        if pending.len() == 1 {
            self.waiting.notify_one();
        }
    }

    fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.pending.lock().expect("no panic while a call is noted"))
    }
}

/// Writes the calls of each moment as one row.
pub(crate) async fn write(kernel: Arc<Kernel>) {
    loop {
        kernel.trail.waiting.notified().await;
        tokio::time::sleep(MOMENT).await;
        let calls = kernel.trail.take();
        let written = kernel.store.write(move |tx| {
            let last: Option<(u64, Vec<Call>)> = tx.last(&TRAIL, Place::PARTITION, Span::all());
            let number = last.map_or(0, |(number, _)| number + 1);
            tx.put(&TRAIL, Place::PARTITION, &number, &calls)?;
            if number >= MOST_ROWS {
                tx.delete(&TRAIL, Place::PARTITION, &(number - MOST_ROWS));
            }
            Ok::<_, StoreError>(())
        });
        if let Err(error) = written.await {
            tracing::error!("the trail has a gap: {error}");
        }
    }
}

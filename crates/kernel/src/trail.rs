//! The trail: every call, allowed or refused. Written with the next commit, one row for all the calls since the last.

use crate::caller::Caller;
use crate::kernel::{Kernel, Named};
use model::{Result, Timestamp, Value};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Place, Range, Table};

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

/// Calls that no row holds yet. Lost by a crash with the answers that nobody has received.
#[derive(Default)]
pub struct Trail {
    pending: Arc<Mutex<Vec<Call>>>,
}

/// Rows are dropped from the front beyond this many: about a day of a busy machine.
const MOST_ROWS: u64 = 100_000;
const IDLE: Duration = Duration::from_millis(500);

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
        self.pending.lock().expect("no panic while a call is noted").push(call);
    }

    /// From now on every commit takes the calls since the last one with it.
    pub(crate) fn keep_in(&self, kernel: &Arc<Kernel>) {
        let pending = self.pending.clone();
        kernel.store.before_commit(move |tx| {
            let calls = std::mem::take(&mut *pending.lock().expect("no panic while a call is noted"));
            if calls.is_empty() {
                return;
            }
            let nowhere = Place { account: "", region: "" };
            let last = tx.range_keys::<_, u64>(&TRAIL, nowhere, Range::all().backwards().limit(1)).pop();
            let number = last.map_or(0, |it| it + 1);
            tx.put(&TRAIL, nowhere, &number, &calls);
            if number >= MOST_ROWS {
                tx.delete(&TRAIL, nowhere, &(number - MOST_ROWS));
            }
        });
    }

    fn waits(&self) -> bool {
        !self.pending.lock().expect("no panic while a call is noted").is_empty()
    }
}

/// Calls that only looked cause no commit; after a while they get one.
pub(crate) async fn write_when_idle(kernel: Arc<Kernel>) {
    loop {
        tokio::time::sleep(IDLE).await;
        if kernel.trail.waits() {
            let _: Result<(), _> = kernel.store.commit().await;
        }
    }
}

//! The trail: every call, allowed or refused, one row for all the calls of a moment.

use crate::caller::{Caller, Principal};
use crate::clock;
use crate::kernel::{Kernel, Named};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Direction, Place, Span, StoreError, Table, Transaction};
use tokio::sync::Notify;

/// The calls of a moment. Key: number of the row.
pub static TRAIL: Table<Moment> = Table::partition("kernel.trail");

/// Calls, oldest first. Few callers make many of them, so each is written once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    pub callers: Vec<Who>,
    pub calls: Vec<Call>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Who {
    pub principal: Principal,
    pub region: String,
    pub access_key: Option<String>,
    pub source_ip: String,
    pub via: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub time: i64,
    pub request_id: String,
    /// Its place among the callers of the moment.
    pub caller: usize,
    pub service: String,
    pub operation: String,
    /// The error's code; absent when it succeeded.
    pub error: Option<String>,
}

/// When an access key or a role was last used. Key: the id of either.
pub(crate) static LAST_USES: Table<LastUse> = Table::partition("kernel.last-use");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastUse {
    /// Milliseconds since 1970.
    pub time: i64,
    pub region: String,
    pub service: String,
}

/// Calls that no row holds yet. A crash takes those of the last moment with it.
#[derive(Default)]
pub struct Trail {
    pending: Mutex<Vec<Noted>>,
    waiting: Notify,
}

/// A call as it is noted while somebody waits for its answer: nothing is copied.
struct Noted {
    time: i64,
    caller: Arc<Caller>,
    service: &'static str,
    operation: &'static str,
    error: Option<&'static str>,
}

const MOMENT: Duration = Duration::from_millis(200);
/// A row stays small enough to be read and written as one.
const MOST_CALLS_IN_A_ROW: usize = 200;
/// Rows are dropped from the front beyond this many: at most two million calls, some hundred megabytes.
const MOST_ROWS: u64 = 10_000;

impl Moment {
    fn of(noted: impl Iterator<Item = Noted>) -> Self {
        let mut it = Self::default();
        for noted in noted {
            let known = it.callers.iter().rposition(|who| who.is(&noted.caller));
            let caller = known.unwrap_or_else(|| {
                it.callers.push(Who::of(&noted.caller));
                it.callers.len() - 1
            });
            it.calls.push(Call {
                time: noted.time,
                request_id: noted.caller.request_id.clone(),
                caller,
                service: noted.service.to_owned(),
                operation: noted.operation.to_owned(),
                error: noted.error.map(str::to_owned),
            });
        }
        it
    }
}

impl Who {
    fn of(caller: &Caller) -> Self {
        Self {
            principal: caller.principal.clone(),
            region: caller.region.clone(),
            access_key: caller.access_key.clone(),
            source_ip: caller.source_ip.clone(),
            via: caller.via.clone(),
        }
    }

    fn is(&self, caller: &Caller) -> bool {
        self.principal == caller.principal
            && self.region == caller.region
            && self.access_key == caller.access_key
            && self.source_ip == caller.source_ip
            && self.via == caller.via
    }
}

impl Trail {
    pub(crate) fn record<T>(&self, caller: &Arc<Caller>, named: &Named, now: Timestamp, outcome: &Result<T>) {
        let noted = Noted {
            time: now.0,
            caller: caller.clone(),
            service: named.service.name,
            operation: named.operation.name,
            error: outcome.as_ref().err().map(|it| it.code()),
        };
        let mut pending = self.pending.lock().expect("no panic while a call is noted");
        pending.push(noted);
        if pending.len() == 1 {
            self.waiting.notify_one();
        }
    }

    fn take(&self) -> Vec<Noted> {
        std::mem::take(&mut *self.pending.lock().expect("no panic while a call is noted"))
    }
}

/// Writes the calls of each moment.
pub(crate) async fn write(kernel: Arc<Kernel>) {
    loop {
        kernel.trail.waiting.notified().await;
        clock::rest(MOMENT).await;
        flush(&kernel).await;
    }
}

/// Writes what is noted so far.
pub(crate) async fn flush(kernel: &Kernel) {
    let mut noted = kernel.trail.take().into_iter().peekable();
    while noted.peek().is_some() {
        let row = Moment::of(noted.by_ref().take(MOST_CALLS_IN_A_ROW));
        let written = kernel.store.write(move |tx| {
            note_uses(tx, &row)?;
            append(tx, &row)
        });
        if let Err(error) = written.await {
            tracing::error!("the trail has a gap: {error}");
        }
    }
}

/// One row for each key and role of the moment.
fn note_uses(tx: &mut Transaction, moment: &Moment) -> Result<(), StoreError> {
    for (number, who) in moment.callers.iter().enumerate() {
        let Some(call) = moment.calls.iter().rfind(|it| it.caller == number) else { continue };
        let last = LastUse { time: call.time, region: who.region.clone(), service: call.service.clone() };
        let role = match &who.principal {
            Principal::Session { role_id, .. } => Some(role_id),
            _ => None,
        };
        let key = who.access_key.as_ref().filter(|it| it.starts_with("AKIA"));
        for id in key.into_iter().chain(role) {
            tx.put(&LAST_USES, Place::PARTITION, id.as_str(), &last)?;
        }
    }
    Ok(())
}

fn append(tx: &mut Transaction, moment: &Moment) -> Result<(), StoreError> {
    let last: Vec<u64> = tx.keys(&TRAIL, Place::PARTITION, Span::all(), Direction::Backward, 1);
    let number = last.first().map_or(0, |it| it + 1);
    tx.put(&TRAIL, Place::PARTITION, &number, moment)?;
    if number >= MOST_ROWS {
        tx.delete(&TRAIL, Place::PARTITION, &(number - MOST_ROWS));
    }
    Ok(())
}

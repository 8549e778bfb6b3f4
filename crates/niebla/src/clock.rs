//! The clock as it is kept: a row, so that a restart goes on from where it stood.

use kernel::{Clock, Kernel};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use store::{Place, Store, StoreError, Table};

/// One row. Key: 0.
static CLOCK: Table<Kept> = Table::partition("niebla.clock");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Milliseconds away from the machine's clock.
    offset: i64,
    /// Where it stands, in milliseconds since 1970, if it stands.
    frozen_at: Option<i64>,
}

/// The clock as it was left.
pub fn restored(store: &Store) -> Clock {
    match store.read(|reader| reader.get(&CLOCK, Place::PARTITION, &0_u64)) {
        Some(Kept { frozen_at: Some(at), .. }) => Clock::frozen(Timestamp(at)),
        Some(Kept { offset, .. }) => Clock::running(offset),
        None => Clock::running(0),
    }
}

/// What a user may ask of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Advance(Duration),
    Set(Timestamp),
    /// Back to the machine's time.
    Now,
    Freeze,
    Resume,
}

impl Change {
    /// `{"advance_ms": n}`, `{"set_ms": n}`, `{"set": "now"}`, `{"freeze": true}`.
    pub fn parse(body: &Value) -> Option<Change> {
        let milliseconds = |name: &str| body.get(name).and_then(Value::as_i64);
        if let Some(by) = milliseconds("advance_ms") {
            return Some(Change::Advance(Duration::from_millis(u64::try_from(by).ok()?)));
        }
        if let Some(to) = milliseconds("set_ms") {
            return Some(Change::Set(Timestamp(to)));
        }
        if body.get("set").and_then(Value::as_str) == Some("now") {
            return Some(Change::Now);
        }
        body.get("freeze")?.as_bool().map(|freeze| if freeze { Change::Freeze } else { Change::Resume })
    }
}

/// Moves the clock, and keeps where it is.
pub async fn change(kernel: &Kernel, change: Change) -> Result<(), StoreError> {
    let clock = &kernel.clock;
    match change {
        Change::Advance(by) => clock.advance(by),
        Change::Set(to) => clock.set(to),
        Change::Now => {
            clock.resume();
            clock.set(Timestamp(clock.now().0 - clock.offset()));
        }
        Change::Freeze => clock.freeze(),
        Change::Resume => clock.resume(),
    }
    let kept = Kept { offset: clock.offset(), frozen_at: clock.is_frozen().then(|| clock.now().0) };
    kernel.store.write(move |tx| tx.put(&CLOCK, Place::PARTITION, &0_u64, &kept)).await
}

/// As `niebla clock` reads it.
pub fn shown(clock: &Clock) -> Value {
    json!({ "now_ms": clock.now().0, "offset_ms": clock.offset(), "frozen": clock.is_frozen() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes() {
        for (body, expected) in [
            (json!({ "advance_ms": 5 }), Some(Change::Advance(Duration::from_millis(5)))),
            (json!({ "advance_ms": -5 }), None),
            (json!({ "set_ms": -5 }), Some(Change::Set(Timestamp(-5)))),
            (json!({ "set": "now" }), Some(Change::Now)),
            (json!({ "freeze": true }), Some(Change::Freeze)),
            (json!({ "freeze": false }), Some(Change::Resume)),
            (json!({}), None),
            (json!([]), None),
        ] {
            assert_eq!(Change::parse(&body), expected, "{body}");
        }
    }
}

//! Object Lock: no bucket has it yet, and AWS refuses locks in such buckets with these words.

use crate::fault;
use model::{Result, Timestamp};

/// What the headers of a request that makes an object say.
#[derive(Clone, Debug)]
pub struct Asked {
    pub mode: Option<String>,
    pub until: Option<Timestamp>,
    pub legal_hold: Option<String>,
    pub event_hold: Option<String>,
    pub event_hold_days: Option<i64>,
    pub event_hold_years: Option<i64>,
}

impl Asked {
    pub fn check(&self) -> Result<()> {
        let held = self.event_hold.is_some() || self.event_hold_days.is_some() || self.event_hold_years.is_some();
        if self.mode.is_some() || self.until.is_some() || self.legal_hold.is_some() || held {
            return Err(fault::INVALID_REQUEST.with("Bucket is missing Object Lock Configuration"));
        }
        Ok(())
    }
}

macro_rules! asked {
    ($input:expr) => {
        $crate::lock::Asked {
            mode: $input.object_lock_mode.clone(),
            until: $input.object_lock_retain_until_date,
            legal_hold: $input.object_lock_legal_hold_status.clone(),
            event_hold: $input.object_lock_event_hold.clone(),
            event_hold_days: $input.object_lock_event_hold_duration_days,
            event_hold_years: $input.object_lock_event_hold_duration_years,
        }
    };
}

pub(crate) use asked;

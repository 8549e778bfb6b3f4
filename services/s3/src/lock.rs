//! Object Lock: no bucket has it yet, and AWS refuses locks in such buckets with these words.

use crate::fault;
use model::{Result, Timestamp};

pub fn refuse(texts: &[&Option<String>], date: Option<Timestamp>, numbers: &[Option<i64>]) -> Result<()> {
    if texts.iter().any(|it| it.is_some()) || date.is_some() || numbers.iter().any(Option::is_some) {
        return Err(fault::INVALID_REQUEST.with("Bucket is missing Object Lock Configuration"));
    }
    Ok(())
}

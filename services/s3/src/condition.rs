//! Conditional requests.
//!
//! Sources: "Conditional requests" in the S3 User Guide, GetObject and CopyObject in the API Reference, RFC 9110.

use crate::fault;
use crate::object::{self, Object};
use crate::version::http_date;
use model::{Error, Result, Timestamp};

/// Under which conditions an object is wanted.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

/// Under which conditions an object is replaced.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
}

/// How a condition failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    Precondition(&'static str),
    /// The reader has it already.
    Unchanged(&'static str),
}

impl Reading {
    /// An ETag says more than a date: where both are given, the date has no say.
    pub fn check(&self, object: &Object) -> Result<(), Failed> {
        let (etag, modified) = (object.etag(), object.modified_at.div_euclid(1000));
        let seconds = |it: Timestamp| it.0.div_euclid(1000);
        match (&self.if_match, self.if_unmodified_since) {
            (Some(wanted), _) if !lists(wanted, &etag) => return Err(Failed::Precondition("If-Match")),
            (None, Some(time)) if modified > seconds(time) => {
                return Err(Failed::Precondition("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(known), _) if lists(known, &etag) => Err(Failed::Unchanged("If-None-Match")),
            (None, Some(time)) if modified <= seconds(time) => Err(Failed::Unchanged("If-Modified-Since")),
            _ => Ok(()),
        }
    }
}

impl Failed {
    /// As a read answers it.
    pub fn of_read(self, object: &Object) -> Error {
        match self {
            Failed::Precondition(condition) => failed(condition),
            Failed::Unchanged(_) => fault::NOT_MODIFIED
                .with("Not Modified")
                .header("etag", object.etag())
                .header("last-modified", http_date(object.modified())),
        }
    }

    /// As a copy answers it.
    pub fn of_copy(self) -> Error {
        match self {
            Failed::Precondition("If-Match") => failed("x-amz-copy-source-If-Match"),
            Failed::Precondition(_) => failed("x-amz-copy-source-If-Unmodified-Since"),
            Failed::Unchanged("If-None-Match") => failed("x-amz-copy-source-If-None-Match"),
            Failed::Unchanged(_) => failed("x-amz-copy-source-If-Modified-Since"),
        }
    }
}

impl Writing {
    /// What can be said before anything is read.
    pub fn check_form(&self) -> Result<()> {
        match &self.if_none_match {
            Some(other) if other != "*" => Err(fault::not_implemented("If-None-Match")),
            _ => Ok(()),
        }
    }

    /// `before` is what would be replaced.
    pub fn check(&self, key: &str, before: Option<&Object>) -> Result<()> {
        if self.if_none_match.is_some() && before.is_some() {
            return Err(failed("If-None-Match"));
        }
        match (&self.if_match, before) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(object::no_such_key(key)),
            (Some(wanted), Some(before)) if lists(wanted, &before.etag()) => Ok(()),
            (Some(_), Some(_)) => Err(failed("If-Match")),
        }
    }
}

pub fn failed(condition: &str) -> Error {
    fault::PRECONDITION_FAILED
        .with("At least one of the pre-conditions you specified did not hold")
        .field("Condition", condition)
}

/// Whether a list of ETags, with or without quotes, holds this one.
pub fn lists(list: &str, etag: &str) -> bool {
    let bare = |it: &str| it.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let etag = bare(etag);
    list.split(',').map(bare).any(|it| it == "*" || it == etag)
}

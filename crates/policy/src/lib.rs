//! The IAM policy language: parse a document, evaluate a request against the policies that apply to it, explain the answer.
//!
//! Pure: no clock, no files, no other crate of ours. A [`Policy`] is compiled when it is parsed, so that [`evaluate`]
//! only compares bytes. The order of evaluation is that of the IAM User Guide, "Policy evaluation logic".

mod arn;
mod condition;
mod context;
mod date;
mod document;
mod evaluate;
mod explain;
mod json;
mod matcher;
mod message;
mod operator;
mod position;
mod principal;
mod statement;
mod wildcard;

pub use context::{Context, Request, Value};
pub use document::{
    IDENTITY_LIMIT, Kind, MAX_DOCUMENT_BYTES, Malformed, Policy, RESOURCE_LIMIT, SERVICE_CONTROL_LIMIT, SESSION_LIMIT,
    TRUST_LIMIT, size,
};
pub use evaluate::{Attached, Decision, Matched, Policies, Reason, Source, evaluate};
pub use explain::{Explanation, PolicyReport, StatementReport, explain};
pub use position::{Position, Span};
pub use principal::{Principal, PrincipalKind};
pub use statement::Effect;

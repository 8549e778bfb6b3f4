//! Functions: the interpreter that AWS's identifier stands for, a sandbox for it, and the server's half of the Lambda
//! Runtime API: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
//!
//! [`Host::prepare`] finds what a runtime needs; [`Instance::start`] makes one execution environment; its
//! [`Instance::invoke`] may be called many times, one after the other.

mod api;
mod environment;
pub mod instance;
pub mod layer;
mod logs;
pub mod runtimes;

pub use instance::{FailedInit, InitError, Instance, Invocation, Outcome, Report, Spec};
pub use layer::{Host, Prepared, Runtime, Sdk};
pub use logs::OnLine;
pub use runtimes::{Interpreter, Language, Missing};

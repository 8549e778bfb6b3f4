//! The kernel: `Cx`, the table of contents of a service, the door, jobs and timers, the clock, the trail.
//!
//! A request becomes one call of [`Kernel::call`]; the order in which it is checked, admitted, carried out and recorded
//! stands in `door.rs` and nowhere else.

mod access_key;
mod body;
mod bound;
pub mod caller;
mod clock;
mod cloud;
mod cx;
mod door;
pub mod driver;
mod entropy;
mod entry;
mod identity;
mod job;
mod kernel;
mod link;
mod memory;
pub mod panic;
mod policies;
mod refusal;
pub mod resource;
mod resources;
mod sealed_text;
mod service;
pub mod source;
mod stream;
pub mod trail;
pub mod web;

pub use access_key::account_of_key;
pub use body::{Body, PieceSink, Pieces};
pub use bound::{BoundPolicy, UnknownPrincipal};
pub use caller::{Caller, Credential, Principal, Session};
pub use clock::Clock;
pub use cloud::Cloud;
pub use cx::{Cx, INTERNAL_FAILURE, is_account};
pub use entropy::Entropy;
pub use entry::Digest;
pub use identity::{Identity, IdentityPolicy, PolicyText, ResourcePolicy, Role};
pub use job::{Job, Retry};
pub use kernel::{Kernel, NOT_IMPLEMENTED, Named, Settings};
pub use link::{DeadLink, LINKS};
pub use refusal::Refusal;
pub use resources::{Question, Resources, Standing};
pub use service::{BoxFuture, Service, Switch};
pub use stream::{Answer, Download, EventStream, Sink, Streamed};

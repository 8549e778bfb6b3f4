//! The edge: the only crate that knows HTTP. It takes requests off sockets, learns from each which operation of which
//! service it is for and who sent it, calls the kernel, and writes the answer in the caller's protocol.
//!
//! Read `exchange.rs` first: it is one request from its first byte to the last of its answer.

mod answer;
mod authenticate;
mod body;
mod chunked;
mod cors;
mod encoding;
mod events;
mod exchange;
mod header;
mod integrity;
mod internal;
mod limits;
mod refusal;
mod route;
mod server;
mod sigv2;
pub mod sigv4;
mod upload;
mod web;

pub use cors::Origins;
pub use internal::Handler;
pub use limits::Limits;
pub use server::{Options, serve};

#[cfg(test)]
mod tests;

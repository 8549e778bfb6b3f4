//! The edge through real sockets, over a kernel with SQS, STS and a few keys.

mod bodies;
mod calls;
mod client;
mod keys;
mod limits;
mod paths;
mod streams;
mod web;

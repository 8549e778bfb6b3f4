//! The edge: the only crate that knows HTTP.

mod checksum;
mod chunked;
mod encoding;
mod sigv4;

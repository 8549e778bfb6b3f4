//! The edge: the only crate that knows HTTP.

mod encoding;
mod sigv4;

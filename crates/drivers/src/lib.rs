//! Everything that leaves the process: child processes, sandboxes for functions, outbound HTTP, zip files.
//!
//! Knows neither the kernel nor any service; they use it.
//!
//! A program that starts processes through this crate calls [`enter_if_asked`] as the first thing in `main`, because
//! every child is started by way of a *keeper*: the same executable, run again, which outlives nothing and nobody.

pub mod http;
mod keeper;
pub mod lambda;
pub mod lines;
pub mod process;
pub mod sandbox;
pub mod zip;

pub use keeper::{ENTRY, enter_if_asked};

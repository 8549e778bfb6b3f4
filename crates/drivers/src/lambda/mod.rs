//! Functions: the interpreter that AWS's identifier stands for, a sandbox for it, and the server's half of the Lambda
//! Runtime API: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
//!
//! [`Host::prepare`] finds what a runtime needs; [`Instance::start`] makes one execution environment; its
//! [`Instance::invoke`] may be called many times, one after the other.

mod api;
mod environment;
mod install;
pub mod instance;
pub mod layer;
mod logs;
mod node_sdk;
mod package;
pub mod runtimes;

pub use instance::{FailedInit, InitError, Instance, Invocation, Outcome, Report, Spec};
pub use layer::{Host, Prepared, Runtime, Sdk};
pub use logs::OnLine;
pub use node_sdk::Modules;
pub use package::{Package, Packages};
pub use runtimes::{Interpreter, Language, Missing};

/// The memory of this machine, or of the container that we run in; half a gigabyte where neither says.
pub fn memory_mb() -> u64 {
    const UNKNOWN: u64 = 512;
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = told.lines().find_map(|it| it.strip_prefix("MemTotal:")?.trim().strip_suffix("kB"));
    let machine = kilobytes.and_then(|it| it.trim().parse::<u64>().ok()).map_or(UNKNOWN, |it| it / 1024);
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|it| std::fs::read_to_string(it).ok()?.trim().parse::<u64>().ok());
    limit.map_or(machine, |it| machine.min(it >> 20))
}

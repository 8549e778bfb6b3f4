//! The limits of the edge. Each bounds what one peer can make us hold or wait for.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Limits {
    /// The request line and headers. AWS's load balancers allow 64 KiB in all; a session token is up to 8 KiB of it.
    pub header_bytes: usize,
    /// A body, also after gzip. Held in memory, so far below what S3 allows; Lambda's largest (50 MB of zip) fits.
    pub body_bytes: usize,
    /// All large bodies together; more wait their turn.
    pub bodies_bytes: usize,
    /// From the last answer, or the beginning, to the end of the next request's head. SDKs close idle connections
    /// after less.
    pub head_time: Duration,
    /// From a head to the end of its body.
    pub body_time: Duration,
    /// At once. Further ones wait in the system's queue.
    pub connections: usize,
    /// Requests at once on one connection of HTTP/2.
    pub streams: u32,
    /// What requests that are under way get when the server stops.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 64 * 1024,
            body_bytes: 64 * 1024 * 1024,
            bodies_bytes: 512 * 1024 * 1024,
            head_time: Duration::from_secs(75),
            body_time: Duration::from_secs(120),
            connections: 4096,
            streams: 256,
            drain_time: Duration::from_secs(10),
        }
    }
}

//! What connections may take of this process, and the place that each open one holds.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

/// What connections may take of this process. Times are on the real clock. SECURITY.md has the same numbers.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once, streams and sockets among them.
    pub connections: usize,
    /// Bytes of all bodies being read or worked on.
    pub bodies: usize,
    /// How long a body may take to come: enough for 256 KiB over a bad line.
    pub body: Duration,
    /// How long the head of a request may take from its first byte on.
    pub head: Duration,
    /// How long a write may wait for the other end.
    pub patience: Duration,
    /// After so long without a byte either way a connection is ended. Longer than a long poll waits, and than proxies
    /// keep an idle connection to us: one that we ended would fail the next request on it.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let patience = Duration::from_secs(30);
        Self {
            connections: 20_000,
            bodies: 32 * 1024 * 1024,
            body: patience,
            head: patience,
            patience,
            idle: Duration::from_secs(150),
        }
    }
}

/// Held by a connection as long as its socket is open.
pub type Place = OwnedSemaphorePermit;

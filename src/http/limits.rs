//! What connections may take of this process.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

/// What the other ends of connections may use. Times are on the real clock. SECURITY.md has the same numbers.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once, streams and sockets among them.
    pub connections: usize,
    /// Bytes of all bodies being read or worked on.
    pub bodies: usize,
    /// How long a body may take to arrive: enough for 256 KiB over a slow network.
    pub body: Duration,
    /// Within this time an upload brings `upload::LEAST_BYTES`, or the rest of its file.
    pub upload: Duration,
    /// How long the head of a request may take from its first byte on.
    pub head: Duration,
    /// How long a write may wait for the other end.
    pub write: Duration,
    /// A connection without a byte in either direction for this long is ended. It is longer than a long poll waits, and
    /// longer than proxies keep an idle connection: a request on a connection that this process had ended would fail.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let patience = Duration::from_secs(30);
        Self {
            connections: 20_000,
            bodies: 32 * 1024 * 1024,
            body: patience,
            upload: Duration::from_secs(20),
            head: patience,
            write: patience,
            idle: Duration::from_secs(150),
        }
    }
}

/// One of the `Limits::connections`. A connection holds it as long as its socket is open.
pub type Slot = OwnedSemaphorePermit;

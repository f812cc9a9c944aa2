//! Finds connections to a SQLite file that are read-only because the file system was so at the moment when they were
//! opened.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How often a write was refused because its connection is read-only, on all SQLite files of this process.
static REFUSALS: AtomicU64 = AtomicU64::new(0);

/// Notes that a write was refused because its connection is read-only.
pub fn note() {
    REFUSALS.fetch_add(1, Ordering::Relaxed);
}

/// What one pool knows of the refusals. SQLite opens a file that cannot be written for reading, without an error, and
/// such a connection stays read-only when the file system becomes writable again.
#[derive(Clone, Default)]
pub struct Refusals(Arc<AtomicU64>);

impl Refusals {
    /// Whether a write was refused since the last call.
    pub fn are_new(&self) -> bool {
        let refusals = REFUSALS.load(Ordering::Relaxed);
        self.0.swap(refusals, Ordering::Relaxed) != refusals
    }
}

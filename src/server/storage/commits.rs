//! What SQLite's writer has committed.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts the commits of the writer of this process, and the connections that it has had.
#[derive(Debug, Clone, Default)]
pub(super) struct Commits(Arc<AtomicU64>);

impl Commits {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

//! Whether a request may be run again from its start.
//!
//! PostgreSQL ends one of two transactions that wait for each other (40P01), and one that would break an isolation
//! (40001). Such a transaction never happened, and the same use case succeeds a moment later. A use case is one
//! transaction, but a request may run several, so it is repeated only when none of them was committed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::error::DatabaseError;

/// What the transactions of one request met. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Met>);

#[derive(Debug, Default)]
struct Met {
    conflict: AtomicBool,
    commit: AtomicBool,
}

impl Watch {
    pub(super) fn failed(&self, cause: &dyn DatabaseError) {
        if is_conflict(cause) {
            self.0.conflict.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn committed(&self) {
        self.0.commit.store(true, Ordering::Relaxed);
    }

    /// A transaction was ended by a conflict, and none was committed.
    pub fn may_be_repeated(&self) -> bool {
        self.0.conflict.load(Ordering::Relaxed) && !self.0.commit.load(Ordering::Relaxed)
    }
}

/// Deadlock or failed serialisation.
pub(super) fn is_conflict(cause: &dyn DatabaseError) -> bool {
    matches!(cause.code().as_deref(), Some("40P01" | "40001"))
}

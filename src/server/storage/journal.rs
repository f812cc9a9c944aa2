//! What a handle on the database ran, for the tests that count statements. A handle without a journal records nothing.

use std::sync::{Arc, Mutex, PoisonError};

/// One thing that was sent to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Transaction,
    Statement(&'static str),
}

/// The record of one handle and its clones, in the order in which they ran.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<Entry>>>);

impl Journal {
    pub(super) fn record(&self, entry: Entry) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Returns what was recorded since the last call.
    pub fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

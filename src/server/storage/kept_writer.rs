//! The one connection to SQLite that writes, kept from one transaction to the next.

use sqlx::{Error, SqlitePool};

use super::{
    kept_readers::PATIENCE,
    kept_transaction::{self, Held, KeptTransaction, Slot, WRITE},
    refusals::Refusals,
};

/// Writers wait for one another, in the order in which they came.
pub(super) struct KeptWriter {
    slot: Slot,
    /// `None` for a database in memory.
    refusals: Option<Refusals>,
}

impl KeptWriter {
    pub(super) fn new(refusals: Option<Refusals>) -> Self {
        Self { slot: Slot::default(), refusals }
    }

    /// Waits for the connection. One that is read-only is closed.
    pub(super) async fn take(&self, pool: &SqlitePool) -> Result<Held, Error> {
        let slot = tokio::time::timeout(PATIENCE, self.slot.clone().lock_owned()).await;
        let is_refused = self.refusals.as_ref().is_some_and(Refusals::are_new);
        kept_transaction::take(slot.map_err(|_| Error::PoolTimedOut)?, pool, is_refused).await
    }

    /// Waits for the connection, for a transaction.
    pub(super) async fn begin(&self, pool: &SqlitePool) -> Result<KeptTransaction, Error> {
        Ok(KeptTransaction::on(self.take(pool).await?, &WRITE, None))
    }

    /// Gives the connection back to its pool, which is about to be closed.
    pub(super) async fn end(&self) {
        *self.slot.lock().await = None;
    }
}

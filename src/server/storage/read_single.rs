//! Reading by one statement.

use super::{Database, Pools, Reading, StorageError, Tx, transaction::Inner};
use crate::server::counters::CONNECTION_WAITS;

impl Database {
    /// As `read`, for a statement that needs no snapshot with another one: on SQLite without a transaction.
    pub async fn read_single(&self) -> Result<Reading, StorageError> {
        let Pools::Sqlite { readers, kept: Some(kept), .. } = &*self.pools else { return self.read().await };
        if self.page.is_some() {
            return self.read().await;
        }
        let inner = Inner::Sqlite(CONNECTION_WAITS.of(kept.single.take(readers)).await?);
        Ok(Reading::Own(Box::new(Tx::new(inner, self.notifier.clone(), self.journal.clone()))))
    }
}

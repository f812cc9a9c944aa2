//! Connections to SQLite for transactions that only read, kept from one to the next.

use std::{sync::Arc, time::Duration};

use sqlx::{Error, SqlitePool};
use tokio::sync::Semaphore;

use super::kept_transaction::{self, KeptTransaction, READ, Slot};

/// The most transactions that read at once. More wait for their turn.
pub(super) const MOST: usize = 4;

/// How long a transaction waits for its turn: as long as for a connection of the pool.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct KeptReaders {
    turns: Arc<Semaphore>,
    slots: Arc<[Slot; MOST]>,
}

impl Default for KeptReaders {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(MOST)), slots: Arc::default() }
    }
}

impl KeptReaders {
    /// Waits for a turn and takes the first free connection, for a transaction.
    pub(super) async fn begin(&self, pool: &SqlitePool) -> Result<KeptTransaction, Error> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let free = self.slots.iter().find_map(|slot| slot.clone().try_lock_owned().ok());
        // There is a slot for each turn.
        let held = kept_transaction::take(free.ok_or(Error::PoolTimedOut)?, pool, false).await?;
        Ok(KeptTransaction::on(held, &READ, Some(turn)))
    }

    /// Waits for running transactions and gives the connections back to their pool, which is about to be closed.
    pub(super) async fn end(&self) {
        let all = self.turns.acquire_many(MOST as u32).await;
        self.turns.close();
        for slot in self.slots.iter() {
            *slot.lock().await = None;
        }
        drop(all);
    }
}

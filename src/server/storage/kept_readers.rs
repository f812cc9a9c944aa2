//! Transactions that only read, on kept connections to SQLite.
//!
//! The pool tests a connection when it is taken and when it is given back, and starts a task for the second: each goes
//! to the thread of the connection and back. A transaction of four statements on a connection of the pool goes there
//! seven times, and five times on a kept one.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Error, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection, sqlite::SqliteTransactionManager as Transactions,
};
use sqlx_core::transaction::TransactionManager;
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// The most transactions that read at once. More wait for their turn.
pub(super) const MOST: usize = 4;

/// How long a transaction waits for its turn: as long as for a connection of the pool.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A connection, from its first transaction on.
type Slot = Arc<Mutex<Option<PoolConnection<Sqlite>>>>;

#[derive(Clone)]
pub(super) struct KeptReaders {
    turns: Arc<Semaphore>,
    slots: Arc<[Slot; MOST]>,
}

/// A transaction that only reads. It ends when it is dropped.
pub(super) struct ReadTransaction {
    // The slot is free before the turn is.
    connection: OwnedMappedMutexGuard<Option<PoolConnection<Sqlite>>, PoolConnection<Sqlite>>,
    _turn: OwnedSemaphorePermit,
}

impl Default for KeptReaders {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(MOST)), slots: Arc::default() }
    }
}

impl KeptReaders {
    /// Begins a transaction on the first free connection. A slot without one gets one of `pool`.
    pub(super) async fn begin(&self, pool: &SqlitePool) -> Result<ReadTransaction, Error> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let free = self.slots.iter().find_map(|slot| Some((slot, slot.clone().try_lock_owned().ok()?)));
        // There is a slot for each turn.
        let (slot, mut held) = free.ok_or(Error::PoolTimedOut)?;
        if held.is_none() {
            *held = Some(pool.acquire().await?);
        }
        let connection = OwnedMutexGuard::try_map(held, Option::as_mut).map_err(|_| Error::PoolClosed)?;
        let mut transaction = ReadTransaction { connection, _turn: turn };
        match Transactions::begin(&mut transaction, None).await {
            Ok(()) => Ok(transaction),
            Err(error) => {
                // The pool tests the connection when it comes back.
                drop(transaction);
                if let Ok(mut held) = slot.try_lock() {
                    *held = None;
                }
                Err(error)
            }
        }
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

impl Deref for ReadTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for ReadTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Drop for ReadTransaction {
    fn drop(&mut self) {
        // The thread of the connection ends the transaction before it runs what comes next. Nobody waits for it.
        Transactions::start_rollback(&mut self.connection);
    }
}

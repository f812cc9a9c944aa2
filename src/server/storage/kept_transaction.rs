//! Transactions on kept connections to SQLite.
//!
//! A connection has a thread, and each call goes there and back. The pool tests a connection when it is given back, and
//! the driver waits for `BEGIN` on its own. Here a transaction begins together with its first statement, and nobody
//! waits for the end of one that only read.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use futures::{FutureExt, TryStreamExt};
use sqlx::{
    AssertSqlSafe, Either, Error, Executor, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection, query::Query, sqlite::SqliteArguments,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit};

/// A connection, from its first use on.
pub(super) type Slot = Arc<AsyncMutex<Option<Kept>>>;

/// A connection that one user has.
pub(super) type Held = OwnedMappedMutexGuard<Option<Kept>, Kept>;

pub(super) struct Kept {
    pub(super) connection: PoolConnection<Sqlite>,
    /// The future of a statement was dropped. The connection may still be at work on it, or in its transaction.
    is_unsure: bool,
}

/// How a transaction begins, and the texts that begin it with a first statement, by the address of the statement.
pub(super) struct Begin {
    statement: &'static str,
    texts: Mutex<HashMap<(usize, usize), Arc<str>>>,
}

/// A transaction that reads one snapshot.
pub(super) static READ: LazyLock<Begin> = LazyLock::new(|| Begin::by("BEGIN; "));

/// A transaction that may write: no other does until it ends.
pub(super) static WRITE: LazyLock<Begin> = LazyLock::new(|| Begin::by("BEGIN IMMEDIATE; "));

/// A transaction. It is rolled back when it is dropped without `commit`.
pub(super) struct KeptTransaction {
    // The connection is free before the turn is.
    held: Held,
    begin: &'static Begin,
    has_begun: bool,
    /// A statement was handed over and its answer was not read.
    owes_answer: bool,
    _turn: Option<OwnedSemaphorePermit>,
}

/// Takes the connection of a free slot. An empty slot gets one of `pool`.
pub(super) async fn take(
    mut slot: OwnedMutexGuard<Option<Kept>>,
    pool: &SqlitePool,
    is_refused: bool,
) -> Result<Held, Error> {
    if let Some(kept) = slot.as_mut()
        && (is_refused || kept.settle().await.is_err())
        && let Some(kept) = slot.take()
    {
        let _ = kept.connection.close().await;
    }
    if slot.is_none() {
        *slot = Some(Kept { connection: pool.acquire().await?, is_unsure: false });
    }
    OwnedMutexGuard::try_map(slot, Option::as_mut).map_err(|_| Error::PoolClosed)
}

/// Runs a statement, or several in one text. Returns how many rows the last one changed.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    query: Query<'_, Sqlite, SqliteArguments>,
) -> Result<u64, Error> {
    let mut changed = 0;
    let mut found = connection.fetch_many(query);
    while let Some(found) = found.try_next().await? {
        if let Either::Left(done) = found {
            changed = done.rows_affected();
        }
    }
    Ok(changed)
}

impl Begin {
    fn by(statement: &'static str) -> Self {
        Self { statement, texts: Mutex::default() }
    }

    fn with(&self, first: &'static str) -> SqlStr {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts
            .entry((first.as_ptr().addr(), first.len()))
            .or_insert_with(|| [self.statement, first].concat().into());
        AssertSqlSafe(text.clone()).into_sql_str()
    }
}

impl Kept {
    /// Waits until the connection is in no transaction.
    async fn settle(&mut self) -> Result<(), Error> {
        if self.is_unsure {
            match sqlx::query("ROLLBACK").execute(&mut *self.connection).await {
                // SQLite refuses to roll back where there is no transaction.
                Ok(_) | Err(Error::Database(_)) => self.is_unsure = false,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl KeptTransaction {
    pub(super) fn on(held: Held, begin: &'static Begin, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { held, begin, has_begun: false, owes_answer: false, _turn: turn }
    }

    /// The text to run for a statement: the first one begins the transaction. Call `answered` after its answer.
    pub(super) fn sql(&mut self, statement: &'static str) -> SqlStr {
        self.owes_answer = true;
        if std::mem::replace(&mut self.has_begun, true) {
            SqlStr::from_static(statement)
        } else {
            self.begin.with(statement)
        }
    }

    /// Takes note that a statement was answered, which a future that was dropped does not.
    pub(super) fn answered(&mut self) {
        self.owes_answer = false;
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if self.has_begun {
            self.owes_answer = true;
            let committed = sqlx::query("COMMIT").execute(&mut *self.held.connection).await;
            self.owes_answer = false;
            committed?;
            self.has_begun = false;
        }
        Ok(())
    }
}

impl Drop for KeptTransaction {
    fn drop(&mut self) {
        if self.has_begun {
            self.held.is_unsure |= self.owes_answer;
            // The first poll hands it over: every statement before it was answered, so there is room. After a statement
            // that was not, the next user of the connection rolls back once more.
            let _ = sqlx::query("ROLLBACK").execute(&mut *self.held.connection).now_or_never();
        }
    }
}

impl Deref for KeptTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.held.connection
    }
}

impl DerefMut for KeptTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.held.connection
    }
}

//! Transactions on kept connections to SQLite.
//!
//! A connection has a thread, and each call goes there and back. The pool tests a connection when it is given back, and
//! the driver waits for `BEGIN` on its own. Here a transaction begins together with its first statement, a statement
//! whose answer nobody needs goes with the next one, and nobody waits for the end of one that only read.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use futures::{FutureExt, TryStreamExt};
use sqlx::{
    AssertSqlSafe, Either, Error, Executor, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, SqlitePool,
    error::BoxDynError, pool::PoolConnection, query::Query, sqlite::SqliteArguments,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit};

use super::queued::{Part, Queued};

/// A connection, from its first use on.
pub(super) type Slot = Arc<AsyncMutex<Option<Kept>>>;

/// A connection that one user has.
pub(super) type Held = OwnedMappedMutexGuard<Option<Kept>, Kept>;

pub(super) struct Kept {
    pub(super) connection: PoolConnection<Sqlite>,
    /// The future of a statement was dropped. The connection may still be at work on it, or in its transaction.
    is_unsure: bool,
}

/// How a transaction begins, and the texts that are more than one statement.
pub(super) struct Begin {
    statement: &'static str,
    texts: Mutex<HashMap<Place, Arc<str>>>,
}

/// Statements by their addresses and lengths, and whether they begin and whether they end the transaction.
type Place = (Vec<(usize, usize)>, bool, bool);

/// A transaction that reads one snapshot.
pub(super) static READ: LazyLock<Begin> = LazyLock::new(|| Begin::by("BEGIN; "));

/// A transaction that may write: no other does until it ends.
pub(super) static WRITE: LazyLock<Begin> = LazyLock::new(|| Begin::by("BEGIN IMMEDIATE; "));

/// Whether a statement ends the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// The next statement whose rows are all read does.
    WithNext,
    /// The one that runs now does.
    Now,
    /// One has.
    Ended,
}

/// A transaction. It is rolled back when it is dropped without `commit`.
pub(super) struct KeptTransaction {
    // The connection is free before the turn is.
    held: Held,
    begin: &'static Begin,
    has_begun: bool,
    end: End,
    queued: Queued,
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
        && (is_refused || Box::pin(kept.settle()).await.is_err())
        && let Some(kept) = slot.take()
    {
        let _ = Box::pin(kept.connection.close()).await;
    }
    if slot.is_none() {
        *slot = Some(Kept { connection: Box::pin(pool.acquire()).await?, is_unsure: false });
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

    fn with(&self, parts: &[Part], begins: bool, ends: bool) -> SqlStr {
        let places = parts.iter().map(|part| (part.statement.as_ptr().addr(), part.statement.len())).collect();
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts.entry((places, begins, ends)).or_insert_with(|| {
            let mut text = if begins { self.statement.to_owned() } else { String::new() };
            for (at, part) in parts.iter().enumerate() {
                text.push_str(if at > 0 { "; " } else { "" });
                part.write_to(&mut text);
            }
            text.push_str(if ends { "; COMMIT" } else { "" });
            text.into()
        });
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
        Self {
            held,
            begin,
            has_begun: false,
            end: End::Open,
            queued: Queued::default(),
            owes_answer: false,
            _turn: turn,
        }
    }

    pub(super) fn can_queue(&self) -> bool {
        !self.queued.is_full()
    }

    /// Lets a statement go to the database with the next one, or with the end of the transaction. `bind` adds the
    /// values of its placeholders.
    pub(super) fn queue(
        &mut self,
        statement: &'static str,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), Error> {
        self.queued.add(statement, bind)
    }

    /// The text to run for a statement: the first one begins the transaction, and what was queued goes before it. With
    /// the values of what was queued, which come before its own. Call `answered` after its answer.
    pub(super) fn sql(&mut self, statement: &'static str) -> (SqlStr, SqliteArguments) {
        self.text(statement, false)
    }

    /// As `sql`, for a statement whose rows are all read.
    pub(super) fn sql_of_all(&mut self, statement: &'static str) -> (SqlStr, SqliteArguments) {
        let ends = self.end == End::WithNext;
        if ends {
            self.end = End::Now;
        }
        self.text(statement, ends)
    }

    fn text(&mut self, statement: &'static str, ends: bool) -> (SqlStr, SqliteArguments) {
        self.owes_answer = true;
        let begins = !std::mem::replace(&mut self.has_begun, true);
        if begins || ends || !self.queued.is_empty() {
            let (parts, arguments) = self.queued.take_with(statement);
            (self.begin.with(&parts, begins, ends), arguments)
        } else {
            (SqlStr::from_static(statement), SqliteArguments::default())
        }
    }

    /// Lets the next statement whose rows are all read end the transaction, which saves the call that ends it. A
    /// statement after it begins another transaction.
    pub(super) fn end_with_next(&mut self) {
        self.end = End::WithNext;
    }

    /// Takes note that a statement was answered, which a future that was dropped does not.
    pub(super) fn answered(&mut self, is_ok: bool) {
        self.owes_answer = false;
        if self.end == End::Now {
            // A text that failed may have ended before its last statement.
            self.end = if is_ok { End::Ended } else { End::Open };
            self.has_begun &= !is_ok;
        }
    }

    /// Whether the next statement begins another transaction; `true` once for each end.
    pub(super) fn begins_again(&mut self) -> bool {
        let has_ended = self.end == End::Ended;
        if has_ended {
            self.end = End::Open;
        }
        has_ended
    }

    /// Commits, after a last statement of one row with one text, whose bytes it returns.
    pub(super) async fn commit_with(mut self, last: &'static str, values: [String; 2]) -> Result<Vec<u8>, Error> {
        self.end_with_next();
        let (sql, arguments) = self.sql_of_all(last);
        let mut statement = sqlx::query_scalar_with::<Sqlite, Vec<u8>, _>(sql, arguments);
        for value in values {
            statement = statement.bind(value);
        }
        let found = statement.fetch_all(&mut *self.held.connection).await;
        self.answered(found.is_ok());
        Ok(found?.pop().unwrap_or_default())
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if self.has_begun || !self.queued.is_empty() {
            let (sql, arguments) = self.sql("COMMIT");
            let committed = sqlx::query_with(sql, arguments).execute(&mut *self.held.connection).await;
            self.answered(committed.is_ok());
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

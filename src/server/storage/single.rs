//! A connection to SQLite that runs single statements.
//!
//! The pool tests a connection when it is taken and when it is given back, and a transaction adds two statements: each
//! of these goes to the thread of the connection and back. A statement that needs no transaction takes this connection
//! instead, and goes there once.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use sqlx::{SqlStr, Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection, sqlite::SqliteArguments};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::kept_transaction::KeptTransaction;

/// The connection, from its first statement on. Statements wait for one another.
#[derive(Clone, Default)]
pub(super) struct Single(Arc<Mutex<Option<PoolConnection<Sqlite>>>>);

/// What statements on SQLite run on.
pub(super) enum OnSqlite {
    Transaction(Transaction<'static, Sqlite>),
    Kept(KeptTransaction),
    Single(OwnedMappedMutexGuard<Option<PoolConnection<Sqlite>>, PoolConnection<Sqlite>>),
}

impl Single {
    /// Takes the connection; the first time it is one of `readers`.
    pub(super) async fn take(&self, readers: &SqlitePool) -> Result<OnSqlite, sqlx::Error> {
        let mut held = self.0.clone().lock_owned().await;
        if held.is_none() {
            *held = Some(readers.acquire().await?);
        }
        OwnedMutexGuard::try_map(held, Option::as_mut).map(OnSqlite::Single).map_err(|_| sqlx::Error::PoolClosed)
    }

    /// Gives the connection back to its pool, which is about to be closed.
    pub(super) async fn end(&self) {
        *self.0.lock().await = None;
    }
}

impl OnSqlite {
    /// The text to run for a statement, with the values that come before its own. Call `answered` after its answer.
    pub(super) fn sql(&mut self, statement: &'static str) -> (SqlStr, SqliteArguments) {
        match self {
            Self::Kept(tx) => tx.sql(statement),
            Self::Transaction(_) | Self::Single(_) => (SqlStr::from_static(statement), SqliteArguments::default()),
        }
    }

    /// As `sql`, for a statement whose rows are all read: it may be the one that ends the transaction.
    pub(super) fn sql_of_all(&mut self, statement: &'static str) -> (SqlStr, SqliteArguments) {
        match self {
            Self::Kept(tx) => tx.sql_of_all(statement),
            Self::Transaction(_) | Self::Single(_) => (SqlStr::from_static(statement), SqliteArguments::default()),
        }
    }

    /// Takes note that a statement was answered.
    pub(super) fn answered<T, E>(&mut self, answer: Result<T, E>) -> Result<T, E> {
        if let Self::Kept(tx) = self {
            tx.answered(answer.is_ok());
        }
        answer
    }

    pub(super) fn begins_again(&mut self) -> bool {
        match self {
            Self::Kept(tx) => tx.begins_again(),
            Self::Transaction(_) | Self::Single(_) => false,
        }
    }

    /// Lets the next statement whose rows are all read end the transaction.
    pub(super) fn end_with_next(&mut self) {
        if let Self::Kept(tx) = self {
            tx.end_with_next();
        }
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Transaction(tx) => tx.commit().await,
            Self::Kept(tx) => tx.commit().await,
            // Nothing was written.
            Self::Single(_) => Ok(()),
        }
    }
}

impl Deref for OnSqlite {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Transaction(tx) => tx,
            Self::Kept(tx) => tx,
            Self::Single(connection) => connection,
        }
    }
}

impl DerefMut for OnSqlite {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Transaction(tx) => tx,
            Self::Kept(tx) => tx,
            Self::Single(connection) => connection,
        }
    }
}

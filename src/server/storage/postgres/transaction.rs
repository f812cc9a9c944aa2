//! A transaction on a pooled connection to PostgreSQL, whose future may be dropped at any time.

use std::time::Duration;

use sqlx::{Error, PgConnection, Postgres, SqlStr, pool::PoolConnection, postgres::PgTransactionManager};
use sqlx_core::transaction::TransactionManager;
use tokio::sync::OwnedSemaphorePermit;

use crate::server::storage::repeat::Watch;

/// A transaction. It is rolled back when it is dropped without `commit`.
///
/// It replaces `sqlx::Transaction`, which counts a transaction only after the answer to `BEGIN`: a future dropped
/// before left an open transaction on a connection of the pool. Here a connection that owes an answer when it is
/// dropped is closed. Closing also tells the server to give up the statement (`client_connection_check_interval`).
pub struct PgTx {
    connection: PoolConnection<Postgres>,
    /// Something was sent and its answer was not read.
    owes_answer: bool,
    /// A statement failed: the server ignores all others and turns `COMMIT` into `ROLLBACK`.
    has_failed: bool,
    /// How long an answer to one statement is waited for.
    pub patience: Duration,
    /// Whether statements are prepared under a name.
    pub keeps_statements: bool,
    watch: Option<Watch>,
    _writer: Option<OwnedSemaphorePermit>,
}

impl PgTx {
    pub fn on(connection: PoolConnection<Postgres>, patience: Duration, keeps_statements: bool) -> Self {
        Self {
            connection,
            owes_answer: false,
            has_failed: false,
            patience,
            keeps_statements,
            watch: None,
            _writer: None,
        }
    }

    /// Adds what the transaction holds until it ends.
    pub fn with(mut self, writer: Option<OwnedSemaphorePermit>, watch: Option<Watch>) -> Self {
        (self._writer, self.watch) = (writer, watch);
        self
    }

    pub async fn begin(&mut self, statement: SqlStr) -> Result<(), Error> {
        let begun = PgTransactionManager::begin(self.connection(), Some(statement)).await;
        self.answered(begun)
    }

    /// The connection, to run one statement on. The result of the statement goes to `answered`.
    pub fn connection(&mut self) -> &mut PgConnection {
        self.owes_answer = true;
        &mut self.connection
    }

    /// Takes note that a statement was answered, which a future that was dropped does not.
    pub fn answered<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        match &answer {
            Ok(_) | Err(Error::RowNotFound) => self.owes_answer = false,
            // The server's own errors end the statement. After all others the state of the connection is unknown.
            Err(Error::Database(cause)) => {
                (self.owes_answer, self.has_failed) = (false, true);
                if let Some(watch) = &self.watch {
                    watch.failed(cause.as_ref());
                }
            }
            Err(_) => {}
        }
        answer
    }

    /// Whether a statement failed, so that a commit would change nothing and yet succeed.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Whether the connection can take no further statement of this transaction.
    pub fn is_broken(&self) -> bool {
        self.has_failed || self.owes_answer
    }

    pub async fn commit(mut self) -> Result<(), Error> {
        let committed = within(self.patience, PgTransactionManager::commit(self.connection())).await;
        // After a connection was cut nobody knows whether the server committed.
        if let (Some(watch), Ok(()) | Err(Error::Io(_))) = (&self.watch, &committed) {
            watch.committed();
        }
        self.answered(committed)
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        if self.owes_answer {
            self.connection.close_on_drop();
        } else {
            // Sends nothing after a commit. The pool sends it when it takes the connection back.
            PgTransactionManager::start_rollback(&mut self.connection);
        }
    }
}

/// Waits for an answer of the server. A silent server counts as a broken connection.
pub async fn within<T>(patience: Duration, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(patience, Box::pin(answer)).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

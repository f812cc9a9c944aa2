//! A transaction on a pooled connection to PostgreSQL, whose future may be dropped at any time.

use std::time::Duration;

use sqlx::{Error, PgConnection, PgPool, Postgres, SqlSafeStr, pool::PoolConnection, postgres::PgTransactionManager};
use sqlx_core::transaction::TransactionManager;

/// How long an answer to one statement is waited for. The server gives up earlier by itself, so this limit is only
/// reached when the server or the network is silent.
const ANSWER: Duration = Duration::from_secs(10);

/// A transaction. It is rolled back when it is dropped without `commit`.
///
/// It replaces `sqlx::Transaction`, which counts a transaction only after the answer to `BEGIN`: a future dropped
/// before left an open transaction on a connection of the pool. Here a connection that owes an answer when it is
/// dropped is closed. Closing also tells the server to cancel the statement (`client_connection_check_interval`).
pub struct PgTx {
    connection: PoolConnection<Postgres>,
    /// Something was sent and its answer was not read.
    owes_answer: bool,
    /// A statement failed: the server ignores all others and turns `COMMIT` into `ROLLBACK`.
    has_failed: bool,
}

impl PgTx {
    /// Takes a connection from the pool and runs `begin_with` on it.
    pub async fn begin(pool: &PgPool, begin_with: &'static str) -> Result<Self, Error> {
        let mut tx = Self { connection: pool.acquire().await?, owes_answer: true, has_failed: false };
        let begun = PgTransactionManager::begin(&mut tx.connection, Some(begin_with.into_sql_str())).await;
        tx.answered(begun)?;
        Ok(tx)
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
            Err(Error::Database(_)) => (self.owes_answer, self.has_failed) = (false, true),
            Err(_) => {}
        }
        answer
    }

    pub async fn commit(mut self) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::Protocol("a transaction with a failed statement cannot be committed".into()));
        }
        let committed = answer_of(PgTransactionManager::commit(self.connection())).await;
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

/// Waits for the answer to one statement. A silent server counts as a broken connection.
pub async fn answer_of<T>(statement: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER, statement).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

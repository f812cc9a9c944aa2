//! A pool of connections to PostgreSQL with the time limits of what uses it.

use std::{fmt::Write, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection, Error, PgPool, SqlSafeStr, SqlStr,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::Semaphore;

use super::transaction::{PgTx, within};
use crate::server::{counters::Last, storage::repeat::Watch};

/// How long a transaction may take to begin, the wait for a connection included. Then the client is told to try again.
const BEGIN: Duration = Duration::from_secs(2);
/// The server gives up a statement that waits this long for a row that another transaction holds.
const LOCK: &str = "2s";
/// The server ends a transaction whose client says nothing for this long. No use case waits inside a transaction. What
/// a node has locked that is stopped or cut off is free for the others within ten seconds.
pub const IDLE: &str = "8s";
/// The server gives up a statement whose client went away; it looks this often.
const CLIENT_CHECK: &str = "1s";
/// How long an answer may take after the server should have given up: then the server or the network is silent.
const SILENCE: Duration = Duration::from_secs(2);
/// A connection that was used this recently is not tested again. If it died meanwhile, `BEGIN` finds out.
const FRESH: Duration = Duration::from_secs(1);
/// Between two tries to begin, when one connection after the other turns out to be dead.
const AGAIN: Duration = Duration::from_millis(10);

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    /// Reads one snapshot.
    Read,
}

pub struct Limits {
    /// The most connections at once.
    pub connections: u32,
    /// How long the server may work on one statement.
    pub statement: Duration,
    /// The server knows `client_connection_check_interval`.
    pub checks_clients: bool,
}

pub struct Lane {
    pool: PgPool,
    write: SqlStr,
    read: SqlStr,
    /// How long an answer to one statement is waited for.
    answer: Duration,
    /// Whether a prepared statement is found again by the next transaction on the same connection.
    keeps_statements: bool,
    /// Only writers wait for rows. Some connections are left for readers when all writers wait.
    writers: Arc<Semaphore>,
    /// When a transaction last got no connection in time.
    refused: Last,
}

impl Lane {
    /// Opens no connection yet. A pooler takes no settings at the start of a session, and in its transaction mode the
    /// next transaction may run on another connection: settings then belong to the transaction, and statements have no
    /// name.
    pub fn new(options: PgConnectOptions, is_pooled: bool, limits: Limits) -> Self {
        let mut settings = vec![
            ("lock_timeout", LOCK.to_owned()),
            ("statement_timeout", format!("{}ms", limits.statement.as_millis())),
            ("idle_in_transaction_session_timeout", IDLE.to_owned()),
            // Our statements read few rows. Where the server's statistics are of before a due minute, it expects many,
            // and compiling the statement that loads a batch of deliveries took 4.7 s each time.
            ("jit", "off".to_owned()),
        ];
        if limits.checks_clients {
            settings.push(("client_connection_check_interval", CLIENT_CHECK.to_owned()));
        }
        let mut local = String::new();
        let options = if is_pooled {
            for (name, value) in &settings {
                let _ = write!(local, "; SET LOCAL {name} = '{value}'");
            }
            options.extra_float_digits(None).statement_cache_capacity(0)
        } else {
            options.options(settings)
        };
        // One simple query, so one round trip.
        let begin = |mode: &str| AssertSqlSafe(format!("BEGIN{mode}{local}")).into_sql_str();
        let writers = (limits.connections - limits.connections / 4) as usize;
        Self {
            pool: pool_of(options, limits.connections),
            write: begin(""),
            read: begin(" ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            answer: limits.statement + SILENCE,
            keeps_statements: !is_pooled,
            writers: Arc::new(Semaphore::new(writers)),
            refused: Last::default(),
        }
    }

    /// Begins a transaction. `PoolTimedOut` when no connection is free or the server is away.
    pub async fn begin(&self, mode: Mode, watch: Option<Watch>) -> Result<PgTx, Error> {
        let begun = tokio::time::timeout(BEGIN, self.begin_on_a_live_one(mode, watch)).await;
        let begun = begun.unwrap_or(Err(Error::PoolTimedOut));
        if matches!(begun, Err(Error::PoolTimedOut)) {
            self.refused.happens();
        }
        begun
    }

    async fn begin_on_a_live_one(&self, mode: Mode, watch: Option<Watch>) -> Result<PgTx, Error> {
        let (statement, writer) = match mode {
            Mode::Write => {
                let writer = self.writers.clone().acquire_owned().await.map_err(|_| Error::PoolClosed)?;
                (&self.write, Some(writer))
            }
            Mode::Read => (&self.read, None),
        };
        loop {
            let connection = self.pool.acquire().await.map_err(away)?;
            let mut tx = PgTx::on(connection, self.answer, self.keeps_statements);
            match tx.begin(statement.clone()).await {
                Ok(()) => return Ok(tx.with(writer, watch)),
                // The connection died while it was idle. Nothing happened on it.
                Err(error) if is_dead(&error) => {}
                Err(error) => return Err(error),
            }
            drop(tx);
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Whether a transaction was refused a moment ago, because no connection was free or could be opened. A single look
    /// would miss that: it may find the one connection that is free.
    pub fn refuses(&self) -> bool {
        self.refused.is_within(BEGIN)
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn pool_of(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BEGIN)
        // A test at each use would be one more round trip for every transaction.
        .test_before_acquire(false)
        .before_acquire(|connection, found| {
            Box::pin(async move {
                if found.idle_for >= FRESH {
                    within(BEGIN / 2, connection.ping()).await?;
                }
                Ok(true)
            })
        })
        // Sends the rollback of a dropped transaction. A silent server must not keep the place of the connection.
        .after_release(|connection, _| {
            Box::pin(async move {
                within(BEGIN, connection.ping()).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// Whoever answers the first words of a connection with nothing, or with something else, is not the server.
fn away(error: Error) -> Error {
    match error {
        Error::Protocol(_) | Error::Tls(_) => Error::Io(std::io::Error::other(error)),
        error => error,
    }
}

/// Whether the connection itself ended, as when the server restarts.
fn is_dead(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Protocol(_) => true,
        Error::Database(cause) => {
            cause.code().is_some_and(|code| code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P05"))
        }
        _ => false,
    }
}

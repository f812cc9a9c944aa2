//! The connections to PostgreSQL, directly or through a pooler (pgbouncer).
//!
//! Requests and jobs have lanes of their own, so that the scheduler and the outbox go on when requests use up all
//! connections. Every wait has an end: for a connection, for a row that somebody else holds, for the end of a statement
//! and for an answer of the server.

mod lane;
mod transaction;

use std::{str::FromStr, time::Duration};

use sqlx::{
    PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    StorageError,
    source::{Opening, Source, stepping_back},
};

pub use lane::Mode;
use lane::{IDLE, Lane, Limits};
pub use transaction::{PgTx, within};

/// How long a start waits for a server that is starting too.
const STARTING: Duration = Duration::from_secs(10);

/// The table that a database has while `umbba migrate-to` fills it.
pub const UNFINISHED: &str = "umbba_unfinished_move";

/// Whether a move into this database has begun and not ended.
pub async fn is_unfinished(connection: &mut PgConnection) -> Result<bool, StorageError> {
    let sql = "SELECT to_regclass($1) IS NOT NULL";
    let (is_unfinished,): (bool,) = sqlx::query_as(sql).bind(UNFINISHED).fetch_one(connection).await?;
    Ok(is_unfinished)
}

/// The pools of this process.
pub struct PgPools {
    pub requests: Lane,
    pub jobs: Lane,
}

impl PgPools {
    pub async fn open(source: &Source, opening: Opening) -> Result<Self, StorageError> {
        let options = options_of(&source.url, "DATABASE_URL")?;
        let direct = source.direct_url.as_deref().map(|url| options_of(url, "DATABASE_DIRECT_URL")).transpose()?;
        let is_pooled = direct.is_some();
        let first = open_first(direct.unwrap_or_else(|| options.clone())).await?;
        if is_unfinished(&mut *first.acquire().await?).await? {
            return Err(StorageError::Move(
                "`umbba migrate-to` has begun to fill this database and has not ended: run it again, or name another \
                 database"
                    .into(),
            ));
        }
        if opening == Opening::Migrate {
            stepping_back(sqlx::migrate!("migrations/postgres")).run(&first).await?;
        }
        // PostgreSQL before 14, and servers on some systems, refuse this setting.
        let checks_clients = sqlx::raw_sql("SET client_connection_check_interval = '1s'").execute(&first).await.is_ok();
        first.close().await;

        // A quarter for the jobs, which work one after the other.
        let jobs = (source.connections / 4).max(1);
        let requests = Limits {
            connections: source.connections.saturating_sub(jobs).max(1),
            statement: Duration::from_secs(8),
            checks_clients,
        };
        let jobs = Limits { connections: jobs, statement: Duration::from_secs(60), checks_clients };
        Ok(Self {
            requests: Lane::new(options.clone(), is_pooled, requests),
            jobs: Lane::new(options, is_pooled, jobs),
        })
    }

    pub async fn close(&self) {
        tokio::join!(self.requests.close(), self.jobs.close());
    }
}

fn options_of(url: &str, setting: &str) -> Result<PgConnectOptions, StorageError> {
    PgConnectOptions::from_str(url).map_err(|_| StorageError::Url(format!("{setting} is not a postgres: address")))
}

/// Opens the connection for migrations, which lock the database for a session: through a pooler such a lock could stay
/// on a connection of somebody else. A setting at the start of a session shows whether a pooler answers.
async fn open_first(options: PgConnectOptions) -> Result<PgPool, StorageError> {
    let pooler = || {
        StorageError::Url(
            "a pooler answers at the address of the database: give the pooler's address in DATABASE_URL and the \
             server's own in DATABASE_DIRECT_URL"
                .into(),
        )
    };
    let first = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(STARTING)
        .connect_with(options.options([("idle_in_transaction_session_timeout", IDLE)]))
        .await
        .map_err(|error| match &error {
            sqlx::Error::Database(cause) if cause.message().contains("startup parameter") => pooler(),
            _ => error.into(),
        })?;
    let (idle,): (String,) =
        sqlx::query_as("SELECT current_setting('idle_in_transaction_session_timeout')").fetch_one(&first).await?;
    if idle == IDLE { Ok(first) } else { Err(pooler()) }
}

#[cfg(test)]
mod lane_tests;

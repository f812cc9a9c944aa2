//! All SQL of the house, one file per aggregate, over SQLite and PostgreSQL.
//!
//! Each statement is written once, in the subset both databases share, and run by the macros below on either.
//! Rows are private structs that become domain types; one that cannot is an `Inconsistent` error naming table and id.
//! Writing transactions on SQLite start with `BEGIN IMMEDIATE` on the one writer; on PostgreSQL the use cases lock
//! the pair's row first (`pairs::lock`), so that acts on one pair follow one another on both.
//! `Tx::commit` wakes the feeds that the transaction told something to.

mod macros;

pub mod answers;
pub mod attempts;
pub mod backup;
pub mod daily_questions;
pub mod deliveries;
pub mod delivery_context;
pub mod entries;
mod error;
pub mod events;
pub mod failures;
pub mod future_rows;
pub mod hand_overs;
pub mod invitations;
pub mod notifications;
pub mod pairs;
pub mod persons;
mod place;
pub mod presence;
pub mod prune;
pub mod questions;
mod read_only;
pub mod receipts;
pub mod schedule;
pub mod seeds;
pub mod sessions;
mod sql_types;
pub mod subscriptions;
pub mod sweeps;
pub mod waiting;
pub mod zones;

use std::{collections::BTreeSet, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    Connection, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use serde::Serializer;

use crate::{
    domain::PersonId,
    server::{counters::WRITER_WAITS, notifier::Notifier},
};

pub use error::StorageError;
use place::Place;
pub use place::sqlite_file;

/// A database that the release after this one has migrated is opened as it is: migrations only add.
fn stepping_back(mut migrator: sqlx::migrate::Migrator) -> sqlx::migrate::Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

enum Pools {
    /// No `place` in memory.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        place: Option<Place>,
    },
    Postgres(PgPool),
}

/// The one handle on storage; cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Arc<Pools>,
    notifier: Notifier,
}

/// How to open the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Create the file when it is missing, and bring the schema up to date.
    Migrate,
    /// As it is.
    AsIs,
}

impl Database {
    /// Opens `sqlite:PATH` or `postgres://…`.
    pub async fn open(url: &str, opening: Opening) -> Result<Self, StorageError> {
        let pools = if url.starts_with("sqlite:") {
            open_sqlite(url, opening).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url, opening).await?
        } else {
            return Err(StorageError::Url("DATABASE_URL must start with sqlite: or postgres:".into()));
        };
        Ok(Self { pools: Arc::new(pools), notifier: Notifier::default() })
    }

    pub fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    /// A transaction that may write.
    pub async fn begin(&self) -> Result<Tx, StorageError> {
        self.check_place()?;
        let inner = match &*self.pools {
            Pools::Sqlite { writer, .. } => Inner::Sqlite(WRITER_WAITS.of(writer.begin_with("BEGIN IMMEDIATE")).await?),
            Pools::Postgres(pool) => Inner::Postgres(pool.begin().await?),
        };
        Ok(Tx { inner, told: BTreeSet::new(), has_deliveries: false, has_due: false, notifier: self.notifier.clone() })
    }

    /// A transaction that only reads, on one snapshot: what a page shows and its `as_of` belong together.
    pub async fn read(&self) -> Result<Tx, StorageError> {
        let inner = match &*self.pools {
            Pools::Sqlite { readers, .. } => Inner::Sqlite(readers.begin().await?),
            Pools::Postgres(pool) => {
                Inner::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx { inner, told: BTreeSet::new(), has_deliveries: false, has_due: false, notifier: self.notifier.clone() })
    }

    /// Whether the database answers; for `/readyz`.
    pub async fn ping(&self) -> Result<(), StorageError> {
        self.check_place()?;
        let mut tx = self.read().await?;
        let (_one,): (i64,) = macros::fetch_one!(&mut tx, (i64,), "SELECT CAST(1 AS BIGINT)")?;
        Ok(())
    }

    /// Whether the SQLite file is still the one that was opened; logs once when it is not.
    pub fn check_place(&self) -> Result<(), StorageError> {
        match &*self.pools {
            Pools::Sqlite { place: Some(place), .. } => place.check(),
            Pools::Sqlite { place: None, .. } | Pools::Postgres(_) => Ok(()),
        }
    }

    /// Finishes what is under way and closes all connections.
    pub async fn close(&self) {
        match &*self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(url: &str, opening: Opening) -> Result<Pools, StorageError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| StorageError::Url("DATABASE_URL is not a sqlite: address".into()))?
        .create_if_missing(opening == Opening::Migrate)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        // Rows come from a thread of its own: a batch's in one go, not fifty at a time.
        .row_buffer_size(512)
        .busy_timeout(Duration::from_secs(5));
    // An acknowledged answer is on the disk before anybody is told (PRAGMA synchronous=FULL).
    // A full minute touches every index of hundreds of megabytes: 64 MiB of pages are kept, and the log is copied back
    // into the file every 64 MiB (the default is 4): a page that many batches touch is copied once.
    let writer_options = options.clone().synchronous(SqliteSynchronous::Full);
    let writer_options = writer_options.pragma("cache_size", "-65536").pragma("wal_autocheckpoint", "16384");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        // After a full disk or an I/O error SQLite has rolled back by itself, and the driver believes for ever that it
        // is in a transaction: nothing could be written until a restart. Such a connection is thrown away.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(writer_options.clone())
        .await;
    let (writer, is_full) = match writer {
        Ok(writer) => (writer, false),
        Err(error) => (read_only::open(options.clone(), error).await?, true),
    };
    let place = Place::of(options.get_filename());
    if opening == Opening::Migrate {
        stepping_back(sqlx::migrate!("migrations/sqlite")).run(&writer).await?;
    }
    if is_full {
        return Ok(Pools::Sqlite { readers: writer.clone(), writer, place });
    }
    // A later connection of this process never makes an empty file where ours was.
    writer.set_connect_options(writer_options.create_if_missing(false));
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(
            options
                .synchronous(SqliteSynchronous::Normal)
                .pragma("cache_size", "-16384")
                .read_only(true)
                .create_if_missing(false),
        )
        .await?;
    Ok(Pools::Sqlite { writer, readers, place })
}

async fn open_postgres(url: &str, opening: Opening) -> Result<Pools, StorageError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StorageError::Url("DATABASE_URL is not a postgres: address".into()))?;
    let pool =
        PgPoolOptions::new().max_connections(16).acquire_timeout(Duration::from_secs(10)).connect_with(options).await?;
    if opening == Opening::Migrate {
        stepping_back(sqlx::migrate!("migrations/postgres")).run(&pool).await?;
    }
    Ok(Pools::Postgres(pool))
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The rows of a statement on many, as the JSON array that `execute_each!` and `fetch_each!` bind.
fn rows<T: serde::Serialize>(values: impl IntoIterator<Item = T>) -> String {
    let mut text = Vec::new();
    // Strings and numbers alone: nothing in them can fail.
    let _ = serde_json::Serializer::new(&mut text).collect_seq(values);
    String::from_utf8(text).unwrap_or_default()
}

/// One transaction on either database. Dropped without `commit`, it never happened.
pub struct Tx {
    inner: Inner,
    told: BTreeSet<PersonId>,
    /// Something to send was written.
    has_deliveries: bool,
    /// A pair's due minute was written.
    has_due: bool,
    notifier: Notifier,
}

impl Tx {
    /// Makes it so, then wakes whoever listens to the feeds it wrote to.
    pub async fn commit(self) -> Result<(), StorageError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        self.notifier.wake(&self.told);
        if self.has_deliveries {
            self.notifier.wake_outbox();
        }
        if self.has_due {
            self.notifier.wake_scheduler();
        }
        Ok(())
    }

    fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }
}

//! The connections of SQLite, and what its writer has committed.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Pools, StorageError, Tx, macros,
    place::{Place, sqlite_file},
    read_only,
    refusals::Refusals,
    single::Single,
    source::{Opening, stepping_back},
};

/// Counts the commits of the writer of this process, and the connections that it has had.
#[derive(Debug, Clone, Default)]
pub(super) struct Commits(Arc<AtomicU64>);

impl Commits {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Where a write transaction on SQLite began among all commits to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteMark {
    /// Of this process.
    commits: u64,
    /// Of other processes (`PRAGMA data_version` of the writer: sqlite.org/pragma.html#pragma_data_version).
    data_version: i64,
}

impl SqliteMark {
    /// Whether the transaction that began at `before` committed, and nothing else did since it began.
    pub fn is_next_after(self, before: Self) -> bool {
        self.data_version == before.data_version && self.commits == before.commits + 1
    }
}

impl Tx {
    /// Where this write transaction began. `None` on PostgreSQL, where several transactions write at a time.
    pub async fn sqlite_mark(&mut self) -> Result<Option<SqliteMark>, StorageError> {
        let Some(commits) = self.commits.as_ref().map(|commits| commits.0.load(Ordering::SeqCst)) else {
            return Ok(None);
        };
        let (data_version,) = macros::fetch_one!(self, (i64,), "SELECT data_version FROM pragma_data_version")?;
        Ok(Some(SqliteMark { commits, data_version }))
    }
}

pub(super) async fn open(url: &str, opening: Opening) -> Result<Pools, StorageError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| StorageError::Url("DATABASE_URL is not a sqlite: address".into()))?
        .create_if_missing(opening == Opening::Migrate)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        // The driver reads rows in a thread. This buffer lets a batch come at once instead of fifty rows at a time.
        .row_buffer_size(512)
        .busy_timeout(Duration::from_secs(5));
    // An acknowledged answer is on the disk before anybody is notified (PRAGMA synchronous=FULL).
    let writer_options = options.clone().synchronous(SqliteSynchronous::Full);
    let writer_options = writer_options.pragma("cache_size", "-65536").pragma("wal_autocheckpoint", "16384");
    // SQLite overwrites what it deletes or changes. Otherwise the words of an earlier revision, a name or an account
    // stay in free parts of the file until other rows take their place (R173).
    let writer_options = writer_options.pragma("secure_delete", "ON");
    let commits = Commits::default();
    let of_connections = commits.clone();
    let (refusals, is_file) = (Refusals::default(), sqlite_file(url).is_some());
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        // After a full disk or an I/O error SQLite has rolled back by itself, but the driver still assumes a
        // transaction, and every later write on the connection would fail. Such a connection is dropped, and so is one
        // that is read-only.
        .before_acquire(move |connection, _| {
            let is_read_only = refusals.are_new() && is_file;
            Box::pin(async move { Ok(!connection.is_in_transaction() && !is_read_only) })
        })
        .after_connect(move |_, _| {
            of_connections.add();
            Box::pin(async { Ok(()) })
        })
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
        return Ok(Pools::Sqlite { readers: writer.clone(), writer, place, single: None, commits });
    }
    // Later connections of this process never create an empty file in its place.
    writer.set_connect_options(writer_options.create_if_missing(false));
    let readers = SqlitePoolOptions::new()
        // Four for transactions, and one for single statements.
        .max_connections(5)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(
            options
                .synchronous(SqliteSynchronous::Normal)
                // KiB for each reader. The jobs at start read enough to fill the cache of one.
                .pragma("cache_size", "-8192")
                .read_only(true)
                .create_if_missing(false),
        )
        .await?;
    Ok(Pools::Sqlite { writer, readers, place, single: Some(Single::default()), commits })
}

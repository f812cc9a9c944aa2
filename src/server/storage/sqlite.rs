//! The connections of SQLite.

use std::{str::FromStr, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    StorageError,
    commits::Commits,
    kept_readers::{self, KeptReaders},
    kept_writer::KeptWriter,
    place::{Place, sqlite_file},
    read_only,
    refusals::Refusals,
    single::Single,
    source::{Opening, stepping_back},
};

pub(super) struct SqlitePools {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) place: Option<Place>,
    pub(super) kept: Option<Kept>,
    pub(super) commits: Commits,
}

/// The connections that are kept from one use to the next.
pub(super) struct Kept {
    pub(super) writer: KeptWriter,
    pub(super) readers: KeptReaders,
    pub(super) single: Single,
}

pub(super) async fn open(url: &str, opening: Opening) -> Result<SqlitePools, StorageError> {
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
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(10))
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
        return Ok(SqlitePools { readers: writer.clone(), writer, place, kept: None, commits });
    }
    // Later connections of this process never create an empty file in its place.
    writer.set_connect_options(writer_options.create_if_missing(false));
    let readers = SqlitePoolOptions::new()
        // For transactions, for single statements, and for a backup.
        .max_connections(kept_readers::MOST as u32 + 2)
        .acquire_timeout(kept_readers::PATIENCE)
        .connect_with(
            options
                .synchronous(SqliteSynchronous::Normal)
                // KiB for each reader. The jobs at start read enough to fill the cache of one.
                .pragma("cache_size", "-8192")
                .read_only(true)
                .create_if_missing(false),
        )
        .await?;
    let refusals = sqlite_file(url).map(|_| Refusals::default());
    let kept = Kept { writer: KeptWriter::new(refusals), readers: KeptReaders::default(), single: Single::default() };
    Ok(SqlitePools { writer, readers, place, kept: Some(kept), commits })
}

//! Opens a SQLite file on a full disk. Write-ahead logging needs `FILE-shm` (32 KiB) even to read, and there is no room
//! to create it. After a clean stop the file itself holds everything and can be read without a log.

use std::{ffi::OsString, fs, path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::StorageError;

/// Opens the file for reading when `error` means a full disk and its log is empty.
pub async fn open(options: SqliteConnectOptions, error: sqlx::Error) -> Result<SqlitePool, StorageError> {
    if !is_no_room(&error) || !is_whole(options.get_filename()) {
        return Err(error.into());
    }
    let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(10));
    let pool = pool.connect_with(options.read_only(true).immutable(true).create_if_missing(false)).await?;
    tracing::error!(%error, "the disk is full: pages are shown, nothing is taken. Make room and restart");
    Ok(pool)
}

/// SQLite result codes (primary, low byte): 10 I/O, 13 full.
fn is_no_room(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|cause| cause.code()).unwrap_or_default();
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 10 | 13))
}

fn is_whole(file: &Path) -> bool {
    let mut log = OsString::from(file);
    log.push("-wal");
    let is_empty = |path: &Path| fs::metadata(path).map_or(true, |found| found.len() == 0);
    !is_empty(file) && is_empty(Path::new(&log))
}

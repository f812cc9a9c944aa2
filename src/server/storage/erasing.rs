//! SQLite's log after a deletion. The database file itself is overwritten by each change (`PRAGMA secure_delete`).

use super::{Database, Pools, StorageError};

/// Writes SQLite's log into the database file and empties it, because the log still holds the pages from before a
/// deletion. Returns false when a reader used the log all the while: the caller tries again later. Other writes wait
/// meanwhile, a fifth of a second at most.
pub async fn empty_log(database: &Database) -> Result<bool, StorageError> {
    // Without kept connections the database is only read.
    let Pools::Sqlite { writer, kept: Some(kept), .. } = &*database.pools else { return Ok(true) };
    let mut held = kept.writer.take(writer).await?;
    let connection = &mut *held.connection;
    sqlx::query("PRAGMA busy_timeout = 200").execute(&mut *connection).await?;
    let done: Result<(i64, i64, i64), _> =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
    sqlx::query("PRAGMA busy_timeout = 5000").execute(&mut *connection).await?;
    Ok(done?.0 == 0)
}

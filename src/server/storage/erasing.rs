//! Deleting so that nothing can be read from the file afterwards.

use super::{Database, Pools, StorageError, Tx, macros};

/// From here to `end` SQLite overwrites what it deletes (`PRAGMA secure_delete`); otherwise deleted bytes stay in the
/// file until other rows take their place. On PostgreSQL a vacuum removes them.
pub async fn begin(tx: &mut Tx) -> Result<(), StorageError> {
    set(tx, "PRAGMA secure_delete = ON").await
}

pub async fn end(tx: &mut Tx) -> Result<(), StorageError> {
    set(tx, "PRAGMA secure_delete = OFF").await
}

async fn set(tx: &mut Tx, pragma: &'static str) -> Result<(), StorageError> {
    if !tx.is_postgres() {
        macros::fetch_all!(tx, (i64,), pragma)?;
    }
    Ok(())
}

/// Writes SQLite's log into the database file and empties it, because the log still holds the pages from before a
/// deletion. While a reader uses the log it stays, and the next call empties it.
pub async fn empty_log(database: &Database) -> Result<(), StorageError> {
    if let Pools::Sqlite { writer, .. } = &*database.pools {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await?;
    }
    Ok(())
}

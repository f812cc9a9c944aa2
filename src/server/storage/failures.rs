//! Failed tries at a code. They are in the database, so that a restart or a second node does not reset them.

use super::{StorageError, Tx, macros};
use crate::domain::{BELIEVED_AHEAD_DAYS, Millis};

/// Serialises the tries of one bucket until the end of the transaction, so that many at once count like many in a row.
/// On SQLite the single writer does that.
pub async fn hold(tx: &mut Tx, bucket: &str) -> Result<(), StorageError> {
    tx.locks.key(bucket);
    if tx.is_postgres() {
        macros::execute!(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", bucket)?;
    }
    Ok(())
}

/// Counts the failures of a bucket since `since`. Those dated more than two days later were written by a wrong clock
/// and are ignored.
pub async fn count(tx: &mut Tx, bucket: &str, since: Millis) -> Result<i64, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM failures WHERE bucket = $1 AND at > $2 AND at <= $3",
        bucket,
        since,
        since.plus(BELIEVED_AHEAD_DAYS * Millis::DAY),
    )?;
    Ok(count)
}

pub async fn record(tx: &mut Tx, bucket: &str, now: Millis) -> Result<(), StorageError> {
    macros::execute!(tx, "INSERT INTO failures (bucket, at) VALUES ($1, $2)", bucket, now)?;
    Ok(())
}

//! Failed tries at a code. Kept in the database, so that a restart or a second node forgives nothing.

use super::{StorageError, Tx, macros};
use crate::domain::{BELIEVED_AHEAD_DAYS, Millis};

/// Lets tries of one bucket follow one another until the end of the transaction, so that many at once count like
/// many in a row. On SQLite the one writer does that by itself.
pub async fn hold(tx: &mut Tx, bucket: &str) -> Result<(), StorageError> {
    if tx.is_postgres() {
        macros::execute!(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", bucket)?;
    }
    Ok(())
}

/// How many failures a bucket holds since `since`. Those dated more than two days after it are of a wrong clock and
/// count for nothing.
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

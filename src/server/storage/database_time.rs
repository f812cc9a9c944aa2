//! The wall clock of the database server, which all nodes on it share.

use super::{StorageError, Tx, macros};
use crate::domain::Millis;

/// The server's time at this moment, not at the start of the transaction; `None` on SQLite, where the clock of the one
/// process is the only one.
pub async fn read(tx: &mut Tx) -> Result<Option<Millis>, StorageError> {
    if !tx.is_postgres() {
        return Ok(None);
    }
    let (now,) = macros::fetch_one!(
        tx,
        (Millis,),
        "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)"
    )?;
    Ok(Some(now))
}

//! What `umbba doctor` asks of a database. Reads only.

use super::{StorageError, Tx, macros};
use crate::domain::Millis;

/// The number of the last migration of this release.
pub fn known_schema() -> i64 {
    sqlx::migrate!("migrations/sqlite").iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The number of the last migration that the database has; `None` if it has none.
pub async fn stored_schema(tx: &mut Tx) -> Result<Option<i64>, StorageError> {
    let (version,) = macros::fetch_one!(tx, (Option<i64>,), "SELECT MAX(version) FROM _sqlx_migrations WHERE success")?;
    Ok(version)
}

/// The time of the newest event, by the clock of the process that wrote it.
pub async fn newest_event(tx: &mut Tx) -> Result<Option<Millis>, StorageError> {
    let (at,) = macros::fetch_one!(tx, (Option<Millis>,), "SELECT MAX(at) FROM events")?;
    Ok(at)
}

//! How much a sweep would delete, and the most that one has deleted, so that a sweep under a wrong clock is noticed.

use super::{StorageError, Tx, macros, sql_types::written_as};
use crate::domain::Millis;

/// The guarded tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    Sessions,
    Subscriptions,
    Notifications,
    Deliveries,
    Events,
}

impl Swept {
    pub fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Subscriptions => "push_subscriptions",
            Self::Notifications => "notifications",
            Self::Deliveries => "deliveries",
            Self::Events => "events",
        }
    }
}

written_as!(String, Swept, |table| table.word().to_owned());

/// Counts the rows older than `before`, up to `limit`.
pub async fn count_up_to(tx: &mut Tx, what: Swept, before: Millis, limit: i64) -> Result<i64, StorageError> {
    let sql = match what {
        Swept::Sessions => "SELECT COUNT(*) FROM (SELECT 1 FROM sessions WHERE last_used_at <= $1 LIMIT $2) AS t",
        Swept::Subscriptions => {
            "SELECT COUNT(*) FROM (SELECT 1 FROM push_subscriptions
             WHERE renewed_at < $1 AND COALESCE(shown_at, 0) < $1 AND COALESCE(opened_at, 0) < $1 LIMIT $2) AS t"
        }
        Swept::Notifications => "SELECT COUNT(*) FROM (SELECT 1 FROM notifications WHERE at < $1 LIMIT $2) AS t",
        Swept::Deliveries => "SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE settled_at < $1 LIMIT $2) AS t",
        Swept::Events => "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE at < $1 LIMIT $2) AS t",
    };
    let (count,): (i64,) = macros::fetch_one!(tx, (i64,), sql, before, limit)?;
    Ok(count)
}

/// Counts all rows.
pub async fn count_all(tx: &mut Tx, what: Swept) -> Result<i64, StorageError> {
    let sql = match what {
        Swept::Sessions => "SELECT COUNT(*) FROM sessions",
        Swept::Subscriptions => "SELECT COUNT(*) FROM push_subscriptions",
        Swept::Notifications => "SELECT COUNT(*) FROM notifications",
        Swept::Deliveries => "SELECT COUNT(*) FROM deliveries",
        Swept::Events => "SELECT COUNT(*) FROM events",
    };
    let (count,): (i64,) = macros::fetch_one!(tx, (i64,), sql)?;
    Ok(count)
}

/// The most rows that one sweep has deleted, and how many sweeps in a row were held back.
pub async fn record_of(tx: &mut Tx, what: Swept) -> Result<(i64, i64), StorageError> {
    let row: Option<(i64, i64)> =
        macros::fetch_optional!(tx, (i64, i64), "SELECT most, held FROM sweeps WHERE swept = $1", what.word())?;
    Ok(row.unwrap_or_default())
}

/// Writes both.
pub async fn set_record(tx: &mut Tx, what: Swept, most: i64, held: i64) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO sweeps (swept, most, held) VALUES ($1, $2, $3)
         ON CONFLICT (swept) DO UPDATE SET most = excluded.most, held = excluded.held",
        what,
        most,
        held,
    )?;
    Ok(())
}

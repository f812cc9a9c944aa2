//! Deletes expired rows. Each statement deletes the oldest rows of one table, at most `BATCH`, and finds them by an
//! index, so that it holds SQLite's single writer for some milliseconds however many rows are old.

use super::{StorageError, Tx, macros};
use crate::domain::Millis;

/// Rows deleted in one transaction.
pub const BATCH: u64 = 5_000;

/// Rows of one table that are deleted when they are older than an instant.
pub struct Prune {
    pub table: &'static str,
    /// `$1`: the instant, epoch ms; `$2`: how many rows at most.
    pub sql: &'static str,
}

/// Feed rows by the time they were written.
pub const EVENTS: Prune = Prune {
    table: "events",
    sql: "DELETE FROM events WHERE (person_id, seq) IN (SELECT person_id, seq FROM events WHERE at < $1 ORDER BY at
        LIMIT $2)",
};

/// Sessions by their last use.
pub const SESSIONS: Prune = Prune {
    table: "sessions",
    sql: "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE last_used_at <= $1 ORDER BY last_used_at
        LIMIT $2)",
};

/// Deliveries by the time they were settled.
pub const DELIVERIES: Prune = Prune {
    table: "deliveries",
    sql: "DELETE FROM deliveries WHERE (notification_id, subscription_id) IN
          (SELECT notification_id, subscription_id FROM deliveries WHERE settled_at < $1 ORDER BY settled_at LIMIT $2)",
};

/// Notifications by the time they were written, with their deliveries.
pub const NOTIFICATIONS: Prune = Prune {
    table: "notifications",
    sql: "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE at < $1 ORDER BY at LIMIT $2)",
};

/// Failed tries at a code.
pub const FAILURES: Prune = Prune {
    table: "failures",
    sql: "DELETE FROM failures WHERE (bucket, at) IN (SELECT bucket, at FROM failures WHERE at < $1 ORDER BY at
        LIMIT $2)",
};

/// Hand-overs by their expiry.
pub const HAND_OVERS: Prune = Prune {
    table: "hand_overs",
    sql: "DELETE FROM hand_overs WHERE id IN (SELECT id FROM hand_overs WHERE expires_at <= $1 ORDER BY expires_at
        LIMIT $2)",
};

/// One-time steps by their time.
pub const ATTEMPTS: Prune = Prune {
    table: "attempts",
    sql: "DELETE FROM attempts WHERE key_hash IN (SELECT key_hash FROM attempts WHERE at <= $1 ORDER BY at LIMIT $2)",
};

/// Deletes up to `BATCH` rows older than `before`. Returns how many; fewer than `BATCH` means that none are left.
pub async fn batch(tx: &mut Tx, what: &Prune, before: Millis) -> Result<u64, StorageError> {
    macros::execute!(tx, what.sql, before, BATCH as i64)
}

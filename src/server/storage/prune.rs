//! What housekeeping forgets. Each statement deletes the oldest rows of one table, at most `BATCH`, and an index finds
//! them: the one writer of SQLite is held for some milliseconds at a time, however many rows are old.

use super::{StorageError, Tx, macros};
use crate::domain::Millis;

/// Rows deleted in one transaction.
pub const BATCH: u64 = 5_000;

/// Rows of one table that are forgotten once they are older than an instant.
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

/// Sessions that nobody used since.
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

/// Hand-overs whose minutes were over at that instant.
pub const HAND_OVERS: Prune = Prune {
    table: "hand_overs",
    sql: "DELETE FROM hand_overs WHERE id IN (SELECT id FROM hand_overs WHERE expires_at <= $1 ORDER BY expires_at
        LIMIT $2)",
};

/// One-time steps whose second post is known no more.
pub const ATTEMPTS: Prune = Prune {
    table: "attempts",
    sql: "DELETE FROM attempts WHERE key_hash IN (SELECT key_hash FROM attempts WHERE at <= $1 ORDER BY at LIMIT $2)",
};

/// Deletes up to `BATCH` rows older than `before`; gives how many. Fewer than `BATCH` means that none are left.
pub async fn batch(tx: &mut Tx, what: &Prune, before: Millis) -> Result<u64, StorageError> {
    macros::execute!(tx, what.sql, before, BATCH as i64)
}

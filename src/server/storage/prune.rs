//! Deletes expired rows. Each statement deletes the oldest rows of one table, at most `BATCH`, and finds them by an
//! index, so that it holds SQLite's single writer for some milliseconds however many rows are old. On PostgreSQL it
//! leaves out rows that another transaction has locked, because it waits for none (`locks`).

use serde_json::json;

use super::{StorageError, Tx, macros, rows};
use crate::domain::{Millis, SessionId};

/// Rows deleted in one transaction.
pub const BATCH: u64 = 5_000;

/// Rows of one table that are deleted when they are older than an instant.
pub struct Prune {
    pub table: &'static str,
    /// `$1`: the instant, epoch ms; `$2`: how many rows at most.
    pub sql: &'static str,
    on_postgres: OnPostgres,
}

enum OnPostgres {
    /// Statements as `sql`, one after the other.
    Skipping(&'static [&'static str]),
    /// Sessions of persons whom no other transaction has locked: with a session its devices and hand-overs go.
    Sessions,
}

/// Deletes the oldest rows that match and are free.
macro_rules! skipping {
    ($table:literal, $matching:literal, $by:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ctid = ANY(ARRAY(SELECT x.ctid FROM ",
            $table,
            " x WHERE ",
            $matching,
            " ORDER BY x.",
            $by,
            " LIMIT $2 FOR UPDATE OF x SKIP LOCKED))"
        )
    };
}

/// Feed rows by the time they were written.
pub const EVENTS: Prune = Prune {
    table: "events",
    sql: "DELETE FROM events WHERE (person_id, seq) IN (SELECT person_id, seq FROM events WHERE at < $1 ORDER BY at
        LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("events", "x.at < $1", "at")]),
};

/// Sessions by their last use.
pub const SESSIONS: Prune = Prune {
    table: "sessions",
    sql: "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE last_used_at <= $1 ORDER BY last_used_at
        LIMIT $2)",
    on_postgres: OnPostgres::Sessions,
};

/// Deliveries by the time they were settled.
pub const DELIVERIES: Prune = Prune {
    table: "deliveries",
    sql: "DELETE FROM deliveries WHERE (notification_id, subscription_id) IN
          (SELECT notification_id, subscription_id FROM deliveries WHERE settled_at < $1 ORDER BY settled_at LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("deliveries", "x.settled_at < $1", "settled_at")]),
};

/// Notifications by the time they were written, with their deliveries.
pub const NOTIFICATIONS: Prune = Prune {
    table: "notifications",
    sql: "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE at < $1 ORDER BY at LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[
        "DELETE FROM deliveries WHERE ctid = ANY(ARRAY(SELECT d.ctid FROM notifications n
         JOIN deliveries d ON d.notification_id = n.id WHERE n.at < $1 ORDER BY n.at LIMIT $2
         FOR UPDATE OF d SKIP LOCKED))",
        skipping!(
            "notifications",
            "x.at < $1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = x.id)",
            "at"
        ),
    ]),
};

/// Failed tries at a code.
pub const FAILURES: Prune = Prune {
    table: "failures",
    sql: "DELETE FROM failures WHERE (bucket, at) IN (SELECT bucket, at FROM failures WHERE at < $1 ORDER BY at
        LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("failures", "x.at < $1", "at")]),
};

/// Hand-overs by their expiry.
pub const HAND_OVERS: Prune = Prune {
    table: "hand_overs",
    sql: "DELETE FROM hand_overs WHERE id IN (SELECT id FROM hand_overs WHERE expires_at <= $1 ORDER BY expires_at
        LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("hand_overs", "x.expires_at <= $1", "expires_at")]),
};

/// Accounts of providers that nobody signed up with.
pub const IDENTITY_SIGN_UPS: Prune = Prune {
    table: "identity_sign_ups",
    sql: "DELETE FROM identity_sign_ups WHERE handle_hash IN (SELECT handle_hash FROM identity_sign_ups
        WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("identity_sign_ups", "x.expires_at <= $1", "expires_at")]),
};

/// Requests for a proof by their expiry.
pub const PROOF_REQUESTS: Prune = Prune {
    table: "proof_requests",
    sql: "DELETE FROM proof_requests WHERE id IN (SELECT id FROM proof_requests WHERE expires_at <= $1
        ORDER BY expires_at LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("proof_requests", "x.expires_at <= $1", "expires_at")]),
};

/// One-time steps by their time.
pub const ATTEMPTS: Prune = Prune {
    table: "attempts",
    sql: "DELETE FROM attempts WHERE key_hash IN (SELECT key_hash FROM attempts WHERE at <= $1 ORDER BY at LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("attempts", "x.at <= $1", "at")]),
};

/// Budgets of writes that are whole again.
pub const WRITE_BUDGETS: Prune = Prune {
    table: "write_budgets",
    sql: "DELETE FROM write_budgets WHERE person_id IN (SELECT person_id FROM write_budgets WHERE full_at <= $1
        ORDER BY full_at LIMIT $2)",
    on_postgres: OnPostgres::Skipping(&[skipping!("write_budgets", "x.full_at <= $1", "full_at")]),
};

/// Deletes up to `BATCH` rows older than `before`. Returns how many, on PostgreSQL with rows of theirs in other tables;
/// fewer than `BATCH` means that no free ones are left.
pub async fn batch(tx: &mut Tx, what: &Prune, before: Millis) -> Result<u64, StorageError> {
    if !tx.is_postgres() {
        return macros::execute!(tx, what.sql, before, BATCH as i64);
    }
    let mut deleted = 0;
    match what.on_postgres {
        OnPostgres::Skipping(statements) => {
            for sql in statements {
                deleted += macros::execute!(tx, *sql, before, BATCH as i64)?;
            }
        }
        OnPostgres::Sessions => deleted = delete_sessions(tx, before).await?,
    }
    Ok(deleted)
}

async fn delete_sessions(tx: &mut Tx, before: Millis) -> Result<u64, StorageError> {
    let free = macros::fetch_all!(
        tx,
        "sessions" as (SessionId,),
        "SELECT s.id FROM sessions s JOIN persons p ON p.id = s.person_id WHERE s.last_used_at <= $1
         ORDER BY s.last_used_at LIMIT $2 FOR NO KEY UPDATE OF p SKIP LOCKED",
        before,
        BATCH as i64,
    )?;
    let free = rows(free.into_iter().map(|(id,)| json!({ "id": id })));
    macros::fetch_each!(
        tx,
        "push_subscriptions" as (String,),
        "SELECT d.id FROM push_subscriptions d WHERE d.session_id IN (SELECT t.value->>'id' FROM",
        ") ORDER BY d.id FOR UPDATE",
        free.as_str(),
    )?;
    macros::execute_each!(
        tx,
        "DELETE FROM sessions WHERE id IN (SELECT t.value->>'id' FROM",
        ") AND last_used_at <= $2",
        free.as_str(),
        before,
    )
}

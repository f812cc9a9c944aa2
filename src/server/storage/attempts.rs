//! One-time steps that were done, by the hash of the key of their post.

use super::{StorageError, Tx, macros};
use crate::domain::{Millis, PersonId, SessionId};

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Done {
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// The session that the step opened; it may have ended since.
    #[sqlx(rename = "session_id")]
    pub session: Option<SessionId>,
    /// The id of what the step made or joined.
    pub target: Option<String>,
}

/// The outcome stored under this key since `since`. Posts with one key are serialised until the end of the transaction.
pub async fn lookup(tx: &mut Tx, key_hash: &str, since: Millis) -> Result<Option<Done>, StorageError> {
    tx.locks.key(key_hash);
    if tx.is_postgres() {
        macros::execute!(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key_hash)?;
    }
    macros::fetch_optional!(
        tx,
        "attempts" as Done,
        "SELECT key_hash, person_id, session_id, target FROM attempts WHERE key_hash = $1 AND at > $2",
        key_hash,
        since,
    )
}

/// Stores the outcome of a step. It replaces an outcome of an expired key.
pub async fn insert(tx: &mut Tx, key_hash: &str, step: &str, done: &Done, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO attempts (key_hash, step, person_id, session_id, target, at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (key_hash) DO UPDATE
         SET person_id = excluded.person_id, session_id = excluded.session_id, target = excluded.target,
               at = excluded.at",
        key_hash,
        step,
        done.person,
        done.session,
        done.target.as_deref(),
        now,
    )?;
    Ok(())
}

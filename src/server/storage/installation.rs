//! What all nodes of one installation share, and what is remembered of its backups.

use super::{StorageError, Tx, macros};
use crate::domain::Millis;

/// A fingerprint of `secret.key`.
pub const SECRET_KEY: &str = "secret_key";
/// The ids of the keys of `vapid.json`, separated by spaces.
pub const PUSH_KEYS: &str = "push_keys";

/// When the last backup was made.
pub const BACKUP_MADE_AT: &str = "backup_made_at";
/// When the last backup was made that was restored into a scratch place and compared.
pub const BACKUP_VERIFIED_AT: &str = "backup_verified_at";

/// How far the pairs that nobody can read have been cleared: the last one that was, or `done`.
pub const UNREAD_CLEARED: &str = "unread_pairs_cleared";

pub async fn lookup(tx: &mut Tx, name: &str) -> Result<Option<String>, StorageError> {
    let row: Option<(String,)> =
        macros::fetch_optional!(tx, (String,), "SELECT value FROM installation WHERE name = $1", name)?;
    Ok(row.map(|(value,)| value))
}

/// Writes a value if it is still `before` (`None`: if there is none). Returns whether it was.
pub async fn replace(tx: &mut Tx, name: &str, before: Option<&str>, value: &str) -> Result<bool, StorageError> {
    let changed = match before {
        Some(before) => macros::execute!(
            tx,
            "UPDATE installation SET value = $3 WHERE name = $1 AND value = $2",
            name,
            before,
            value
        )?,
        None => macros::execute!(
            tx,
            "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            name,
            value
        )?,
    };
    Ok(changed == 1)
}

/// Writes an instant (epoch ms) whatever was there before.
pub async fn remember(tx: &mut Tx, name: &str, at: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO installation (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        at.0.to_string()
    )?;
    Ok(())
}

/// Reads an instant that `remember` wrote.
pub async fn lookup_instant(tx: &mut Tx, name: &str) -> Result<Option<Millis>, StorageError> {
    Ok(lookup(tx, name).await?.and_then(|value| value.parse().ok()).map(Millis))
}

/// When the last backup was made, and when the last one was made that was verified.
pub async fn lookup_backups(tx: &mut Tx) -> Result<(Option<Millis>, Option<Millis>), StorageError> {
    let rows: Vec<(String, String)> = macros::fetch_all!(
        tx,
        (String, String),
        "SELECT name, value FROM installation WHERE name IN ($1, $2)",
        BACKUP_MADE_AT,
        BACKUP_VERIFIED_AT,
    )?;
    let at = |wanted: &str| {
        rows.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse().ok()).map(Millis)
    };
    Ok((at(BACKUP_MADE_AT), at(BACKUP_VERIFIED_AT)))
}

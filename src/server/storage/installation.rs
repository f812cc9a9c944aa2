//! What all nodes of one installation share.

use super::{StorageError, Tx, macros};

/// A fingerprint of `secret.key`.
pub const SECRET_KEY: &str = "secret_key";
/// The ids of the keys of `vapid.json`, separated by spaces.
pub const PUSH_KEYS: &str = "push_keys";

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

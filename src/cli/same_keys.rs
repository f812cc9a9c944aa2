//! Refuses keys that are not those of the installation. Nodes with different keys would not recognise each other's
//! codes, tickets and receipts, and could not push to each other's devices.

use std::collections::BTreeSet;

use super::failure::Failure;
use crate::server::{
    push::VapidKeys,
    secrets::Secrets,
    storage::{
        Database, StorageError,
        installation::{PUSH_KEYS, SECRET_KEY, lookup, replace},
    },
};

/// What to do about keys that differ from those of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherKeys {
    Refuse,
    /// The old keys are lost: these are the keys of the installation from now on.
    Adopt,
}

/// Compares the keys of this data folder with the fingerprints in the database. The first node writes them, and a key
/// that `umbba keys rotate` made is added. A database that cannot be written now is only read.
pub(super) async fn check(
    database: &Database,
    secrets: &Secrets,
    keys: &VapidKeys,
    other: OtherKeys,
) -> Result<(), Failure> {
    let mine = secrets.fingerprint();
    let is_same = agree(database, SECRET_KEY, |stored| match stored {
        Some(stored) if stored != mine && other == OtherKeys::Refuse => None,
        _ => Some(mine.clone()),
    });
    if !is_same.await? {
        return Err(Failure(
            "secret.key is not the key that this database was used with: copy the file from another node or from your \
             backup. If it is lost, `umbba keys adopt` goes on with this one, and recovery codes, invitations and \
             receipts of before are void"
                .into(),
        ));
    }
    let mine: BTreeSet<&str> = keys.list().map(|(id, ..)| id).collect();
    let is_same = agree(database, PUSH_KEYS, |stored| {
        let stored: BTreeSet<&str> = stored.unwrap_or_default().split_whitespace().collect();
        let is_known = other == OtherKeys::Adopt || stored.is_subset(&mine);
        is_known.then(|| mine.iter().copied().collect::<Vec<_>>().join(" "))
    });
    if !is_same.await? {
        return Err(Failure(
            "vapid.json lacks a key that devices of this database were registered with: copy the file from another \
             node or from your backup. If it is lost, `umbba keys adopt` goes on with this one, and every device has \
             to allow notifications again"
                .into(),
        ));
    }
    Ok(())
}

/// Replaces the stored value with what `judge` makes of it. Returns false if `judge` refuses the stored value.
async fn agree(
    database: &Database,
    name: &str,
    judge: impl Fn(Option<&str>) -> Option<String>,
) -> Result<bool, StorageError> {
    loop {
        let mut tx = database.read().await?;
        let stored = lookup(&mut tx, name).await?;
        drop(tx);
        let Some(wanted) = judge(stored.as_deref()) else { return Ok(false) };
        if stored.as_ref() == Some(&wanted) {
            return Ok(true);
        }
        let written = async {
            let mut tx = database.begin().await?;
            let is_written = replace(&mut tx, name, stored.as_deref(), &wanted).await?;
            tx.commit().await?;
            Ok(is_written)
        };
        match written.await {
            Ok(true) => return Ok(true),
            // Another node was faster: its value is judged.
            Ok(false) => {}
            Err(StorageError::Unavailable(error)) => {
                tracing::error!(%error, "the fingerprints of the keys cannot be written; is the disk full?");
                return Ok(true);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{random::Random, storage::Opening};

    #[tokio::test]
    async fn the_first_keys_are_kept_a_rotation_is_added_and_others_are_refused() {
        let folder = std::env::temp_dir().join(format!("umbba-same-keys-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let url = format!("sqlite:{}", folder.join("test.db").display());
        let database = Database::open(&url, Opening::Migrate).await.expect("a database");
        let secrets = Secrets::load(&folder, &Random::system()).expect("a key");
        let first = VapidKeys::load_or_make(&folder, 0).expect("a key");
        let refused = async |secrets: &Secrets, keys: &VapidKeys| {
            check(&database, secrets, keys, OtherKeys::Refuse).await.err().map(|failure| failure.0)
        };
        assert_eq!(refused(&secrets, &first).await, None, "the first node");
        assert_eq!(refused(&secrets, &first).await, None, "the second node has the same files");
        let rotated = VapidKeys::make(&folder, 1).expect("a key");
        assert_eq!(refused(&secrets, &rotated).await, None);
        let said = refused(&secrets, &first).await.expect("a node without the new key is refused");
        assert!(said.starts_with("vapid.json"), "{said}");
        let said = refused(&Secrets::from_key(&[7; 32]), &rotated).await.expect("another key is refused");
        assert!(said.starts_with("secret.key"), "{said}");
        let other = Secrets::from_key(&[7; 32]);
        check(&database, &other, &first, OtherKeys::Adopt).await.expect("adopted");
        assert_eq!(refused(&other, &first).await, None);
        database.close().await;
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

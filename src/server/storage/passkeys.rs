//! Passkeys of persons. Bytes are stored as base64url without padding. Rules R192–R195.

use super::{StorageError, Tx, macros, persons, sql_types::Flag};
use crate::domain::{Millis, PasskeyId, Person, PersonId};

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Passkey {
    #[sqlx(rename = "passkey_id")]
    pub id: PasskeyId,
    pub user_handle: String,
    pub credential_id: String,
    /// SubjectPublicKeyInfo.
    pub public_key: String,
    /// The host of the address under which it was made.
    pub rp_id: String,
    pub sign_count: i64,
    is_synced: Flag,
    /// Words of W3C Web Authentication §5.8.4, with spaces between.
    pub transports: String,
    #[sqlx(rename = "passkey_name")]
    pub name: String,
    #[sqlx(rename = "made_at")]
    pub created_at: Millis,
    #[sqlx(rename = "used_at")]
    pub last_used_at: Option<Millis>,
}

impl Passkey {
    pub fn is_synced(&self) -> bool {
        self.is_synced.0
    }
}

/// A passkey that was made just now.
pub struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub user_handle: &'a str,
    pub credential_id: &'a str,
    pub public_key: &'a str,
    pub rp_id: &'a str,
    pub sign_count: u32,
    pub is_synced: bool,
    pub is_backed_up: bool,
    pub transports: &'a str,
    pub name: &'a str,
    pub now: Millis,
}

/// Stores a passkey. The person is locked. Returns false when there is one with this credential id.
pub async fn insert(tx: &mut Tx, person: PersonId, new: &NewPasskey<'_>) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let inserted = macros::execute!(
        tx,
        "INSERT INTO passkeys (id, person_id, user_handle, credential_id, public_key, rp_id, sign_count, is_synced,
                is_backed_up, transports, name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (credential_id) DO NOTHING",
        new.id,
        person,
        new.user_handle,
        new.credential_id,
        new.public_key,
        new.rp_id,
        i64::from(new.sign_count),
        Flag(new.is_synced),
        Flag(new.is_backed_up),
        new.transports,
        new.name,
        new.now,
    )?;
    Ok(inserted == 1)
}

/// A person's passkeys, the oldest first.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Passkey>, StorageError> {
    macros::fetch_all!(
        tx,
        "passkeys" as Passkey,
        "SELECT id AS passkey_id, user_handle, credential_id, public_key, rp_id, sign_count, is_synced, transports,
                name AS passkey_name, created_at AS made_at, last_used_at AS used_at
         FROM passkeys WHERE person_id = $1 ORDER BY created_at, id",
        person
    )
}

/// The passkey with this credential id, and whose it is.
pub async fn lookup(tx: &mut Tx, credential_id: &str) -> Result<Option<(Passkey, Person)>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "passkeys" as Found,
        "SELECT k.id AS passkey_id, k.user_handle, k.credential_id, k.public_key, k.rp_id, k.sign_count, k.is_synced,
                k.transports, k.name AS passkey_name, k.created_at AS made_at, k.last_used_at AS used_at,
                p.id, p.name, p.locale, p.text_size, p.zone, p.zone_offset_s
         FROM passkeys k JOIN persons p ON p.id = k.person_id WHERE k.credential_id = $1",
        credential_id,
    )?;
    Ok(row.map(|found| (found.passkey, found.person.into_person())))
}

#[derive(sqlx::FromRow)]
struct Found {
    #[sqlx(flatten)]
    passkey: Passkey,
    #[sqlx(flatten)]
    person: persons::Row,
}

/// Records a use. Returns false when the passkey was removed since. The person is locked.
pub async fn note_use(
    tx: &mut Tx,
    person: PersonId,
    id: PasskeyId,
    sign_count: u32,
    is_backed_up: bool,
    now: Millis,
) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE passkeys SET sign_count = $3, is_backed_up = $4, last_used_at = $5 WHERE id = $1 AND person_id = $2",
        id,
        person,
        i64::from(sign_count),
        Flag(is_backed_up),
        now,
    )?;
    Ok(changed == 1)
}

pub async fn rename(tx: &mut Tx, person: PersonId, id: PasskeyId, name: &str) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let sql = "UPDATE passkeys SET name = $3 WHERE id = $1 AND person_id = $2";
    Ok(macros::execute!(tx, sql, id, person, name)? == 1)
}

/// Deletes a passkey of this person. Returns its name.
pub async fn delete(tx: &mut Tx, person: PersonId, id: PasskeyId) -> Result<Option<String>, StorageError> {
    tx.locks.expect_person(person);
    let row = macros::fetch_optional!(
        tx,
        "passkeys" as (String,),
        "DELETE FROM passkeys WHERE id = $1 AND person_id = $2 RETURNING name",
        id,
        person
    )?;
    Ok(row.map(|(name,)| name))
}

/// How many passkeys were made under another host than this one.
pub async fn count_elsewhere(tx: &mut Tx, rp_id: &str) -> Result<i64, StorageError> {
    let (count,) = macros::fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM passkeys WHERE rp_id <> $1", rp_id)?;
    Ok(count)
}

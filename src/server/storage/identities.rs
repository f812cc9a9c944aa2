//! Accounts at OpenID Connect providers that sign a person in, by issuer and subject. Rules R198–R201.

use super::{StorageError, Tx, macros, persons};
use crate::domain::{IdentityId, Millis, Person, PersonId};

/// An account of a person, as their settings list it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Identity {
    #[sqlx(rename = "identity_id")]
    pub id: IdentityId,
    /// The id of the provider in the configuration.
    pub provider: String,
    pub issuer: String,
    #[sqlx(rename = "made_at")]
    pub created_at: Millis,
    #[sqlx(rename = "used_at")]
    pub last_used_at: Option<Millis>,
}

/// An account as a provider names it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    pub provider: String,
    pub issuer: String,
    pub subject: String,
}

/// Links an account. Returns false when it is linked already, to anybody. The person is locked.
pub async fn insert(
    tx: &mut Tx,
    person: PersonId,
    id: IdentityId,
    account: &Account,
    now: Millis,
) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let inserted = macros::execute!(
        tx,
        "INSERT INTO identities (id, person_id, provider, issuer, subject, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (issuer, subject) DO NOTHING",
        id,
        person,
        account.provider.as_str(),
        account.issuer.as_str(),
        account.subject.as_str(),
        now,
    )?;
    Ok(inserted == 1)
}

/// A person's accounts, the oldest first.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Identity>, StorageError> {
    macros::fetch_all!(
        tx,
        "identities" as Identity,
        "SELECT id AS identity_id, provider, issuer, created_at AS made_at, last_used_at AS used_at FROM identities
         WHERE person_id = $1 ORDER BY created_at, id",
        person,
    )
}

/// Whose account this is.
pub async fn lookup(tx: &mut Tx, account: &Account) -> Result<Option<(IdentityId, Person)>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "identities" as Found,
        "SELECT i.id AS identity_id, p.id, p.name, p.locale, p.text_size, p.zone, p.zone_offset_s
         FROM identities i JOIN persons p ON p.id = i.person_id WHERE i.issuer = $1 AND i.subject = $2",
        account.issuer.as_str(),
        account.subject.as_str(),
    )?;
    Ok(row.map(|found| (found.identity_id, found.person.into_person())))
}

#[derive(sqlx::FromRow)]
struct Found {
    identity_id: IdentityId,
    #[sqlx(flatten)]
    person: persons::Row,
}

/// Records a use. Returns false when the account was unlinked since. The person is locked.
pub async fn note_use(tx: &mut Tx, person: PersonId, id: IdentityId, now: Millis) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let sql = "UPDATE identities SET last_used_at = $3 WHERE id = $1 AND person_id = $2";
    Ok(macros::execute!(tx, sql, id, person, now)? == 1)
}

/// Unlinks an account of this person. Returns its provider.
pub async fn delete(tx: &mut Tx, person: PersonId, id: IdentityId) -> Result<Option<String>, StorageError> {
    tx.locks.expect_person(person);
    let row = macros::fetch_optional!(
        tx,
        "identities" as (String,),
        "DELETE FROM identities WHERE id = $1 AND person_id = $2 RETURNING provider",
        id,
        person,
    )?;
    Ok(row.map(|(provider,)| provider))
}

/// Keeps an account that no person has, for the sign-up of this browser.
pub async fn keep_for_sign_up(
    tx: &mut Tx,
    handle_hash: &str,
    account: &Account,
    expires_at: Millis,
) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO identity_sign_ups (handle_hash, provider, issuer, subject, expires_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (handle_hash) DO NOTHING",
        handle_hash,
        account.provider.as_str(),
        account.issuer.as_str(),
        account.subject.as_str(),
        expires_at,
    )?;
    Ok(())
}

/// The account that this browser may sign up with. A row that ends after `latest` is of a wrong clock.
pub async fn lookup_sign_up(
    tx: &mut Tx,
    handle_hash: &str,
    now: Millis,
    latest: Millis,
) -> Result<Option<Account>, StorageError> {
    macros::fetch_optional!(
        tx,
        "identity_sign_ups" as Account,
        "SELECT provider, issuer, subject FROM identity_sign_ups
         WHERE handle_hash = $1 AND expires_at > $2 AND expires_at <= $3",
        handle_hash,
        now,
        latest,
    )
}

/// Removes it. Returns true to exactly one caller.
pub async fn end_sign_up(tx: &mut Tx, handle_hash: &str) -> Result<bool, StorageError> {
    Ok(macros::execute!(tx, "DELETE FROM identity_sign_ups WHERE handle_hash = $1", handle_hash)? == 1)
}

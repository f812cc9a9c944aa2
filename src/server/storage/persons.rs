//! Persons and their recovery codes.

use std::collections::BTreeSet;

use serde_json::json;

use super::{StorageError, Tx, locks::Lock, macros, rows, sql_types::Known};
use crate::domain::{Locale, Millis, Person, PersonId, PersonName, SessionId, TextSize, ZoneName};

/// What sign-up stores besides the person.
pub struct NewPerson<'a> {
    pub person: &'a Person,
    pub consent_version: &'a str,
    pub recovery_hash: &'a str,
    pub now: Millis,
}

/// Locks the rows of these persons until the end of the transaction, in the order of their ids, so that use cases of
/// one person run one after the other. A use case locks all persons it writes to or tells at once, because a second
/// call would lock them out of order (`locks`). On SQLite the single writer does that.
pub async fn lock(tx: &mut Tx, persons: impl IntoIterator<Item = PersonId>) -> Result<(), StorageError> {
    let mut wanted: BTreeSet<PersonId> = persons.into_iter().collect();
    wanted.retain(|person| !tx.locks.has(Lock::Person(*person)));
    for person in &wanted {
        tx.locks.take(Lock::Person(*person));
    }
    if tx.is_postgres() && !wanted.is_empty() {
        macros::fetch_each!(
            tx,
            "persons" as (String,),
            "SELECT p.id FROM persons p WHERE p.id IN (SELECT t.value->>'id' FROM",
            ") ORDER BY p.id FOR NO KEY UPDATE",
            rows(wanted.iter().map(|person| json!({ "id": person }))),
        )?;
    }
    Ok(())
}

/// Locks a person whose recovery code is to change. The code is a unique key: `set_recovery` then also waits for
/// transactions that wrote a row which refers to the person, and must not hold the person while it waits, because these
/// may want the person next.
pub async fn lock_keys(tx: &mut Tx, person: PersonId) -> Result<(), StorageError> {
    tx.locks.take(Lock::Person(person));
    if tx.is_postgres() {
        macros::fetch_optional!(tx, (String,), "SELECT id FROM persons WHERE id = $1 FOR UPDATE", person)?;
    }
    Ok(())
}

pub async fn insert(tx: &mut Tx, new: NewPerson<'_>) -> Result<(), StorageError> {
    tx.locks.own(Lock::Person(new.person.id));
    macros::execute!(
        tx,
        "INSERT INTO persons (id, name, locale, text_size, zone, consent_version, consent_at, recovery_hash,
         recovery_made_at, created_at, zone_offset_s)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $7, $9)",
        new.person.id,
        &new.person.name,
        new.person.locale,
        new.person.text_size,
        &new.person.zone,
        new.consent_version,
        new.now,
        new.recovery_hash,
        new.person.zone.last_offset_s().map(i64::from),
    )?;
    Ok(())
}

/// A person by their id; `None` after their account was deleted.
pub async fn lookup(tx: &mut Tx, id: PersonId) -> Result<Option<Person>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "persons" as Row,
        "SELECT id, name, locale, text_size, zone, zone_offset_s FROM persons WHERE id = $1 AND deleted_at IS NULL",
        id
    )?;
    Ok(row.map(Row::into_person))
}

/// The person of a recovery code: the current one, or an earlier one that still works.
pub async fn lookup_by_recovery(tx: &mut Tx, recovery_hash: &str, now: Millis) -> Result<Option<Person>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "persons" as Row,
        "SELECT id, name, locale, text_size, zone, zone_offset_s FROM persons
         WHERE recovery_hash = $1 OR (earlier_recovery_hash = $1 AND earlier_recovery_until > $2)",
        recovery_hash,
        now,
    )?;
    Ok(row.map(Row::into_person))
}

/// A person's recovery codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCodes {
    pub hash: Option<String>,
    pub made_at: Option<Millis>,
    /// The session that made the current code. `None` when sign-up or the operator made it, or several sessions by
    /// turns.
    pub made_by: Option<SessionId>,
    /// The earlier code, and until when it works.
    pub earlier: Option<(String, Millis)>,
}

pub async fn recovery_codes(tx: &mut Tx, person: PersonId, now: Millis) -> Result<RecoveryCodes, StorageError> {
    let (hash, made_at, made_by, earlier, until) = macros::fetch_one!(
        tx,
        (Option<String>, Option<Millis>, Option<Known<SessionId>>, Option<String>, Option<Millis>),
        "SELECT recovery_hash, recovery_made_at, recovery_made_by, earlier_recovery_hash, earlier_recovery_until
         FROM persons WHERE id = $1",
        person,
    )?;
    Ok(RecoveryCodes {
        hash,
        made_at,
        made_by: made_by.and_then(|id| id.0),
        earlier: earlier.zip(until).filter(|(_, until)| now < *until),
    })
}

/// Ends the earlier recovery code. Returns true when it still worked.
pub async fn end_earlier_recovery(tx: &mut Tx, person: PersonId, now: Millis) -> Result<bool, StorageError> {
    tx.locks.take(Lock::Person(person));
    let changed = macros::execute!(
        tx,
        "UPDATE persons SET earlier_recovery_hash = NULL, earlier_recovery_until = NULL WHERE id = $1
         AND earlier_recovery_until > $2",
        person,
        now,
    )?;
    Ok(changed == 1)
}

/// Writes the name alone.
pub async fn rename(tx: &mut Tx, person: PersonId, name: &PersonName) -> Result<(), StorageError> {
    tx.locks.take(Lock::Person(person));
    macros::execute!(tx, "UPDATE persons SET name = $2 WHERE id = $1", person, name)?;
    Ok(())
}

/// Writes locale, text size and zone.
pub async fn update(tx: &mut Tx, person: &Person) -> Result<(), StorageError> {
    tx.locks.take(Lock::Person(person.id));
    macros::execute!(
        tx,
        "UPDATE persons SET locale = $2, text_size = $3, zone = $4, zone_offset_s = $5 WHERE id = $1",
        person.id,
        person.locale,
        person.text_size,
        &person.zone,
        person.zone.last_offset_s().map(i64::from),
    )?;
    Ok(())
}

/// The times of a person's recovery code, and how many first answers the person has given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryState {
    pub made_at: Option<Millis>,
    pub kept_at: Option<Millis>,
    pub answers_given: i64,
}

pub async fn recovery_state(tx: &mut Tx, person: PersonId) -> Result<RecoveryState, StorageError> {
    let (made_at, kept_at, answers_given) = macros::fetch_one!(
        tx,
        (Option<Millis>, Option<Millis>, i64),
        "SELECT recovery_made_at, recovery_kept_at, answers_given FROM persons WHERE id = $1",
        person,
    )?;
    Ok(RecoveryState { made_at, kept_at, answers_given })
}

/// A recovery code that replaces another.
pub struct NewRecovery<'a> {
    pub hash: &'a str,
    pub made_by: Option<SessionId>,
    /// How long the replaced code works. A code that still works from an earlier renewal stays instead, so that
    /// renewing twice does not end it. `None` ends both at once.
    pub earlier_until: Option<Millis>,
}

/// Replaces the recovery code (`lock_keys`).
pub async fn set_recovery(
    tx: &mut Tx,
    person: PersonId,
    new: NewRecovery<'_>,
    now: Millis,
) -> Result<(), StorageError> {
    tx.locks.take(Lock::Person(person));
    macros::execute!(
        tx,
        "UPDATE persons
         SET recovery_hash = $2, recovery_made_at = $3, recovery_kept_at = NULL, recovery_made_by = $4,
             earlier_recovery_hash = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN NULL
                                          WHEN earlier_recovery_until > $3 THEN earlier_recovery_hash
                                          ELSE recovery_hash END,
             earlier_recovery_until = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN NULL
                                           WHEN earlier_recovery_until > $3 THEN earlier_recovery_until
                                           ELSE CAST($5 AS BIGINT) END
         WHERE id = $1",
        person,
        new.hash,
        now,
        new.made_by,
        new.earlier_until,
    )?;
    Ok(())
}

/// Records that the person keeps the code.
pub async fn set_recovery_kept(tx: &mut Tx, person: PersonId, now: Millis) -> Result<(), StorageError> {
    tx.locks.take(Lock::Person(person));
    macros::execute!(
        tx,
        "UPDATE persons SET recovery_kept_at = $2 WHERE id = $1 AND recovery_kept_at IS NULL",
        person,
        now
    )?;
    Ok(())
}

/// Whether the database holds a person who was not seeded.
pub async fn any_real(tx: &mut Tx) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM persons WHERE is_seeded = 0")?;
    Ok(count > 0)
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: PersonId,
    name: PersonName,
    locale: Locale,
    text_size: TextSize,
    zone: ZoneName,
    zone_offset_s: Option<i64>,
}

impl Row {
    pub(super) fn into_person(self) -> Person {
        Person {
            id: self.id,
            name: self.name,
            locale: self.locale,
            text_size: self.text_size,
            zone: self.zone.with_offset(self.zone_offset_s),
        }
    }
}

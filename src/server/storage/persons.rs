//! Accounts.

use super::{StorageError, Tx, macros};
use crate::domain::{Locale, Millis, Person, PersonId, PersonName, SessionId, TextSize, ZoneName};

/// What sign-up records beside the person.
pub struct NewPerson<'a> {
    pub person: &'a Person,
    pub consent_version: &'a str,
    pub recovery_hash: &'a str,
    pub now: Millis,
}

pub async fn insert(tx: &mut Tx, new: NewPerson<'_>) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO persons (id, name, locale, text_size, zone, consent_version, consent_at, recovery_hash, recovery_made_at, created_at, zone_offset_s)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $7, $9)",
        new.person.id.to_string(),
        new.person.name.as_str(),
        new.person.locale.tag(),
        new.person.text_size.word(),
        new.person.zone.as_str(),
        new.consent_version,
        new.now.0,
        new.recovery_hash,
        new.person.zone.last_offset_s().map(i64::from),
    )?;
    Ok(())
}

pub async fn lookup(tx: &mut Tx, id: PersonId) -> Result<Option<Person>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        Row,
        "SELECT id, name, locale, text_size, zone, zone_offset_s FROM persons WHERE id = $1",
        id.to_string()
    )?;
    row.map(Row::into_person).transpose()
}

/// Whom a recovery code opens: the one that runs, or the one before it for as long as it may.
pub async fn lookup_by_recovery(tx: &mut Tx, recovery_hash: &str, now: Millis) -> Result<Option<Person>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        Row,
        "SELECT id, name, locale, text_size, zone, zone_offset_s FROM persons
         WHERE recovery_hash = $1 OR (earlier_recovery_hash = $1 AND earlier_recovery_until > $2)",
        recovery_hash,
        now.0,
    )?;
    row.map(Row::into_person).transpose()
}

/// A person's recovery codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCodes {
    pub hash: Option<String>,
    pub made_at: Option<Millis>,
    /// The session that made the one that runs; `None` when sign-up or the operator did, or several sessions by turns.
    pub made_by: Option<SessionId>,
    /// The one before, and until when it opens.
    pub earlier: Option<(String, Millis)>,
}

pub async fn recovery_codes(tx: &mut Tx, person: PersonId, now: Millis) -> Result<RecoveryCodes, StorageError> {
    let (hash, made_at, made_by, earlier, until) = macros::fetch_one!(
        tx,
        (Option<String>, Option<i64>, Option<String>, Option<String>, Option<i64>),
        "SELECT recovery_hash, recovery_made_at, recovery_made_by, earlier_recovery_hash, earlier_recovery_until FROM persons WHERE id = $1",
        person.to_string(),
    )?;
    Ok(RecoveryCodes {
        hash,
        made_at: made_at.map(Millis),
        made_by: made_by.and_then(|id| id.parse().ok()),
        earlier: earlier.zip(until.map(Millis)).filter(|(_, until)| now < *until),
    })
}

/// The earlier recovery code opens nothing from now on; true when it did.
pub async fn end_earlier_recovery(tx: &mut Tx, person: PersonId, now: Millis) -> Result<bool, StorageError> {
    let changed = macros::execute!(
        tx,
        "UPDATE persons SET earlier_recovery_hash = NULL, earlier_recovery_until = NULL WHERE id = $1 AND earlier_recovery_until > $2",
        person.to_string(),
        now.0,
    )?;
    Ok(changed == 1)
}

/// Writes the name alone.
pub async fn rename(tx: &mut Tx, person: PersonId, name: &PersonName) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE persons SET name = $2 WHERE id = $1", person.to_string(), name.as_str())?;
    Ok(())
}

/// Writes name, locale, text size and zone.
pub async fn update(tx: &mut Tx, person: &Person) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE persons SET name = $2, locale = $3, text_size = $4, zone = $5, zone_offset_s = $6 WHERE id = $1",
        person.id.to_string(),
        person.name.as_str(),
        person.locale.tag(),
        person.text_size.word(),
        person.zone.as_str(),
        person.zone.last_offset_s().map(i64::from),
    )?;
    Ok(())
}

/// What is known of a person's recovery code, and how many first answers they have given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryState {
    pub made_at: Option<Millis>,
    pub kept_at: Option<Millis>,
    pub answers_given: i64,
}

pub async fn recovery_state(tx: &mut Tx, person: PersonId) -> Result<RecoveryState, StorageError> {
    let (made_at, kept_at, answers_given): (Option<i64>, Option<i64>, i64) = macros::fetch_one!(
        tx,
        (Option<i64>, Option<i64>, i64),
        "SELECT recovery_made_at, recovery_kept_at, answers_given FROM persons WHERE id = $1",
        person.to_string(),
    )?;
    Ok(RecoveryState { made_at: made_at.map(Millis), kept_at: kept_at.map(Millis), answers_given })
}

/// A recovery code that takes the place of another.
pub struct NewRecovery<'a> {
    pub hash: &'a str,
    pub made_by: Option<SessionId>,
    /// How long the one before opens. One that still runs from an earlier renewal stays instead: renewing twice does
    /// not push it out. `None` ends both at once.
    pub earlier_until: Option<Millis>,
}

/// Replaces the recovery code.
pub async fn set_recovery(
    tx: &mut Tx,
    person: PersonId,
    new: NewRecovery<'_>,
    now: Millis,
) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE persons
         SET recovery_hash = $2, recovery_made_at = $3, recovery_kept_at = NULL, recovery_made_by = $4,
             earlier_recovery_hash = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN NULL
                                          WHEN earlier_recovery_until > $3 THEN earlier_recovery_hash ELSE recovery_hash END,
             earlier_recovery_until = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN NULL
                                           WHEN earlier_recovery_until > $3 THEN earlier_recovery_until ELSE CAST($5 AS BIGINT) END
         WHERE id = $1",
        person.to_string(),
        new.hash,
        now.0,
        new.made_by.map(|session| session.to_string()),
        new.earlier_until.map(|until| until.0),
    )?;
    Ok(())
}

/// The person says they keep the code. `asked_again`: after the third answer, so they are not asked any more.
pub async fn set_recovery_kept(tx: &mut Tx, person: PersonId, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE persons SET recovery_kept_at = $2 WHERE id = $1 AND recovery_kept_at IS NULL",
        person.to_string(),
        now.0
    )?;
    Ok(())
}

pub async fn count_answer(tx: &mut Tx, person: PersonId) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE persons SET answers_given = answers_given + 1 WHERE id = $1", person.to_string())?;
    Ok(())
}

/// Whether the database holds anybody who was not seeded.
pub async fn any_real(tx: &mut Tx) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM persons WHERE is_seeded = 0")?;
    Ok(count > 0)
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub locale: String,
    pub text_size: String,
    pub zone: String,
    pub zone_offset_s: Option<i64>,
}

impl Row {
    pub(super) fn into_person(self) -> Result<Person, StorageError> {
        let broken = |column| StorageError::Inconsistent { table: "persons", id: self.id.clone(), column };
        Ok(Person {
            id: self.id.parse().map_err(|_| broken("id"))?,
            locale: Locale::from_stored(&self.locale),
            text_size: TextSize::from_stored(&self.text_size),
            zone: ZoneName::parse(&self.zone).map_err(|_| broken("zone"))?.with_offset(self.zone_offset_s),
            name: PersonName::from_stored(self.name),
        })
    }
}

//! Hand-overs to another device of the same person. Codes and tickets are stored as hashes. Housekeeping deletes
//! expired rows.

use super::{StorageError, Tx, macros, sql_types::written_as};
use crate::domain::{HandOverId, HandOverStage, Millis, PersonId, SessionId};

/// How the new device signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandOverCodeKind {
    /// Digits that are typed on the new device and confirmed on the old one.
    Digits,
    /// The link out of an in-app browser.
    Link,
}

impl HandOverCodeKind {
    fn word(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Link => "link",
        }
    }
}

written_as!(String, HandOverCodeKind, |kind| kind.word().to_owned());

/// A hand-over as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HandOver {
    pub id: HandOverId,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    pub stage: HandOverStage,
    /// The name of the new device; empty until one asks.
    pub device: String,
    pub expires_at: Millis,
}

pub struct NewHandOver<'a> {
    pub id: HandOverId,
    pub person: PersonId,
    /// The session it was made in.
    pub session: SessionId,
    pub kind: HandOverCodeKind,
    pub code_hash: &'a str,
    pub now: Millis,
    pub expires_at: Millis,
}

/// Inserts a hand-over. Returns false when the code exists already, or another one of this kind is running.
pub async fn insert(tx: &mut Tx, new: &NewHandOver<'_>) -> Result<bool, StorageError> {
    tx.locks.expect_person(new.person);
    let inserted = macros::execute!(
        tx,
        "INSERT INTO hand_overs (id, person_id, session_id, kind, stage, code_hash, device, created_at, expires_at)
         VALUES ($1, $2, $3, $4, 'open', $5, '', $6, $7) ON CONFLICT DO NOTHING",
        new.id,
        new.person,
        new.session,
        new.kind,
        new.code_hash,
        new.now,
        new.expires_at,
    )?;
    Ok(inserted == 1)
}

/// Withdraws running hand-overs of a kind, also asked and confirmed ones.
pub async fn withdraw(tx: &mut Tx, person: PersonId, kind: HandOverCodeKind) -> Result<u64, StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "UPDATE hand_overs SET stage = 'withdrawn', code_hash = NULL
         WHERE person_id = $1 AND kind = $2 AND stage IN ('open', 'asked', 'confirmed')",
        person,
        kind,
    )
}

/// The person's hand-over by digits that has not expired: the running one, else the latest.
pub async fn lookup_latest(tx: &mut Tx, person: PersonId, now: Millis) -> Result<Option<HandOver>, StorageError> {
    macros::fetch_optional!(
        tx,
        "hand_overs" as HandOver,
        "SELECT id, person_id, stage, device, expires_at FROM hand_overs
         WHERE person_id = $1 AND kind = 'digits' AND expires_at > $2
         ORDER BY CASE WHEN stage IN ('open', 'asked', 'confirmed') THEN 0 ELSE 1 END, created_at DESC, id DESC
               LIMIT 1",
        person,
        now,
    )
}

/// A hand-over of this person. One of another person is not found.
pub async fn lookup_for(tx: &mut Tx, person: PersonId, id: HandOverId) -> Result<Option<HandOver>, StorageError> {
    macros::fetch_optional!(
        tx,
        "hand_overs" as HandOver,
        "SELECT id, person_id, stage, device, expires_at FROM hand_overs WHERE person_id = $1 AND id = $2",
        person,
        id,
    )
}

/// The hand-over of a ticket.
pub async fn lookup_by_ticket(tx: &mut Tx, ticket_hash: &str) -> Result<Option<HandOver>, StorageError> {
    macros::fetch_optional!(
        tx,
        "hand_overs" as HandOver,
        "SELECT id, person_id, stage, device, expires_at FROM hand_overs WHERE ticket_hash = $1",
        ticket_hash,
    )
}

/// The person of open digits.
pub async fn lookup_open(tx: &mut Tx, code_hash: &str, now: Millis) -> Result<Option<PersonId>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "hand_overs" as (PersonId,),
        "SELECT person_id FROM hand_overs WHERE code_hash = $1 AND kind = 'digits' AND stage = 'open'
         AND expires_at > $2",
        code_hash,
        now,
    )?;
    Ok(row.map(|(person,)| person))
}

/// Records that a device asks with digits of this person. Returns true to exactly one caller.
pub async fn ask(
    tx: &mut Tx,
    person: PersonId,
    code_hash: &str,
    ticket_hash: &str,
    device: &str,
    now: Millis,
) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE hand_overs SET stage = 'asked', code_hash = NULL, ticket_hash = $2, device = $3
         WHERE code_hash = $1 AND kind = 'digits' AND stage = 'open' AND expires_at > $4 AND person_id = $5",
        code_hash,
        ticket_hash,
        device,
        now,
        person,
    )?;
    Ok(changed == 1)
}

/// Confirms or refuses the device that asked. A confirmed one stays valid until `until` at least. Returns true to
/// exactly one caller.
pub async fn decide(
    tx: &mut Tx,
    person: PersonId,
    id: HandOverId,
    stage: HandOverStage,
    until: Millis,
    now: Millis,
) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE hand_overs SET stage = $3, expires_at = CASE WHEN expires_at < $4 THEN $4 ELSE expires_at END
         WHERE id = $1 AND person_id = $2 AND stage = 'asked' AND expires_at > $5",
        id,
        person,
        stage,
        until,
        now,
    )?;
    Ok(changed == 1)
}

/// Uses up a confirmed hand-over of this person. Returns true to exactly one caller.
pub async fn enter(tx: &mut Tx, person: PersonId, ticket_hash: &str, now: Millis) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE hand_overs SET stage = 'used'
         WHERE ticket_hash = $1 AND stage = 'confirmed' AND expires_at > $2 AND person_id = $3",
        ticket_hash,
        now,
        person,
    )?;
    Ok(changed == 1)
}

/// The person of an open link.
pub async fn lookup_link(tx: &mut Tx, code_hash: &str, now: Millis) -> Result<Option<PersonId>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "hand_overs" as (PersonId,),
        "SELECT person_id FROM hand_overs WHERE code_hash = $1 AND kind = 'link' AND stage = 'open'
         AND expires_at > $2",
        code_hash,
        now,
    )?;
    Ok(row.map(|(person,)| person))
}

/// Uses up a link of this person. Returns true to exactly one caller.
pub async fn take(tx: &mut Tx, person: PersonId, code_hash: &str, now: Millis) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE hand_overs SET stage = 'used', code_hash = NULL
         WHERE code_hash = $1 AND kind = 'link' AND stage = 'open' AND expires_at > $2 AND person_id = $3",
        code_hash,
        now,
        person,
    )?;
    Ok(changed == 1)
}

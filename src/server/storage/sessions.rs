//! Signed-in browsers. Tokens are hashed at rest. The one before the last rotation opens until its browser has shown
//! the new one, as the answer that brought it may have been lost, and then for as long as requests were under way.

use super::{StorageError, Tx, macros, persons};
use crate::domain::{Millis, Person, PersonId, SessionId};

/// A session as the settings page shows it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    #[sqlx(rename = "session_id")]
    pub id: SessionId,
    /// Browser and system in a few words, from the User-Agent at sign-in.
    pub device: String,
    pub created_at: Millis,
    pub rotated_at: Millis,
    pub last_used_at: Millis,
    /// When its browser last proved that it is the person's (`services::proofs`).
    pub proved_at: Option<Millis>,
}

/// The session and person of a token.
#[derive(Debug, Clone)]
pub struct Found {
    pub session: Session,
    pub person: Person,
    /// The hash of the current token. It differs from the one shown when that is from before a rotation.
    pub token_hash: String,
    /// The browser has not shown the new token yet.
    pub is_rotating: bool,
    /// A request has shown the token.
    pub is_shown: bool,
    /// The number of the last event of the person's feed.
    pub last_seq: i64,
}

/// The condition for the session `s` of the token hash $1, if it was used since $2. $3 is now.
macro_rules! of_token {
    () => {
        "(s.token_hash = $1 OR (s.previous_hash = $1 AND (s.previous_until IS NULL OR s.previous_until > $3)))
         AND s.last_used_at > $2 "
    };
}

/// The columns of a session `s` that tell how far the rotation of its token is.
macro_rules! token_columns {
    () => {
        "s.token_hash, s.previous_hash IS NOT NULL AND s.previous_until IS NULL AS is_rotating,
         s.shown_at IS NOT NULL AS is_shown "
    };
}

pub(super) use {of_token, token_columns};

pub async fn insert(
    tx: &mut Tx,
    id: SessionId,
    person: PersonId,
    token_hash: &str,
    device: &str,
    now: Millis,
) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "INSERT INTO sessions (id, person_id, token_hash, device, created_at, rotated_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $5, $5)",
        id,
        person,
        token_hash,
        device,
        now,
    )?;
    Ok(())
}

/// The session of a token hash, if it was used since `used_since`.
pub async fn lookup(
    tx: &mut Tx,
    token_hash: &str,
    used_since: Millis,
    now: Millis,
) -> Result<Option<Found>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "persons" as FoundRow,
        concat!(
            "SELECT p.id, p.name, p.locale, p.text_size, p.zone, p.zone_offset_s,
                    s.id AS session_id, s.device, s.created_at, s.rotated_at, s.last_used_at, s.proved_at,
                    p.last_seq, ",
            token_columns!(),
            "FROM sessions s JOIN persons p ON p.id = s.person_id WHERE ",
            of_token!()
        ),
        token_hash,
        used_since,
        now,
    )?;
    Ok(row.map(FoundRow::into_found))
}

/// Whether a session exists. Open connections ask this.
pub async fn exists(tx: &mut Tx, id: SessionId) -> Result<bool, StorageError> {
    let row: Option<(i64,)> =
        macros::fetch_optional!(tx, (i64,), "SELECT last_used_at FROM sessions WHERE id = $1", id)?;
    Ok(row.is_some())
}

/// Records that the token was shown for the first time.
pub async fn show(tx: &mut Tx, id: SessionId, now: Millis) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE sessions SET shown_at = $2 WHERE id = $1 AND shown_at IS NULL", id, now)?;
    Ok(())
}

/// Records that a session's browser proved that it is the person's.
pub async fn prove(tx: &mut Tx, id: SessionId, now: Millis) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE sessions SET proved_at = $2 WHERE id = $1", id, now)?;
    Ok(())
}

/// When a session's browser last proved that it is the person's.
pub async fn proved_at(tx: &mut Tx, id: SessionId) -> Result<Option<Millis>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "sessions" as (Option<Millis>,),
        "SELECT proved_at FROM sessions WHERE id = $1",
        id
    )?;
    Ok(row.and_then(|(at,)| at))
}

/// Records a use and the MAC of the client's address.
pub async fn touch(tx: &mut Tx, id: SessionId, address_hash: &str, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE sessions SET last_used_at = $2, address_hash = $3 WHERE id = $1",
        id,
        now,
        address_hash
    )?;
    Ok(())
}

/// Whether a session of this person was last used from this address.
pub async fn was_at(tx: &mut Tx, person: PersonId, address_hash: &str) -> Result<bool, StorageError> {
    let row: Option<(i64,)> = macros::fetch_optional!(
        tx,
        (i64,),
        "SELECT last_used_at FROM sessions WHERE person_id = $1 AND address_hash = $2 LIMIT 1",
        person,
        address_hash,
    )?;
    Ok(row.is_some())
}

/// Replaces the token. Returns false when another request was faster. The previous token works until `settle`.
pub async fn rotate(
    tx: &mut Tx,
    id: SessionId,
    token_hash: &str,
    rotated_before: Millis,
    now: Millis,
) -> Result<bool, StorageError> {
    let changed = macros::execute!(
        tx,
        "UPDATE sessions SET previous_hash = token_hash, previous_until = NULL, retired_told_at = NULL,
         token_hash = $2, rotated_at = $4,
                last_used_at = $4
         WHERE id = $1 AND rotated_at <= $3",
        id,
        token_hash,
        rotated_before,
        now,
    )?;
    Ok(changed == 1)
}

/// Ends the previous token at `previous_until`, because the browser has shown the new one. Does nothing when another
/// rotation has begun.
pub async fn settle(tx: &mut Tx, id: SessionId, token_hash: &str, previous_until: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE sessions SET previous_until = $3 WHERE id = $1 AND token_hash = $2 AND previous_hash IS NOT NULL
         AND previous_until IS NULL",
        id,
        token_hash,
        previous_until,
    )?;
    Ok(())
}

/// Marks a retired token of this person as reported. Returns its session to exactly one caller.
pub async fn report_retired_once(
    tx: &mut Tx,
    person: PersonId,
    token_hash: &str,
    now: Millis,
) -> Result<Option<SessionId>, StorageError> {
    tx.locks.expect_person(person);
    let row = macros::fetch_optional!(
        tx,
        "sessions" as (SessionId,),
        "UPDATE sessions SET retired_told_at = $2 WHERE previous_hash = $1 AND previous_until <= $2
         AND retired_told_at IS NULL AND person_id = $3
         RETURNING id",
        token_hash,
        now,
        person,
    )?;
    Ok(row.map(|(session,)| session))
}

/// The person of a token hash that is retired and not reported yet. Reads only.
pub async fn lookup_retired(tx: &mut Tx, token_hash: &str, now: Millis) -> Result<Option<PersonId>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "sessions" as (PersonId,),
        "SELECT person_id FROM sessions WHERE previous_hash = $1 AND previous_until <= $2 AND retired_told_at IS NULL",
        token_hash,
        now,
    )?;
    Ok(row.map(|(person,)| person))
}

/// The persons with a session.
pub async fn find_persons(tx: &mut Tx) -> Result<Vec<PersonId>, StorageError> {
    let sql = "SELECT DISTINCT person_id FROM sessions ORDER BY person_id";
    let rows = macros::fetch_all!(tx, "sessions" as (PersonId,), sql)?;
    Ok(rows.into_iter().map(|(person,)| person).collect())
}

pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Session>, StorageError> {
    macros::fetch_all!(
        tx,
        "sessions" as Session,
        "SELECT id AS session_id, device, created_at, rotated_at, last_used_at, proved_at FROM sessions
         WHERE person_id = $1 ORDER BY last_used_at DESC, id",
        person,
    )
}

/// Deletes a session of this person, with its devices, which are locked; its open connections then end. Returns false
/// when there is none.
pub async fn delete(tx: &mut Tx, person: PersonId, id: SessionId) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let deleted = macros::execute!(tx, "DELETE FROM sessions WHERE id = $1 AND person_id = $2", id, person)?;
    if deleted == 1 {
        tx.written_feeds.insert(person);
    }
    Ok(deleted == 1)
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    session: Session,
    #[sqlx(flatten)]
    person: persons::Row,
    token_hash: String,
    is_rotating: bool,
    is_shown: bool,
    last_seq: i64,
}

impl FoundRow {
    fn into_found(self) -> Found {
        let Self { session, person, token_hash, is_rotating, is_shown, last_seq } = self;
        Found { session, person: person.into_person(), token_hash, is_rotating, is_shown, last_seq }
    }
}

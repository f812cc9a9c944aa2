//! Proofs that a session asks another device of its person for. One a person: a later request takes the place of an
//! earlier one. Rules R186–R188.

use super::{StorageError, Tx, macros, sql_types::Flag};
use crate::domain::{Millis, PROOF_REQUEST_LIFE_MS, PersonId, ProofRequestId, ProofStage, SessionId};

/// A request that has not expired.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProofRequest {
    pub id: ProofRequestId,
    /// The session that asks.
    #[sqlx(rename = "session_id")]
    pub session: SessionId,
    /// The hash of the token of the browser that asked.
    pub shown_to: String,
    /// The name of its device, as stored.
    pub device: String,
    pub stage: ProofStage,
    /// The number that the session shows.
    pub number: i64,
    pub decoy_one: i64,
    pub decoy_two: i64,
    pub expires_at: Millis,
}

impl ProofRequest {
    /// The numbers to choose from, the smallest first.
    pub fn offered(&self) -> [i64; 3] {
        let mut numbers = [self.number, self.decoy_one, self.decoy_two];
        numbers.sort_unstable();
        numbers
    }
}

/// Stores a request in place of an earlier one. `shown_to`: the hash of the token of the browser that asks. `numbers`:
/// the right one first. The person is locked.
pub async fn set(
    tx: &mut Tx,
    person: PersonId,
    id: ProofRequestId,
    (session, shown_to): (SessionId, &str),
    numbers: [i64; 3],
    expires_at: Millis,
) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    let [number, decoy_one, decoy_two] = numbers;
    macros::execute!(
        tx,
        "INSERT INTO proof_requests (person_id, id, session_id, stage, number, decoy_one, decoy_two, expires_at,
                shown_to)
         VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8)
         ON CONFLICT (person_id) DO UPDATE SET id = excluded.id, session_id = excluded.session_id,
                stage = excluded.stage, number = excluded.number, decoy_one = excluded.decoy_one,
                decoy_two = excluded.decoy_two, expires_at = excluded.expires_at,
                shown_to = excluded.shown_to",
        person,
        id,
        session,
        number,
        decoy_one,
        decoy_two,
        expires_at,
        shown_to,
    )?;
    Ok(())
}

/// The person's request. One that ends later than a request can is of a wrong clock.
pub async fn lookup(tx: &mut Tx, person: PersonId, now: Millis) -> Result<Option<ProofRequest>, StorageError> {
    macros::fetch_optional!(
        tx,
        "proof_requests" as ProofRequest,
        "SELECT r.id, r.session_id, r.shown_to, s.device, r.stage, r.number, r.decoy_one, r.decoy_two, r.expires_at
         FROM proof_requests r JOIN sessions s ON s.id = r.session_id
         WHERE r.person_id = $1 AND r.expires_at > $2 AND r.expires_at <= $3",
        person,
        now,
        now.plus(PROOF_REQUEST_LIFE_MS),
    )
}

/// Ends an open request. The person is locked.
pub async fn end(tx: &mut Tx, person: PersonId, id: ProofRequestId, stage: ProofStage) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "UPDATE proof_requests SET stage = $3 WHERE person_id = $1 AND id = $2 AND stage = 'open'",
        person,
        id,
        stage,
    )?;
    Ok(())
}

/// What decides whether a session may ask or confirm.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Origin {
    #[sqlx(rename = "session_id")]
    pub session: SessionId,
    pub created_at: Millis,
    pub proved_at: Option<Millis>,
    is_of_provider: Flag,
}

impl Origin {
    /// The session was opened with an account at a provider.
    pub fn is_of_provider(&self) -> bool {
        self.is_of_provider.0
    }
}

/// The origins of a person's sessions.
pub async fn find_origins(tx: &mut Tx, person: PersonId) -> Result<Vec<Origin>, StorageError> {
    macros::fetch_all!(
        tx,
        "sessions" as Origin,
        "SELECT id AS session_id, created_at, proved_at, is_of_provider FROM sessions WHERE person_id = $1",
        person,
    )
}

/// Records that a session was opened with an account at a provider.
pub async fn note_provider(tx: &mut Tx, session: SessionId) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE sessions SET is_of_provider = 1 WHERE id = $1", session)?;
    Ok(())
}

//! Proofs that a session is used by its person. Adding or removing a way into the account, and deleting the account,
//! needs a proof that is at most ten minutes old, which a copied cookie alone cannot show. A proof belongs to the
//! session.
//!
//! A sign-up, a recovery code, a passkey and another device (`proof_requests`) are proofs. A session that another
//! session opened (a hand-over) has shown none, because whoever copied a cookie could open one too. Rules R190, R191.

use super::{
    ServiceError,
    guard::{self, Codes, Trier},
    tell::Facts,
};
use crate::{
    domain::{EventKind, Millis, Person, PersonId, RecoveryCode, SessionId},
    server::{
        state::AppState,
        storage::{Tx, persons, sessions},
    },
};

/// How long a proof counts.
pub const FRESH_MS: i64 = 10 * Millis::MINUTE;

/// Whether a proof of this time counts. One from a fast clock does not.
pub fn is_fresh(proved_at: Option<Millis>, now: Millis) -> bool {
    proved_at.is_some_and(|at| (0..FRESH_MS).contains(&now.since(at)))
}

/// Refuses a session without a fresh proof.
pub async fn require(tx: &mut Tx, session: SessionId, now: Millis) -> Result<(), ServiceError> {
    if is_fresh(sessions::proved_at(tx, session).await?, now) { Ok(()) } else { Err(ServiceError::ProofNeeded) }
}

/// Compares a recovery code (its hash) with the one that proves who the person is. While the code from before a renewal
/// works, the code made since proves nothing, because the session that renewed knows it.
pub(super) async fn is_code(tx: &mut Tx, person: PersonId, hash: &str, now: Millis) -> Result<bool, ServiceError> {
    let codes = persons::recovery_codes(tx, person, now).await?;
    if codes.earlier.is_some() && codes.hash.as_deref() == Some(hash) {
        return Err(ServiceError::CodeTooNew);
    }
    Ok(codes.earlier.map(|(earlier, _)| earlier).or(codes.hash).as_deref() == Some(hash))
}

/// Proves with a recovery code that the session is used by its person.
pub async fn prove_by_code(
    state: &AppState,
    person: &Person,
    session: SessionId,
    typed: &str,
    trier: Trier,
) -> Result<(), ServiceError> {
    let code = RecoveryCode::parse(typed).map_err(|_| ServiceError::CodeMissing)?;
    let hash = state.secrets.recovery_hash(&code);
    tokio::time::sleep(guard::slowness(state, Codes::Recovery, trier, Some(person.id)).await?).await;
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if !is_code(&mut tx, person.id, &hash, now).await? {
        guard::fail(tx, state, Codes::Recovery, trier).await?;
        return Err(ServiceError::CodeWrong);
    }
    note(&mut tx, state, person.id, session, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Records the proof, and lets the person's open pages of settings load it.
pub(super) async fn note(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    session: SessionId,
    now: Millis,
) -> Result<(), ServiceError> {
    sessions::prove(tx, session, now).await?;
    let mut facts = Facts::default();
    facts.myself(person, EventKind::SettingsChanged);
    facts.write(tx, state, now).await
}

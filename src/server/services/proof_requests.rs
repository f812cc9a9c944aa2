//! A proof by another device: a session shows a number, and the person chooses it on another session of theirs.
//! Rules R186–R189.
//!
//! Somebody who holds one copied cookie can open more sessions with it: by a hand-over, and with a recovery code that
//! they renew. Therefore such a session neither asks nor confirms in its first week, in which every device has been
//! told of it and can end it.
//!
//! The number is shown to the browser that asked and to no other holder of its session, so that a person who looks at
//! their own device does not see the number of somebody who asked with a copy of its cookie.

use super::{
    ServiceError, guard, inbox,
    proofs::{self, is_fresh},
    tell::Facts,
};
use crate::{
    domain::{
        EventKind, Millis, NotificationKind, PROOF_REQUEST_LIFE_MS, Person, PersonId, ProofRequestId, ProofStage,
        SessionId, SessionStanding, proof_numbers,
    },
    server::{
        secrets::{new_token, token_hash},
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx, persons,
            proof_requests::{self, Origin, ProofRequest},
        },
    },
};

impl Origin {
    fn standing(&self, now: Millis) -> SessionStanding {
        SessionStanding {
            age_ms: now.since(self.created_at),
            is_own: self.proved_at.is_some() || self.is_of_provider(),
            is_proved: is_fresh(self.proved_at, now),
        }
    }
}

fn of_session(origins: &[Origin], session: SessionId, now: Millis) -> Result<SessionStanding, ServiceError> {
    let found = origins.iter().find(|origin| origin.session == session);
    found.map(|origin| origin.standing(now)).ok_or(ServiceError::SignedOut)
}

/// Whether a session may confirm what another session of its person did or asks.
pub(super) async fn may_confirm(
    tx: &mut Tx,
    person: PersonId,
    session: SessionId,
    now: Millis,
) -> Result<bool, ServiceError> {
    let origins = proof_requests::find_origins(tx, person).await?;
    Ok(of_session(&origins, session, now)?.may_confirm())
}

/// Asks the person's other devices for a proof. All devices are told. Returns the token by which the browser is shown
/// the number. A second post of the same form (`key`) changes nothing, and none does while another session asks.
pub async fn ask(
    state: &AppState,
    person: &Person,
    session: SessionId,
    key: &str,
) -> Result<Option<String>, ServiceError> {
    let now = state.clock.now();
    let key = if key.is_empty() { new_token(&state.random) } else { key.to_owned() };
    let token = state.secrets.attempt("proof", "ask", &key, &session.to_string());
    let shown_to = token_hash(&token);
    let mut tx = state.database.begin().await?;
    guard::hold_proof_requests(&mut tx, person.id).await?;
    persons::lock(&mut tx, [person.id]).await?;
    let origins = proof_requests::find_origins(&mut tx, person.id).await?;
    let own = of_session(&origins, session, now)?;
    let running = proof_requests::lookup(&mut tx, person.id, now).await?;
    if own.is_proved {
        return Ok(None);
    }
    if let Some(open) = running.filter(|found| found.stage == ProofStage::Open) {
        if open.session != session {
            return Ok(None);
        }
        if open.shown_to == shown_to {
            return Ok(Some(token));
        }
    }
    if !own.may_ask() {
        return Err(ServiceError::SessionTooNew);
    }
    let mut others = origins.iter().filter(|origin| origin.session != session);
    if !others.any(|origin| origin.standing(now).may_confirm()) {
        return Err(ServiceError::NoOtherDevice);
    }
    guard::count_proof_request(&mut tx, state, person.id, session).await?;
    let (id, numbers) = (ProofRequestId(state.random.id(now)), proof_numbers(state.random.bytes()));
    let until = now.plus(PROOF_REQUEST_LIFE_MS);
    inbox::settle(&mut tx, state, person.id, NotificationKind::ProofAsked).await?;
    proof_requests::set(&mut tx, person.id, id, (session, &shown_to), numbers, until).await?;
    let asking = proof_requests::lookup(&mut tx, person.id, now).await?;
    let device = asking.map(|found| found.device).unwrap_or_default();
    let mut facts = Facts::default();
    facts.of_the_account(person.id, EventKind::SettingsChanged, NotificationKind::ProofAsked, device, now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::ProofAsked { person: person.id, session });
    Ok(Some(token))
}

/// The person's request, and what this session may do.
pub async fn look(
    state: &AppState,
    person: PersonId,
    session: SessionId,
) -> Result<(SessionStanding, Option<ProofRequest>), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let origins = proof_requests::find_origins(&mut tx, person).await?;
    Ok((of_session(&origins, session, now)?, proof_requests::lookup(&mut tx, person, now).await?))
}

/// Finds the person's request, for one of their sessions. The person is locked.
async fn lookup(
    tx: &mut Tx,
    person: PersonId,
    (session, id): (SessionId, ProofRequestId),
    now: Millis,
) -> Result<(SessionStanding, ProofRequest), ServiceError> {
    let origins = proof_requests::find_origins(tx, person).await?;
    let own = of_session(&origins, session, now)?;
    let found = proof_requests::lookup(tx, person, now).await?.filter(|found| found.id == id);
    Ok((own, found.ok_or(ServiceError::ProofOver)?))
}

/// Confirms the request with the number that the asking session shows. A wrong number ends the request.
pub async fn answer(
    state: &AppState,
    person: &Person,
    session: SessionId,
    id: ProofRequestId,
    number: i64,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    let (own, found) = lookup(&mut tx, person.id, (session, id), now).await?;
    if found.session == session {
        return Err(ServiceError::ProofOver);
    }
    if !own.may_confirm() {
        return Err(ServiceError::SessionTooNew);
    }
    let is_right = number == found.number;
    match found.stage {
        ProofStage::Open => {}
        // The same answer came twice, as by a second tap.
        ProofStage::Confirmed if is_right => return Ok(()),
        ProofStage::Confirmed | ProofStage::Wrong | ProofStage::Refused => return Err(ServiceError::ProofOver),
    }
    if !is_right {
        end(tx, state, person.id, id, ProofStage::Wrong, now).await?;
        guard::note(state, SecurityEvent::ProofRefused { person: person.id, session: found.session });
        return Err(ServiceError::ProofNumberWrong);
    }
    proof_requests::end(&mut tx, person.id, id, ProofStage::Confirmed).await?;
    inbox::settle(&mut tx, state, person.id, NotificationKind::ProofAsked).await?;
    proofs::note(&mut tx, state, person.id, found.session, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::ProofConfirmed { person: person.id, session: found.session });
    Ok(())
}

/// Ends the request, because the person does not ask. Any session may, also a new one, and also the one that asks,
/// because somebody may ask with a copy of its cookie.
pub async fn refuse(
    state: &AppState,
    person: &Person,
    session: SessionId,
    id: ProofRequestId,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    let (_, found) = lookup(&mut tx, person.id, (session, id), now).await?;
    match found.stage {
        ProofStage::Open => {}
        ProofStage::Refused => return Ok(()),
        ProofStage::Confirmed | ProofStage::Wrong => return Err(ServiceError::ProofOver),
    }
    end(tx, state, person.id, id, ProofStage::Refused, now).await?;
    guard::note(state, SecurityEvent::ProofRefused { person: person.id, session: found.session });
    Ok(())
}

/// Ends the request without a proof, and lets the person's open pages load that.
async fn end(
    mut tx: Tx,
    state: &AppState,
    person: PersonId,
    id: ProofRequestId,
    stage: ProofStage,
    now: Millis,
) -> Result<(), ServiceError> {
    proof_requests::end(&mut tx, person, id, stage).await?;
    inbox::settle(&mut tx, state, person, NotificationKind::ProofAsked).await?;
    let mut facts = Facts::default();
    facts.myself(person, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    Ok(tx.commit().await?)
}

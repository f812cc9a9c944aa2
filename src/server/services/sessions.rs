//! Sessions: opening and ending them; `recognition` finds the session of a cookie. Rules R74–R77, R86.

use super::{
    Caller, ServiceError,
    attempts::Attempt,
    guard::{self, network},
    tell::Facts,
    topics,
};
use crate::{
    domain::{Cancelled, EventKind, Millis, Person, PersonId, SessionId},
    server::{
        secrets::token_hash,
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx, deletions,
            deliveries::{self, CancelFor},
            device_locks, persons,
            sessions::{self, Session},
            subscriptions,
        },
    },
};

pub use super::{
    NewSession,
    recognition::{Recognised, recognise},
};

/// A session that is unused for 400 days ends (the longest life browsers give a cookie, RFC 6265bis §5.5).
pub const SESSION_IDLE_MS: i64 = 400 * Millis::DAY;
/// Most sessions of one person. One more ends another.
pub const MOST: usize = 50;
/// A session younger than this ends no older one: a stranger who just signed in must not lock the owner out.
pub const YOUNG_MS: i64 = Millis::DAY;

/// Opens a session. The earlier session of this browser ends with it: otherwise it would live on unseen, and its push
/// subscription would wake this browser for another person. A person whose account is being deleted gets none: a caller
/// that takes the deletion back does so first.
pub(super) async fn open(
    tx: &mut Tx,
    state: &AppState,
    attempt: &Attempt,
    person: Person,
    caller: &Caller,
    facts: &mut Facts,
) -> Result<NewSession, ServiceError> {
    let now = state.clock.now();
    let session = SessionId(state.random.id(now));
    let token = attempt.session_token(state, session);
    persons::lock(tx, caller.person().into_iter().chain([person.id])).await?;
    // It may have been asked for while this transaction waited for the person.
    if deletions::is_going(tx, person.id).await? {
        return Err(ServiceError::DeletionBegan);
    }
    let mut others = sessions::find_of(tx, person.id).await?;
    if caller.here.is_some() || others.len() >= MOST {
        device_locks::lock_of(tx, caller.person().into_iter().chain([person.id])).await?;
    }
    sessions::insert(tx, session, person.id, &token_hash(&token), &caller.device.0, now).await?;
    sessions::touch(tx, session, &state.secrets.address_hash(network(caller.client)), now).await?;
    if let Some((former, here)) = caller.here {
        subscriptions::move_to(tx, here, session).await?;
        end_in(tx, former, here, now).await?;
        if former != person.id {
            facts.myself(former, EventKind::SessionsChanged);
        }
    }
    // Latest use first. Above the limit the session of today that is unused for longest ends, so that repeated sign-ins
    // end no older session. When all are old, the one unused for longest ends.
    others.retain(|found| caller.here.is_none_or(|(_, here)| found.id != here));
    while others.len() >= MOST {
        let at = others.iter().rposition(|found| is_young(found, now)).unwrap_or(others.len() - 1);
        end_in(tx, person.id, others.remove(at).id, now).await?;
    }
    Ok(NewSession { person, session, token })
}

/// A session dated far ahead by a wrong clock is not young.
fn is_young(session: &Session, now: Millis) -> bool {
    now.since(session.created_at) < YOUNG_MS && session.created_at.is_believed_at(now)
}

/// Ends a session of this person, and cancels the deliveries to its subscriptions. Person and subscriptions are locked.
async fn end_in(tx: &mut Tx, person: PersonId, session: SessionId, now: Millis) -> Result<bool, ServiceError> {
    for subscription in subscriptions::find_of_session(tx, session).await? {
        if subscription.person == person {
            deliveries::cancel(tx, CancelFor::Subscription(subscription.id), Cancelled::SignedOut, now).await?;
        }
    }
    topics::end_session(tx, session, now).await?;
    Ok(sessions::delete(tx, person, session).await?)
}

/// Ends one of the person's sessions. Its open connections end at their next event. `by` is the session that asks.
pub async fn end(state: &AppState, person: &Person, by: SessionId, session: SessionId) -> Result<(), ServiceError> {
    end_all(state, person, by, |found| found.id == session).await
}

/// Ends all of the person's sessions but `by`.
pub async fn end_others(state: &AppState, person: &Person, by: SessionId) -> Result<(), ServiceError> {
    match end_all(state, person, by, |found| found.id != by).await {
        // There are no other sessions, so the wish is fulfilled.
        Err(ServiceError::NotFound) => Ok(()),
        done => done,
    }
}

async fn end_all(
    state: &AppState,
    person: &Person,
    by: SessionId,
    which: impl Fn(&Session) -> bool,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    device_locks::lock_of(&mut tx, [person.id]).await?;
    let all = sessions::find_of(&mut tx, person.id).await?;
    let own = all.iter().find(|found| found.id == by).ok_or(ServiceError::SignedOut)?;
    let chosen: Vec<&Session> = all.iter().filter(|found| which(found)).collect();
    if is_young(own, now) && chosen.iter().any(|found| found.created_at < own.created_at) {
        return Err(ServiceError::SessionTooYoung);
    }
    if chosen.is_empty() {
        return Err(ServiceError::NotFound);
    }
    for found in &chosen {
        end_in(&mut tx, person.id, found.id, now).await?;
    }
    tell_ended(&mut tx, state, person.id, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::SessionsEnded { person: person.id, count: chosen.len() });
    Ok(())
}

/// Ends every session of a person, and with them their devices. Returns how many. Person and devices are locked.
pub(super) async fn end_every(tx: &mut Tx, person: PersonId, now: Millis) -> Result<usize, ServiceError> {
    let mut ended = 0;
    for session in sessions::find_of(tx, person).await? {
        ended += usize::from(end_in(tx, person, session.id, now).await?);
    }
    Ok(ended)
}

async fn tell_ended(tx: &mut Tx, state: &AppState, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    let mut facts = Facts::default();
    facts.myself(person, EventKind::SessionsChanged);
    facts.write(tx, state, now).await
}

/// Ends every session of one person, or of everybody; for the operator. Returns how many.
pub async fn end_by_operator(state: &AppState, person: Option<PersonId>) -> Result<usize, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let persons = match person {
        Some(person) => vec![persons::lookup(&mut tx, person).await?.ok_or(ServiceError::NotFound)?.id],
        None => sessions::find_persons(&mut tx).await?,
    };
    persons::lock(&mut tx, persons.iter().copied()).await?;
    device_locks::lock_of(&mut tx, persons.iter().copied()).await?;
    let mut ended = 0;
    for person in persons {
        ended += end_every(&mut tx, person, now).await?;
        tell_ended(&mut tx, state, person, now).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// The person's sessions, latest use first.
pub async fn find_of(state: &AppState, person: &Person) -> Result<Vec<Session>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(sessions::find_of(&mut tx, person.id).await?)
}

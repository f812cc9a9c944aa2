//! Sessions: opening, recognising and ending them. Rules R74–R77, R86.

use std::{net::IpAddr, time::Duration};

use tracing::Instrument;

use super::{
    Caller, ServiceError,
    attempts::{ATTEMPT_LIFE_MS, Attempt},
    guard::{self, network},
    tell::Facts,
    topics,
};
use crate::{
    domain::{Cancelled, EventKind, Millis, NotificationKind, Person, PersonId, SessionId},
    server::{
        secrets::token_hash,
        security::SecurityEvent,
        state::AppState,
        storage::{
            StorageError, Tx,
            deliveries::{self, CancelFor},
            device_locks, persons,
            sessions::{self, Found, Session},
            subscriptions,
        },
    },
};

pub use super::NewSession;

/// A session that is unused for 400 days ends (the longest life browsers give a cookie, RFC 6265bis §5.5).
pub const SESSION_IDLE_MS: i64 = 400 * Millis::DAY;
/// Only the sweep ends idle sessions, and it waits while the clock seems wrong. A session that exists is valid.
const HOWEVER_IDLE: Millis = Millis(i64::MIN);
/// After 30 days a session gets a new token.
const ROTATE_AFTER_MS: i64 = 30 * Millis::DAY;
/// How long the previous token works after a browser has shown the new one, for requests under way.
const PREVIOUS_LIVES_MS: i64 = Millis::MINUTE;
/// The use of a session is stored once an hour at most.
const TOUCH_AFTER_MS: i64 = Millis::HOUR;
/// The longest that a request waits until the use of its session is stored.
const AT_LEISURE: Duration = Duration::from_millis(500);
/// Most sessions of one person. One more ends another.
pub const MOST: usize = 50;
/// A session younger than this ends no older one: a stranger who just signed in must not lock the owner out.
pub const YOUNG_MS: i64 = Millis::DAY;

/// Opens a session. The earlier session of this browser ends with it: otherwise it would live on unseen, and its push
/// subscription would wake this browser for another person.
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

/// What the session layer learns from a cookie.
pub struct Recognised {
    pub found: Found,
    /// A new token for the cookie, when the rotation is due.
    pub new_token: Option<String>,
}

/// Finds the session of a token, records its use, and rotates the token every 30 days. The answer with the new token
/// may be lost: a browser that still shows the old token gets the same new one again.
pub async fn recognise(state: &AppState, token: &str, client: IpAddr) -> Result<Option<Recognised>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read_single().await?;
    let shown = token_hash(token);
    let Some(found) = sessions::lookup(&mut tx, &shown, HOWEVER_IDLE, now).await? else {
        if let Some(person) = sessions::lookup_retired(&mut tx, &shown, now).await? {
            drop(tx);
            at_leisure(state, |state| async move { report_retired_once(&state, person, &shown, now).await }).await?;
        }
        return Ok(None);
    };
    drop(tx);
    let session = found.session.id;
    let is_due = now.since(found.session.rotated_at) >= ROTATE_AFTER_MS;
    let mut new_token = None;
    if found.token_hash != shown {
        // The next token is derived from a key. After a change of that key it would not match, so the old token goes
        // on.
        new_token = found
            .is_rotating
            .then(|| state.secrets.next_token(token))
            .filter(|next| token_hash(next) == found.token_hash);
    } else if found.is_rotating {
        at_leisure(state, |state| async move { note_settled(&state, session, &shown, now).await }).await?;
    } else if is_due {
        let fresh = state.secrets.next_token(token);
        let next = fresh.clone();
        let is_rotated = at_leisure(state, |state| async move { rotate(&state, session, &next, now).await }).await?;
        return Ok(Some(Recognised { found, new_token: is_rotated.then_some(fresh) }));
    }
    let is_first = !found.is_shown && now.since(found.session.created_at) < ATTEMPT_LIFE_MS;
    let is_long_ago = now.since(found.session.last_used_at) >= TOUCH_AFTER_MS;
    if is_first || is_long_ago {
        at_leisure(state, |state| async move { note_use(&state, session, client, is_first, now).await }).await?;
    }
    Ok(Some(Recognised { found, new_token }))
}

/// Stores something about a session for which nobody waits. A request waits for it no longer than `AT_LEISURE`, and a
/// failure is ignored, so that people can read while the disk is full or slow, or while somebody holds the row or the
/// lock of the database. A write that has begun goes on by itself; one that has not is left to the next request.
async fn at_leisure<T, W>(state: &AppState, write: impl FnOnce(AppState) -> W) -> Result<T, ServiceError>
where
    T: Default + Send + 'static,
    W: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    let writing = async {
        let turn = state.turns.take_leisure().await;
        let write = write(state.clone());
        let job = async move {
            let _turn = turn;
            write.await
        };
        state.lifecycle.spawn_job(job.in_current_span()).await
    };
    match tokio::time::timeout(AT_LEISURE, writing).await {
        Ok(Ok(Err(ServiceError::Storage(StorageError::Unavailable(error) | StorageError::Conflict(error))))) => {
            tracing::debug!(%error, "the use of a session is not written down");
            Ok(T::default())
        }
        Ok(Ok(written)) => written,
        Ok(Err(_)) | Err(_) => Ok(T::default()),
    }
}

async fn note_settled(state: &AppState, session: SessionId, shown: &str, now: Millis) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    sessions::settle(&mut tx, session, shown, now.plus(PREVIOUS_LIVES_MS)).await?;
    Ok(tx.commit().await?)
}

async fn rotate(state: &AppState, session: SessionId, fresh: &str, now: Millis) -> Result<bool, ServiceError> {
    let mut tx = state.database.begin().await?;
    let is_rotated = sessions::rotate(&mut tx, session, &token_hash(fresh), now.plus(-ROTATE_AFTER_MS), now).await?;
    tx.commit().await?;
    Ok(is_rotated)
}

/// Records a use. `is_first`: from now on the step that opened this session does not open it again.
async fn note_use(
    state: &AppState,
    session: SessionId,
    client: IpAddr,
    is_first: bool,
    now: Millis,
) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    if is_first {
        sessions::show(&mut tx, session, now).await?;
    }
    sessions::touch(&mut tx, session, &state.secrets.address_hash(network(client)), now).await?;
    Ok(tx.commit().await?)
}

/// Notifies the person once that a token was presented that had been replaced long ago: by a phone restored from a
/// backup, from an old log, or by a thief. No session ends, because then an old log could sign a person out.
async fn report_retired_once(state: &AppState, person: PersonId, shown: &str, now: Millis) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person]).await?;
    if let Some(session) = sessions::report_retired_once(&mut tx, person, shown, now).await? {
        let mut facts = Facts::default();
        facts.of_the_account(person, EventKind::SessionsChanged, NotificationKind::StaleToken, String::new(), now);
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
        guard::note(state, SecurityEvent::TokenRetired { person, session });
    }
    Ok(())
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

//! Signed-in browsers: opening, recognising and ending their sessions.

use super::{
    Caller, ServiceError,
    attempts::{ATTEMPT_LIFE_MS, Attempt},
    tell::Telling,
};
use crate::{
    domain::{Cancelled, EventKind, Millis, Person, SessionId},
    server::{
        secrets::token_hash,
        state::AppState,
        storage::{
            Tx,
            deliveries::{self, CancelFor},
            sessions::{self, Found, Session},
            subscriptions,
        },
    },
};

/// A session nobody uses for 400 days ends (the longest life browsers give a cookie, RFC 6265bis §5.5).
pub const SESSION_IDLE_MS: i64 = 400 * Millis::DAY;
/// After 30 days of use a session gets a fresh token.
const ROTATE_AFTER_MS: i64 = 30 * Millis::DAY;
/// Once a browser has shown its fresh token, requests under way may still show the one from before.
const PREVIOUS_LIVES_MS: i64 = Millis::MINUTE;
/// Use is written down once an hour at most.
const TOUCH_AFTER_MS: i64 = Millis::HOUR;

/// A fresh session: the token goes into the cookie and nowhere else.
pub struct Opened {
    pub person: Person,
    pub session: SessionId,
    pub token: String,
}

/// A fresh session with a token of its own, for whoever may have one.
pub(super) async fn open(tx: &mut Tx, state: &AppState, attempt: &Attempt, person: Person, caller: &Caller) -> Result<Opened, ServiceError> {
    let now = state.clock.now();
    let session = SessionId(state.random.id(now));
    let token = attempt.session_token(state, session);
    sessions::insert(tx, session, person.id, &token_hash(&token), &caller.device.0, now).await?;
    Ok(Opened { person, session, token })
}

/// What the session middleware learns from a cookie.
pub struct Recognised {
    pub found: Found,
    /// A fresh token for the cookie, when it was time for one.
    pub new_token: Option<String>,
}

/// Finds the session of a token, notes its use, and rotates it every 30 days. An answer that brings a fresh token may be
/// lost, and nobody is signed out by that: whoever still shows the old one is given the same fresh one again.
pub async fn recognise(state: &AppState, token: &str) -> Result<Option<Recognised>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let shown = token_hash(token);
    let Some(found) = sessions::lookup(&mut tx, &shown, now.plus(-SESSION_IDLE_MS), now).await? else {
        return Ok(None);
    };
    drop(tx);
    let session = found.session.id;
    let is_due = now.since(found.session.rotated_at) >= ROTATE_AFTER_MS;
    let mut new_token = None;
    if found.token_hash != shown {
        // Under another key than it was made with it would open nothing: then the old one goes on.
        new_token = found.is_rotating.then(|| state.secrets.next_token(token)).filter(|next| token_hash(next) == found.token_hash);
    } else if found.is_rotating {
        let mut tx = state.database.begin().await?;
        sessions::settle(&mut tx, session, &shown, now.plus(PREVIOUS_LIVES_MS)).await?;
        tx.commit().await?;
    } else if is_due {
        let fresh = state.secrets.next_token(token);
        let mut tx = state.database.begin().await?;
        let is_rotated = sessions::rotate(&mut tx, session, &token_hash(&fresh), now.plus(-ROTATE_AFTER_MS), now).await?;
        tx.commit().await?;
        return Ok(Some(Recognised { found, new_token: is_rotated.then_some(fresh) }));
    }
    if !found.is_shown && now.since(found.session.created_at) < ATTEMPT_LIFE_MS {
        // From now on the step that opened it opens it for nobody else.
        let mut tx = state.database.begin().await?;
        sessions::show(&mut tx, session, now).await?;
        tx.commit().await?;
    }
    if now.since(found.session.last_used_at) >= TOUCH_AFTER_MS {
        let mut tx = state.database.begin().await?;
        sessions::touch(&mut tx, session, now).await?;
        tx.commit().await?;
    }
    Ok(Some(Recognised { found, new_token }))
}

/// Ends one of the person's sessions. Its open streams end at once: they look for their session at every event.
pub async fn end(state: &AppState, person: &Person, session: SessionId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    // Whether or not the browser co-operates: nothing is sent to it any more.
    for subscription in subscriptions::find_of_session(&mut tx, session).await? {
        if subscription.person == person.id {
            deliveries::cancel(&mut tx, CancelFor::Subscription(subscription.id), Cancelled::SignedOut, now).await?;
        }
    }
    if !sessions::delete(&mut tx, person.id, session).await? {
        return Err(ServiceError::NotFound);
    }
    let mut telling = Telling::default();
    telling.myself(person.id, EventKind::SessionsChanged);
    telling.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The person's sessions, latest use first.
pub async fn find_of(state: &AppState, person: &Person) -> Result<Vec<Session>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(sessions::find_of(&mut tx, person.id).await?)
}

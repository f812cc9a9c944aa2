//! Finding the session of a cookie, recording its use, and rotating its token. Rules R74, R86.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tracing::Instrument;

use super::{
    ServiceError,
    attempts::ATTEMPT_LIFE_MS,
    guard::{self, network},
    tell::Facts,
};
use crate::{
    domain::{EventKind, Millis, NotificationKind, PersonId, SessionId},
    server::{
        secrets::token_hash,
        security::SecurityEvent,
        state::AppState,
        storage::{
            StorageError,
            home::{self, Home},
            persons,
            sessions::{self, Found},
        },
    },
};

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

/// What the session layer learns from a cookie.
pub struct Recognised {
    pub found: Found,
    /// A new token for the cookie, when the rotation is due.
    pub new_token: Option<String>,
    /// The person's home, which only a page has read.
    pub home: Option<Arc<Home>>,
}

/// Finds the session of a token, records its use, and rotates the token every 30 days. The answer with the new token
/// may be lost: a browser that still shows the old token gets the same new one again.
pub async fn recognise(state: &AppState, token: &str, client: IpAddr) -> Result<Option<Recognised>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read_single().await?;
    let shown = token_hash(token);
    let known = if state.database.is_for_page() {
        let known = home::lookup_with_session(&mut tx, &shown, HOWEVER_IDLE, now).await?;
        known.map(|(found, home)| (found, Some(Arc::new(home))))
    } else {
        sessions::lookup(&mut tx, &shown, HOWEVER_IDLE, now).await?.map(|found| (found, None))
    };
    let Some((found, home)) = known else {
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
        return Ok(Some(Recognised { found, new_token: is_rotated.then_some(fresh), home }));
    }
    let is_first = !found.is_shown && now.since(found.session.created_at) < ATTEMPT_LIFE_MS;
    let is_long_ago = now.since(found.session.last_used_at) >= TOUCH_AFTER_MS;
    if is_first || is_long_ago {
        at_leisure(state, |state| async move { note_use(&state, session, client, is_first, now).await }).await?;
    }
    Ok(Some(Recognised { found, new_token, home }))
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

//! The nodes on one PostgreSQL tell each other what was committed, so that open lines at any node are woken at once.
//! `post` sends what gathered, `listen` hears it. Without either, the look at all open lines finds the same events
//! later. On SQLite both end at once, because there is one process.

use std::time::Duration;

use crate::server::{
    counters::{BULLETINS_HEARD, BULLETINS_POSTED, LISTENERS_LOST},
    services::{ServiceError, presence},
    state::AppState,
    storage::bulletins::Listener,
};

/// A node posts at least this often. It hears its own bulletins, so a listener that hears nothing for `DEAF_AFTER` has
/// a dead connection, or a pooler on the way that does not pass notifications on.
const POST_EVERY: Duration = Duration::from_secs(5);
/// How long lines and presence signals gather, unless something more urgent is posted earlier.
const GATHER: Duration = Duration::from_millis(200);
const DEAF_AFTER: Duration = Duration::from_secs(12);
/// The first wait before the listener connects again, and before a failed post is repeated. That of the listener
/// doubles until a listener has heard something.
const AGAIN: Duration = Duration::from_millis(100);
const LONGEST_AGAIN: Duration = Duration::from_secs(5);

/// Posts until the process ends. What gathers while a post is under way goes into the next one.
pub async fn post(state: AppState) {
    if !state.database.has_nodes() {
        return;
    }
    let ending = state.lifecycle.ending();
    let notifier = state.database.notifier();
    loop {
        tokio::select! {
            () = notifier.bulletins_woken() => {}
            () = async {
                notifier.bulletins_noted().await;
                tokio::time::sleep(GATHER).await;
            } => {}
            () = tokio::time::sleep(POST_EVERY) => {}
            () = ending.cancelled() => return,
        }
        if let Err(error) = post_waiting(&state).await {
            tracing::warn!(%error, "the other nodes could not be told; their looks find what happened");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Posts what waits before the process ends: commands have no loop, and requests commit after the loop has ended.
pub async fn post_last(state: &AppState) {
    if let Err(error) = post_waiting(state).await {
        tracing::warn!(%error, "the other nodes could not be told of the last commits; their looks find them");
    }
}

async fn post_waiting(state: &AppState) -> Result<(), ServiceError> {
    let notifier = state.database.notifier();
    let bulletins = notifier.take_bulletins();
    if bulletins.is_empty() {
        return Ok(());
    }
    match state.database.post(&bulletins).await {
        Ok(()) => {
            BULLETINS_POSTED.add_many(bulletins.len() as u64);
            Ok(())
        }
        Err(error) => {
            notifier.lose_bulletins();
            Err(error.into())
        }
    }
}

/// Listens until the process ends. A connection that breaks or goes deaf is replaced.
pub async fn listen(state: AppState) {
    let ending = state.lifecycle.ending();
    let mut again = AGAIN;
    while !ending.is_cancelled() {
        match state.database.listen().await {
            Ok(None) => return,
            Ok(Some(mut listener)) => {
                state.database.notifier().listener_began();
                tokio::select! {
                    reason = hear(&state, &mut listener, &mut again) => {
                        tracing::warn!(%reason, "the listener's connection is lost; another one is opened");
                    }
                    () = ending.cancelled() => return,
                }
                state.database.notifier().listener_ended();
                LISTENERS_LOST.add();
            }
            Err(error) => tracing::warn!(%error, "the listener cannot connect; events of other nodes come late"),
        }
        tokio::select! {
            () = tokio::time::sleep(again) => {}
            () = ending.cancelled() => return,
        }
        again = (again * 2).min(LONGEST_AGAIN);
    }
}

/// Hears bulletins until the connection is of no more use. Returns the reason.
async fn hear(state: &AppState, listener: &mut Listener, again: &mut Duration) -> String {
    loop {
        match tokio::time::timeout(DEAF_AFTER, listener.next()).await {
            Ok(Ok(Some(payload))) => {
                BULLETINS_HEARD.add();
                *again = AGAIN;
                let shown = state.database.notifier().hear(&payload, state.clock.moment());
                presence::begin_to_forget(state, shown);
            }
            Ok(Ok(None)) => return "closed".into(),
            Ok(Err(error)) => return error.to_string(),
            Err(_) => {
                return "nothing was heard, not even this node's own bulletins; behind a pooler set \
                        DATABASE_DIRECT_URL"
                    .into();
            }
        }
    }
}

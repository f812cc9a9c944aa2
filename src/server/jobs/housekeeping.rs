//! Forgets what nobody needs: feed rows after 90 days, idle sessions, failures older than a day.

use crate::{
    domain::Millis,
    server::{
        services::{ServiceError, accounts::SESSION_IDLE_MS},
        state::AppState,
        storage::{events, failures, sessions},
    },
};

/// A cursor older than this gets a `reset`.
pub const FEED_KEPT_MS: i64 = 90 * Millis::DAY;
const EVERY_MS: i64 = Millis::HOUR;

pub async fn sweep(state: &AppState) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let forgotten = events::prune(&mut tx, now.plus(-FEED_KEPT_MS)).await?;
    let ended = sessions::prune(&mut tx, now.plus(-SESSION_IDLE_MS)).await?;
    failures::prune(&mut tx, now.plus(-Millis::DAY)).await?;
    tx.commit().await?;
    state.database.notifier().sweep();
    if forgotten + ended > 0 {
        tracing::info!(events = forgotten, sessions = ended, "swept");
    }
    Ok(())
}

pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        let next = state.clock.now().plus(EVERY_MS);
        tokio::select! {
            () = state.clock.sleep_until(next) => {}
            () = ending.cancelled() => return,
        }
        if let Err(error) = sweep(&state).await {
            tracing::error!(%error, "housekeeping failed");
        }
    }
}

//! Forgets what nobody needs: feed rows after 90 days, settled deliveries after 30, silent devices after 60, idle sessions,
//! failures older than a day, hand-overs once their minutes are over.

use crate::{
    domain::{Cancelled, Millis},
    server::{
        services::{ServiceError, accounts::SESSION_IDLE_MS, attempts::ATTEMPT_LIFE_MS},
        state::AppState,
        storage::{
            attempts,
            deliveries::{self, CancelFor},
            events, failures, hand_overs, notifications, sessions, subscriptions,
        },
    },
};

/// A cursor older than this gets a `reset`.
pub const FEED_KEPT_MS: i64 = 90 * Millis::DAY;
/// Settled deliveries are kept for the operator and for the person's own day.
const DELIVERIES_KEPT_MS: i64 = 30 * Millis::DAY;
const INBOX_KEPT_MS: i64 = 180 * Millis::DAY;
/// Push services go on accepting for devices that are gone: whoever was silent so long is one of them.
const SILENT_MS: i64 = 60 * Millis::DAY;
const EVERY_MS: i64 = Millis::HOUR;

pub async fn sweep(state: &AppState) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let forgotten = events::prune(&mut tx, now.plus(-FEED_KEPT_MS)).await?;
    let ended = sessions::prune(&mut tx, now.plus(-SESSION_IDLE_MS)).await?;
    let settled = deliveries::prune(&mut tx, now.plus(-DELIVERIES_KEPT_MS)).await?;
    let told = notifications::prune(&mut tx, now.plus(-INBOX_KEPT_MS)).await?;
    let silent = subscriptions::find_silent(&mut tx, now.plus(-SILENT_MS)).await?;
    for subscription in &silent {
        deliveries::cancel(&mut tx, CancelFor::Subscription(*subscription), Cancelled::SignedOut, now).await?;
        subscriptions::delete(&mut tx, *subscription).await?;
    }
    failures::prune(&mut tx, now.plus(-Millis::DAY)).await?;
    hand_overs::prune(&mut tx, now).await?;
    attempts::prune(&mut tx, now.plus(-ATTEMPT_LIFE_MS)).await?;
    tx.commit().await?;
    state.database.notifier().sweep();
    if forgotten + ended + settled + told > 0 || !silent.is_empty() {
        tracing::info!(events = forgotten, sessions = ended, deliveries = settled, notifications = told, subscriptions = silent.len(), "swept");
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

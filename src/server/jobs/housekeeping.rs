//! Forgets what nobody needs: feed rows after 90 days, settled deliveries after 30, silent devices after 60, idle
//! sessions, failures older than a day, hand-overs once their minutes are over. It works in small transactions with
//! pauses between them: an answer never waits for a sweep. Rules R101, R104, R105.

use std::time::Duration;

use super::sweep_guard;
use crate::{
    domain::{Cancelled, Millis},
    server::{
        services::{ServiceError, accounts::SESSION_IDLE_MS, attempts::ATTEMPT_LIFE_MS},
        state::AppState,
        storage::{
            deliveries::{self, CancelFor},
            prune::{self, Prune},
            subscriptions,
            sweeps::Swept,
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
/// Between two batches everybody else's writes have the writer.
const PAUSE: Duration = Duration::from_millis(50);
/// Devices removed in one transaction, each with what waits for it.
const DEVICES: usize = 250;

/// What is forgotten, and how old it is by then.
pub const FORGOTTEN: [(Prune, i64); 7] = [
    (prune::EVENTS, FEED_KEPT_MS),
    (prune::SESSIONS, SESSION_IDLE_MS),
    (prune::DELIVERIES, DELIVERIES_KEPT_MS),
    (prune::NOTIFICATIONS, INBOX_KEPT_MS),
    (prune::FAILURES, Millis::DAY),
    (prune::HAND_OVERS, 0),
    (prune::ATTEMPTS, ATTEMPT_LIFE_MS),
];

pub async fn sweep(state: &AppState) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let sweeping = [
        (Swept::Sessions, now.plus(-SESSION_IDLE_MS)),
        (Swept::Subscriptions, now.plus(-SILENT_MS)),
        (Swept::Notifications, now.plus(-INBOX_KEPT_MS)),
        (Swept::Deliveries, now.plus(-DELIVERIES_KEPT_MS)),
        (Swept::Events, now.plus(-FEED_KEPT_MS)),
    ];
    if !sweep_guard::allows(state, &sweeping).await? {
        return Ok(());
    }
    for (what, kept_ms) in &FORGOTTEN {
        let rows = forget(state, what, now.plus(-kept_ms)).await?;
        if rows > 0 {
            tracing::info!(table = what.table, rows, "swept");
        }
    }
    remove_silent(state, now).await?;
    state.database.notifier().sweep();
    Ok(())
}

/// Batch after batch until nothing older than `before` is left; gives how many rows went.
async fn forget(state: &AppState, what: &Prune, before: Millis) -> Result<u64, ServiceError> {
    let mut rows = 0;
    loop {
        let mut tx = state.database.begin().await?;
        let deleted = prune::batch(&mut tx, what, before).await?;
        tx.commit().await?;
        rows += deleted;
        if deleted < prune::BATCH || state.lifecycle.is_ending() {
            return Ok(rows);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Removes devices nothing was heard of for so long, and takes back what waits for them.
async fn remove_silent(state: &AppState, now: Millis) -> Result<(), ServiceError> {
    let since = now.plus(-SILENT_MS);
    let mut tx = state.database.read().await?;
    let silent = subscriptions::find_silent(&mut tx, since).await?;
    drop(tx);
    for some in silent.chunks(DEVICES) {
        let mut tx = state.database.begin().await?;
        for subscription in some {
            // It may have spoken since it was found.
            if subscriptions::delete_silent(&mut tx, *subscription, since).await? {
                deliveries::cancel(&mut tx, CancelFor::Subscription(*subscription), Cancelled::SignedOut, now).await?;
            }
        }
        tx.commit().await?;
        tokio::time::sleep(PAUSE).await;
    }
    if !silent.is_empty() {
        tracing::info!(table = "push_subscriptions", rows = silent.len(), "swept");
    }
    Ok(())
}

pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        // Real hours, whatever the wall clock shows: the guard counts them.
        let next = state.clock.moment().plus(EVERY_MS);
        tokio::select! {
            () = state.clock.sleep_until_moment(next) => {}
            () = ending.cancelled() => return,
        }
        if let Err(error) = sweep(&state).await {
            tracing::error!(%error, "housekeeping failed");
        }
    }
}

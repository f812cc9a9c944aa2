//! Deletes what nobody needs: feed rows after 90 days, settled deliveries after 30, silent devices after 60, idle
//! sessions, failures after a day, expired hand-overs. It works in small transactions with pauses between them, so that
//! an answer never waits for a sweep. It also carries out the deletions that people asked for, moves seats whose
//! return nobody refused, and counts the hours in which somebody can refuse. Rules R101, R104, R105, R170, R173, R177,
//! R202, R205.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::sweep_guard;
use crate::{
    domain::{Cancelled, Millis},
    server::{
        services::{
            ServiceError, accounts::SESSION_IDLE_MS, attempts::ATTEMPT_LIFE_MS, deletions, operator_codes,
            seat_returns, taken_back, topics, unread_pairs,
        },
        state::AppState,
        storage::{
            deliveries::{self, CancelFor},
            device_locks, erasing,
            prune::{self, Prune},
            silent,
            sweeps::Swept,
        },
    },
};

/// Feed rows are kept this long. An older cursor gets a `reset`.
pub const FEED_KEPT_MS: i64 = 90 * Millis::DAY;
/// Settled deliveries are kept for the operator and for the devices page.
const DELIVERIES_KEPT_MS: i64 = 30 * Millis::DAY;
const INBOX_KEPT_MS: i64 = 180 * Millis::DAY;
/// A device without a sign of life for this long is removed: push services accept pushes for devices that no longer
/// exist.
const SILENT_MS: i64 = 60 * Millis::DAY;
const EVERY_MS: i64 = Millis::HOUR;
/// Between two batches other writes get SQLite's single writer.
const PAUSE: Duration = Duration::from_millis(50);
/// Devices removed in one transaction, each with its deliveries.
const DEVICES: usize = 250;

/// Whether SQLite's log may still hold what was deleted for good, also before this process began.
static LOG_IS_FULL: AtomicBool = AtomicBool::new(true);

/// What is deleted, and from which age.
pub const FORGOTTEN: [(Prune, i64); 10] = [
    (prune::EVENTS, FEED_KEPT_MS),
    (prune::SESSIONS, SESSION_IDLE_MS),
    (prune::DELIVERIES, DELIVERIES_KEPT_MS),
    (prune::NOTIFICATIONS, INBOX_KEPT_MS),
    (prune::FAILURES, Millis::DAY),
    (prune::HAND_OVERS, 0),
    (prune::IDENTITY_SIGN_UPS, 0),
    (prune::PROOF_REQUESTS, 0),
    (prune::ATTEMPTS, ATTEMPT_LIFE_MS),
    (prune::WRITE_BUDGETS, 0),
];

pub async fn sweep(state: &AppState) -> Result<(), ServiceError> {
    let now = state.clock.now();
    // Before the guard, because a wrong clock only makes these waits longer.
    operator_codes::sweep(state, now).await?;
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
    topics::end_idle(state, now.plus(-SESSION_IDLE_MS), now).await?;
    for (what, kept_ms) in &FORGOTTEN {
        let rows = forget(state, what, now.plus(-kept_ms)).await?;
        if rows > 0 {
            tracing::info!(table = what.table, rows, "swept");
        }
    }
    remove_silent(state, now).await?;
    // The steps before can take minutes, and a return that began meanwhile has no hour to count before it began.
    let seats = seat_returns::carry_out(state, state.clock.now()).await?;
    if seats > 0 {
        tracing::info!(seats, "moved");
    }
    let persons = deletions::carry_out(state, now).await?;
    LOG_IS_FULL.fetch_or(persons > 0, Ordering::SeqCst);
    let answers = taken_back::erase_old(state, now).await?;
    LOG_IS_FULL.fetch_or(answers > 0, Ordering::SeqCst);
    clear_unread(state, now).await?;
    if persons > 0 || answers > 0 {
        tracing::info!(persons, answers, "deleted for good");
    }
    if LOG_IS_FULL.load(Ordering::SeqCst) {
        LOG_IS_FULL.store(!erasing::empty_log(&state.database).await?, Ordering::SeqCst);
    }
    state.database.notifier().sweep();
    Ok(())
}

/// Deletes in batches until nothing older than `before` is left. Returns how many rows were deleted.
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

/// Clears the pairs that nobody has been able to read since an earlier release.
async fn clear_unread(state: &AppState, now: Millis) -> Result<(), ServiceError> {
    while let Some(pairs) = unread_pairs::clear_some(state, now).await? {
        LOG_IS_FULL.fetch_or(pairs > 0, Ordering::SeqCst);
        if pairs == 0 || state.lifecycle.is_ending() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Removes silent devices and cancels their deliveries.
async fn remove_silent(state: &AppState, now: Millis) -> Result<(), ServiceError> {
    let since = now.plus(-SILENT_MS);
    let mut tx = state.database.read().await?;
    let found = silent::find(&mut tx, since).await?;
    drop(tx);
    for some in found.chunks(DEVICES) {
        let mut tx = state.database.begin().await?;
        device_locks::lock(&mut tx, some.iter().copied()).await?;
        for subscription in some {
            let device = topics::find(&mut tx, *subscription).await?;
            // It may have given a sign of life since it was found.
            if silent::delete(&mut tx, *subscription, since).await? {
                topics::end(&mut tx, &device, now).await?;
                deliveries::cancel(&mut tx, CancelFor::Subscription(*subscription), Cancelled::SignedOut, now).await?;
            }
        }
        tx.commit().await?;
        tokio::time::sleep(PAUSE).await;
    }
    if !found.is_empty() {
        tracing::info!(table = "push_subscriptions", rows = found.len(), "swept");
    }
    Ok(())
}

pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    // Hours of the monotonic clock, because the sweep guard counts them.
    let mut next = state.clock.moment().plus(EVERY_MS);
    loop {
        tokio::select! {
            () = state.clock.sleep_until_moment(next) => {}
            () = ending.cancelled() => return,
        }
        // From the begin of a sweep to the next: a wait counts at most an hour of each (R202).
        next = state.clock.moment().plus(EVERY_MS);
        if let Err(error) = sweep(&state).await {
            tracing::error!(%error, "housekeeping failed");
        }
    }
}

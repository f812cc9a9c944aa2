//! Loops that the clock and commits wake. They take no input, are idempotent, and may run on several nodes.

pub mod announcing;
mod claimed;
pub mod fcm_calls;
pub mod future_rows;
pub mod housekeeping;
mod judge;
mod message;
pub mod outbox;
mod recovered;
pub mod scheduler;
pub mod sweep_guard;
pub mod zones;

use std::time::Duration;

use super::state::AppState;
use crate::domain::Millis;

/// Time between two looks that only read. Another process may have written something that is due, and the wall clock
/// may be set.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Time until something due that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Waits until `next`, the earliest work that is known, but not longer than until the next periodic look. That look
/// uses a real clock, so that a test with a stopped clock does not hide the work of another node.
async fn rest(state: &AppState, next: Option<Millis>) {
    let now = state.clock.now();
    let next = match next {
        // This work failed, or became due since it was looked for.
        Some(at) if at <= now => return tokio::time::sleep(AGAIN).await,
        Some(at) => at,
        None => now.plus(Millis::DAY),
    };
    tokio::select! {
        () = state.clock.sleep_until(next) => {}
        () = tokio::time::sleep(LOOK_EVERY) => {}
    }
}

//! Loops woken by the clock and by commits: no input, idempotent, safe to run on several nodes.

mod claimed;
pub mod future_rows;
pub mod housekeeping;
mod message;
pub mod outbox;
pub mod scheduler;
pub mod sweep_guard;
pub mod zones;

use std::time::Duration;

use super::state::AppState;
use crate::domain::Millis;

/// Another process may have written something that is due, and a wall clock may be set: a look that only reads finds
/// it.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What is due and could not be done is tried again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Waits until `next`, the earliest work that is known, or until the slow look. On a real clock: a clock that stands
/// still in a test hides no work of another node.
async fn rest(state: &AppState, next: Option<Millis>) {
    let now = state.clock.now();
    let next = match next {
        // What is due already could not be done, or became due since it was looked for.
        Some(at) if at <= now => return tokio::time::sleep(AGAIN).await,
        Some(at) => at,
        None => now.plus(Millis::DAY),
    };
    tokio::select! {
        () = state.clock.sleep_until(next) => {}
        () = tokio::time::sleep(LOOK_EVERY) => {}
    }
}

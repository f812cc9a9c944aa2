//! Loops that the clock and commits wake. They take no input, are idempotent, and may run on several nodes.

pub mod announcing;
pub mod backups;
pub mod bulletins;
mod claimed;
pub mod database_time;
pub mod fcm_calls;
pub mod future_rows;
mod handled;
pub mod housekeeping;
mod judge;
mod message;
pub mod open_lines;
pub mod outbox;
mod recovered;
pub mod scheduler;
pub mod sweep_guard;
pub mod zones;

use std::time::Duration;

use tracing::Instrument;

use super::{services::ServiceError, state::AppState};
use crate::domain::Millis;

/// Time between two looks that only read. Another process may have written something that is due, and the wall clock
/// may be set.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Time until something due that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Works until the process ends. `look` does what is due and returns when there is work again; the clock wakes it, and
/// `woken`, which resolves when a commit wrote some. `job` names the span of a look, and `failure` is the log line of a
/// look that failed.
async fn work<L, W>(
    state: AppState,
    job: &'static str,
    failure: &'static str,
    look: impl Fn(AppState) -> L,
    woken: impl Fn(AppState) -> W,
) where
    L: Future<Output = Result<Option<Millis>, ServiceError>>,
    W: Future<Output = ()>,
{
    let ending = state.lifecycle.ending();
    loop {
        let looking = async {
            look(state.clone()).await.unwrap_or_else(|error| {
                tracing::error!(%error, "{failure}");
                Some(state.clock.now())
            })
        };
        let next = looking.instrument(tracing::info_span!("job", name = job)).await;
        tokio::select! {
            () = rest(&state, next) => {}
            () = woken(state.clone()) => {}
            () = ending.cancelled() => return,
        }
    }
}

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

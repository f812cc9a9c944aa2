//! The loop that opens what is due. Its state is a column (`pairs.next_due_at`); nothing is registered in memory,
//! so a restart or a second node changes nothing.

use crate::{
    domain::Millis,
    server::{
        services::{ServiceError, openings},
        state::AppState,
    },
};

/// Pairs opened in one transaction.
const BATCH: i64 = 500;
/// How often the column is looked at. The query is indexed and finds nothing most of the time.
const LOOK_EVERY_MS: i64 = Millis::SECOND;

/// One pass: everything due now is opened, shelved or left. Gives the number of due pairs handled.
pub async fn tick(state: &AppState) -> Result<usize, ServiceError> {
    let (mut handled, mut rush) = (0, None);
    loop {
        let found = match openings::open_due(state, BATCH).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "a batch of due pairs failed, taking them one by one");
                return Ok(handled + openings::open_due_singly(state, BATCH).await?);
            }
        };
        handled += found;
        if found < BATCH as usize {
            return Ok(handled);
        }
        // One writer on SQLite: sending would take every second turn.
        rush.get_or_insert_with(|| state.database.notifier().rush());
    }
}

/// Ticks until the process ends.
pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        if let Err(error) = tick(&state).await {
            tracing::error!(%error, "the scheduler could not look for due pairs");
        }
        let next = state.clock.now().plus(LOOK_EVERY_MS);
        tokio::select! {
            () = state.clock.sleep_until(next) => {}
            () = ending.cancelled() => return,
        }
    }
}

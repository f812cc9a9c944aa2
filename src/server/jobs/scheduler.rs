//! The loop that opens what is due. Its state is a column (`pairs.next_due_at`); nothing is registered in memory,
//! so a restart or a second node changes nothing. When nothing is due it sleeps until the next due minute that is
//! known; a commit that changes one wakes it.
//! Rules R13–R15.

use super::rest;
use crate::{
    domain::Millis,
    server::{
        services::{ServiceError, openings},
        state::AppState,
        storage::schedule,
    },
};

/// Pairs opened in one transaction.
const BATCH: i64 = 500;

/// One pass: everything due now is opened, shelved or left. Gives the number of due pairs handled.
pub async fn tick(state: &AppState) -> Result<usize, ServiceError> {
    // Most looks find nothing: they do not take the one writer.
    if next_due(state).await?.is_none_or(|at| at > state.clock.now()) {
        return Ok(0);
    }
    let (mut handled, mut openings_running) = (0, None);
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
        openings_running.get_or_insert_with(|| state.database.notifier().start_openings());
    }
}

/// The earliest due minute of all pairs; this look only reads.
async fn next_due(state: &AppState) -> Result<Option<Millis>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(schedule::next_due(&mut tx).await?)
}

async fn tick_and_look(state: &AppState) -> Result<Option<Millis>, ServiceError> {
    tick(state).await?;
    next_due(state).await
}

/// Ticks until the process ends.
pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        // Somebody looks even where nobody asks for /readyz and nothing is written; what is wrong is logged there.
        let _ = state.database.check_place();
        let next = tick_and_look(&state).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the scheduler could not look for due pairs");
            Some(state.clock.now())
        });
        tokio::select! {
            () = rest(&state, next) => {}
            () = state.database.notifier().scheduler_woken() => {}
            () = ending.cancelled() => return,
        }
    }
}

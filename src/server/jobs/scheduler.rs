//! The loop that handles due pairs. Its state is a column (`pairs.next_due_at`) and not in memory, so a restart or a
//! second node changes nothing. It sleeps until the next due minute; a commit that changes one wakes it.
//! Rules R13–R15.

use super::work;
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

/// One pass: handles every pair that is due. Returns the number of pairs.
pub async fn tick(state: &AppState) -> Result<usize, ServiceError> {
    // Most looks find nothing, so they only read.
    if next_due(state).await?.is_none_or(|at| at > state.clock.now()) {
        return Ok(0);
    }
    let (mut handled, mut openings_running, mut ahead) = (0, None, None);
    loop {
        let (found, next) = match openings::open_due(state, BATCH, ahead).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "a batch of due pairs failed, taking them one by one");
                return Ok(handled + openings::open_due_singly(state, BATCH).await?);
            }
        };
        handled += found;
        ahead = next;
        if found < BATCH as usize {
            return Ok(handled);
        }
        // SQLite has one writer, and sending would take every second turn.
        openings_running.get_or_insert_with(|| state.database.notifier().start_openings());
    }
}

/// The earliest due minute of all pairs. Reads only.
async fn next_due(state: &AppState) -> Result<Option<Millis>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(schedule::next_due(&mut tx).await?)
}

async fn tick_and_look(state: AppState) -> Result<Option<Millis>, ServiceError> {
    // Checks the database file also where nobody asks for /readyz and nothing is written. A failure is logged there.
    let _ = state.database.check_place();
    tick(&state).await?;
    next_due(&state).await
}

/// Ticks until the process ends.
pub async fn run(state: AppState) {
    let woken = |state: AppState| async move { state.database.notifier().scheduler_woken().await };
    work(state, "scheduler", "the scheduler could not look for due pairs", tick_and_look, woken).await;
}

//! The look at all open lines of this node. It wakes the lines that are behind their feed or whose session has ended,
//! so that an idle line asks the database nothing. It alone suffices: a wake-up by a commit or by another node only
//! comes earlier.

use std::time::Duration;

use crate::server::{
    counters::{LINES_WOKEN, LOOKS_AT_LINES},
    services::ServiceError,
    state::AppState,
    storage::open_lines,
};

/// Lines in one statement.
const AT_ONCE: usize = 2_000;
/// The shortest time between two looks, however often one is asked for.
const GAP: Duration = Duration::from_millis(250);

/// Looks until the process ends: every `Site::look_at_lines`, and when bulletins of other nodes may have been lost.
pub async fn look(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        tokio::select! {
            () = tokio::time::sleep(state.site.look_at_lines) => {}
            () = state.database.notifier().look_woken() => {}
            () = ending.cancelled() => return,
        }
        if let Err(error) = pass(&state).await {
            tracing::error!(%error, "the open lines could not be looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(GAP) => {}
            () = ending.cancelled() => return,
        }
    }
}

/// Looks once. Returns how many persons were woken.
pub async fn pass(state: &AppState) -> Result<usize, ServiceError> {
    let mut woken = 0;
    for lines in state.database.notifier().open_lines().chunks(AT_ONCE) {
        let mut tx = state.database.read().await?;
        let persons = open_lines::find_to_wake(&mut tx, lines).await?;
        drop(tx);
        state.database.notifier().wake(&persons);
        woken += persons.len();
    }
    LOOKS_AT_LINES.add();
    LINES_WOKEN.add_many(woken as u64);
    Ok(woken)
}

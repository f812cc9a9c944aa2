//! What happens when a push service answers again after failures.

use crate::{
    domain::Millis,
    server::{services::ServiceError, state::AppState, storage::waiting},
};

/// The deliveries that waited for a push service are spread over this time when it answers again.
const SPREAD_MS: i64 = 5 * Millis::SECOND;
/// Deliveries moved in one transaction.
const BATCH: i64 = 250;

/// Brings deliveries forward when their push service answers again, so that they are sent within seconds and not after
/// their own back-off.
pub(super) async fn bring_forward(state: &AppState, origin: &str) -> Result<(), ServiceError> {
    loop {
        let soon = state.clock.now().plus(SPREAD_MS);
        let mut tx = state.database.read().await?;
        let waiting = waiting::find_held_back(&mut tx, origin, soon, BATCH).await?;
        drop(tx);
        let moves: Vec<_> = waiting.iter().map(|(id, at)| (*id, *at, spread(state, state.clock.now()))).collect();
        if moves.is_empty() {
            return Ok(());
        }
        let mut tx = state.database.begin().await?;
        let moved = waiting::bring_forward(&mut tx, &moves).await?;
        tx.commit().await?;
        // Another transaction has locked the rest.
        if moved == 0 {
            return Ok(());
        }
    }
}

/// Some seconds after `at`, so that the service does not get all deliveries at once.
pub(super) fn spread(state: &AppState, at: Millis) -> Millis {
    at.plus((state.random.number() % SPREAD_MS.unsigned_abs()) as i64)
}

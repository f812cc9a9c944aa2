//! Finds times that a fast clock wrote and resets them (`storage::future_rows` lists the columns). It looks every ten
//! minutes, the first time after ten minutes: a machine that starts with a wrong clock is usually corrected within
//! them. Rule R6.

use crate::{
    domain::Millis,
    server::{
        calendar::Zone,
        services::ServiceError,
        state::AppState,
        storage::{future_rows, pairs},
    },
};

const EVERY_MS: i64 = 10 * Millis::MINUTE;

/// Resets these times. Returns how many rows changed.
pub async fn bring_back(state: &AppState) -> Result<u64, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let found = future_rows::find_pairs(&mut tx, now).await?;
    if found.is_empty() && !future_rows::are_there(&mut tx, now).await? {
        return Ok(0);
    }
    drop(tx);
    let mut tx = state.database.begin().await?;
    let mut brought = future_rows::bring_back(&mut tx, now).await?;
    for mut pair in pairs::find_by_ids(&mut tx, &found).await? {
        pairs::lock(&mut tx, pair.id).await?;
        pair.set_next_due(Zone::stored(&pair.zone).next_push(now, pair.push_time));
        pairs::update_schedule(&mut tx, &pair).await?;
        brought += 1;
    }
    tx.commit().await?;
    tracing::warn!(
        rows = brought,
        now = now.0,
        "rows from far ahead of the clock were brought back: the clock was wrong, or is"
    );
    Ok(brought)
}

pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        let next = state.clock.moment().plus(EVERY_MS);
        tokio::select! {
            () = state.clock.sleep_until_moment(next) => {}
            () = ending.cancelled() => return,
        }
        if let Err(error) = bring_back(&state).await {
            tracing::error!(%error, "rows from the future could not be looked for");
        }
    }
}

//! Finds times that a fast clock wrote and resets them (`storage::future_rows` lists the columns). It looks every ten
//! minutes, the first time after ten minutes: a machine that starts with a wrong clock is usually corrected within
//! them. Rule R6.

use std::collections::BTreeSet;

use crate::{
    domain::{Millis, PairId},
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
    pairs::lock_all(&mut tx, &found).await?;
    // Read again behind the lock: a pair may have been handled since.
    let still: BTreeSet<PairId> = future_rows::find_pairs(&mut tx, now).await?.into_iter().collect();
    let mut brought = 0;
    for mut pair in pairs::find_by_ids(&mut tx, &found).await?.into_iter().filter(|pair| still.contains(&pair.id)) {
        pair.set_next_due(Zone::stored(&pair.zone).next_push(now, pair.push_time));
        pairs::update_schedule(&mut tx, &pair).await?;
        brought += 1;
    }
    brought += future_rows::bring_back(&mut tx, now).await?;
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

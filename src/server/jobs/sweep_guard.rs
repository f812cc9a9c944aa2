//! Guards against sweeps under a wrong clock, which would end every session in a wrong year. A sweep that would delete
//! far more than any before waits, and the log says so. If nobody corrects the clock, and the sweeps of three whole
//! days agree, it goes ahead. Rule R106.

use crate::{
    domain::Millis,
    server::{
        services::ServiceError,
        state::AppState,
        storage::sweeps::{self, Swept},
    },
};

/// A sweep is suspicious when it would delete this many times the most that one has deleted, more than half of all
/// rows, and more than `NOTHING_MUCH` rows.
const FAR_MORE: i64 = 10;
/// Below this many rows no sweep is suspicious, except of sessions and devices, where few rows matter.
const NOTHING_MUCH: i64 = 1_000;
/// Sweeps in a row that must agree before one goes ahead. They are an hour apart by the monotonic clock.
pub const AGREED: i64 = 72;

/// Whether a sweep may go ahead, given the limit of each table. A sweep that may not is counted as waiting.
pub async fn allows(state: &AppState, sweeping: &[(Swept, Millis)]) -> Result<bool, ServiceError> {
    let mut records = Vec::with_capacity(sweeping.len());
    let mut tx = state.database.read().await?;
    for (what, before) in sweeping {
        let (most, held) = sweeps::record_of(&mut tx, *what).await?;
        let least = if matches!(what, Swept::Sessions | Swept::Subscriptions) { 0 } else { NOTHING_MUCH };
        let usual = (FAR_MORE * most).max(least);
        let count = sweeps::count_up_to(&mut tx, *what, *before, usual + 1).await?;
        let is_odd = count > usual && {
            let all = sweeps::count_all(&mut tx, *what).await?;
            sweeps::count_up_to(&mut tx, *what, *before, all / 2 + 1).await? > all / 2
        };
        records.push((*what, most, held, count, is_odd));
    }
    drop(tx);
    let is_held = records.iter().any(|(_, _, held, _, is_odd)| *is_odd && held + 1 < AGREED);
    if records.iter().any(|(_, most, held, count, is_odd)| *is_odd || *held > 0 || count > most) {
        let mut tx = state.database.begin().await?;
        for (what, most, held, count, is_odd) in &records {
            let (most, held) = match (is_held, is_odd) {
                (true, true) => (*most, held + 1),
                (true, false) => (*most, 0),
                (false, _) => (*most.max(count), 0),
            };
            sweeps::set_record(&mut tx, *what, most, held).await?;
        }
        tx.commit().await?;
    }
    for (what, most, held, count, _) in records.iter().filter(|(.., is_odd)| *is_odd) {
        let (swept, now) = (what.word(), state.clock.now().0);
        if is_held {
            tracing::error!(
                swept,
                at_least = count,
                most_before = most,
                now,
                sweeps_waited = held + 1,
                sweeps_to_wait = AGREED,
                "a sweep would delete far more than any before it, so nothing is deleted: set this machine's clock \
                 right. If the clock is right nothing is to be done: after three days the sweep goes ahead"
            );
        } else {
            tracing::error!(swept, at_least = count, now, "a sweep that waited for three days goes ahead");
        }
    }
    Ok(!is_held)
}

//! The loop that carries on announcements whose command ended before everybody was told.
//! Rule R150.

use std::time::Duration;

use super::rest;
use crate::server::{
    services::{ServiceError, announcements},
    state::AppState,
};

/// Between two batches other writes get SQLite's single writer.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells everybody who was not told yet. Returns how many.
pub async fn pass(state: &AppState) -> Result<usize, ServiceError> {
    let mut told = 0;
    for id in announcements::find_unfinished(state).await? {
        loop {
            let step = announcements::carry_on(state, id).await?;
            told += step.told;
            if step.is_finished || state.lifecycle.is_ending() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(told)
}

pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        match pass(&state).await {
            Ok(0) => {}
            Ok(persons) => tracing::info!(persons, "an announcement was carried on"),
            Err(error) => tracing::error!(%error, "announcements could not be carried on"),
        }
        tokio::select! {
            () = rest(&state, None) => {}
            () = ending.cancelled() => return,
        }
    }
}

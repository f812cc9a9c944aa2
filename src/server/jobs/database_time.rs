//! The loop that compares the clock of this node with that of the database server. Nodes share the latter
//! (`Clock::Shared`), and the operator hears of a node whose own clock is wrong: the system's certificates, logs and
//! backups are dated by it.

use std::time::Duration;

use crate::server::{clock::Clock, services::ServiceError, state::AppState};

/// Time between two readings, on the real clock.
const EVERY: Duration = Duration::from_secs(10);

/// A skew of more than this (ms) is logged.
pub const SAID_MS: i64 = 2_000;

/// A node with a skew of more than this (ms) is not ready.
pub const REFUSED_MS: i64 = 30_000;

/// Reads the database server's clock once. Returns the skew of this node (ms); `None` where the clock is not shared.
pub async fn look(state: &AppState) -> Result<Option<i64>, ServiceError> {
    if !matches!(state.clock, Clock::Shared(_)) {
        return Ok(None);
    }
    let mut tx = state.database.read().await?;
    state.now_in(&mut tx).await?;
    Ok(state.clock.skew_ms())
}

/// Compares until the process ends. A wrong clock is logged when it is found, and again when it is right.
pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    let mut was_wrong = false;
    loop {
        match look(&state).await {
            Ok(None) => return,
            Ok(Some(skew_ms)) => {
                let is_wrong = skew_ms.abs() > SAID_MS;
                if is_wrong && !was_wrong {
                    tracing::warn!(
                        skew_ms,
                        "the clock of this machine differs from the database's: set up time synchronisation (NTP); \
                         more than 30 s, and this node is not ready"
                    );
                } else if was_wrong && !is_wrong {
                    tracing::info!(skew_ms, "the clock of this machine agrees with the database's again");
                }
                was_wrong = is_wrong;
            }
            // The clock goes on from the last reading. `/readyz` says that the database is away.
            Err(error) => tracing::debug!(%error, "the clock of the database could not be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = ending.cancelled() => return,
        }
    }
}

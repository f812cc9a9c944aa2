//! `/livez`: the process answers. `/readyz`: it can serve, which means that the database answers, that the clock of
//! this node agrees with the database's, and that the process is not ending.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};

use crate::server::{jobs::database_time, state::AppState};

pub async fn livez() -> &'static str {
    "ok\n"
}

pub async fn readyz(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.lifecycle.is_ending() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending\n");
    }
    match tokio::time::timeout(Duration::from_secs(2), state.database.ping()).await {
        Ok(Ok(())) if state.clock.skew_ms().is_some_and(|skew_ms| skew_ms.abs() > database_time::REFUSED_MS) => {
            (StatusCode::SERVICE_UNAVAILABLE, "clock\n")
        }
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "database\n"),
    }
}

//! `GET /metrics` for Prometheus (text exposition format 0.0.4), on an address of its own (`METRICS_ADDR`).

use std::fmt::Write;

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use super::{accept, limits::Limits, listener::Listener};
use crate::domain::Provider;
use crate::server::{
    counters,
    services::ServiceError,
    state::AppState,
    storage::{deliveries, fcm_calls, waiting},
};

/// Few: only the operator's Prometheus connects here.
const CONNECTIONS: usize = 64;

/// Serves until the process ends.
pub async fn serve(state: AppState, listener: TcpListener) {
    let lifecycle = state.lifecycle.clone();
    let app = Router::new().route("/metrics", get(metrics)).with_state(state);
    accept::serve(Listener::new(listener, Limits { connections: CONNECTIONS, ..Limits::default() }), app, &lifecycle)
        .await;
}

async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    match text(&state).await {
        Ok(text) => (StatusCode::OK, [("content-type", "text/plain; version=0.0.4")], text),
        Err(error) => {
            tracing::error!(%error, "metrics could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, [("content-type", "text/plain; version=0.0.4")], String::new())
        }
    }
}

async fn text(state: &AppState) -> Result<String, ServiceError> {
    let mut tx = state.database.for_jobs().read().await?;
    let (counts, oldest) = deliveries::counts(&mut tx).await?;
    let mut text = "# HELP umbba_deliveries Deliveries kept, by state; dead ones want the operator.\n\
        # TYPE umbba_deliveries gauge\n"
        .to_owned();
    for state in deliveries::State::ALL {
        let count = counts.iter().find(|(word, _)| word == state.word()).map_or(0, |(_, count)| *count);
        let _ = writeln!(text, "umbba_deliveries{{state=\"{}\"}} {count}", state.word());
    }
    text.push_str(
        "# HELP umbba_held_deliveries Deliveries that wait because a provider refuses our credentials.\n\
         # TYPE umbba_held_deliveries gauge\n",
    );
    let held = waiting::count_held(&mut tx).await?;
    for provider in [Provider::WebPush, Provider::Fcm, Provider::Apns] {
        let count = held.iter().find(|(held, _)| *held == provider).map_or(0, |(_, count)| *count);
        let _ = writeln!(text, "umbba_held_deliveries{{provider=\"{}\"}} {count}", provider.word());
    }
    text.push_str("# HELP umbba_fcm_calls Calls to FCM about topics that wait.\n# TYPE umbba_fcm_calls gauge\n");
    let _ = writeln!(text, "umbba_fcm_calls {}", fcm_calls::count(&mut tx).await?);
    let late_ms = oldest.map_or(0, |at| state.clock.now().since(at).max(0));
    text.push_str(
        "# HELP umbba_outbox_late_seconds How long the delivery that waits longest has been due.\n\
         # TYPE umbba_outbox_late_seconds gauge\n",
    );
    let _ = writeln!(text, "umbba_outbox_late_seconds {}.{:03}", late_ms / 1_000, late_ms % 1_000);
    text.push_str(
        "# HELP umbba_open_lines Streams, sockets and long polls open here.\n# TYPE umbba_open_lines gauge\n",
    );
    let _ = writeln!(text, "umbba_open_lines {}", state.database.notifier().count_connections());
    if let Some(silence) = state.database.notifier().heard_ago() {
        text.push_str(
            "# HELP umbba_listener_silence_seconds Since the listener heard a bulletin; not there while it is away.\n\
             # TYPE umbba_listener_silence_seconds gauge\n",
        );
        let _ = writeln!(text, "umbba_listener_silence_seconds {:.3}", silence.as_secs_f64());
    }
    if let Some(skew_ms) = state.clock.skew_ms() {
        text.push_str(
            "# HELP umbba_clock_skew_seconds How far the clock of this machine is ahead of the database's.\n\
             # TYPE umbba_clock_skew_seconds gauge\n",
        );
        let _ = writeln!(text, "umbba_clock_skew_seconds {:.3}", skew_ms as f64 / 1_000.0);
    }
    counted(&mut text);
    Ok(text)
}

/// Writes the counters of this process, which start at zero with it.
fn counted(text: &mut String) {
    text.push_str(
        "# HELP umbba_requests_total Answered requests, by route and status.\n# TYPE umbba_requests_total counter\n",
    );
    for (route, status, count) in counters::requests() {
        let _ = writeln!(text, "umbba_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
    }
    for (name, help, counter) in [
        ("umbba_failed_codes_total", "Codes and digits that opened nothing.", &counters::FAILED_CODES),
        ("umbba_backups_failed_total", "Nightly backups that failed.", &counters::BACKUPS_FAILED),
        ("umbba_panics_total", "Panics; each stands in the log.", &counters::PANICS),
        ("umbba_refused_connections_total", "Connections beyond MAX_CONNECTIONS.", &counters::REFUSED_CONNECTIONS),
        ("umbba_refused_bodies_total", "Bodies beyond what is read at once.", &counters::REFUSED_BODIES),
        ("umbba_bulletins_posted_total", "Bulletins told to the other nodes.", &counters::BULLETINS_POSTED),
        ("umbba_bulletins_heard_total", "Bulletins heard, this node's own among them.", &counters::BULLETINS_HEARD),
        ("umbba_listeners_lost_total", "Connections of the listener that were lost.", &counters::LISTENERS_LOST),
        ("umbba_looks_at_lines_total", "Looks at all open lines.", &counters::LOOKS_AT_LINES),
        ("umbba_lines_woken_total", "Persons whose lines were woken by a look.", &counters::LINES_WOKEN),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {}", counter.count());
    }
    text.push_str(
        "# HELP umbba_writer_wait_seconds Waiting for SQLite's one writer.\n# TYPE umbba_writer_wait_seconds summary\n",
    );
    let waits = &counters::WRITER_WAITS;
    let _ = writeln!(text, "umbba_writer_wait_seconds_sum {:.6}", waits.total().as_secs_f64());
    let _ = writeln!(text, "umbba_writer_wait_seconds_count {}", waits.count());
}

//! `GET /metrics` for Prometheus (text exposition format 0.0.4), on an address of its own (`METRICS_ADDR`).

use std::fmt::{Display, Write};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use super::{accept, limits::Limits, listener::Listener};
use crate::domain::{Millis, Provider};
use crate::server::{
    counters,
    services::{ServiceError, guard::free_bytes},
    state::AppState,
    storage::{
        deliveries, fcm_calls,
        installation::{self, BACKUP_MADE_AT, BACKUP_VERIFIED_AT},
        schedule, waiting,
    },
};

/// Few: only the operator's Prometheus connects here.
const CONNECTIONS: usize = 64;

/// Serves until the process ends.
pub async fn serve(state: AppState, listener: TcpListener) {
    let lifecycle = state.lifecycle.clone();
    let app = Router::new().route("/metrics", get(metrics)).with_state(state);
    let limits = Limits { connections: CONNECTIONS, ..Limits::default() };
    accept::serve(Listener::new(listener, limits), app, None, &lifecycle).await;
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

/// The text that is being written.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Begins a metric. `kind` is gauge, counter, summary or histogram.
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes a value. `name` has the labels.
    fn value(&mut self, name: impl Display, value: impl Display) {
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.begin(name, kind, help);
        self.value(name, value);
    }
}

/// Milliseconds as seconds.
fn seconds(millis: i64) -> String {
    format!("{:.3}", millis as f64 / 1_000.0)
}

async fn text(state: &AppState) -> Result<String, ServiceError> {
    let mut text = Text::default();
    stored(state, &mut text).await?;
    open_here(state, &mut text);
    counted(&mut text);
    Ok(text.0)
}

/// What the database tells.
async fn stored(state: &AppState, text: &mut Text) -> Result<(), ServiceError> {
    let mut tx = state.database.for_jobs().read().await?;
    let now = state.clock.now();
    let (counts, oldest) = deliveries::counts(&mut tx).await?;
    let name = "umbba_deliveries";
    text.begin(name, "gauge", "Deliveries kept, by state; dead ones want the operator.");
    for state in deliveries::State::ALL {
        let count = counts.iter().find(|(word, _)| word == state.word()).map_or(0, |(_, count)| *count);
        text.value(format_args!("{name}{{state=\"{}\"}}", state.word()), count);
    }
    let name = "umbba_held_deliveries";
    text.begin(name, "gauge", "Deliveries that wait because a provider refuses our credentials.");
    let held = waiting::count_held(&mut tx).await?;
    for provider in [Provider::WebPush, Provider::Fcm, Provider::Apns] {
        let count = held.iter().find(|(held, _)| *held == provider).map_or(0, |(_, count)| *count);
        text.value(format_args!("{name}{{provider=\"{}\"}}", provider.word()), count);
    }
    let calls = fcm_calls::count(&mut tx).await?;
    text.one("umbba_fcm_calls", "gauge", "Calls to FCM about topics that wait.", calls);
    let late = |at: Option<Millis>| seconds(at.map_or(0, |at| now.since(at).max(0)));
    let help = "How long the delivery that waits longest has been due.";
    text.one("umbba_outbox_late_seconds", "gauge", help, late(oldest));
    let due = schedule::count_due(&mut tx, now).await?;
    text.one("umbba_due_pairs", "gauge", "Pairs whose due minute has come and is not handled yet.", due);
    let help = "How long the due minute that waits longest has passed.";
    text.one("umbba_scheduler_late_seconds", "gauge", help, late(schedule::next_due(&mut tx).await?));
    for (name, stored, help) in [
        ("umbba_backup_made_timestamp_seconds", BACKUP_MADE_AT, "When the last backup was made (SQLite)."),
        ("umbba_backup_verified_timestamp_seconds", BACKUP_VERIFIED_AT, "When the last verified backup was made."),
    ] {
        if let Some(at) = installation::lookup_instant(&mut tx, stored).await? {
            text.one(name, "gauge", help, seconds(at.0));
        }
    }
    Ok(())
}

/// What this process has open, and what it knows of its machine.
fn open_here(state: &AppState, text: &mut Text) {
    let name = "umbba_open_lines";
    text.begin(name, "gauge", "Streams, sockets and long polls open here, by transport.");
    for (transport, gauge) in [
        ("sse", &counters::SSE),
        ("ndjson", &counters::NDJSON),
        ("websocket", &counters::WEB_SOCKET),
        ("long_poll", &counters::LONG_POLL),
    ] {
        text.value(format_args!("{name}{{transport=\"{transport}\"}}"), gauge.count());
    }
    let help = "Connections that the HTTP library holds; few of the open lines are among them.";
    text.one("umbba_library_connections", "gauge", help, counters::BY_LIBRARY.count());
    if let Some(silence) = state.database.notifier().heard_ago() {
        let help = "Since the listener heard a bulletin; not there while it is away.";
        text.one("umbba_listener_silence_seconds", "gauge", help, format_args!("{:.3}", silence.as_secs_f64()));
    }
    if let Some(skew_ms) = state.clock.skew_ms() {
        let help = "How far the clock of this machine is ahead of the database's.";
        text.one("umbba_clock_skew_seconds", "gauge", help, seconds(skew_ms));
    }
    // DATA_DIR holds the folder of the builds.
    if let Some(free) = state.site.builds.parent().and_then(free_bytes) {
        text.one("umbba_disk_free_bytes", "gauge", "Free on the disk of DATA_DIR.", free);
    }
    if let Some(bytes) = resident_bytes() {
        text.one("process_resident_memory_bytes", "gauge", "Memory of this process.", bytes);
    }
    let name = "umbba_build_info";
    text.begin(name, "gauge", "The release and the build of the browser half.");
    let (version, build) = (env!("CARGO_PKG_VERSION"), &state.site.build);
    text.value(format_args!("{name}{{version=\"{version}\",build=\"{build}\"}}"), 1);
}

/// The resident set of this process (proc(5), `VmRSS`). `None` where there is no such file.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1_024)
}

/// Writes the counters of this process, which start at zero with it.
fn counted(text: &mut Text) {
    let name = "umbba_requests_total";
    text.begin(name, "counter", "Answered requests, by route and status.");
    for (route, status, count) in counters::requests() {
        text.value(format_args!("{name}{{route=\"{route}\",status=\"{status}\"}}"), count);
    }
    let name = "umbba_request_seconds";
    text.begin(name, "histogram", "Time until the answer begins, by route.");
    for (route, durations) in counters::durations() {
        let mut within = 0;
        for (most, count) in counters::BUCKETS_MS.iter().zip(durations.buckets) {
            within += count;
            let most = *most as f64 / 1_000.0;
            text.value(format_args!("{name}_bucket{{route=\"{route}\",le=\"{most}\"}}"), within);
        }
        text.value(format_args!("{name}_bucket{{route=\"{route}\",le=\"+Inf\"}}"), durations.count);
        let total = durations.total.as_secs_f64();
        text.value(format_args!("{name}_sum{{route=\"{route}\"}}"), format_args!("{total:.6}"));
        text.value(format_args!("{name}_count{{route=\"{route}\"}}"), durations.count);
    }
    let name = "umbba_delivery_attempts_total";
    text.begin(name, "counter", "Attempts to send a delivery, by provider and outcome.");
    for (provider, outcome, count) in counters::attempts() {
        text.value(format_args!("{name}{{provider=\"{provider}\",outcome=\"{outcome}\"}}"), count);
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
        ("umbba_statements_total", "Statements, without those that begin and end transactions.", &counters::STATEMENTS),
    ] {
        text.one(name, "counter", help, counter.count());
    }
    for (name, help, waits) in [
        ("umbba_writer_wait_seconds", "Waiting for SQLite's one writer.", &counters::WRITER_WAITS),
        ("umbba_connection_wait_seconds", "Waiting for any other connection.", &counters::CONNECTION_WAITS),
    ] {
        text.begin(name, "summary", help);
        text.value(format_args!("{name}_sum"), format_args!("{:.6}", waits.total().as_secs_f64()));
        text.value(format_args!("{name}_count"), waits.count());
    }
}

//! Start and end of serving: the listening socket, the background loops, and a shutdown that loses no answer.

use std::{net::SocketAddr, path::Path, time::Duration};

use tokio::net::{TcpListener, TcpSocket};

use super::{accept, control_socket, listener::Listener, router};
use crate::server::{
    config::AppEnv,
    jobs::{
        announcing, bulletins, database_time, fcm_calls, future_rows, housekeeping, open_lines, outbox, scheduler,
        zones,
    },
    lifecycle::Lifecycle,
    services::ServiceError,
    state::AppState,
};

/// After a restart all browsers reconnect at once; the default of 128 would delay most of them by a second.
const BACKLOG: u32 = 4_096;

/// Listens on `address`. The error is the operating system's: in use, not permitted, no such address.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Starts the background loops. Tests with a manual clock call `scheduler::tick` instead.
pub fn start_jobs(state: &AppState) {
    // Requests that use up all connections to PostgreSQL do not keep the scheduler and the outbox from theirs.
    let state = AppState { database: state.database.for_jobs(), ..state.clone() };
    state.lifecycle.spawn(scheduler::run(state.clone()));
    state.lifecycle.spawn(outbox::run(state.clone()));
    state.lifecycle.spawn(announcing::run(state.clone()));
    state.lifecycle.spawn(fcm_calls::run(state.clone()));
    state.lifecycle.spawn(housekeeping::run(state.clone()));
    state.lifecycle.spawn(future_rows::run(state.clone()));
    state.lifecycle.spawn(zones::run(state.clone()));
    state.lifecycle.spawn(database_time::run(state.clone()));
    start_telling(&state);
}

/// Starts the loops that wake open lines: of other nodes, and by the look at all of them.
pub fn start_telling(state: &AppState) {
    state.lifecycle.spawn(bulletins::post(state.clone()));
    state.lifecycle.spawn(bulletins::listen(state.clone()));
    state.lifecycle.spawn(open_lines::look(state.clone()));
}

/// Serves until the process is asked to stop.
pub async fn serve(state: AppState, listener: Listener, site_root: &Path, data_dir: &Path) -> Result<(), ServiceError> {
    start_jobs(&state);
    if state.site.env == AppEnv::Test
        && let Err(error) = control_socket::open(&state, data_dir)
    {
        tracing::error!(%error, "the control socket could not be opened");
    }
    let lifecycle = state.lifecycle.clone();
    lifecycle.spawn({
        let lifecycle = lifecycle.clone();
        async move {
            Lifecycle::asked_to_stop().await;
            tracing::info!("ending: no new requests, open streams close");
            lifecycle.end();
        }
    });
    run(state.clone(), listener, site_root).await;
    lifecycle.end();
    if !lifecycle.drained(Duration::from_secs(2)).await {
        tracing::warn!("some background work did not end in time");
    }
    bulletins::post_last(&state).await;
    state.database.close().await;
    Ok(())
}

/// Serves until the lifecycle ends. Streams end with it, so only requests under way delay the end.
pub async fn run(state: AppState, listener: impl Into<Listener>, site_root: &Path) {
    let app = router::router(state.clone(), site_root);
    accept::serve(listener.into(), app, Some(state.clone()), &state.lifecycle).await;
}

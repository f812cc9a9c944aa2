//! Runs a server function, and runs it again when the database ended its transaction so that another could go on.
//!
//! A use case is a function with one transaction inside, so the first place that can repeat it as a whole is its
//! request. Here the budget is taken, the body is read and the person is known; the rest is repeated from its start.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use leptos::{
    prelude::{Owner, provide_context},
    reactive::computed::ScopedFuture,
};

use crate::server::state::AppState;

/// How often a request is tried. The causes of conflicts are removed where they are known; this is the net below.
const TRIES: u32 = 4;
/// Half of the longest pause before the second try; it doubles. A try waits for a random part of it, so that two
/// requests in conflict do not meet again.
const PAUSE: Duration = Duration::from_millis(25);

pub async fn run(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // `forms::answer` has read the body within its limit.
    let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST.into_response() };
    let body = body.to_bytes();
    let mut tries = 1;
    loop {
        let (database, watch) = state.database.watched();
        let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let response = once(AppState { database, ..state.clone() }, request).await;
        if tries == TRIES || !watch.may_be_repeated() {
            return response;
        }
        tracing::info!(tries, "a transaction was in the way of another: again");
        let part = f64::from(u16::from_be_bytes(state.random.bytes())) / f64::from(u16::MAX);
        tokio::time::sleep(PAUSE.mul_f64(f64::from(1_u32 << tries) * part)).await;
        tries += 1;
    }
}

/// Runs it once, with the state in its context.
async fn once(state: AppState, request: Request) -> Response {
    let context = move || provide_context(state.clone());
    // Leptos makes the owner of a server function a child of the owner that is current on this thread. That may be the
    // owner of a page of another person, and a child finds the contexts of its parents. This root has no parent.
    let root = Owner::new_root(None);
    let running = root.with(|| ScopedFuture::new(leptos_axum::handle_server_fns_with_context(context, request)));
    let mut response = running.await.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

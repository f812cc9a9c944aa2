//! Two peers that stream but store nothing: a bare axum server, and Nchan (nginx with Debian's `libnginx-mod-nchan`).
//! `POST /pub/{n}` sends an event to the stream `GET /sub/{n}`.

use std::{
    collections::HashMap,
    convert::Infallible,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{Path as Segment, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
    serve::ListenerExt,
};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use umbba::server::state::HEARTBEAT;

use crate::peers::Nginx;

const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

type Streams = Arc<Mutex<HashMap<u32, mpsc::Sender<String>>>>;

/// Runs the bare server's process: prints its port and serves until it is killed.
pub async fn run_bare() -> Result<(), String> {
    super::server::raise_limit()?;
    let listener = umbba::http::serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?.port());
    let app = Router::new()
        .route("/sub/{channel}", get(subscribe))
        .route("/pub/{channel}", post(publish))
        .with_state(Streams::default());
    // Set TCP_NODELAY as our server does: a frame then does not wait for the acknowledgement of the previous one.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await.map_err(|error| error.to_string())
}

async fn subscribe(State(streams): State<Streams>, Segment(channel): Segment<u32>) -> Response {
    let (sender, receiver) = mpsc::channel(16);
    streams.lock().unwrap_or_else(PoisonError::into_inner).insert(channel, sender);
    let opening = stream::once(async { Event::default().event("hello").data("{}") });
    let told =
        stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|text| (text, receiver)) });
    let events = opening.chain(told.map(|text| Event::default().event("told").data(text))).map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

async fn publish(State(streams): State<Streams>, Segment(channel): Segment<u32>, body: String) -> StatusCode {
    let sender = streams.lock().unwrap_or_else(PoisonError::into_inner).get(&channel).cloned();
    match sender {
        Some(sender) if sender.send(body).await.is_ok() => StatusCode::ACCEPTED,
        _ => StatusCode::NOT_FOUND,
    }
}

/// Starts Nchan with one worker. Returns `None` when Nchan is not installed.
pub fn nchan(folder: &Path) -> Result<Option<Nginx>, String> {
    if !Path::new(NCHAN).exists() {
        return Ok(None);
    }
    let root = folder.join("nchan");
    std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
    let top = format!("load_module {NCHAN}; worker_rlimit_nofile 20000;");
    let server = "nchan_eventsource_ping_interval 15;
         location ~ ^/sub/(.+)$ { nchan_subscriber eventsource; nchan_channel_id $1; }
         location ~ ^/pub/(.+)$ { nchan_publisher http; nchan_channel_id $1; }";
    Nginx::launch(&root, &top, 16_384, server).map(Some)
}

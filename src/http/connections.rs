//! Accepts connections, as many as there are places for, and speaks HTTP/1 on them. `axum::serve` would do it without
//! any limit, and in HTTP/2 too, because another crate of the tree needs that of the library.

use std::{pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
    response::Response,
};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    port::{Peer, Place, Port},
    wire::{Turn, Wire},
};
use crate::server::{counters, lifecycle::Lifecycle};

/// What the head of a request may weigh: its first line and all headers. The library keeps as much again in its
/// buffers.
const HEAD_BYTES: usize = 32 * 1024;
/// Requests under way get this long to finish.
const DRAIN: Duration = Duration::from_secs(8);

const NO_PLACE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long a refused connection may take to go.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// Serves until the lifecycle ends, and then what is under way, for a while.
pub async fn serve(port: Port, app: Router, lifecycle: &Lifecycle) {
    let ending = lifecycle.ending();
    let mut is_full = false;
    loop {
        let (stream, address) = tokio::select! {
            accepted = port.accept() => accepted,
            () = ending.cancelled() => break,
        };
        if let Some(place) = port.place() {
            let (wire, peer) = port.connect(stream, address, place);
            lifecycle.spawn(speak(wire, peer, app.clone(), ending.clone()));
            continue;
        }
        counters::REFUSED_CONNECTIONS.add();
        if !std::mem::replace(&mut is_full, true) {
            tracing::warn!(
                "as many connections are open as may be; new ones are refused (MAX_CONNECTIONS). It is said once"
            );
        }
        if let Some(place) = port.place_to_refuse() {
            lifecycle.spawn(refuse(stream, place));
        }
    }
    // New connections go elsewhere from now on.
    if tokio::time::timeout(DRAIN, port.close()).await.is_err() {
        tracing::warn!("requests were still under way at the end of the drain");
    }
}

/// Answers what is asked on one connection.
async fn speak(wire: Wire, peer: Peer, app: Router, ending: CancellationToken) {
    let turns = wire.turns();
    let service = service_fn(move |request: Request<Incoming>| {
        let turn = turns.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        let answer = app.clone().oneshot(request);
        async move { answer.await.map(|response| until_its_end(response, turn)) }
    });
    // The deadline of a head is the wire's: the library's would also end connections that proxies keep for later.
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_BYTES).max_header_size(HEAD_BYTES).header_read_timeout(None);
    let mut connection = pin!(http.serve_connection(TokioIo::new(wire), service).with_upgrades());
    // How a connection ends is the other end's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The turn lasts as long as the body.
fn until_its_end(response: Response, turn: Turn) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        turn.end_http();
        return response;
    }
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _held = &turn;
            error
        }))
    })
}

/// Says that there is no place. What was asked is read before the end: a socket closed with unread bytes in it would be
/// reset, and the answer lost on its way.
async fn refuse(mut stream: TcpStream, _place: Place) {
    let saying = async {
        stream.write_all(NO_PLACE).await?;
        stream.shutdown().await?;
        while stream.read(&mut [0; 512]).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(GOOD_BYE, saying).await;
}

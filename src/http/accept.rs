//! Accepts connections while there are free slots, and serves HTTP/1 on them. `axum::serve` has no such limit, and
//! would also serve HTTP/2, because another dependency enables that feature of hyper.

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
    connection::{Connection, Exchange},
    limits::Slot,
    listener::{Listener, Peer},
};
use crate::server::{counters, lifecycle::Lifecycle};

/// Most bytes of the head of a request: its first line and all headers. The library's buffers take as much again.
const HEAD_BYTES: usize = 32 * 1024;
/// Requests under way get this long to finish.
const DRAIN: Duration = Duration::from_secs(8);

const NO_FREE_SLOT: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long a refused connection may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until the lifecycle ends; requests under way then get `DRAIN` to finish.
pub async fn serve(listener: Listener, app: Router, lifecycle: &Lifecycle) {
    let ending = lifecycle.ending();
    let mut is_full = false;
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ending.cancelled() => break,
        };
        if let Some(slot) = listener.slot() {
            let (connection, peer) = listener.connect(stream, address, slot);
            lifecycle.spawn(serve_connection(connection, peer, app.clone(), ending.clone()));
            continue;
        }
        counters::REFUSED_CONNECTIONS.add();
        if !std::mem::replace(&mut is_full, true) {
            tracing::warn!(
                "as many connections are open as may be; new ones are refused (MAX_CONNECTIONS). It is said once"
            );
        }
        if let Some(slot) = listener.slot_to_refuse() {
            lifecycle.spawn(refuse(stream, slot));
        }
    }
    // The socket is closed first, so that a proxy sends new connections elsewhere.
    if tokio::time::timeout(DRAIN, listener.close()).await.is_err() {
        tracing::warn!("requests were still under way at the end of the drain");
    }
}

/// Answers the requests of one connection.
async fn serve_connection(connection: Connection, peer: Peer, app: Router, ending: CancellationToken) {
    let exchanges = connection.exchanges();
    let service = service_fn(move |request: Request<Incoming>| {
        let exchange = exchanges.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        let answer = app.clone().oneshot(request);
        async move { answer.await.map(|response| end_with_body(response, exchange)) }
    });
    // `Connection` has the timeout of a head: the library's would also end connections that proxies keep for later.
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_BYTES).max_header_size(HEAD_BYTES).header_read_timeout(None);
    let mut connection = pin!(http.serve_connection(TokioIo::new(connection), service).with_upgrades());
    // Errors are ignored: the other end may break its connection at any time.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Ends the exchange when the body has ended.
fn end_with_body(response: Response, exchange: Exchange) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        exchange.end_http();
        return response;
    }
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _held = &exchange;
            error
        }))
    })
}

/// Answers 503. The request is read before the socket is closed: closing with unread bytes would reset the connection,
/// and the answer would be lost.
async fn refuse(mut stream: TcpStream, _slot: Slot) {
    let answer = async {
        stream.write_all(NO_FREE_SLOT).await?;
        stream.shutdown().await?;
        while stream.read(&mut [0; 512]).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, answer).await;
}

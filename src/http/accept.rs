//! Accepts connections while there are free slots, and serves HTTP/1 on them. `axum::serve` has no such limit, and
//! would also serve HTTP/2, because another dependency enables that feature of hyper.
//!
//! The first bytes of a request tell who serves it. A plain request for a feed is served by `live::direct`, and every
//! other one by hyper and the router. A connection changes from one to the other between two requests. The large
//! futures are boxed: what waits for a day must not keep the memory of what is over in a moment.

use std::{io, sync::Arc, time::Duration};

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
    connection::{Connection, Exchange, Passed, Passing},
    limits::Slot,
    listener::{Listener, Socket},
    live::{direct, head},
    takeover::Taken,
};
use crate::server::{counters, lifecycle::Lifecycle, state::AppState};

/// Most bytes of the head of a request: its first line and all headers. The library's buffers take as much again.
const HEAD_BYTES: usize = 32 * 1024;
/// Requests under way get this long to finish.
const DRAIN: Duration = Duration::from_secs(8);

const NO_FREE_SLOT: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long a refused connection may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes that are read at once before it is known who serves a request.
const FIRST_BYTES: usize = 4 * 1024;

/// What answers the requests of all connections.
struct Answering {
    app: Router,
    /// `None` where there are no feeds.
    feeds: Option<Arc<AppState>>,
    ending: CancellationToken,
}

/// What became of a request for a feed.
enum Asked {
    /// The connection has ended.
    Over,
    /// It was answered, and the connection may serve another request.
    Answered(Socket),
    /// The library has to answer.
    Left(Socket, Vec<u8>),
}

/// Serves until the lifecycle ends; requests under way then get `DRAIN` to finish. With `feeds` requests for a feed are
/// answered without the library.
pub async fn serve(listener: Listener, app: Router, feeds: Option<AppState>, lifecycle: &Lifecycle) {
    let ending = lifecycle.ending();
    let answering = Arc::new(Answering { app, feeds: feeds.map(Arc::new), ending: ending.clone() });
    let mut is_full = false;
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ending.cancelled() => break,
        };
        if let Some(slot) = listener.slot() {
            lifecycle.spawn(serve_socket(Arc::clone(&answering), listener.connect(stream, address, slot)));
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
async fn serve_socket(answering: Arc<Answering>, mut socket: Socket) {
    let mut bytes = Vec::new();
    loop {
        if bytes.is_empty() {
            let first = tokio::select! {
                first = tokio::time::timeout(socket.limits.idle, some_bytes(&socket.stream)) => first,
                () = answering.ending.cancelled() => return,
            };
            let Ok(Ok(first)) = first else { return };
            bytes = first;
        }
        let left = match &answering.feeds {
            Some(state) if head::is_of_feed(&bytes) => match Box::pin(ask_feed(state, socket, bytes)).await {
                Asked::Over => return,
                Asked::Answered(kept) => {
                    (socket, bytes) = (kept, Vec::new());
                    continue;
                }
                Asked::Left(socket, bytes) => (socket, bytes),
            },
            _ => (socket, bytes),
        };
        let Some(passed) = Box::pin(by_library(&answering, left.0, left.1)).await else { return };
        (socket, bytes) = passed;
    }
}

/// What the other end has sent.
async fn some_bytes(stream: &TcpStream) -> io::Result<Vec<u8>> {
    loop {
        stream.readable().await?;
        let mut buffer = [0; FIRST_BYTES];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => return Ok(buffer[..count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Answers a request for a feed, of which `bytes` are the first.
async fn ask_feed(state: &Arc<AppState>, socket: Socket, mut bytes: Vec<u8>) -> Asked {
    let rest = async {
        while !head::has_ended(&bytes) {
            bytes.extend(some_bytes(&socket.stream).await?);
        }
        Ok::<_, io::Error>(())
    };
    if !matches!(tokio::time::timeout(socket.limits.head, rest).await, Ok(Ok(()))) {
        return Asked::Over;
    }
    let Some(opened) = Box::pin(direct::open(state, &socket.peer, &bytes)).await else {
        return Asked::Left(socket, bytes);
    };
    drop(bytes);
    let Socket { stream, slot, peer, limits } = socket;
    let taken = Taken::new(stream, limits.write, slot);
    if !Box::pin(direct::tell(opened, &taken)).await {
        return Asked::Over;
    }
    let (stream, slot) = taken.give_back();
    Asked::Answered(Socket { stream, slot, peer, limits })
}

/// Answers requests by the library: the one that begins with `bytes`, and later ones. Returns the first later one that
/// asks for a feed.
async fn by_library(answering: &Answering, socket: Socket, bytes: Vec<u8>) -> Option<(Socket, Vec<u8>)> {
    let (app, peer, limits) = (answering.app.clone(), socket.peer.clone(), socket.limits);
    let passing = Passing::default();
    let counted = counters::BY_LIBRARY.one();
    let connection = Connection::new(socket, bytes, answering.feeds.as_ref().map(|_| passing.clone()));
    let exchanges = connection.exchanges();
    let known = peer.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let exchange = exchanges.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(known.clone()));
        let answer = app.clone().oneshot(request);
        async move { answer.await.map(|response| end_with_body(response, exchange)) }
    });
    // `Connection` has the timeout of a head: the library's would also end connections that proxies keep for later.
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_BYTES).max_header_size(HEAD_BYTES).header_read_timeout(None);
    let mut connection = Box::pin(http.serve_connection(TokioIo::new(connection), service).with_upgrades());
    // Errors are ignored: the other end may break its connection at any time.
    let is_over = tokio::select! {
        _ = connection.as_mut() => true,
        () = answering.ending.cancelled() => false,
    };
    if !is_over {
        connection.as_mut().graceful_shutdown();
        let _ = connection.as_mut().await;
    }
    drop((connection, counted));
    let Passed { stream, slot, bytes } = passing.take()?;
    Some((Socket { stream, slot, peer, limits }, bytes))
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

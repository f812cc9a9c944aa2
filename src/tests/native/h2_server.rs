//! An HTTP/2 server on loopback whose every answer a test decides: statuses, silence, refused streams and GOAWAY. It
//! speaks in the clear (prior knowledge, RFC 9113 §3.3) or over TLS.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::body::Bytes;
use h2::{Reason, server};
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

use super::tls::ServerTls;

/// A request with its whole body, and the connection it came on (from 0).
pub struct Asked {
    pub connection: usize,
    /// How many streams were open on the connection when this one began, with it.
    pub open: usize,
    pub method: http::Method,
    pub uri: http::Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Never answers.
    Hang,
    /// RST_STREAM with REFUSED_STREAM (RFC 9113 §8.7): the request was not processed.
    Refuse,
    /// GOAWAY with this reason, and the connection ends without an answer.
    GoAway(Reason),
    /// An answer, then GOAWAY with NO_ERROR: the connection ends when its streams have.
    LastAnswer {
        status: u16,
        body: String,
    },
}

impl Reply {
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }
}

/// The clock of a fake provider: the time in epoch seconds.
pub type FakeClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How many streams a connection may have at once (SETTINGS_MAX_CONCURRENT_STREAMS), by connection.
pub type MostStreams = u32;

pub trait Answers: Send + Sync + 'static {
    fn answer(&self, asked: Asked) -> Reply;
    fn most_streams(&self) -> MostStreams {
        100
    }
    /// Headers that the answer to this request has, whatever the answer is.
    fn headers(&self, _asked: &Asked) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A running server.
#[derive(Clone)]
pub struct H2Server {
    pub address: SocketAddr,
    is_tls: bool,
    connections: Arc<AtomicUsize>,
    seen: Seen,
}

/// What arrived on all connections.
#[derive(Clone, Default)]
struct Seen {
    requests: Arc<AtomicUsize>,
    /// The most streams that were open at once on a connection.
    streams: Arc<AtomicUsize>,
}

impl H2Server {
    pub async fn start(answers: Arc<dyn Answers>) -> Self {
        Self::listen(answers, None).await
    }

    /// Starts a server behind TLS.
    pub async fn start_tls(answers: Arc<dyn Answers>, tls: ServerTls) -> Self {
        Self::listen(answers, Some(tls)).await
    }

    async fn listen(answers: Arc<dyn Answers>, tls: Option<ServerTls>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            is_tls: tls.is_some(),
            connections: Arc::default(),
            seen: Seen::default(),
        };
        let (connections, seen) = (server.connections.clone(), server.seen.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let (answers, seen, tls) = (answers.clone(), seen.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(socket, number, answers, seen).await,
                        // A client that does not trust us ends the handshake.
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                converse(socket, number, answers, seen).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}/", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many requests began, with those that were refused.
    pub fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    pub fn most_streams_at_once(&self) -> usize {
        self.seen.streams.load(Ordering::SeqCst)
    }
}

async fn converse(socket: impl AsyncRead + AsyncWrite + Unpin, number: usize, answers: Arc<dyn Answers>, seen: Seen) {
    let handshake = server::Builder::new().max_concurrent_streams(answers.most_streams()).handshake(socket).await;
    let Ok(mut connection) = handshake else { return };
    let open = Arc::new(AtomicUsize::new(0));
    let (ending, mut ends) = tokio::sync::mpsc::unbounded_channel::<Option<Reason>>();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(reason) = ends.recv() => {
                match reason {
                    Some(reason) => connection.abrupt_shutdown(reason),
                    None => connection.graceful_shutdown(),
                }
                continue;
            }
        };
        let Some(Ok((request, respond))) = accepted else { return };
        let count = open.fetch_add(1, Ordering::SeqCst) + 1;
        seen.requests.fetch_add(1, Ordering::SeqCst);
        seen.streams.fetch_max(count, Ordering::SeqCst);
        let (answers, open, ending) = (answers.clone(), open.clone(), ending.clone());
        tokio::spawn(async move {
            exchange(request, respond, (number, count), answers, ending).await;
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn exchange(
    request: Request<h2::RecvStream>,
    mut respond: server::SendResponse<Bytes>,
    (connection, open): (usize, usize),
    answers: Arc<dyn Answers>,
    ending: tokio::sync::mpsc::UnboundedSender<Option<Reason>>,
) {
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        // The client broke off inside the body, for example because its process was killed: nobody awaits an answer.
        let Ok(chunk) = chunk else { return };
        let _ = stream.flow_control().release_capacity(chunk.len());
        body.extend_from_slice(&chunk);
    }
    let asked =
        Asked { connection, open, method: head.method, uri: head.uri, headers: head.headers, body: Bytes::from(body) };
    let every = answers.headers(&asked);
    match answers.answer(asked) {
        Reply::Answer { status, headers, body } => {
            write(&mut respond, status, headers.into_iter().chain(every).collect(), body);
        }
        Reply::Hang => std::future::pending().await,
        Reply::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
        Reply::GoAway(reason) => {
            let _ = ending.send(Some(reason));
        }
        Reply::LastAnswer { status, body } => {
            write(&mut respond, status, every, body);
            let _ = ending.send(None);
        }
    }
}

fn write(respond: &mut server::SendResponse<Bytes>, status: u16, headers: Vec<(&'static str, String)>, body: String) {
    let mut head = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    for (name, value) in headers {
        head = head.header(name, value);
    }
    let head = head.body(()).expect("a head");
    // A client that left needs no answer.
    let Ok(mut stream) = respond.send_response(head, body.is_empty()) else { return };
    if !body.is_empty() {
        let _ = stream.send_data(Bytes::from(body), true);
    }
}

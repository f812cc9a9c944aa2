//! A raw HTTP/1.1 server that replaces a push service. It answers each request as it is told, also with invalid HTTP.
//! The push service of the tests, the sender's tests and the benchmarks use it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// The server's reaction to a request.
#[derive(Debug, Clone)]
pub enum Reply {
    Text(String),
    Hang,
    /// The text, once somebody gives a permit for it.
    Held(Arc<Semaphore>, String),
    /// The text, then one byte every 20 ms without end.
    Drip(String),
    /// The text, then zeroes without end.
    Flood(String),
}

impl Reply {
    /// Builds a response with a status, these header lines (each ends in CRLF) and no body.
    pub fn status(status: u16, headers: &str) -> Self {
        Self::Text(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n{headers}\r\n"))
    }
}

/// A request that arrived completely.
#[derive(Debug, Clone)]
pub struct Request {
    /// The request line and the header lines.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the path with its query.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
        values.next().unwrap_or_default()
    }
}

type Answer = Arc<dyn Fn(Request) -> Reply + Send + Sync>;

/// A running server. It runs until the runtime ends.
#[derive(Clone)]
pub struct HttpServer {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    flooded: Arc<AtomicUsize>,
}

impl HttpServer {
    /// Starts the server on an address. Port 0 takes a free port.
    pub async fn start(address: &str, answer: impl Fn(Request) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        Self::serve(TcpListener::bind(address).await?, answer)
    }

    pub fn serve(listener: TcpListener, answer: impl Fn(Request) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        let server = Self { address: listener.local_addr()?, connections: Arc::default(), flooded: Arc::default() };
        let (running, answer): (Self, Answer) = (server.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                running.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, answer.clone(), running.flooded.clone()));
            }
        });
        Ok(server)
    }

    /// Returns the number of accepted connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Returns the number of bytes of a flood that were written.
    pub fn flooded(&self) -> usize {
        self.flooded.load(Ordering::SeqCst)
    }
}

async fn converse(mut stream: TcpStream, answer: Answer, flooded: Arc<AtomicUsize>) {
    let _ = stream.set_nodelay(true);
    while let Some(request) = read_request(&mut stream).await {
        match answer(request) {
            Reply::Text(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                if text.contains("connection: close") {
                    return;
                }
            }
            Reply::Held(permits, text) => {
                permits.acquire().await.expect("an open semaphore").forget();
                let _ = stream.write_all(text.as_bytes()).await;
            }
            Reply::Hang => std::future::pending().await,
            Reply::Drip(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let mut ticks = tokio::time::interval(Duration::from_millis(20));
                while stream.write_all(b"x").await.is_ok() {
                    ticks.tick().await;
                }
                return;
            }
            Reply::Flood(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                while let Ok(written) = stream.write(&[0; 64 * 1024]).await {
                    flooded.fetch_add(written, Ordering::SeqCst);
                }
                return;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let mut request = Request { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: Vec::new() };
            let length = request.header("content-length").parse().unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                request.body = bytes.split_off(end + 4);
                return Some(request);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

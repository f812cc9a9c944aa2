//! FCM, APNs and Google's token endpoint in one server that accepts everything at once: TLS, HTTP/2 by ALPN, HTTP/1.1
//! for `google-auth`. It counts the messages with an authorization and a body, and prints its count for each line that
//! it reads.

use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    server::conn,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// As many streams as Apple allows on a connection.
const STREAMS: u32 = 1_000;

/// The server's process. Dropping the value stops the process.
pub struct Sink {
    pub port: u16,
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What the server got so far.
#[derive(Clone, Copy)]
pub struct Count {
    pub messages: u64,
    /// The length of all bodies together.
    pub bytes: u64,
}

impl Sink {
    /// `folder` holds the server's certificate and key.
    pub fn start(folder: &Path) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut process = Command::new(program)
            .arg("providers-sink")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let asks = process.stdin.take().ok_or("no input")?;
        let mut answers = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let port = line.trim().parse().map_err(|_| "the server of the providers did not start")?;
        Ok(Self { port, process, asks, answers })
    }

    pub fn count(&mut self) -> Result<Count, String> {
        let mut line = String::new();
        self.asks.write_all(b"count\n").map_err(|error| error.to_string())?;
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [messages, bytes] = numbers[..] else { return Err(format!("the server of the providers said: {line}")) };
        Ok(Count { messages, bytes })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Default)]
struct Counter {
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// Runs the server's process: prints its port and serves until it is killed.
pub async fn run(folder: &Path) -> Result<(), String> {
    let acceptor = acceptor(folder)?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?.port());
    let counter: Arc<Counter> = Arc::default();
    let asked = counter.clone();
    std::thread::spawn(move || {
        let read = |number: &AtomicU64| number.load(Ordering::SeqCst);
        for _ in std::io::stdin().lines() {
            println!("{} {}", read(&asked.messages), read(&asked.bytes));
        }
    });
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(converse(socket, acceptor.clone(), counter.clone()));
    }
    Ok(())
}

fn acceptor(folder: &Path) -> Result<TlsAcceptor, String> {
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).map_err(|error| error.to_string())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn converse(socket: TcpStream, acceptor: TlsAcceptor, counter: Arc<Counter>) {
    let _ = socket.set_nodelay(true);
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request| answer(request, counter.clone()));
    // A sender that ends cuts its connection: that is no failure of the server.
    if is_http2 {
        let mut server = conn::http2::Builder::new(TokioExecutor::new());
        let _ = server.max_concurrent_streams(STREAMS).serve_connection(TokioIo::new(stream), service).await;
    } else {
        let _ = conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn answer(request: Request<Incoming>, counter: Arc<Counter>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    let length = body.to_bytes().len() as u64;
    let path = head.uri.path();
    if head.method == Method::POST && path == "/token" && length > 0 {
        return Ok(json(r#"{"access_token":"ya29.bench","expires_in":3600,"token_type":"Bearer"}"#));
    }
    let is_authorized = head
        .headers
        .get(AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == b"Bearer ya29.bench" || value.as_bytes().starts_with(b"bearer ey"));
    if head.method != Method::POST || !is_authorized || length == 0 {
        return Ok(empty(StatusCode::FORBIDDEN));
    }
    let response = if path.starts_with("/3/device/") {
        empty(StatusCode::OK)
    } else if path.ends_with("/messages:send") {
        json(r#"{"name":"projects/umbba-bench/messages/0:1795262400000000%31bd1c96f9fd7ecd"}"#)
    } else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    counter.messages.fetch_add(1, Ordering::SeqCst);
    counter.bytes.fetch_add(length, Ordering::SeqCst);
    Ok(response)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn json(text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

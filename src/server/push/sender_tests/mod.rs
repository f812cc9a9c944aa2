//! The sender of pushes against servers and name servers of our own.

mod answers;
mod bad_servers;
mod client;
mod guard;

use std::{
    collections::VecDeque,
    env,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const SHORT: Duration = Duration::from_millis(300);
/// Deadlines are generous: they end a broken test, they decide none.
const LONG: Duration = Duration::from_secs(20);

/// What a server does once it has read a request.
#[derive(Clone)]
enum Reply {
    Text(String),
    Hang,
    /// The text, then a byte every 20 ms for ever.
    Drip(&'static str),
    /// The text, then zeroes for ever.
    Flood(&'static str),
}

/// Head and body.
type Request = (String, Vec<u8>);

/// A server of raw HTTP/1.1. It repeats its last reply.
struct Sink {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
    flooded: Arc<AtomicUsize>,
}

impl Sink {
    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_at("127.0.0.1:0", replies).await
    }

    async fn start_at(address: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let sink = Self {
            address: listener.local_addr().expect("an address"),
            connections: Arc::default(),
            requests: Arc::default(),
            flooded: Arc::default(),
        };
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let (connections, requests, flooded) = (sink.connections.clone(), sink.requests.clone(), sink.flooded.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, replies.clone(), requests.clone(), flooded.clone()));
            }
        });
        sink
    }

    async fn status(status: u16) -> Self {
        Self::start([plain(status, "")]).await
    }

    fn endpoint(&self) -> String {
        format!("http://{}/push/secret?token=secret", self.address)
    }

    fn sender(&self) -> PushSender {
        let hosts = PushHosts::parse("", &self.address.to_string(), false).expect("hosts");
        PushSender::new(hosts).expect("a sender")
    }

    async fn outcome(&self) -> PushOutcome {
        self.sender().send(message(&self.endpoint())).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn hits(&self) -> usize {
        self.requests.lock().expect("requests").len()
    }
}

fn plain(status: u16, headers: &str) -> Reply {
    Reply::Text(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n{headers}\r\n"))
}

async fn converse(
    mut stream: TcpStream,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    flooded: Arc<AtomicUsize>,
) {
    while let Some(request) = read_request(&mut stream).await {
        requests.lock().expect("requests").push(request);
        let reply = {
            let mut replies = replies.lock().expect("replies");
            if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
        };
        match reply.expect("a reply") {
            Reply::Text(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                if text.contains("connection: close") {
                    return;
                }
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
            let head = String::from_utf8(bytes[..end].to_vec()).expect("a head");
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..].to_vec()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn message(endpoint: &str) -> PushMessage<'_> {
    PushMessage {
        endpoint,
        body: b"\0\x01encrypted\xff".to_vec(),
        authorization: "vapid t=a.b.c, k=d",
        ttl_s: 86_400,
        urgency: Urgency::High,
        topic: "bXktdG9waWM",
    }
}

/// Names with answers one after the other; the last one stays.
struct Names {
    answers: Mutex<VecDeque<Vec<&'static str>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn new(answers: impl IntoIterator<Item = Vec<&'static str>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("names").clone()
    }
}

impl Lookup for Names {
    fn lookup(&self, host: String) -> Looking {
        self.asked.lock().expect("names").push(host);
        let mut answers = self.answers.lock().expect("answers");
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let addresses =
            answer.map(|answer| answer.iter().map(|address| address.parse().expect("an address")).collect());
        Box::pin(async move { addresses.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn no_hosts() -> PushHosts {
    PushHosts::parse("", "", true).expect("hosts")
}

/// A sender for which 127.0.0.1 is the open internet, and everything else is not.
fn worldly(names: Arc<Names>) -> PushSender {
    let guard = Arc::new(Guard {
        hosts: no_hosts(),
        lookup: names,
        is_public: |address| address == IpAddr::from([127, 0, 0, 1]),
    });
    PushSender { client: client(guard.clone(), LONG, LONG).expect("a client"), guard }
}

/// Past the endpoint's check, which lets no port through: only the resolver stands guard.
async fn post(sender: &PushSender, host: &str, port: u16) -> PushOutcome {
    let url = Url::parse(&format!("http://{host}:{port}/push")).expect("a URL");
    sender.post(url, message("")).await
}

/// Sends, and fails where the sender has no end of its own.
async fn send_or_fail(sender: &PushSender, endpoint: &str) -> PushOutcome {
    tokio::time::timeout(LONG, sender.send(message(endpoint))).await.expect("an end")
}

fn failure(cause: &'static str) -> PushOutcome {
    PushOutcome::RetryAfter { status: None, after_ms: None, cause }
}

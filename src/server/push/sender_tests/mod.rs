//! The sender of pushes against servers and name servers of our own.

mod answers;
mod bad_servers;
mod client;
mod guard;

use std::{
    collections::VecDeque,
    env, io,
    net::{IpAddr, SocketAddr},
    process::Command,
    sync::Mutex,
    time::Instant,
};

use reqwest::header::{DATE, RETRY_AFTER};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    super::{
        client::{DAY_MS, Looking},
        endpoint::EndpointError,
    },
    *,
};
use crate::tests::push_service::http_server::{HttpServer, Reply, Request};

const SHORT: Duration = Duration::from_millis(300);
/// Ends a test that hangs.
const LONG: Duration = Duration::from_secs(20);

/// A push service that repeats its last reply.
struct Sink {
    server: HttpServer,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Sink {
    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_at("127.0.0.1:0", replies).await
    }

    async fn start_at(address: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let arrived = requests.clone();
        let answer = move |request| {
            arrived.lock().expect("requests").push(request);
            let mut replies = replies.lock().expect("replies");
            let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
            reply.expect("a reply")
        };
        let server = HttpServer::start(address, answer).await.expect("a port");
        Self { address: server.address, server, requests }
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
        self.server.connections()
    }

    fn hits(&self) -> usize {
        self.requests.lock().expect("requests").len()
    }
}

fn plain(status: u16, headers: &str) -> Reply {
    Reply::status(status, headers)
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

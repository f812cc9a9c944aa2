//! The process is killed while it streams: a reader over each of the five transports receives every event after its
//! cursor once and in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::StreamExt;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use super::{
    PATIENCE, kills,
    node::{Data, Member, Node, seed},
    random,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transport {
    Sse,
    Ndjson,
    WebSocket,
    LongPoll,
    Poll,
}

const TRANSPORTS: [Transport; 5] =
    [Transport::Sse, Transport::Ndjson, Transport::WebSocket, Transport::LongPoll, Transport::Poll];

/// Any error that breaks a connection.
type Broken = Box<dyn std::error::Error + Send + Sync>;

/// That a member's line received an event.
pub struct Told {
    pub member: String,
    pub kind: String,
    pub at: Instant,
}

/// A reader with everything it has received. The received bytes may end anywhere.
pub struct Reader {
    client: Client,
    member: Member,
    transport: Transport,
    pub cursor: i64,
    pub seqs: Vec<i64>,
    /// Where each event is reported at once.
    pub told: Option<mpsc::UnboundedSender<Told>>,
    /// Counts the streams that began.
    pub opened: Option<Arc<AtomicUsize>>,
}

impl Reader {
    pub fn of(member: &Member, transport: Transport, cursor: i64) -> Self {
        Self::with(Client::new(), member, transport, cursor)
    }

    /// A reader that shares a client, because making one reads all certificates of the machine.
    pub fn with(client: Client, member: &Member, transport: Transport, cursor: i64) -> Self {
        Self { client, member: member.clone(), transport, cursor, seqs: Vec::new(), told: None, opened: None }
    }

    pub fn member(&self) -> &Member {
        &self.member
    }

    fn note(&mut self, event: &Value) {
        if let (Some(opened), true) = (&self.opened, event["build"].is_string()) {
            opened.fetch_add(1, Ordering::SeqCst);
        }
        if let (Some(seq), Some(kind)) = (event["seq"].as_i64(), event["kind"].as_str()) {
            self.cursor = seq;
            self.seqs.push(seq);
            if let Some(told) = &self.told {
                let _ = told.send(Told { member: self.member.device.clone(), kind: kind.into(), at: Instant::now() });
            }
        }
    }

    /// Reads until the connection breaks or `is_enough` returns true.
    pub async fn read(&mut self, url: &str, is_enough: &(dyn Fn(i64) -> bool + Sync)) {
        let _ = match self.transport {
            Transport::WebSocket => self.read_socket(url, is_enough).await,
            Transport::Sse | Transport::Ndjson => self.read_body(url, is_enough).await,
            Transport::LongPoll | Transport::Poll => self.read_answers(url, is_enough).await,
        };
    }

    fn ask(&self, url: &str, accept: &str, wait: &str) -> reqwest::RequestBuilder {
        self.client
            .get(format!("{url}/events?after={}{wait}", self.cursor))
            .header("cookie", &self.member.cookie)
            .header("accept", accept)
    }

    async fn read_body(&mut self, url: &str, is_enough: &(dyn Fn(i64) -> bool + Sync)) -> Result<(), Broken> {
        let accept = if self.transport == Transport::Sse { "text/event-stream" } else { "application/x-ndjson" };
        // A browser waits as long for the head.
        let head = tokio::time::timeout(Duration::from_secs(5), self.ask(url, accept, "").send()).await??;
        let mut body = head.error_for_status()?.bytes_stream();
        let mut text = String::new();
        while !is_enough(self.cursor) {
            let Some(bytes) = body.next().await else { break };
            text.push_str(&String::from_utf8_lossy(&bytes?));
            while let Some((line, rest)) = text.split_once('\n') {
                let event = serde_json::from_str(line.strip_prefix("data:").unwrap_or(line)).unwrap_or_default();
                text = rest.to_owned();
                self.note(&event);
            }
        }
        Ok(())
    }

    async fn read_socket(&mut self, url: &str, is_enough: &(dyn Fn(i64) -> bool + Sync)) -> Result<(), Broken> {
        let host = url.trim_start_matches("http://");
        let mut request = format!("ws://{host}/events?after={}", self.cursor).into_client_request()?;
        let origin = format!("http://localhost:{}", host.rsplit(':').next().unwrap_or_default());
        for (name, value) in [("cookie", self.member.cookie.as_str()), ("origin", &origin)] {
            request.headers_mut().insert(name, value.parse().expect("a header"));
        }
        let stream = tokio::net::TcpStream::connect(host).await?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        while !is_enough(self.cursor) {
            let Some(message) = socket.next().await else { break };
            if let Message::Text(text) = message? {
                self.note(&serde_json::from_str(&text).unwrap_or_default());
            }
        }
        Ok(())
    }

    async fn read_answers(&mut self, url: &str, is_enough: &(dyn Fn(i64) -> bool + Sync)) -> Result<(), Broken> {
        let wait = if self.transport == Transport::LongPoll { "&wait=25" } else { "" };
        while !is_enough(self.cursor) {
            let bytes = self.ask(url, "application/json", wait).send().await?.error_for_status()?.bytes().await?;
            let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            assert_ne!(answer["reset"], true, "nothing is lost");
            for event in answer["events"].as_array().into_iter().flatten() {
                self.note(event);
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// Changes the push time until the process dies. Returns the number of acknowledged changes.
async fn change_times(client: Client, url: String, member: Member, round: usize) -> i64 {
    let mut kept = 0;
    for minute in 0.. {
        // Each time differs from the previous one, because setting the same time again is not a change.
        let time = format!("{:02}:{:02}", round % 20, minute % 60);
        let fields = [("pair", member.pair.as_str()), ("push_time", &time), ("zone", "Asia/Seoul")];
        match super::node::post(&client, &url, &member, "change_push_time", &fields).await {
            Ok((StatusCode::OK, _)) => kept += 1,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_stream_every_transport_goes_on_from_its_cursor() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("streams").await;
    let members = seed(data, "").await;
    let (writer, listener) = (members[0].clone(), members[1].clone());
    assert_eq!(writer.pair, listener.pair);
    let mut node = Node::start(data, "").await;
    let first = node.post(&listener, "today", &[("pair", &listener.pair)]).await.expect("the page").1["as_of"]
        .as_i64()
        .expect("a number");
    let reader = |transport| Reader::of(&listener, transport, first);
    let mut readers: Vec<Reader> = TRANSPORTS.map(reader).into();
    let mut kept = 0;

    for round in 0..kills() {
        let writing = tokio::spawn(change_times(node.client.clone(), node.url.clone(), writer.clone(), round));
        let url = node.url.clone();
        let reading = readers.into_iter().map(|mut reader| {
            let url = url.clone();
            tokio::spawn(async move {
                reader.read(&url, &|_| false).await;
                reader
            })
        });
        let reading: Vec<_> = reading.collect();
        tokio::time::sleep(Duration::from_millis(50 + random(200))).await;
        node.kill();
        kept += writing.await.expect("no panic");
        readers = Vec::new();
        for reader in reading {
            readers.push(tokio::time::timeout(PATIENCE, reader).await.expect("the line breaks").expect("no panic"));
        }
        node = Node::start(data, "").await;
    }

    let last = node.post(&listener, "today", &[("pair", &listener.pair)]).await.expect("the page").1["as_of"]
        .as_i64()
        .expect("a number");
    assert!(kept > 0 && last - first >= kept, "{} events for {kept} acknowledged changes", last - first);
    for mut reader in readers {
        let transport = reader.transport;
        let reading = async { reader.read(&node.url, &|cursor| cursor >= last).await };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{transport:?}: the rest"));
        assert_eq!(reader.seqs, (first + 1..=last).collect::<Vec<_>>(), "{transport:?}: all of it, once, in order");
    }
}

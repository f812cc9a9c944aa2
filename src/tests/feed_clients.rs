//! A test client of `/events` over any of its five transports. It receives the same messages over each.

use std::{collections::VecDeque, time::Duration};

use futures::{StreamExt, stream::BoxStream};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use super::app::{Browser, PATIENCE};
use crate::domain::{Event, PresenceSignal};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Sse,
    Ndjson,
    WebSocket,
    LongPoll,
    Poll,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedMessage {
    Hello(String),
    Told(Event),
    Presence(PresenceSignal),
    Reset(i64),
    Ping,
    Replaced,
}

pub struct FeedClient {
    transport: Transport,
    browser: Browser,
    /// The number of the last event that was received.
    pub cursor: i64,
    received: VecDeque<FeedMessage>,
    connection: Connection,
    /// Everything received, byte for byte.
    pub raw: String,
    /// How the connection ended: the close code and reason of a socket, or the status and code of a poll.
    pub end: Option<(u16, String)>,
}

enum Connection {
    Body { body: BoxStream<'static, reqwest::Result<axum::body::Bytes>>, text: String },
    Socket(Box<WebSocketStream<TcpStream>>),
    Asking { was_greeted: bool },
    Ended,
}

impl Transport {
    pub const ALL: [Self; 5] = [Self::Sse, Self::Ndjson, Self::WebSocket, Self::LongPoll, Self::Poll];

    /// Whether the connection stays open and receives several messages.
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Sse | Self::Ndjson | Self::WebSocket)
    }

    pub fn accept(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Ndjson => "application/x-ndjson",
            Self::WebSocket => "*/*",
            Self::LongPoll | Self::Poll => "application/json",
        }
    }

    pub fn query(self, cursor: i64) -> String {
        if self == Self::LongPoll { format!("after={cursor}&wait=25") } else { format!("after={cursor}") }
    }
}

/// Opens a socket with a browser's handshake; the given headers replace or add to those of the browser.
pub async fn socket(
    browser: &Browser,
    query: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocketStream<TcpStream>, (u16, String)> {
    let host = browser.url.trim_start_matches("http://");
    let mut request = format!("ws://{host}/events?{query}").into_client_request().expect("a request");
    let (cookies, origin) = (browser.cookie_line(), browser.url.clone());
    let ours = [("cookie", cookies.as_str()), ("origin", origin.as_str())];
    for (name, value) in ours.iter().chain(headers) {
        request.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    if headers.contains(&("origin", "")) {
        request.headers_mut().remove("origin");
    }
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| (0, error.to_string()))?;
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => {
            let body =
                response.body().as_deref().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default();
            Err((response.status().as_u16(), body))
        }
        Err(error) => Err((0, error.to_string())),
    }
}

impl FeedClient {
    pub async fn open(browser: &Browser, transport: Transport, cursor: i64) -> Self {
        Self::try_open(browser, transport, cursor, false).await.unwrap_or_else(|end| panic!("{transport:?}: {end:?}"))
    }

    /// Opens with the cursor in the header and an older cursor in the URL.
    pub async fn reopen(browser: &Browser, transport: Transport, cursor: i64) -> Self {
        Self::try_open(browser, transport, cursor, true).await.unwrap_or_else(|end| panic!("{transport:?}: {end:?}"))
    }

    /// Tries to open. The error is the status and the code of a refusal. A poll sends its request only when it is read.
    pub async fn try_open(
        browser: &Browser,
        transport: Transport,
        cursor: i64,
        by_header: bool,
    ) -> Result<Self, (u16, String)> {
        let id = cursor.to_string();
        let query = transport.query(if by_header { 0 } else { cursor });
        let headers: &[(&'static str, &str)] = if by_header { &[("last-event-id", &id)] } else { &[] };
        let connection = match transport {
            Transport::WebSocket => Connection::Socket(Box::new(socket(browser, &query, headers).await?)),
            Transport::Sse | Transport::Ndjson => {
                let headers = [headers, &[("accept", transport.accept())]].concat();
                let response = browser.events(&query, &headers).await.map_err(|error| (0, error.to_string()))?;
                if response.status() != 200 {
                    return Err((response.status().as_u16(), response.text().await.unwrap_or_default()));
                }
                assert_eq!(response.headers()["content-type"], transport.accept());
                assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
                assert_eq!(response.headers()["x-accel-buffering"], "no");
                Connection::Body { body: response.bytes_stream().boxed(), text: String::new() }
            }
            Transport::LongPoll | Transport::Poll => Connection::Asking { was_greeted: false },
        };
        Ok(Self {
            transport,
            browser: browser.clone(),
            cursor,
            received: VecDeque::new(),
            connection,
            raw: String::new(),
            end: None,
        })
    }

    /// The next message; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<FeedMessage> {
        let hearing = async {
            while self.received.is_empty() {
                self.listen().await?;
            }
            let received = self.received.pop_front();
            if let Some(FeedMessage::Told(Event { seq, .. }) | FeedMessage::Reset(seq)) = &received {
                self.cursor = *seq;
            }
            received
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("a message")
    }

    pub async fn told(&mut self) -> Event {
        let telling = async {
            loop {
                match self.next().await.expect("an open connection") {
                    FeedMessage::Told(event) => break event,
                    FeedMessage::Hello(_) | FeedMessage::Ping => {}
                    other => panic!("an event, not {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, telling).await.expect("an event")
    }

    /// Returns the next message that is neither a greeting nor a heartbeat.
    pub async fn news(&mut self) -> FeedMessage {
        loop {
            match self.next().await.expect("an open connection") {
                FeedMessage::Hello(_) | FeedMessage::Ping => {}
                news => break news,
            }
        }
    }

    /// Returns the first message after the greeting.
    pub async fn after_hello(&mut self) -> Option<FeedMessage> {
        assert!(
            matches!(self.next().await, Some(FeedMessage::Hello(build)) if build == "test"),
            "{:?}",
            self.transport
        );
        self.next().await
    }

    /// Receives until the connection has ended. Returns the last message.
    pub async fn ends(&mut self) -> Option<FeedMessage> {
        let ending = async {
            let mut last = None;
            while let Some(received) = self.next().await {
                last = Some(received);
            }
            last
        };
        tokio::time::timeout(PATIENCE, ending).await.expect("the connection ends")
    }

    async fn listen(&mut self) -> Option<()> {
        let connection = std::mem::replace(&mut self.connection, Connection::Ended);
        self.connection = match connection {
            Connection::Ended => return None,
            Connection::Body { mut body, mut text } => {
                let chunk = body.next().await?.ok()?;
                let chunk = std::str::from_utf8(&chunk).expect("UTF-8, and no frame cut in two letters");
                self.raw.push_str(chunk);
                text.push_str(chunk);
                let end = if self.transport == Transport::Sse { "\n\n" } else { "\n" };
                while let Some((frame, rest)) = text.split_once(end) {
                    self.received.extend(if self.transport == Transport::Sse {
                        from_event(frame)
                    } else {
                        Some(from_json(frame))
                    });
                    text = rest.to_owned();
                }
                Connection::Body { body, text }
            }
            Connection::Socket(mut socket) => {
                match socket.next().await?.ok()? {
                    Message::Text(text) => {
                        self.raw.push_str(&text);
                        self.received.push_back(from_json(&text));
                    }
                    Message::Close(frame) => {
                        self.end = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                        return None;
                    }
                    _ => {}
                }
                Connection::Socket(socket)
            }
            Connection::Asking { was_greeted } => {
                self.ask(was_greeted).await?;
                if self.received.contains(&FeedMessage::Replaced) {
                    Connection::Ended
                } else {
                    Connection::Asking { was_greeted: true }
                }
            }
        };
        Some(())
    }

    async fn ask(&mut self, was_greeted: bool) -> Option<()> {
        let answer =
            match self.browser.events(&self.transport.query(self.cursor), &[("accept", self.transport.accept())]).await
            {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let text = response.text().await.unwrap_or_default();
                    if status != 200 {
                        self.end = Some((status, text));
                        return None;
                    }
                    text
                }
                Err(_) => return None,
            };
        self.raw.push_str(&answer);
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        if !was_greeted {
            self.received.push_back(FeedMessage::Hello(answer["build"].as_str().expect("a build").to_owned()));
        }
        let seq = answer["seq"].as_i64().expect("a number");
        if answer["reset"] == true {
            self.received.push_back(FeedMessage::Reset(seq));
        }
        let events: Vec<Event> = serde_json::from_value(answer["events"].clone()).expect("events");
        assert_eq!(events.len() == 100, answer["more"] == true, "more says that there may be more");
        let is_news = !events.is_empty() || answer["reset"] == true;
        self.received.extend(events.into_iter().map(FeedMessage::Told));
        if answer["replaced"] == true {
            self.received.push_back(FeedMessage::Replaced);
        } else if !is_news {
            self.received.push_back(FeedMessage::Ping);
            // The interval of polls; it does not affect the result.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.cursor = seq;
        Some(())
    }
}

fn from_json(text: &str) -> FeedMessage {
    let frame: Value = serde_json::from_str(text).expect("JSON");
    match frame["frame"].as_str().expect("a frame") {
        "hello" => FeedMessage::Hello(frame["build"].as_str().expect("a build").to_owned()),
        "told" => FeedMessage::Told(serde_json::from_value(frame).expect("an event")),
        "presence" => FeedMessage::Presence(serde_json::from_value(frame).expect("a signal")),
        "reset" => FeedMessage::Reset(frame["seq"].as_i64().expect("a number")),
        "ping" => FeedMessage::Ping,
        "replaced" => FeedMessage::Replaced,
        other => panic!("a frame nobody knows: {other}"),
    }
}

/// Parses an event. `None` for a block without an event, such as the retry time at the beginning.
fn from_event(text: &str) -> Option<FeedMessage> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    let data: Value = serde_json::from_str(field("data:")).unwrap_or_default();
    Some(match field("event:") {
        "" => return None,
        "hello" => FeedMessage::Hello(data["build"].as_str().expect("a build").to_owned()),
        "told" => {
            assert_eq!(data["seq"].to_string(), field("id:"), "the number the browser repeats");
            FeedMessage::Told(serde_json::from_value(data).expect("an event"))
        }
        "presence" => {
            assert_eq!(field("id:"), "", "it moves no cursor");
            FeedMessage::Presence(serde_json::from_value(data).expect("a signal"))
        }
        "reset" => FeedMessage::Reset(data["seq"].as_i64().expect("a number")),
        "ping" => FeedMessage::Ping,
        "replaced" => FeedMessage::Replaced,
        other => panic!("an event nobody knows: {other}"),
    })
}

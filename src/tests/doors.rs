//! An ear at any of the five doors of `/events`: what it hears is the same everywhere.

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
pub enum Door {
    Sse,
    Ndjson,
    WebSocket,
    LongPoll,
    Poll,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Hello(String),
    Told(Event),
    Presence(PresenceSignal),
    Reset(i64),
    Ping,
    Replaced,
}

pub struct Ear {
    door: Door,
    browser: Browser,
    /// The last number heard.
    pub cursor: i64,
    heard: VecDeque<Heard>,
    line: Line,
    /// Everything heard, as it came.
    pub raw: String,
    /// How it ended: a socket's close code and reason, a poll's status and code.
    pub end: Option<(u16, String)>,
}

enum Line {
    Body { body: BoxStream<'static, reqwest::Result<axum::body::Bytes>>, text: String },
    Socket(Box<WebSocketStream<TcpStream>>),
    Asking { was_greeted: bool },
    Over,
}

impl Door {
    pub const ALL: [Self; 5] = [Self::Sse, Self::Ndjson, Self::WebSocket, Self::LongPoll, Self::Poll];

    /// Whether it stays open and is written to.
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

/// A socket's handshake as a browser of ours sends it, with other headers where they are given.
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

impl Ear {
    pub async fn open(browser: &Browser, door: Door, cursor: i64) -> Self {
        Self::try_open(browser, door, cursor, false).await.unwrap_or_else(|end| panic!("{door:?}: {end:?}"))
    }

    /// With the cursor in the header, and one in the address that is older.
    pub async fn reopen(browser: &Browser, door: Door, cursor: i64) -> Self {
        Self::try_open(browser, door, cursor, true).await.unwrap_or_else(|end| panic!("{door:?}: {end:?}"))
    }

    /// The status and the code when there is no way in. A poll asks when it is listened to.
    pub async fn try_open(browser: &Browser, door: Door, cursor: i64, by_header: bool) -> Result<Self, (u16, String)> {
        let id = cursor.to_string();
        let query = door.query(if by_header { 0 } else { cursor });
        let headers: &[(&'static str, &str)] = if by_header { &[("last-event-id", &id)] } else { &[] };
        let line = match door {
            Door::WebSocket => Line::Socket(Box::new(socket(browser, &query, headers).await?)),
            Door::Sse | Door::Ndjson => {
                let headers = [headers, &[("accept", door.accept())]].concat();
                let response = browser.events(&query, &headers).await.map_err(|error| (0, error.to_string()))?;
                if response.status() != 200 {
                    return Err((response.status().as_u16(), response.text().await.unwrap_or_default()));
                }
                assert_eq!(response.headers()["content-type"], door.accept());
                assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
                assert_eq!(response.headers()["x-accel-buffering"], "no");
                Line::Body { body: response.bytes_stream().boxed(), text: String::new() }
            }
            Door::LongPoll | Door::Poll => Line::Asking { was_greeted: false },
        };
        Ok(Self { door, browser: browser.clone(), cursor, heard: VecDeque::new(), line, raw: String::new(), end: None })
    }

    /// What is heard next; `None` when the line has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        let hearing = async {
            while self.heard.is_empty() {
                self.listen().await?;
            }
            let heard = self.heard.pop_front();
            if let Some(Heard::Told(Event { seq, .. }) | Heard::Reset(seq)) = &heard {
                self.cursor = *seq;
            }
            heard
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("something on the line")
    }

    pub async fn told(&mut self) -> Event {
        let telling = async {
            loop {
                match self.next().await.expect("an open line") {
                    Heard::Told(event) => break event,
                    Heard::Hello(_) | Heard::Ping => {}
                    other => panic!("an event, not {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, telling).await.expect("an event")
    }

    /// What is heard next but greetings and heartbeats.
    pub async fn news(&mut self) -> Heard {
        loop {
            match self.next().await.expect("an open line") {
                Heard::Hello(_) | Heard::Ping => {}
                news => break news,
            }
        }
    }

    /// What is heard first after the greeting.
    pub async fn after_hello(&mut self) -> Option<Heard> {
        assert!(matches!(self.next().await, Some(Heard::Hello(build)) if build == "test"), "{:?}", self.door);
        self.next().await
    }

    /// Listens until the line has ended; gives what was heard last.
    pub async fn ends(&mut self) -> Option<Heard> {
        let ending = async {
            let mut last = None;
            while let Some(heard) = self.next().await {
                last = Some(heard);
            }
            last
        };
        tokio::time::timeout(PATIENCE, ending).await.expect("the line ends")
    }

    async fn listen(&mut self) -> Option<()> {
        let line = std::mem::replace(&mut self.line, Line::Over);
        self.line = match line {
            Line::Over => return None,
            Line::Body { mut body, mut text } => {
                let chunk = body.next().await?.ok()?;
                let chunk = std::str::from_utf8(&chunk).expect("UTF-8, and no frame cut in two letters");
                self.raw.push_str(chunk);
                text.push_str(chunk);
                let end = if self.door == Door::Sse { "\n\n" } else { "\n" };
                while let Some((frame, rest)) = text.split_once(end) {
                    self.heard.extend(if self.door == Door::Sse { from_event(frame) } else { Some(from_json(frame)) });
                    text = rest.to_owned();
                }
                Line::Body { body, text }
            }
            Line::Socket(mut socket) => {
                match socket.next().await?.ok()? {
                    Message::Text(text) => {
                        self.raw.push_str(&text);
                        self.heard.push_back(from_json(&text));
                    }
                    Message::Close(frame) => {
                        self.end = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                        return None;
                    }
                    _ => {}
                }
                Line::Socket(socket)
            }
            Line::Asking { was_greeted } => {
                self.ask(was_greeted).await?;
                if self.heard.contains(&Heard::Replaced) { Line::Over } else { Line::Asking { was_greeted: true } }
            }
        };
        Some(())
    }

    async fn ask(&mut self, was_greeted: bool) -> Option<()> {
        let answer = match self.browser.events(&self.door.query(self.cursor), &[("accept", self.door.accept())]).await {
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
            self.heard.push_back(Heard::Hello(answer["build"].as_str().expect("a build").to_owned()));
        }
        let seq = answer["seq"].as_i64().expect("a number");
        if answer["reset"] == true {
            self.heard.push_back(Heard::Reset(seq));
        }
        let events: Vec<Event> = serde_json::from_value(answer["events"].clone()).expect("events");
        assert_eq!(events.len() == 100, answer["more"] == true, "more says that there may be more");
        let is_news = !events.is_empty() || answer["reset"] == true;
        self.heard.extend(events.into_iter().map(Heard::Told));
        if answer["replaced"] == true {
            self.heard.push_back(Heard::Replaced);
        } else if !is_news {
            self.heard.push_back(Heard::Ping);
            // The pace of a poll; nothing is decided by it.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.cursor = seq;
        Some(())
    }
}

fn from_json(text: &str) -> Heard {
    let frame: Value = serde_json::from_str(text).expect("JSON");
    match frame["frame"].as_str().expect("a frame") {
        "hello" => Heard::Hello(frame["build"].as_str().expect("a build").to_owned()),
        "told" => Heard::Told(serde_json::from_value(frame).expect("an event")),
        "presence" => Heard::Presence(serde_json::from_value(frame).expect("a signal")),
        "reset" => Heard::Reset(frame["seq"].as_i64().expect("a number")),
        "ping" => Heard::Ping,
        "replaced" => Heard::Replaced,
        other => panic!("a frame nobody knows: {other}"),
    }
}

/// `None` for what carries no event, as the retry time at the beginning.
fn from_event(text: &str) -> Option<Heard> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    let data: Value = serde_json::from_str(field("data:")).unwrap_or_default();
    Some(match field("event:") {
        "" => return None,
        "hello" => Heard::Hello(data["build"].as_str().expect("a build").to_owned()),
        "told" => {
            assert_eq!(data["seq"].to_string(), field("id:"), "the number the browser repeats");
            Heard::Told(serde_json::from_value(data).expect("an event"))
        }
        "presence" => {
            assert_eq!(field("id:"), "", "it moves no cursor");
            Heard::Presence(serde_json::from_value(data).expect("a signal"))
        }
        "reset" => Heard::Reset(data["seq"].as_i64().expect("a number")),
        "ping" => Heard::Ping,
        "replaced" => Heard::Replaced,
        other => panic!("an event nobody knows: {other}"),
    })
}

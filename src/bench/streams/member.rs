//! A connected member: one connection over the measured transport, read until the end of the measurement.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use umbba::server::state::HEARTBEAT;

use super::{
    tally::Tally,
    websocket,
    wire::{Head, Told, Wire},
};

/// The transport over which a member receives events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Sse,
    Ndjson,
    WebSocket,
    LongPoll,
    Poll,
}

const LONG_POLL: Duration = Duration::from_secs(25);
/// The interval between two polls of a member. The members' polls are spread evenly over it.
pub const POLL: Duration = Duration::from_secs(5);

impl Transport {
    /// Returns the length of the idle measurement: one interval, so that each connection gets exactly one heartbeat.
    pub fn silence(self) -> Duration {
        match self {
            Self::Sse | Self::Ndjson | Self::WebSocket => HEARTBEAT,
            Self::LongPoll => LONG_POLL,
            Self::Poll => POLL,
        }
    }
}

/// A member's request and its transport.
#[derive(Debug, Clone)]
pub struct Member {
    pub number: usize,
    pub transport: Transport,
    /// The path of the stream, without the query that carries the cursor.
    pub path: String,
    pub cookie: String,
}

/// The response to a poll or long poll.
#[derive(Deserialize)]
struct Batch {
    seq: i64,
    events: Vec<Told>,
}

impl Member {
    fn request(&self, port: u16, query: &str) -> String {
        let accept = match self.transport {
            Transport::Sse | Transport::WebSocket => "text/event-stream",
            Transport::Ndjson => "application/x-ndjson",
            Transport::LongPoll | Transport::Poll => "application/json",
        };
        format!(
            "GET {}{query} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {}\r\nAccept: {accept}\r\n\r\n",
            self.path, self.cookie
        )
    }

    /// Builds a poll for the current events, whatever the member's transport is.
    pub fn look(&self, port: u16) -> String {
        Self { transport: Transport::Poll, ..self.clone() }.request(port, "?after=0")
    }

    /// Connects and reads until the server confirms the connection. Bytes read or written here are not counted.
    pub async fn open(&self, port: u16) -> Result<(Wire, Head), String> {
        let mut wire = Wire::open(port).await?;
        let request = match self.transport {
            Transport::WebSocket => websocket::handshake(port, &self.cookie),
            // The connection stays open after this request. The first long poll (`after=0`) is answered at once.
            Transport::Sse | Transport::Ndjson | Transport::LongPoll | Transport::Poll => {
                self.request(port, "?after=0")
            }
        };
        let head = wire.ask(&request).await?;
        let wanted = if self.transport == Transport::WebSocket { 101 } else { 200 };
        if head.status != wanted {
            return Err(format!("{:?} was answered with {}", self.transport, head.status));
        }
        match self.transport {
            Transport::Sse | Transport::Ndjson => drop(wire.piece(head).await?),
            Transport::WebSocket => drop(websocket::next(&mut wire).await?),
            Transport::LongPoll | Transport::Poll => drop(wire.body(head).await?),
        }
        wire.take_bytes();
        Ok((wire, head))
    }

    /// Reads until the connection ends. `phase`: the start of the polls within their interval, from 0 to 1.
    pub async fn listen(&self, wire: Wire, head: Head, port: u16, phase: f64, tally: &Tally) -> Result<(), String> {
        match self.transport {
            Transport::Sse => self.read(wire, head, "\n\n", tally).await,
            Transport::Ndjson => self.read(wire, head, "\n", tally).await,
            Transport::WebSocket => self.read_frames(wire, tally).await,
            Transport::LongPoll => self.ask_long(wire, port, tally).await,
            Transport::Poll => self.ask_again(wire, port, phase, tally).await,
        }
    }

    /// Reads a stream whose frames end with `end`.
    async fn read(&self, mut wire: Wire, head: Head, end: &str, tally: &Tally) -> Result<(), String> {
        let mut text = String::new();
        loop {
            text.push_str(&String::from_utf8_lossy(&wire.piece(head).await?));
            let Some(whole) = text.rfind(end).map(|at| at + end.len()) else { continue };
            let events: Vec<Told> = text[..whole].lines().filter_map(event).collect();
            text.drain(..whole);
            tally.hear(self.number, &events, wire.take_bytes());
        }
    }

    async fn read_frames(&self, mut wire: Wire, tally: &Tally) -> Result<(), String> {
        loop {
            let text = websocket::next(&mut wire).await?.unwrap_or_default();
            let event = event(&String::from_utf8_lossy(&text));
            tally.hear(self.number, event.as_slice(), wire.take_bytes());
        }
    }

    async fn ask_long(&self, mut wire: Wire, port: u16, tally: &Tally) -> Result<(), String> {
        let mut cursor = 0;
        loop {
            cursor = self.ask(&mut wire, port, &format!("?after={cursor}&wait={}", LONG_POLL.as_secs()), tally).await?;
        }
    }

    async fn ask_again(&self, mut wire: Wire, port: u16, phase: f64, tally: &Tally) -> Result<(), String> {
        let mut cursor = 0;
        let mut ticks = interval_at(Instant::now() + POLL.mul_f64(phase), POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            cursor = self.ask(&mut wire, port, &format!("?after={cursor}"), tally).await?;
        }
    }

    /// Sends one poll. Returns the next cursor.
    async fn ask(&self, wire: &mut Wire, port: u16, query: &str, tally: &Tally) -> Result<i64, String> {
        let head = wire.ask(&self.request(port, query)).await?;
        let body = wire.body(head).await?;
        let batch: Batch = serde_json::from_slice(&body)
            .map_err(|_| format!("{}: {}", head.status, String::from_utf8_lossy(&body)))?;
        tally.hear(self.number, &batch.events, wire.take_bytes());
        tally.answered();
        Ok(batch.seq)
    }
}

/// Parses the event in a line of SSE, NDJSON or WebSocket. Returns `None` if the line has no event.
fn event(line: &str) -> Option<Told> {
    serde_json::from_str(line.strip_prefix("data:").unwrap_or(line)).ok()
}

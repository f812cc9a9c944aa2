//! A connected member: one line of its own, read to the end of the measurement, over the transport that is measured.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use umbba::server::state::HEARTBEAT;

use super::{
    tally::Tally,
    websocket,
    wire::{Head, Told, Wire},
};

/// How a member hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Sse,
    Ndjson,
    WebSocket,
    LongPoll,
    Poll,
}

const LONG_POLL: Duration = Duration::from_secs(25);
/// Every member asks so often, spread evenly.
pub const POLL: Duration = Duration::from_secs(5);

impl Transport {
    /// From heartbeat to heartbeat: each line has exactly one in it.
    pub fn silence(self) -> Duration {
        match self {
            Self::Sse | Self::Ndjson | Self::WebSocket => HEARTBEAT,
            Self::LongPoll => LONG_POLL,
            Self::Poll => POLL,
        }
    }
}

/// What a member asks for, over which transport.
#[derive(Debug, Clone)]
pub struct Member {
    pub number: usize,
    pub transport: Transport,
    /// Where the stream is; the cursor comes behind.
    pub path: String,
    pub cookie: String,
}

/// An answer of poll and long poll.
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

    /// Asks for what is there now, whatever the transport.
    pub fn look(&self, port: u16) -> String {
        Self { transport: Transport::Poll, ..self.clone() }.request(port, "?after=0")
    }

    /// Connects and reads until it is heard that the line is open. What that costs belongs to no event.
    pub async fn open(&self, port: u16) -> Result<(Wire, Head), String> {
        let mut wire = Wire::open(port).await?;
        let request = match self.transport {
            Transport::WebSocket => websocket::handshake(port, &self.cookie),
            // On the connection that stays; the first look of a long poll is not a long one.
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

    /// Listens for as long as the line holds. `phase`: where in the interval a poll begins, from 0 to 1.
    pub async fn listen(&self, wire: Wire, head: Head, port: u16, phase: f64, tally: &Tally) -> Result<(), String> {
        match self.transport {
            Transport::Sse => self.read(wire, head, "\n\n", tally).await,
            Transport::Ndjson => self.read(wire, head, "\n", tally).await,
            Transport::WebSocket => self.read_frames(wire, tally).await,
            Transport::LongPoll => self.ask_long(wire, port, tally).await,
            Transport::Poll => self.ask_again(wire, port, phase, tally).await,
        }
    }

    /// `end`: what ends a frame.
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

    /// Asks once; the cursor to go on with.
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

/// The event in a line of SSE, NDJSON or WebSocket, if it is one.
fn event(line: &str) -> Option<Told> {
    serde_json::from_str(line.strip_prefix("data:").unwrap_or(line)).ok()
}

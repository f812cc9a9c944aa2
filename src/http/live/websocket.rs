//! WebSocket (RFC 6455): each frame of the feed is a text message with the same JSON as an NDJSON line. Of what the
//! client sends only pongs and the close matter.

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use std::time::Duration;

use crate::server::{
    lifecycle::Lifecycle,
    live::{End, Feed, Frame},
};

/// Messages a client may send before the socket is closed.
const MAX_MESSAGES: u32 = 16;
/// Most bytes of one message from a client.
const MAX_MESSAGE_BYTES: usize = 1_024;
/// Pings and pongs a client may send between two heartbeats. A browser sends one pong per ping.
const MAX_CONTROLS: u32 = 16;
/// Pings in a row without a pong after which the socket is closed.
const PINGS_UNANSWERED: u32 = 2;
/// Bytes. The library's default buffers are 128 KiB each; a feed sends a few hundred bytes a minute.
const READ_BUFFER: usize = 1_024;
const WRITE_BUFFER: usize = 64 * 1_024;
/// How long the client may take to answer the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why the socket is closed: code (RFC 6455 §7.4; 4000 and above are ours) and reason.
struct Closing(u16, &'static str);

const GOING_AWAY: Closing = Closing(1001, "ending");
const TOO_MANY_MESSAGES: Closing = Closing(1008, "nothing is read here");
const TOO_LONG: Closing = Closing(1009, "a message is too long");
const UNAVAILABLE: Closing = Closing(1013, "unavailable");
const REPLACED: Closing = Closing(4000, "replaced");
const SIGNED_OUT: Closing = Closing(4001, "signed_out");
const NO_PONG: Closing = Closing(4002, "no pong");

pub fn answer(upgrade: WebSocketUpgrade, feed: Feed, lifecycle: Lifecycle) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER)
        // Each frame is sent immediately.
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| async move { lifecycle.spawn(write_frames(socket, feed)) })
}

/// Counts what the client has sent.
#[derive(Default)]
struct Received {
    messages: u32,
    /// Pings and pongs since the last heartbeat.
    controls: u32,
    /// Pings since the last pong.
    unanswered: u32,
}

async fn write_frames(mut socket: WebSocket, mut feed: Feed) {
    let mut received = Received::default();
    loop {
        let frame = match next(&mut socket, &mut feed, &mut received).await {
            Ok(frame) => frame,
            Err(closing) => return close(socket, closing).await,
        };
        let is_ping = frame == Frame::Ping;
        if is_ping && received.unanswered >= PINGS_UNANSWERED {
            return close(socket, Some(NO_PONG)).await;
        }
        let text = serde_json::to_string(&frame).unwrap_or_default();
        if socket.send(Message::Text(text.into())).await.is_err() {
            return;
        }
        if is_ping {
            (received.unanswered, received.controls) = (received.unanswered + 1, 0);
            if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                return;
            }
        }
    }
}

/// Waits for the next frame and counts what the client sends meanwhile. The error says why to close; it is `None` when
/// the client has closed.
async fn next(socket: &mut WebSocket, feed: &mut Feed, received: &mut Received) -> Result<Frame, Option<Closing>> {
    // One future for the whole wait: a new one per received message would query the database each time.
    let mut next = Box::pin(feed.next());
    let frame = loop {
        tokio::select! {
            frame = &mut next => break frame,
            message = socket.recv() => received.count(message)?,
        }
    };
    drop(next);
    frame.ok_or_else(|| {
        Some(match feed.end() {
            Some(End::Shutdown) => GOING_AWAY,
            Some(End::SignedOut) => SIGNED_OUT,
            Some(End::Replaced) => REPLACED,
            Some(End::Unavailable) | None => UNAVAILABLE,
        })
    })
}

impl Received {
    fn count(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Option<Closing>> {
        match message {
            Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                self.messages += 1;
                if self.messages > MAX_MESSAGES { Err(Some(TOO_MANY_MESSAGES)) } else { Ok(()) }
            }
            // The library answers pings by itself.
            Some(Ok(control @ (Message::Ping(_) | Message::Pong(_)))) => {
                if matches!(control, Message::Pong(_)) {
                    self.unanswered = 0;
                }
                self.controls += 1;
                if self.controls > MAX_CONTROLS { Err(Some(TOO_MANY_MESSAGES)) } else { Ok(()) }
            }
            Some(Ok(Message::Close(_))) | None => Err(None),
            // If the connection is broken, writing the close fails too.
            Some(Err(_)) => Err(Some(TOO_LONG)),
        }
    }
}

/// Sends the close and waits for the client's. Dropping the socket with unread bytes would reset the connection, and
/// the reason would be lost.
async fn close(mut socket: WebSocket, closing: Option<Closing>) {
    let closing_handshake = async {
        if let Some(Closing(code, reason)) = closing {
            let frame = CloseFrame { code, reason: reason.into() };
            if socket.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
        }
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing_handshake).await;
}

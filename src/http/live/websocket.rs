//! WebSocket (RFC 6455): a frame of the feed is a text message, the same JSON as an NDJSON line. Nothing is read here
//! but what keeps the socket: pongs and the close.

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use std::time::Duration;

use crate::server::{
    lifecycle::Lifecycle,
    live::{End, Feed, Frame},
};

/// What a page may send up before it is asked to stop; each in bytes.
const MESSAGES_UP: u32 = 16;
const MESSAGE_UP: usize = 1_024;
/// Pings and pongs that may come up between two heartbeats. A browser sends one pong for each.
const CONTROLS_UP: u32 = 16;
/// Pings in a row without a pong before the other end counts as gone.
const PINGS_UNANSWERED: u32 = 2;
/// The library's own buffers are 128 KiB each, for a line that carries a few hundred bytes a minute.
const READ_BUFFER: usize = 1_024;
const WRITE_BUFFER: usize = 64 * 1_024;
/// How long the other end may take to say its own good-bye.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// Why the socket is closed: the code (RFC 6455 §7.4; from 4000 on they are ours) and the word that goes with it.
struct Closing(u16, &'static str);

const GOING_AWAY: Closing = Closing(1001, "ending");
const TALKATIVE: Closing = Closing(1008, "nothing is read here");
const TOO_LONG: Closing = Closing(1009, "a message is too long");
const UNAVAILABLE: Closing = Closing(1013, "unavailable");
const REPLACED: Closing = Closing(4000, "replaced");
const SIGNED_OUT: Closing = Closing(4001, "signed_out");
const SILENT: Closing = Closing(4002, "no pong");

pub fn answer(upgrade: WebSocketUpgrade, feed: Feed, lifecycle: Lifecycle) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER)
        // Every frame is sent at once.
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(MESSAGE_UP)
        .max_frame_size(MESSAGE_UP)
        .on_upgrade(move |socket| async move { lifecycle.spawn(tell(socket, feed)) })
}

/// What came up the socket.
#[derive(Default)]
struct Heard {
    messages: u32,
    /// Pings and pongs since the last heartbeat.
    controls: u32,
    unanswered: u32,
}

async fn tell(mut socket: WebSocket, mut feed: Feed) {
    let mut heard = Heard::default();
    loop {
        let frame = match next(&mut socket, &mut feed, &mut heard).await {
            Ok(frame) => frame,
            Err(closing) => return close(socket, closing).await,
        };
        let is_ping = frame == Frame::Ping;
        if is_ping && heard.unanswered >= PINGS_UNANSWERED {
            return close(socket, Some(SILENT)).await;
        }
        let text = serde_json::to_string(&frame).unwrap_or_default();
        if socket.send(Message::Text(text.into())).await.is_err() {
            return;
        }
        if is_ping {
            (heard.unanswered, heard.controls) = (heard.unanswered + 1, 0);
            if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                return;
            }
        }
    }
}

/// The next frame, while what comes up is counted. Else why to close; `None` when the other end has closed.
async fn next(socket: &mut WebSocket, feed: &mut Feed, heard: &mut Heard) -> Result<Frame, Option<Closing>> {
    // Kept over what comes up: begun anew it would ask the database each time.
    let mut next = Box::pin(feed.next());
    let frame = loop {
        tokio::select! {
            frame = &mut next => break frame,
            message = socket.recv() => heard.note(message)?,
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

impl Heard {
    fn note(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Option<Closing>> {
        match message {
            Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                self.messages += 1;
                if self.messages > MESSAGES_UP { Err(Some(TALKATIVE)) } else { Ok(()) }
            }
            // The library has answered a ping.
            Some(Ok(control @ (Message::Ping(_) | Message::Pong(_)))) => {
                if matches!(control, Message::Pong(_)) {
                    self.unanswered = 0;
                }
                self.controls += 1;
                if self.controls > CONTROLS_UP { Err(Some(TALKATIVE)) } else { Ok(()) }
            }
            Some(Ok(Message::Close(_))) | None => Err(None),
            // A wire that is gone says so when the close is written.
            Some(Err(_)) => Err(Some(TOO_LONG)),
        }
    }
}

/// Says why and waits a moment for the other's good-bye: a socket dropped with unread bytes in it would be reset, and
/// the reason lost on the way.
async fn close(mut socket: WebSocket, closing: Option<Closing>) {
    let good_bye = async {
        if let Some(Closing(code, reason)) = closing {
            let frame = CloseFrame { code, reason: reason.into() };
            if socket.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
        }
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = tokio::time::timeout(GOOD_BYE, good_bye).await;
}

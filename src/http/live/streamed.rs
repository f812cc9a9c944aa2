//! A feed as a body without an end: server-sent events and NDJSON. The library writes the head and the frames that are
//! there already. Then this file takes the connection over (`http/takeover.rs`) and writes the chunks itself (RFC 9112
//! §7.1). On HTTP/1.0, which has no chunks, the library writes the whole body.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Version, header},
    response::Response,
};
use futures::{StreamExt, stream};

use crate::{
    http::{
        listener::Peer,
        takeover::{Taken, Takeover},
    },
    server::{
        lifecycle::Lifecycle,
        live::{Feed, Frame},
    },
};

/// How a transport writes one frame.
#[derive(Clone, Copy)]
pub struct Encoding {
    pub content_type: &'static str,
    pub frame: fn(&Frame, &mut String),
}

/// The connection a response goes out on, if it can be taken over.
pub struct StreamConnection {
    takeover: Takeover,
    lifecycle: Lifecycle,
}

impl StreamConnection {
    pub fn of(peer: Option<&Peer>, version: Version, lifecycle: &Lifecycle) -> Option<Self> {
        let peer = peer.filter(|_| version == Version::HTTP_11)?;
        Some(Self { takeover: peer.takeover.clone(), lifecycle: lifecycle.clone() })
    }
}

/// Answers with the feed. `opening` is written before the first frame.
pub fn answer(mut feed: Feed, encoding: Encoding, opening: String, connection: Option<StreamConnection>) -> Response {
    let beginning = beginning(&mut feed, encoding, opening);
    let body = match connection {
        Some(connection) => taken_over(beginning, feed, encoding, connection),
        None => written_by_library(beginning, feed, encoding),
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers(encoding);
    response
}

/// `opening` and the frames that are there already.
pub fn beginning(feed: &mut Feed, encoding: Encoding, opening: String) -> String {
    let mut beginning = opening;
    feed.at_hand().iter().for_each(|frame| (encoding.frame)(frame, &mut beginning));
    beginning
}

/// The headers of a stream.
pub fn headers(encoding: Encoding) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(encoding.content_type));
    // nginx must not buffer the stream.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    // The connection ends with this answer (RFC 9112 §9.6).
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers
}

fn bytes_of(text: String) -> Result<Bytes, Infallible> {
    Ok(Bytes::from(text))
}

fn written_by_library(beginning: String, feed: Feed, encoding: Encoding) -> Body {
    let frames = feed.frames().map(move |frame| {
        let mut text = String::new();
        (encoding.frame)(&frame, &mut text);
        bytes_of(text)
    });
    Body::from_stream(stream::iter([bytes_of(beginning)]).chain(frames))
}

/// A body that gives `beginning`, arranges the takeover, and then waits to be dropped.
fn taken_over(beginning: String, feed: Feed, encoding: Encoding, connection: StreamConnection) -> Body {
    let mut rest = Some((feed, connection));
    let taking = stream::poll_fn(move |_| {
        // The library asks for more: it has buffered the beginning and will flush next.
        if let Some((feed, StreamConnection { takeover, lifecycle })) = rest.take() {
            takeover.arrange(move |taken| {
                lifecycle.clone().spawn(async move { write_frames(&taken, feed, encoding).await });
            });
        }
        std::task::Poll::Pending
    });
    Body::from_stream(stream::iter([bytes_of(beginning)]).chain(taking))
}

/// Writes the frames of the feed, each as a chunk, until it ends or the other end is gone.
pub async fn write_frames(taken: &Taken, mut feed: Feed, encoding: Encoding) {
    let ending = feed.ending();
    loop {
        let frame = tokio::select! {
            frame = feed.next() => frame,
            () = taken.closed() => return,
        };
        let is_last = frame.is_none();
        let chunk = chunk(frame, &mut feed, encoding);
        let sent = tokio::select! {
            biased;
            sent = taken.send(&chunk) => sent,
            // A client that reads nothing must not delay the shutdown.
            () = ending.cancelled() => return,
        };
        if is_last || sent.is_err() {
            return;
        }
    }
}

/// One chunk with `frame` and the frames ready after it. Without a frame it is the last chunk, which is empty.
fn chunk(frame: Option<Frame>, feed: &mut Feed, encoding: Encoding) -> Vec<u8> {
    let mut text = String::new();
    if let Some(frame) = frame {
        (encoding.frame)(&frame, &mut text);
        feed.at_hand().iter().for_each(|frame| (encoding.frame)(frame, &mut text));
    }
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

//! A feed as a body that does not end: server-sent events and NDJSON. The library writes the head and what there is to
//! say at once; then the stream takes the connection over and writes its chunks itself (RFC 9112 §7.1). Where it cannot
//! (HTTP/1.0 has no chunks), the library goes on.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Version, header},
    response::Response,
};
use futures::{StreamExt, stream};

use crate::{
    http::{
        port::Peer,
        takeover::{Taken, Takeover},
    },
    server::{
        lifecycle::Lifecycle,
        live::{Feed, Frame},
    },
};

/// How frames are written, each by itself.
#[derive(Clone, Copy)]
pub struct Writing {
    pub content_type: &'static str,
    pub frame: fn(&Frame, &mut String),
}

/// The connection a response goes out on, if it can be taken over.
pub struct Way {
    takeover: Takeover,
    lifecycle: Lifecycle,
}

impl Way {
    pub fn of(peer: Option<&Peer>, version: Version, lifecycle: &Lifecycle) -> Option<Self> {
        let peer = peer.filter(|_| version == Version::HTTP_11)?;
        Some(Self { takeover: peer.takeover.clone(), lifecycle: lifecycle.clone() })
    }
}

/// `opening`: what is written before the first frame.
pub fn answer(mut feed: Feed, writing: Writing, opening: String, way: Option<Way>) -> Response {
    let mut beginning = opening;
    feed.at_hand().iter().for_each(|frame| (writing.frame)(frame, &mut beginning));
    let body = match way {
        Some(way) => taken_over(beginning, feed, writing, way),
        None => written_on(beginning, feed, writing),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(writing.content_type));
    // Nothing on the way holds it back (nginx).
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    // Nothing comes after it on this connection (RFC 9112 §9.6).
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn said(text: String) -> Result<Bytes, Infallible> {
    Ok(Bytes::from(text))
}

fn written_on(beginning: String, feed: Feed, writing: Writing) -> Body {
    let frames = feed.frames().map(move |frame| {
        let mut text = String::new();
        (writing.frame)(&frame, &mut text);
        said(text)
    });
    Body::from_stream(stream::iter([said(beginning)]).chain(frames))
}

/// The beginning, and then a body that only waits to be dropped.
fn taken_over(beginning: String, feed: Feed, writing: Writing, way: Way) -> Body {
    let mut rest = Some((feed, way));
    let taking = stream::poll_fn(move |_| {
        // Asked for more: the library has the beginning, and flushes next.
        if let Some((feed, Way { takeover, lifecycle })) = rest.take() {
            takeover.arrange(move |taken| lifecycle.clone().spawn(tell(taken, feed, writing)));
        }
        std::task::Poll::Pending
    });
    Body::from_stream(stream::iter([said(beginning)]).chain(taking))
}

async fn tell(taken: Taken, mut feed: Feed, writing: Writing) {
    let ending = feed.ending();
    loop {
        let frame = tokio::select! {
            frame = feed.next() => frame,
            () = taken.is_over() => return,
        };
        let is_last = frame.is_none();
        let chunk = chunk(frame, &mut feed, writing);
        let told = tokio::select! {
            biased;
            told = taken.send(&chunk) => told,
            // A reader that takes nothing does not hold the process.
            () = ending.cancelled() => return,
        };
        if is_last || told.is_err() {
            return;
        }
    }
}

/// A frame and what waits behind it as one chunk; the last chunk when there is none.
fn chunk(frame: Option<Frame>, feed: &mut Feed, writing: Writing) -> Vec<u8> {
    let mut text = String::new();
    if let Some(frame) = frame {
        (writing.frame)(&frame, &mut text);
        feed.at_hand().iter().for_each(|frame| (writing.frame)(frame, &mut text));
    }
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

//! A frame a line, as JSON: for whoever reads a body as it comes (`fetch`, `curl -N`).

use std::convert::Infallible;

use axum::{body::Body, response::Response};
use futures::StreamExt;

use crate::server::live::{Feed, Frame};

pub fn answer(feed: Feed) -> Response {
    let lines = feed.frames().map(|frame| Ok::<_, Infallible>(line(&frame)));
    super::streamed("application/x-ndjson", Body::from_stream(lines))
}

fn line(frame: &Frame) -> String {
    let mut line = serde_json::to_string(frame).unwrap_or_default();
    line.push('\n');
    line
}

//! An open feed over server-sent events, read frame by frame.

use futures::{StreamExt, stream::BoxStream};
use reqwest::{Response, Result};

use super::PATIENCE;
use crate::domain::{Event, EventKind};

/// The open answer of `/events`.
pub struct FeedStream {
    body: BoxStream<'static, Result<axum::body::Bytes>>,
    text: String,
    /// Everything received, byte for byte.
    pub raw: String,
}

impl FeedStream {
    pub(super) fn of(response: Response) -> Self {
        Self { body: response.bytes_stream().boxed(), text: String::new(), raw: String::new() }
    }

    /// The next frame as (event, data); `None` when the stream has ended.
    pub async fn next_frame(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    frame
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                        .unwrap_or_default()
                };
                let (event, data) = (field("event:"), field("data:"));
                self.text = rest.to_owned();
                if event.is_empty() {
                    continue;
                }
                return Some((event, data));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("something in the stream");
            let chunk = String::from_utf8(chunk?.ok()?.to_vec()).expect("UTF-8");
            self.raw.push_str(&chunk);
            self.text.push_str(&chunk);
        }
    }

    pub async fn next_event(&mut self) -> Event {
        loop {
            let (event, data) = self.next_frame().await.expect("an open stream");
            if event == "told" {
                return serde_json::from_str(&data).expect("an event");
            }
        }
    }

    pub async fn hears(&mut self, kind: EventKind) {
        assert_eq!(self.next_event().await.kind, kind);
    }

    /// Nothing was sent before `marker`, an event that the test causes itself.
    pub async fn hears_only(&mut self, marker: EventKind) {
        assert_eq!(self.next_event().await.kind, marker);
    }

    /// Reads until the server ends the stream.
    pub async fn ends(&mut self) {
        while self.next_frame().await.is_some() {}
    }
}

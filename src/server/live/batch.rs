//! A feed as one answer, for those who ask again and again instead of holding a stream.

use std::time::Duration;

use serde::Serialize;

use super::{End, Feed, Frame, READ_AT_ONCE};
use crate::domain::Event;

/// What there is after a cursor. The next question is asked with `seq`; an answer without events is the heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Batch {
    pub build: String,
    /// The cursor to ask with next time.
    pub seq: i64,
    /// The cursor was older than what is kept or from another feed: ask for everything again.
    #[serde(rename = "reset")]
    pub is_reset: bool,
    /// Too many lines, and a newer one took this one's place: ask again when somebody looks.
    #[serde(rename = "replaced")]
    pub is_replaced: bool,
    /// There is more than one answer holds: ask again at once.
    #[serde(rename = "more")]
    pub has_more: bool,
    pub events: Vec<Event>,
}

impl Feed {
    /// What is there now.
    pub async fn batch(mut self) -> Result<Batch, End> {
        if self.ending.is_cancelled() {
            return Err(End::Shutdown);
        }
        if !self.is_reset() {
            self.read().await?;
        }
        Ok(self.gather())
    }

    /// Waits until there is something to tell, `limit` at most.
    pub async fn batch_within(mut self, limit: Duration) -> Result<Batch, End> {
        // What the time cuts off is a wait or a read: neither moves the cursor.
        match tokio::time::timeout(limit, self.news()).await {
            Ok(Some(frame)) => self.waiting.push_front(frame),
            Ok(None) => return Err(self.end.unwrap_or(End::Unavailable)),
            Err(_) => {}
        }
        Ok(self.gather())
    }

    async fn news(&mut self) -> Option<Frame> {
        loop {
            match self.next().await {
                // A presence is no news: an answer for each would make the asker ask again and again.
                Some(Frame::Hello { .. } | Frame::Ping | Frame::Presence(_)) => {}
                other => return other,
            }
        }
    }

    fn is_reset(&self) -> bool {
        self.waiting.iter().any(|frame| matches!(frame, Frame::Reset { .. }))
    }

    fn gather(self) -> Batch {
        let build = self.state.site.build.clone();
        let mut batch = Batch {
            build,
            seq: self.cursor,
            is_reset: self.is_reset(),
            is_replaced: false,
            has_more: false,
            events: Vec::new(),
        };
        for frame in self.waiting {
            match frame {
                Frame::Told(event) => batch.events.push(event),
                Frame::Replaced => batch.is_replaced = true,
                Frame::Hello { .. } | Frame::Reset { .. } | Frame::Ping | Frame::Presence(_) => {}
            }
        }
        batch.has_more = batch.events.len() as i64 == READ_AT_ONCE;
        batch
    }
}

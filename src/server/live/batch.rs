//! A feed as one answer, for clients that poll.

use std::time::Duration;

use serde::Serialize;

use super::{End, Feed, Frame, READ_AT_ONCE};
use crate::domain::{Event, PresenceSignal};

/// The events after a cursor. The next poll asks with `seq`. An answer without events is the heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Batch {
    pub build: String,
    /// The cursor of the next poll.
    pub seq: i64,
    /// The cursor is older than the kept events, or of another feed: the client reads everything again.
    #[serde(rename = "reset")]
    pub is_reset: bool,
    /// A newer connection of the session took the place of this one: the client polls again when somebody looks at it.
    #[serde(rename = "replaced")]
    pub is_replaced: bool,
    /// There are more events than one answer contains: the client polls again at once.
    #[serde(rename = "more")]
    pub has_more: bool,
    /// What a member is doing, if a signal came while a long poll waited and still applies. The reader takes it before
    /// the events: the member who was writing may have answered meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceSignal>,
    pub events: Vec<Event>,
}

impl Feed {
    /// Returns what is there now.
    pub async fn batch(mut self) -> Result<Batch, End> {
        if self.ending.is_cancelled() {
            return Err(End::Shutdown);
        }
        if !self.is_reset() {
            self.read().await?;
        }
        Ok(self.gather())
    }

    /// Waits until there is an event, but not longer than `limit`. Presence is part of the answer and no reason for it.
    pub async fn batch_within(mut self, limit: Duration) -> Result<Batch, End> {
        let before = self.seen_signals;
        // The limit cuts off a wait or a read. Neither moves the cursor.
        match tokio::time::timeout(limit, self.news()).await {
            Ok(Some(frame)) => self.waiting.push_front(frame),
            Ok(None) => return Err(self.end.unwrap_or(End::Unavailable)),
            Err(_) => {}
        }
        let woken = self.wake.borrow().clone();
        let presence = woken.signal.filter(|_| woken.presence_signals != before);
        Ok(Batch { presence, ..self.gather() })
    }

    async fn news(&mut self) -> Option<Frame> {
        loop {
            match self.next().await {
                // Presence does not end the wait, because the client would then poll every three seconds.
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
            presence: None,
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

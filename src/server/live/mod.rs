//! A person's feed as frames, from a cursor on: wait, read, write, heartbeat, end.
//! The encoders are in `http::live`; here is what every one of them tells.

use std::time::Duration;

use futures::{Stream, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    services::ServiceError,
    state::AppState,
    storage::{events, notifications, notifier::OpenLine, sessions},
};
use crate::domain::{Event, PersonId, SessionId};

/// One thing told on an open stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First of all: the build this server is, so that an old page can offer to load itself again.
    Hello {
        build: String,
    },
    /// The cursor is older than what is kept: ask for everything again and go on from `seq`.
    Reset {
        seq: i64,
    },
    Event(Event),
    /// Nothing happened, the line is alive.
    Ping,
}

/// Heartbeats, on the real clock: they keep a wire alive, they decide nothing.
pub const PING_EVERY: Duration = Duration::from_secs(15);
const READ_AT_ONCE: i64 = 100;

struct Reader {
    state: AppState,
    person: PersonId,
    session: SessionId,
    cursor: i64,
    wake: watch::Receiver<u64>,
    ending: CancellationToken,
    waiting: std::collections::VecDeque<Frame>,
    is_over: bool,
    /// Says to the outbox that this browser may be looking.
    _line: OpenLine,
}

/// The frames of a person's feed after `cursor`. Ends on shutdown and when the session is gone.
pub async fn frames(
    state: AppState,
    person: PersonId,
    session: SessionId,
    cursor: i64,
) -> Result<impl Stream<Item = Frame> + Send + 'static, ServiceError> {
    // Subscribe before reading: an event between the two would be lost.
    let wake = state.database.notifier().subscribe(person);
    let mut waiting = std::collections::VecDeque::from([Frame::Hello { build: state.site.build.clone() }]);
    let mut tx = state.database.read().await?;
    let last = events::last_seq(&mut tx, person).await?;
    let first = events::first_kept(&mut tx, person).await?.unwrap_or(last + 1);
    drop(tx);
    let mut cursor = cursor;
    // Older than what is kept, or from a feed that is not this one (a restored backup).
    if cursor + 1 < first || cursor > last {
        waiting.push_back(Frame::Reset { seq: last });
        cursor = last;
    }
    let ending = state.lifecycle.ending();
    let line = state.database.notifier().open_line(session);
    let reader = Reader { state, person, session, cursor, wake, ending, waiting, is_over: false, _line: line };
    Ok(stream::unfold(reader, |mut reader| async move { reader.next().await.map(|frame| (frame, reader)) }))
}

impl Reader {
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if self.ending.is_cancelled() || (self.is_over && self.waiting.is_empty()) {
                return None;
            }
            if let Some(frame) = self.waiting.pop_front() {
                return Some(frame);
            }
            self.wake.mark_unchanged();
            if !self.read().await {
                self.is_over = true;
            }
            if !self.waiting.is_empty() || self.is_over {
                continue;
            }
            tokio::select! {
                () = self.ending.cancelled() => return None,
                // The sender lives in the notifier as long as anybody listens.
                _ = self.wake.changed() => {}
                () = tokio::time::sleep(PING_EVERY) => return Some(Frame::Ping),
            }
        }
    }

    /// Reads what is new. False when the session is gone or the database cannot be asked: the browser opens again.
    async fn read(&mut self) -> bool {
        let found = async {
            let mut tx = self.state.database.read().await?;
            let is_signed_in = sessions::exists(&mut tx, self.session).await?;
            let mut events = events::find_after(&mut tx, self.person, self.cursor, READ_AT_ONCE).await?;
            if let Some(last) = events.last_mut() {
                last.unread = Some(notifications::count_unread(&mut tx, self.person).await?);
            }
            Ok::<_, ServiceError>((is_signed_in, events))
        };
        match found.await {
            Ok((is_signed_in, _)) if !is_signed_in => false,
            Ok((_, events)) => {
                self.cursor = events.last().map_or(self.cursor, |event| event.seq);
                self.waiting.extend(events.into_iter().map(Frame::Event));
                true
            }
            Err(error) => {
                tracing::error!(person.id = %self.person, %error, "a feed could not be read");
                false
            }
        }
    }
}

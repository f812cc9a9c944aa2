//! A person's feed as frames from a cursor on: wait, read, heartbeat, end. `http::live` encodes the frames.
//!
//! Presence (`Frame::Presence`) is sent between the events and is not an event: it has no number, does not move the
//! cursor and is never repeated. Open streams get it at once. The answer of a long poll carries it and does not come
//! for its sake, because a long poll would then end every three seconds. Rule R114.

mod batch;
mod reading;

use std::{collections::VecDeque, sync::Arc};

use futures::{Stream, stream};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    counters::{Counted, Gauge},
    notifier::{connections::OpenConnection, presence_registry::Woken, recent::WakeMark},
    services::ServiceError,
    state::AppState,
    storage::events,
};
use crate::domain::{Event, PersonId, PresenceSignal, SessionId};

pub use batch::Batch;

/// One message of an open stream. Its JSON is what NDJSON and WebSocket send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Frame {
    /// The first frame: the build of this server, so that an old page can offer to reload.
    Hello {
        build: String,
    },
    /// The cursor is older than the kept events: the client reads everything again and goes on from `seq`.
    Reset {
        seq: i64,
    },
    Told(Event),
    /// The other member is looking or writing now.
    Presence(PresenceSignal),
    /// A heartbeat.
    Ping,
    /// The last frame: a newer connection of the session took the place of this one. The client connects again when
    /// somebody looks at it.
    Replaced,
}

/// Why a feed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Shutdown,
    SignedOut,
    Replaced,
    /// The database did not answer: the client connects again.
    Unavailable,
}

/// The most events that are held in memory for one reader, however far behind it is.
const READ_AT_ONCE: i64 = 100;

/// The number of the last event of a feed, as one statement has read it with its session. `mark` is from before.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    pub last_seq: i64,
    pub mark: WakeMark,
}

/// A reader of a feed.
pub struct Feed {
    state: Arc<AppState>,
    person: PersonId,
    session: SessionId,
    cursor: i64,
    wake: watch::Receiver<Woken>,
    /// The wake-up whose events were read, all of them. The database is asked after a wake-up only: the look at all
    /// open lines (`jobs::open_lines`) wakes a reader whose wake-up was lost.
    read_told: Option<u64>,
    /// The last presence signal that was sent, or that ended before this reader came.
    seen_signals: u64,
    ending: CancellationToken,
    waiting: VecDeque<Frame>,
    end: Option<End>,
    /// Tells the outbox that this browser may be looking. `None` for a poll that is answered at once.
    connection: Option<OpenConnection>,
    _counted: Option<Counted>,
    /// The id of the request that opened it, for the log.
    request: Uuid,
}

impl Feed {
    /// Opens a stream of the frames after `cursor`.
    pub async fn open(
        state: Arc<AppState>,
        person: PersonId,
        session: SessionId,
        cursor: i64,
    ) -> Result<Self, ServiceError> {
        let connection = state.database.notifier().open_connection(person, session);
        Self::begin(state, person, session, cursor, Some(connection)).await
    }

    /// As `open`, where the position is known. It reads nothing if the cursor is there and no event came since.
    pub async fn open_at(
        state: Arc<AppState>,
        person: PersonId,
        session: SessionId,
        cursor: i64,
        position: Position,
    ) -> Result<Self, ServiceError> {
        if cursor != position.last_seq {
            return Self::open(state, person, session, cursor).await;
        }
        let connection = state.database.notifier().open_connection(person, session);
        let wake = state.database.notifier().subscribe(person);
        let woken = wake.borrow().clone();
        let is_read = !state.database.notifier().may_have_woken(person, position.mark);
        connection.has_read(cursor);
        let mut feed = Self::of(state, person, session, cursor, wake, Some(connection));
        feed.seen_signals = woken.presence_signals;
        feed.read_told = is_read.then_some(woken.told);
        Ok(feed)
    }

    /// As `open`, for a single read.
    pub async fn glance(
        state: Arc<AppState>,
        person: PersonId,
        session: SessionId,
        cursor: i64,
    ) -> Result<Self, ServiceError> {
        Self::begin(state, person, session, cursor, None).await
    }

    async fn begin(
        state: Arc<AppState>,
        person: PersonId,
        session: SessionId,
        cursor: i64,
        connection: Option<OpenConnection>,
    ) -> Result<Self, ServiceError> {
        // Subscribe before reading: an event between the two would be lost.
        let wake = state.database.notifier().subscribe(person);
        let mut feed = Self::of(state, person, session, cursor, wake, connection);
        let mut tx = feed.state.database.read().await?;
        let last = events::last_seq(&mut tx, person).await?;
        let first = events::first_kept(&mut tx, person).await?.unwrap_or(last + 1);
        drop(tx);
        // The cursor is of another feed (before a backup was restored), or older than the kept events.
        if cursor > last || cursor + 1 < first {
            feed.waiting.push_back(Frame::Reset { seq: last });
            feed.cursor = last;
        }
        if let Some(connection) = &feed.connection {
            connection.has_read(feed.cursor);
        }
        Ok(feed)
    }

    fn of(
        state: Arc<AppState>,
        person: PersonId,
        session: SessionId,
        cursor: i64,
        wake: watch::Receiver<Woken>,
        connection: Option<OpenConnection>,
    ) -> Self {
        let seen_signals = wake.borrow().presence_signals;
        let waiting = VecDeque::from([Frame::Hello { build: state.site.build.clone() }]);
        let ending = state.lifecycle.ending();
        Self {
            state,
            person,
            session,
            cursor,
            wake,
            read_told: None,
            seen_signals,
            ending,
            waiting,
            end: None,
            connection,
            _counted: None,
            request: Uuid::nil(),
        }
    }

    /// Names the request that opened it.
    pub fn asked_by(self, request: Uuid) -> Self {
        Self { request, ..self }
    }

    /// Counts this reader in a gauge while it lives.
    pub fn counted_in(self, gauge: &'static Gauge) -> Self {
        Self { _counted: Some(gauge.one()), ..self }
    }

    /// The next frame; `None` when the feed has ended. The future may be dropped: no frame is lost by that.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if self.end.is_some() {
                return None;
            }
            if self.ending.is_cancelled() {
                self.end = Some(End::Shutdown);
                return None;
            }
            // Waiting frames are not sent first: the replaced tab goes on from its cursor when it connects again.
            if self.connection.as_ref().is_some_and(|connection| connection.replaced().is_cancelled()) {
                self.end = Some(End::Replaced);
                return Some(Frame::Replaced);
            }
            if let Some(frame) = self.waiting.pop_front() {
                return Some(frame);
            }
            if let Some(told) = self.hear() {
                // Boxed, so that waiting connections do not hold the memory that a read needs.
                match Box::pin(self.read()).await {
                    Ok(is_all) => self.read_told = is_all.then_some(told),
                    Err(end) => {
                        self.end = Some(end);
                        return None;
                    }
                }
            }
            if !self.waiting.is_empty() {
                continue;
            }
            // Frees the memory of a long backlog.
            self.waiting = VecDeque::new();
            let replaced = async {
                match &self.connection {
                    Some(connection) => connection.replaced().cancelled().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.ending.cancelled() => {}
                () = replaced => {}
                // The sender lives in the notifier as long as a receiver exists.
                _ = self.wake.changed() => {}
                () = tokio::time::sleep(self.state.site.heartbeat) => return Some(Frame::Ping),
            }
        }
    }

    /// Frames that were read and not yet sent.
    pub fn at_hand(&mut self) -> VecDeque<Frame> {
        std::mem::take(&mut self.waiting)
    }

    /// Cancelled when the process ends.
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }

    /// Why it ended, once it has.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    pub fn frames(self) -> impl Stream<Item = Frame> + Send + 'static {
        stream::unfold(self, |mut feed| async move { feed.next().await.map(|frame| (frame, feed)) })
    }
}

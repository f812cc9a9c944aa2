//! A person's feed as frames, from a cursor on: wait, read, write, heartbeat, end.
//! The encoders are in `http::live`; here is what every one of them tells.
//!
//! Presence (`Frame::Presence`) is told between the events, and is none: no number, no cursor, told again to nobody.
//! Only a line that is open just now hears it. A poll has no "just now", and a long poll must not be answered, and
//! asked anew, every three seconds: neither hears any. It does not leave this process: on several nodes two members see
//! one another only while both are at the same node. Rule R114.

mod batch;

use std::collections::VecDeque;

use futures::{Stream, stream};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    notifier::{connections::OpenConnection, presence_registry::Woken},
    services::ServiceError,
    state::AppState,
    storage::{entries, events, sessions},
};
use crate::domain::{Event, PersonId, PresenceSignal, SessionId};

pub use batch::Batch;

/// One thing told on an open stream. As JSON it is what NDJSON and WebSocket carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Frame {
    /// First of all: the build this server is, so that an old page can offer to load itself again.
    Hello {
        build: String,
    },
    /// The cursor is older than what is kept: ask for everything again and go on from `seq`.
    Reset {
        seq: i64,
    },
    Told(Event),
    /// The other is here just now.
    Presence(PresenceSignal),
    /// Nothing happened, the line is alive.
    Ping,
    /// Last of all: too many lines, and a newer one took this one's place. Come back when somebody looks.
    Replaced,
}

/// Why a feed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Shutdown,
    SignedOut,
    Replaced,
    /// The database could not be asked: come again.
    Unavailable,
}

/// What is in memory for one reader at most, however far behind it is.
const READ_AT_ONCE: i64 = 100;

/// A feed being read.
pub struct Feed {
    state: AppState,
    person: PersonId,
    session: SessionId,
    cursor: i64,
    wake: watch::Receiver<Woken>,
    /// The last presence signal that was told, or was over before this reader came.
    seen_signals: u64,
    ending: CancellationToken,
    waiting: VecDeque<Frame>,
    end: Option<End>,
    /// Says to the outbox that this browser may be looking. An answer given at once holds no line.
    connection: Option<OpenConnection>,
}

impl Feed {
    /// The frames of a person's feed after `cursor`, as a line that stays open.
    pub async fn open(
        state: AppState,
        person: PersonId,
        session: SessionId,
        cursor: i64,
    ) -> Result<Self, ServiceError> {
        let connection = state.database.notifier().open_connection(person, session);
        Self::begin(state, person, session, cursor, Some(connection)).await
    }

    /// As `open`, for one look that keeps no line.
    pub async fn glance(
        state: AppState,
        person: PersonId,
        session: SessionId,
        cursor: i64,
    ) -> Result<Self, ServiceError> {
        Self::begin(state, person, session, cursor, None).await
    }

    async fn begin(
        state: AppState,
        person: PersonId,
        session: SessionId,
        mut cursor: i64,
        connection: Option<OpenConnection>,
    ) -> Result<Self, ServiceError> {
        // Subscribe before reading: an event between the two would be lost.
        let wake = state.database.notifier().subscribe(person);
        let seen_signals = wake.borrow().presence_signals;
        let mut waiting = VecDeque::from([Frame::Hello { build: state.site.build.clone() }]);
        let mut tx = state.database.read().await?;
        let last = events::last_seq(&mut tx, person).await?;
        let first = events::first_kept(&mut tx, person).await?.unwrap_or(last + 1);
        drop(tx);
        // From a feed that is not this one (a restored backup), or older than what is kept.
        if cursor > last || cursor + 1 < first {
            waiting.push_back(Frame::Reset { seq: last });
            cursor = last;
        }
        let ending = state.lifecycle.ending();
        Ok(Self { state, person, session, cursor, wake, seen_signals, ending, waiting, end: None, connection })
    }

    /// The next frame; `None` when the feed has ended. May be dropped and called anew: nothing is lost by it.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if self.end.is_some() {
                return None;
            }
            if self.ending.is_cancelled() {
                self.end = Some(End::Shutdown);
                return None;
            }
            // What waits is not sent first: the tab that was replaced goes on from its cursor when it comes back.
            if self.connection.as_ref().is_some_and(|connection| connection.replaced().is_cancelled()) {
                self.end = Some(End::Replaced);
                return Some(Frame::Replaced);
            }
            if let Some(frame) = self.waiting.pop_front() {
                return Some(frame);
            }
            let woken = *self.wake.borrow_and_update();
            // Before the events: whoever was writing may have answered meanwhile.
            if woken.presence_signals != self.seen_signals {
                self.seen_signals = woken.presence_signals;
                self.waiting.extend(woken.signal.map(Frame::Presence));
            }
            // Boxed: what a read needs is held while it reads, not by every line that waits.
            if let Err(end) = Box::pin(self.read()).await {
                self.end = Some(end);
                return None;
            }
            if !self.waiting.is_empty() {
                continue;
            }
            // A long backlog leaves a large list behind.
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
                // The sender lives in the notifier as long as anybody listens.
                _ = self.wake.changed() => {}
                () = tokio::time::sleep(self.state.site.heartbeat) => return Some(Frame::Ping),
            }
        }
    }

    /// What was read and waits to be told.
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

    /// Reads what is new; an end when the session is gone or the database cannot be asked.
    async fn read(&mut self) -> Result<(), End> {
        let found = async {
            let mut tx = self.state.database.read().await?;
            let is_signed_in = sessions::exists(&mut tx, self.session).await?;
            let mut events = events::find_after(&mut tx, self.person, self.cursor, READ_AT_ONCE).await?;
            if let Some(last) = events.last_mut() {
                last.unread = Some(entries::count_unread(&mut tx, self.person).await?);
            }
            Ok::<_, ServiceError>((is_signed_in, events))
        };
        match found.await {
            Ok((false, _)) => Err(End::SignedOut),
            Ok((true, events)) => {
                self.cursor = events.last().map_or(self.cursor, |event| event.seq);
                self.waiting.extend(events.into_iter().map(Frame::Told));
                Ok(())
            }
            Err(error) => {
                tracing::error!(person.id = %self.person, %error, "a feed could not be read");
                Err(End::Unavailable)
            }
        }
    }
}

//! Wakes what waits in this process: the readers of feeds, the outbox and the scheduler. On PostgreSQL it also gathers
//! what the other nodes are told (`bulletin`), and hears what they tell (`jobs::bulletins` carries both).
//!
//! The feed in the database is the truth, and a periodic look finds the same rows without a wake-up. The wake-up of a
//! commit may carry rows that its transaction has read from feeds (`news`). Presence signals travel with the wake-ups
//! and are in no feed.

pub mod bulletin;
pub mod connections;
mod elsewhere;
pub mod news;
mod nodes;
mod outgoing;
pub mod presence_registry;
pub mod recent;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use self::{
    bulletin::{Passed, Work},
    connections::{Connections, OpenConnection, OpenLine},
    elsewhere::Elsewhere,
    news::News,
    outgoing::Outgoing,
    presence_registry::{PresenceRegistry, Shown, Woken},
    recent::{Recent, WakeMark},
};
use super::{clock::Stopwatch, random::Random};
use crate::domain::{Moment, PersonId, PresenceSignal, SessionId};

type Feeds = HashMap<PersonId, watch::Sender<Woken>>;

/// Its clones share everything.
#[derive(Clone, Default)]
pub struct Notifier {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    feeds: Mutex<Feeds>,
    recent: Mutex<Recent>,
    presence: PresenceRegistry,
    connections: Connections,
    outbox: Notify,
    calls: Notify,
    scheduler: Notify,
    running_openings: Arc<watch::Sender<usize>>,
    /// Wakes the look at all open lines.
    look: Notify,
    /// What the other nodes are told. `None` where there are none: on SQLite.
    outgoing: Option<Arc<Outgoing>>,
    elsewhere: Elsewhere,
    /// Runs since a bulletin was heard last; `None` without a listener.
    heard: Mutex<Option<Stopwatch>>,
}

/// Marks that batches of due pairs are being opened, until it is dropped.
pub struct OpeningsRunning(Arc<watch::Sender<usize>>);

impl Drop for OpeningsRunning {
    fn drop(&mut self) {
        self.0.send_modify(|running_openings| *running_openings -= 1);
    }
}

impl Notifier {
    /// Subscribes to the wake-ups of a person's feed. Subscribe before reading: an event between the two would be lost.
    pub fn subscribe(&self, person: PersonId) -> watch::Receiver<Woken> {
        self.feeds().entry(person).or_insert_with(|| watch::channel(Woken::default()).0).subscribe()
    }

    /// The point that the order of wake-ups has reached.
    pub fn mark(&self) -> WakeMark {
        self.recent().mark()
    }

    /// Whether the person may have been woken since `mark`.
    pub fn may_have_woken(&self, person: PersonId, mark: WakeMark) -> bool {
        self.recent().may_have_woken(person, mark)
    }

    /// A notifier of one of several nodes.
    pub fn of_a_node() -> Self {
        let outgoing = Arc::new(Outgoing::new(Random::system().number()));
        let connections = Connections::told_to(Arc::clone(&outgoing));
        Self { shared: Arc::new(Shared { connections, outgoing: Some(outgoing), ..Shared::default() }) }
    }

    /// Wakes what waits for a transaction that was committed: the feeds of these persons, with what the transaction has
    /// read for their lines, and the loops that have work. The other nodes are told.
    pub fn committed(&self, feeds: &BTreeSet<PersonId>, work: Work, news: &News) {
        self.wake_with(feeds, news);
        self.wake_loops(work);
        if let Some(outgoing) = &self.shared.outgoing {
            outgoing.add(feeds, work);
        }
    }

    /// Wakes every listener of these persons on this node, and drops their feeds that have no listener left.
    pub fn wake<'a>(&self, persons: impl IntoIterator<Item = &'a PersonId>) {
        self.wake_with(persons, &News::new());
    }

    fn wake_with<'a>(&self, persons: impl IntoIterator<Item = &'a PersonId>, news: &News) {
        let mut feeds = self.feeds();
        for person in persons {
            // Before the sending: who listens and then looks here misses neither.
            self.recent().note(*person);
            if let Some(feed) = feeds.get(person) {
                if feed.receiver_count() == 0 {
                    feeds.remove(person);
                } else {
                    feed.send_modify(|woken| woken.tell(news.get(person).cloned()));
                }
            }
        }
    }

    /// Shows a presence signal of `from` to the listeners of `to`, the other member of the signal's pair, here and on
    /// the other nodes. The signal is not stored for later listeners.
    pub fn show(&self, from: PersonId, to: PersonId, signal: PresenceSignal, now: Moment) -> Shown {
        let feeds = self.feeds();
        let feed = feeds.get(&to).filter(|feed| feed.receiver_count() > 0);
        let elsewhere = self.shared.outgoing.as_ref().filter(|_| self.shared.elsewhere.has_person(to));
        if feed.is_none() && elsewhere.is_none() {
            return Shown::No;
        }
        let shown = self.shared.presence.note(from, to, signal.pair, now);
        if shown != Shown::No {
            if let Some(feed) = feed {
                feed.send_modify(|woken| woken.show(signal));
            }
            if let Some(outgoing) = elsewhere {
                outgoing.pass_on(Passed(from, to, signal));
            }
        }
        shown
    }

    /// Shows a presence signal that another node has passed on at its pace.
    fn show_passed(&self, Passed(from, to, signal): &Passed, now: Moment) -> Shown {
        let feeds = self.feeds();
        let Some(feed) = feeds.get(to).filter(|feed| feed.receiver_count() > 0) else { return Shown::No };
        feed.send_modify(|woken| woken.show(*signal));
        self.shared.presence.admit(*from, *to, signal.pair, now)
    }

    /// Drops expired presence signals. Returns the next expiry.
    pub fn forget_presence_signals(&self, now: Moment) -> Option<Moment> {
        let feeds = self.feeds();
        let (over, next) = self.shared.presence.forget(now);
        for (to, pair) in over {
            if let Some(feed) = feeds.get(&to) {
                feed.send_if_modified(|woken| {
                    woken.forget(pair);
                    false
                });
            }
        }
        next
    }

    /// Counts the presence signals that have not expired.
    pub fn count_presence_signals(&self) -> usize {
        self.shared.presence.count()
    }

    /// Registers a connection of a session until it is dropped. Above the limits the oldest connection is replaced.
    pub fn open_connection(&self, person: PersonId, session: SessionId) -> OpenConnection {
        self.shared.connections.open(person, session)
    }

    /// Whether the session has an open connection, on this node or as another one tells.
    pub fn has_connection(&self, person: PersonId, session: SessionId) -> bool {
        self.shared.connections.has(person, session) || self.shared.elsewhere.has(person, session)
    }

    /// The sessions with an open connection on this node, and how far they have read.
    pub fn open_lines(&self) -> Vec<OpenLine> {
        self.shared.connections.lines()
    }

    /// As `open_lines`, of these persons. A session none of whose connections has read yet is not among them.
    pub fn open_lines_of(&self, persons: &BTreeSet<PersonId>) -> Vec<OpenLine> {
        self.shared.connections.lines_of(persons)
    }

    /// Counts the open connections of this node.
    pub fn count_connections(&self) -> usize {
        self.shared.connections.count()
    }

    /// Marks that many due pairs are being opened. The outbox waits for the end, so that questions open before pushes
    /// are sent.
    pub fn start_openings(&self) -> OpeningsRunning {
        self.shared.running_openings.send_modify(|running_openings| *running_openings += 1);
        OpeningsRunning(Arc::clone(&self.shared.running_openings))
    }

    /// Resolves when no openings run.
    pub async fn openings_ended(&self) {
        // The sender lives as long as `self`.
        let _ = self.shared.running_openings.subscribe().wait_for(|running_openings| *running_openings == 0).await;
    }

    fn wake_loops(&self, work: Work) {
        if work.has_deliveries {
            self.shared.outbox.notify_one();
        }
        if work.has_calls {
            self.shared.calls.notify_one();
        }
        if work.has_due {
            self.shared.scheduler.notify_one();
        }
    }

    /// Resolves when a delivery was written since the last call.
    pub async fn outbox_woken(&self) {
        self.shared.outbox.notified().await;
    }

    /// Resolves when a call to FCM was written since the last call of this function.
    pub async fn calls_woken(&self) {
        self.shared.calls.notified().await;
    }

    /// Resolves when a due minute was written since the last call.
    pub async fn scheduler_woken(&self) {
        self.shared.scheduler.notified().await;
    }

    /// Drops feeds that have no listener, and what lines have taken from wake-ups.
    pub fn sweep(&self) {
        self.feeds().retain(|_, feed| {
            // A line that has not taken it yet reads its feed.
            feed.send_if_modified(|woken| {
                woken.news = None;
                false
            });
            feed.receiver_count() > 0
        });
    }

    fn heard(&self) -> MutexGuard<'_, Option<Stopwatch>> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.shared.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

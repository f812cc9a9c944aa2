//! Wakes what waits in this process: the readers of feeds, the outbox and the scheduler. On PostgreSQL it also gathers
//! what the other nodes are told (`bulletin`), and hears what they tell (`jobs::bulletins` carries both).
//!
//! A wake-up carries no fact. The feed in the database is the truth, and a periodic look finds the same rows without a
//! wake-up. Presence signals travel with the wake-ups and are in no feed: a listener at another node does not get them.

pub mod bulletin;
pub mod connections;
mod outgoing;
pub mod presence_registry;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};

use self::{
    bulletin::{Bulletin, Work},
    connections::{Connections, OpenConnection, OpenLine},
    outgoing::Outgoing,
    presence_registry::{PresenceRegistry, Shown, Woken},
};
use super::{clock::Stopwatch, random::Random};
use crate::domain::{Moment, PersonId, PresenceSignal, SessionId};

type Feeds = HashMap<PersonId, watch::Sender<Woken>>;

#[derive(Clone, Default)]
pub struct Notifier {
    feeds: Arc<Mutex<Feeds>>,
    presence: PresenceRegistry,
    connections: Connections,
    outbox: Arc<Notify>,
    calls: Arc<Notify>,
    scheduler: Arc<Notify>,
    running_openings: Arc<watch::Sender<usize>>,
    /// Wakes the look at all open lines.
    look: Arc<Notify>,
    /// What the other nodes are told. `None` where there are none: on SQLite.
    outgoing: Option<Arc<Outgoing>>,
    /// Runs since a bulletin was heard last; `None` without a listener.
    heard: Arc<Mutex<Option<Stopwatch>>>,
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

    /// A notifier of one of several nodes.
    pub fn of_a_node() -> Self {
        Self { outgoing: Some(Arc::new(Outgoing::new(Random::system().number()))), ..Self::default() }
    }

    /// Wakes what waits for a transaction that was committed: the feeds of these persons, and the loops that have work.
    /// The other nodes are told.
    pub fn committed(&self, feeds: &BTreeSet<PersonId>, work: Work) {
        self.wake(feeds);
        self.wake_loops(work);
        if let Some(outgoing) = &self.outgoing {
            outgoing.add(feeds, work);
        }
    }

    /// Wakes every listener of these persons on this node, and drops their feeds that have no listener left.
    pub fn wake<'a>(&self, persons: impl IntoIterator<Item = &'a PersonId>) {
        let mut feeds = self.feeds();
        for person in persons {
            if let Some(feed) = feeds.get(person) {
                if feed.receiver_count() == 0 {
                    feeds.remove(person);
                } else {
                    feed.send_modify(|woken| woken.told += 1);
                }
            }
        }
    }

    /// Shows a presence signal of `from` to the listeners of `to`, the other member of the signal's pair. The signal is
    /// not stored for later listeners.
    pub fn show(&self, from: PersonId, to: PersonId, signal: PresenceSignal, now: Moment) -> Shown {
        let feeds = self.feeds();
        let Some(feed) = feeds.get(&to).filter(|feed| feed.receiver_count() > 0) else { return Shown::No };
        let shown = self.presence.note(from, to, signal.pair, now);
        if shown != Shown::No {
            feed.send_modify(|woken| woken.show(signal));
        }
        shown
    }

    /// Drops expired presence signals. Returns the next expiry.
    pub fn forget_presence_signals(&self, now: Moment) -> Option<Moment> {
        let feeds = self.feeds();
        let (over, next) = self.presence.forget(now);
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
        self.presence.count()
    }

    /// Registers a connection of a session until it is dropped. Above the limits the oldest connection is replaced.
    pub fn open_connection(&self, person: PersonId, session: SessionId) -> OpenConnection {
        self.connections.open(person, session)
    }

    /// Whether the session has an open connection on this node.
    pub fn has_connection(&self, person: PersonId, session: SessionId) -> bool {
        self.connections.has(person, session)
    }

    /// The sessions with an open connection on this node, and how far they have read.
    pub fn open_lines(&self) -> Vec<OpenLine> {
        self.connections.lines()
    }

    /// Counts the open connections of this node.
    pub fn count_connections(&self) -> usize {
        self.connections.count()
    }

    /// Marks that many due pairs are being opened. The outbox waits for the end, so that questions open before pushes
    /// are sent.
    pub fn start_openings(&self) -> OpeningsRunning {
        self.running_openings.send_modify(|running_openings| *running_openings += 1);
        OpeningsRunning(Arc::clone(&self.running_openings))
    }

    /// Resolves when no openings run.
    pub async fn openings_ended(&self) {
        // The sender lives as long as `self`.
        let _ = self.running_openings.subscribe().wait_for(|running_openings| *running_openings == 0).await;
    }

    /// Takes what the other nodes are to be told: payloads for `NOTIFY`, at least one. Empty on SQLite.
    pub fn take_bulletins(&self) -> Vec<String> {
        let Some(outgoing) = &self.outgoing else { return Vec::new() };
        outgoing.take().iter().map(Bulletin::text).collect()
    }

    /// The bulletins that were taken did not reach the other nodes: later ones make them look by themselves.
    pub fn lose_bulletins(&self) {
        if let Some(outgoing) = &self.outgoing {
            outgoing.lose();
        }
    }

    /// Resolves when there is something to tell the other nodes; never on SQLite.
    pub async fn bulletins_woken(&self) {
        match &self.outgoing {
            Some(outgoing) => outgoing.added.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Takes a payload that a node has posted. Its own bulletins come back to a node as well, which shows that its
    /// listener hears.
    pub fn hear(&self, payload: &str) {
        let Some(bulletin) = Bulletin::parse(payload) else {
            tracing::debug!("a notification on our channel is no bulletin");
            return;
        };
        *self.heard() = Some(Stopwatch::start());
        if self.outgoing.as_ref().is_some_and(|outgoing| outgoing.node == bulletin.node) {
            return;
        }
        self.wake(&bulletin.persons);
        self.wake_loops(bulletin.work);
        if bulletin.is_more {
            self.look.notify_one();
        }
    }

    /// The listener hears from now on. What was told before is looked for at once.
    pub fn listener_began(&self) {
        *self.heard() = Some(Stopwatch::start());
        self.wake_loops(Work { has_deliveries: true, has_calls: true, has_due: true });
        self.look.notify_one();
    }

    /// The listener's connection is lost.
    pub fn listener_ended(&self) {
        *self.heard() = None;
    }

    /// How long ago the listener heard a bulletin; `None` without a listener. A node hears its own ones every few
    /// seconds.
    pub fn heard_ago(&self) -> Option<Duration> {
        self.heard().as_ref().map(Stopwatch::elapsed)
    }

    /// Resolves when all open lines should be looked at without delay.
    pub async fn look_woken(&self) {
        self.look.notified().await;
    }

    fn wake_loops(&self, work: Work) {
        if work.has_deliveries {
            self.outbox.notify_one();
        }
        if work.has_calls {
            self.calls.notify_one();
        }
        if work.has_due {
            self.scheduler.notify_one();
        }
    }

    /// Resolves when a delivery was written since the last call.
    pub async fn outbox_woken(&self) {
        self.outbox.notified().await;
    }

    /// Resolves when a call to FCM was written since the last call of this function.
    pub async fn calls_woken(&self) {
        self.calls.notified().await;
    }

    /// Resolves when a due minute was written since the last call.
    pub async fn scheduler_woken(&self) {
        self.scheduler.notified().await;
    }

    /// Drops feeds that have no listener.
    pub fn sweep(&self) {
        self.feeds().retain(|_, feed| feed.receiver_count() > 0);
    }

    fn heard(&self) -> MutexGuard<'_, Option<Stopwatch>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

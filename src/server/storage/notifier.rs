//! The wake-up of one process: who listens to which person's feed. Only a wake-up: the feed is the truth, and a slow
//! look without any wake-up finds the same rows. Presence goes the same way, but is in no feed: who is not woken by it,
//! because they listen at another node, does not hear of it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use super::{
    lines::{Lines, OpenLine},
    presence_registry::{PresenceRegistry, Shown, Woken},
};
use crate::domain::{Moment, PersonId, PresenceSignal, SessionId};

type Feeds = HashMap<PersonId, watch::Sender<Woken>>;

#[derive(Clone, Default)]
pub struct Notifier {
    feeds: Arc<Mutex<Feeds>>,
    presence: PresenceRegistry,
    lines: Lines,
    outbox: Arc<Notify>,
    scheduler: Arc<Notify>,
    rushes: Arc<watch::Sender<usize>>,
}

/// Batch after batch of due pairs is being opened, as long as this lives.
pub struct Rush(Arc<watch::Sender<usize>>);

impl Drop for Rush {
    fn drop(&mut self) {
        self.0.send_modify(|rushes| *rushes -= 1);
    }
}

impl Notifier {
    /// Listens to a person's feed. Subscribe first, then read: an event between the two is not lost.
    pub fn subscribe(&self, person: PersonId) -> watch::Receiver<Woken> {
        self.feeds().entry(person).or_insert_with(|| watch::channel(Woken::default()).0).subscribe()
    }

    /// Wakes every listener of these persons; forgets feeds nobody listens to any more.
    pub fn wake(&self, persons: &BTreeSet<PersonId>) {
        if persons.is_empty() {
            return;
        }
        let mut feeds = self.feeds();
        for person in persons {
            if let Some(feed) = feeds.get(person) {
                if feed.receiver_count() == 0 {
                    feeds.remove(person);
                } else {
                    feed.send_modify(|_| {});
                }
            }
        }
    }

    /// Shows the listeners of `to` a presence signal of `from`, who is the other in its pair. Kept for nobody who does
    /// not listen now.
    pub fn show(&self, from: PersonId, to: PersonId, signal: PresenceSignal, now: Moment) -> Shown {
        let feeds = self.feeds();
        let Some(feed) = feeds.get(&to).filter(|feed| feed.receiver_count() > 0) else { return Shown::No };
        let shown = self.presence.note(from, to, signal.pair, now);
        if shown != Shown::No {
            feed.send_modify(|woken| woken.show(signal));
        }
        shown
    }

    /// Forgets the presence signals that are over; gives when the next one is.
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

    /// How many members were shown to somebody within the last seconds.
    pub fn count_presence_signals(&self) -> usize {
        self.presence.count()
    }

    /// Notes that a session listens, until the line is dropped. The oldest line makes room when there are too many.
    pub fn open_line(&self, person: PersonId, session: SessionId) -> OpenLine {
        self.lines.open(person, session)
    }

    /// Whether a session has a line open on this node.
    pub fn has_line(&self, person: PersonId, session: SessionId) -> bool {
        self.lines.has(person, session)
    }

    /// How many lines are open on this node.
    pub fn count_lines(&self) -> usize {
        self.lines.count()
    }

    /// A full minute: what is due is opened first, then sent. Pages show the question while pushes are still on their
    /// way.
    pub fn rush(&self) -> Rush {
        self.rushes.send_modify(|rushes| *rushes += 1);
        Rush(Arc::clone(&self.rushes))
    }

    /// Resolves when no rush is on.
    pub async fn calm(&self) {
        // The sender lives as long as `self`.
        let _ = self.rushes.subscribe().wait_for(|rushes| *rushes == 0).await;
    }

    /// Something to send was written.
    pub fn wake_outbox(&self) {
        self.outbox.notify_one();
    }

    /// Resolves when something to send was written since the last time.
    pub async fn outbox_woken(&self) {
        self.outbox.notified().await;
    }

    /// A pair's due minute was written: the next one that is known may be another.
    pub fn wake_scheduler(&self) {
        self.scheduler.notify_one();
    }

    /// Resolves when a due minute was written since the last time.
    pub async fn scheduler_woken(&self) {
        self.scheduler.notified().await;
    }

    /// Forgets feeds nobody listens to.
    pub fn sweep(&self) {
        self.feeds().retain(|_, feed| feed.receiver_count() > 0);
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The wake-up of one process: who listens to which person's feed. Only a wake-up: the feed is the truth,
//! and a slow look without any wake-up finds the same rows.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, watch};

use super::lines::{Lines, OpenLine};
use crate::domain::{PersonId, SessionId};

#[derive(Clone, Default)]
pub struct Notifier {
    feeds: Arc<Mutex<HashMap<PersonId, watch::Sender<u64>>>>,
    lines: Lines,
    outbox: Arc<Notify>,
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
    pub fn subscribe(&self, person: PersonId) -> watch::Receiver<u64> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.entry(person).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes every listener of these persons; forgets feeds nobody listens to any more.
    pub fn wake(&self, persons: &BTreeSet<PersonId>) {
        if persons.is_empty() {
            return;
        }
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        for person in persons {
            if let Some(feed) = feeds.get(person) {
                if feed.receiver_count() == 0 {
                    feeds.remove(person);
                } else {
                    feed.send_modify(|count| *count += 1);
                }
            }
        }
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

    /// A full minute: what is due is opened first, then sent. Pages show the question while pushes are still on their way.
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

    /// Forgets feeds nobody listens to.
    pub fn sweep(&self) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|_, feed| feed.receiver_count() > 0);
    }
}

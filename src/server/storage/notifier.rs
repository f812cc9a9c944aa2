//! The wake-up of one process: who listens to which person's feed. Only a wake-up: the feed is the truth,
//! and a slow look without any wake-up finds the same rows.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::domain::PersonId;

#[derive(Clone, Default)]
pub struct Notifier {
    feeds: Arc<Mutex<HashMap<PersonId, watch::Sender<u64>>>>,
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

    /// Forgets feeds nobody listens to.
    pub fn sweep(&self) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|_, feed| feed.receiver_count() > 0);
    }
}

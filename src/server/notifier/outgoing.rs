//! What this node has not told the other nodes yet. Commits add to it, and the loop that posts takes everything that
//! gathered while the last post was under way.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::bulletin::{Bulletin, MOST_PERSONS, Work};
use crate::domain::PersonId;

/// Persons that wait at most. Above it the other nodes are asked to look at all their lines.
const MOST_WAITING: usize = 20_000;

pub(super) struct Outgoing {
    /// The name of this node in its bulletins: random, new with each process.
    pub(super) node: u64,
    waiting: Mutex<Waiting>,
    pub(super) added: Notify,
}

#[derive(Default)]
struct Waiting {
    persons: BTreeSet<PersonId>,
    work: Work,
    is_more: bool,
}

impl Outgoing {
    pub(super) fn new(node: u64) -> Self {
        Self { node, waiting: Mutex::default(), added: Notify::new() }
    }

    pub(super) fn add(&self, persons: &BTreeSet<PersonId>, work: Work) {
        if persons.is_empty() && work == Work::default() {
            return;
        }
        let mut waiting = self.lock();
        waiting.work.add(work);
        if waiting.persons.len() + persons.len() > MOST_WAITING {
            waiting.persons.clear();
            waiting.is_more = true;
        } else if !waiting.is_more {
            waiting.persons.extend(persons);
        }
        drop(waiting);
        self.added.notify_one();
    }

    /// Takes what waits, as at least one bulletin.
    pub(super) fn take(&self) -> Vec<Bulletin> {
        let Waiting { persons, work, is_more } = std::mem::take(&mut *self.lock());
        let mut bulletins = vec![Bulletin { node: self.node, persons: Vec::new(), work, is_more }];
        for person in persons {
            match bulletins.last_mut() {
                Some(last) if last.persons.len() < MOST_PERSONS => last.persons.push(person),
                _ => bulletins.push(Bulletin { node: self.node, persons: vec![person], ..Bulletin::default() }),
            }
        }
        bulletins
    }

    /// Bulletins that were taken did not reach the others: the next one says that more happened.
    pub(super) fn lose(&self) {
        let mut waiting = self.lock();
        waiting.persons.clear();
        waiting.is_more = true;
        waiting.work = Work { has_deliveries: true, has_calls: true, has_due: true };
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn persons(count: u128) -> BTreeSet<PersonId> {
        (0..count).map(PersonId).collect()
    }

    #[test]
    fn what_gathers_goes_together_each_person_once_in_payloads_of_limited_size() {
        let outgoing = Outgoing::new(1);
        outgoing.add(&persons(500), Work::default());
        outgoing.add(&persons(400), Work { has_deliveries: true, ..Work::default() });

        let bulletins = outgoing.take();

        let told: Vec<PersonId> = bulletins.iter().flat_map(|bulletin| bulletin.persons.clone()).collect();
        assert_eq!(told, persons(500).into_iter().collect::<Vec<_>>());
        assert!(bulletins.iter().all(|bulletin| bulletin.node == 1 && bulletin.persons.len() <= MOST_PERSONS));
        assert!(bulletins[0].work.has_deliveries && !bulletins[1].work.has_deliveries);
        assert_eq!(outgoing.take(), [Bulletin { node: 1, ..Bulletin::default() }], "everything was taken");
    }

    #[test]
    fn more_than_is_kept_and_what_was_lost_become_a_look_at_everything() {
        let outgoing = Outgoing::new(1);
        outgoing.add(&persons(MOST_WAITING as u128), Work::default());
        outgoing.add(&[PersonId(u128::MAX)].into(), Work::default());
        outgoing.add(&persons(3), Work::default());
        assert_eq!(outgoing.take(), [Bulletin { node: 1, is_more: true, ..Bulletin::default() }]);

        outgoing.add(&persons(3), Work::default());
        outgoing.take();
        outgoing.lose();
        let [bulletin] = &outgoing.take()[..] else { panic!("one bulletin") };
        assert!(bulletin.is_more && bulletin.work.has_due, "{bulletin:?}");
    }
}

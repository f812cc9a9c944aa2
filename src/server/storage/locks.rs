//! The order in which a transaction locks rows, and the check that every transaction keeps it. PostgreSQL breaks up two
//! transactions that wait for each other by failing one of them after a second; with one order none wait in a circle.
//!
//! 1. Keys: advisory locks of attempts, of counted tries and of a person's pairs (`attempts::lookup`,
//!    `failures::hold`).
//! 2. The row of an announcement.
//! 3. Rows of pairs, in the order of their ids. `pairs::lock` locks one. Whoever writes a pair's rows in `members`,
//!    `invitations`, `daily_questions`, `answers` or `asked` holds the pair.
//! 4. Rows of persons, in the order of their ids. `persons::lock` locks all that a use case writes to or tells. Whoever
//!    writes a person's sessions, hand-overs, devices, notifications or events holds the person.
//! 5. Rows of devices, in the order of their ids (`device_locks`).
//! 6. Deliveries, in the order of their keys, and calls to FCM, in the order of theirs.
//!
//! A row is locked `FOR NO KEY UPDATE`: a row that refers to it by a foreign key (`FOR KEY SHARE`) can be written by
//! another transaction meanwhile. PostgreSQL also takes that share when a transaction updates the referring row for the
//! second time, so a share may be taken out of order. Only `persons::lock_keys` and the rotation of a session's token
//! wait for shares, and they hold nothing that others wait for.
//!
//! Jobs that delete or claim rows of many persons skip locked rows (`SKIP LOCKED`) and wait for none. A row that the
//! transaction itself has inserted is nobody else's yet and has no place in the order.
//!
//! On SQLite there is one writer and nothing is locked. The check is made on both databases, in builds with debug
//! assertions.

use std::collections::BTreeSet;

use crate::domain::{AnnouncementId, PairId, PersonId, SubscriptionId};

/// What a transaction locks, in the order in which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lock {
    Announcement(AnnouncementId),
    Pair(PairId),
    Person(PersonId),
    Device(SubscriptionId),
    /// Deliveries and calls to FCM.
    Outbox,
}

/// The locks that a transaction has.
#[derive(Debug, Default)]
pub(super) struct Locks {
    /// Locks that it may have waited for.
    waited: BTreeSet<Lock>,
    /// Rows that it inserted, or locked without waiting.
    unwaited: BTreeSet<Lock>,
    keys: BTreeSet<String>,
}

impl Locks {
    pub(super) fn has(&self, lock: Lock) -> bool {
        self.waited.contains(&lock) || self.unwaited.contains(&lock)
    }

    /// Records a lock that the transaction may have to wait for: one by `…::lock`, or a row that it changes.
    pub(super) fn take(&mut self, lock: Lock) {
        if self.has(lock) {
            return;
        }
        let last = self.waited.last();
        debug_assert!(last.is_none_or(|last| *last < lock), "{lock:?} is locked after {last:?}");
        self.waited.insert(lock);
    }

    /// Records a row that the transaction inserted, or locked without waiting.
    pub(super) fn own(&mut self, lock: Lock) {
        self.unwaited.insert(lock);
    }

    /// Records the lock of a key.
    pub(super) fn key(&mut self, key: &str) {
        let last = self.waited.last();
        debug_assert!(self.keys.contains(key) || last.is_none(), "the key {key} is locked after {last:?}");
        self.keys.insert(key.to_owned());
    }

    /// Checks that rows of this pair are written behind the pair's lock.
    pub(super) fn expect_pair(&self, pair: PairId) {
        debug_assert!(self.has(Lock::Pair(pair)), "{pair} is written to and not locked");
    }

    /// Checks that rows of this person are written behind the person's lock.
    pub(super) fn expect_person(&self, person: PersonId) {
        debug_assert!(self.has(Lock::Person(person)), "{person} is written to and not locked");
    }
}

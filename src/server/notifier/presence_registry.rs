//! Presence signals that were shown within the last seconds, in the memory of this process alone.
//!
//! There is one entry for a member and pair while its signal lives. The entry limits the rate and says what expires.
//! Rules R111, R114.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::news::LineNews;
use crate::domain::{Moment, PairId, PersonId, Presence, PresenceSignal};

/// The value of a wake-up. A new presence signal replaces one that was not read yet.
#[derive(Debug, Clone, Default)]
pub struct Woken {
    /// Counts the wake-ups for events.
    pub told: u64,
    /// What the transaction of the last of them has read for the lines of the person.
    pub news: Option<Arc<[LineNews]>>,
    /// Counts presence signals.
    pub presence_signals: u64,
    pub signal: Option<PresenceSignal>,
}

impl Woken {
    pub(super) fn tell(&mut self, news: Option<Arc<[LineNews]>>) {
        self.told += 1;
        self.news = news;
    }

    pub(super) fn show(&mut self, signal: PresenceSignal) {
        self.presence_signals += 1;
        self.signal = Some(signal);
    }

    pub(super) fn forget(&mut self, pair: PairId) {
        self.signal = self.signal.filter(|signal| signal.pair != pair);
    }
}

/// What became of a presence signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Nobody saw it: the other has no listener here, or the last signal was less than three seconds ago.
    No,
    Yes,
    /// As `Yes`, and it is the only entry: the caller has to start the expiry.
    First,
}

#[derive(Clone, Default)]
pub(super) struct PresenceRegistry(Arc<Mutex<Kept>>);

type Member = (PersonId, PairId);

#[derive(Default)]
struct Kept {
    /// When a member was last shown, and to which person.
    last: HashMap<Member, (Moment, PersonId)>,
    /// Expiries, oldest first. A member who was shown again has a later entry as well.
    to_forget: VecDeque<(Moment, Member)>,
}

impl Kept {
    fn insert(&mut self, member: Member, to: PersonId, now: Moment) -> Shown {
        let is_first = self.to_forget.is_empty();
        self.last.insert(member, (now, to));
        self.to_forget.push_back((now, member));
        if is_first { Shown::First } else { Shown::Yes }
    }
}

/// Whether more than `span` milliseconds have passed.
fn is_past(at: Moment, span: i64, now: Moment) -> bool {
    now.since(at) >= span
}

impl PresenceRegistry {
    /// Records that a member is shown to the other now, unless the last time was too recent.
    pub(super) fn note(&self, from: PersonId, to: PersonId, pair: PairId, now: Moment) -> Shown {
        let mut kept = self.lock();
        let member = (from, pair);
        if kept.last.get(&member).is_some_and(|(at, _)| !is_past(*at, Presence::GAP_MS, now)) {
            return Shown::No;
        }
        kept.insert(member, to, now)
    }

    /// As `note`, for a signal whose pace another node has checked.
    pub(super) fn admit(&self, from: PersonId, to: PersonId, pair: PairId, now: Moment) -> Shown {
        self.lock().insert((from, pair), to, now)
    }

    /// Drops expired entries. Returns their viewers and the next expiry.
    pub(super) fn forget(&self, now: Moment) -> (Vec<(PersonId, PairId)>, Option<Moment>) {
        let mut kept = self.lock();
        let mut over = Vec::new();
        while let Some((at, member)) = kept.to_forget.front().copied() {
            if !is_past(at, Presence::LIFE_MS, now) {
                return (over, Some(at.plus(Presence::LIFE_MS)));
            }
            kept.to_forget.pop_front();
            if kept.last.get(&member).is_some_and(|(last, _)| *last == at)
                && let Some((_, to)) = kept.last.remove(&member)
            {
                over.push((to, member.1));
            }
        }
        // Frees the memory of a busy evening.
        *kept = Kept::default();
        (over, None)
    }

    pub(super) fn count(&self) -> usize {
        self.lock().last.len()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000);

    fn note(registry: &PresenceRegistry, from: u128, pair: u128, at: i64) -> Shown {
        registry.note(PersonId(from), PersonId(from + 1), PairId(pair), NOW.plus(at))
    }

    #[test]
    fn of_one_member_and_pair_one_comes_through_every_three_seconds() {
        let registry = PresenceRegistry::default();
        assert_eq!(note(&registry, 1, 1, 0), Shown::First);
        assert_eq!(note(&registry, 1, 1, 2_999), Shown::No);
        assert_eq!(note(&registry, 1, 2, 2_999), Shown::Yes, "another pair has a pace of its own");
        assert_eq!(note(&registry, 2, 1, 2_999), Shown::Yes, "and so has the other");
        assert_eq!(note(&registry, 1, 1, 3_000), Shown::Yes);
        assert_eq!(note(&registry, 1, 1, 5_999), Shown::No);
    }

    #[test]
    fn a_thousand_in_a_moment_are_one_entry_and_nothing_after_ten_seconds() {
        let registry = PresenceRegistry::default();
        let shown = (0..1_000).filter(|_| note(&registry, 1, 1, 0) != Shown::No).count();
        assert_eq!((shown, registry.count()), (1, 1));
        assert_eq!(registry.forget(NOW.plus(9_999)), (vec![], Some(NOW.plus(10_000))));
        assert_eq!(registry.forget(NOW.plus(10_000)), (vec![(PersonId(2), PairId(1))], None));
        assert_eq!(registry.count(), 0);
    }
}

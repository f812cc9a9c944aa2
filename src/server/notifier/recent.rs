//! The persons that were woken last. Who has read the number of a feed before it listens to the feed asks here whether
//! the person was woken between the two, and then need not read again.

use std::collections::VecDeque;

use crate::domain::PersonId;

/// How many persons are remembered. What was woken before them counts as "perhaps".
const REMEMBERED: usize = 1_024;

/// A point in the order of wake-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WakeMark(u64);

#[derive(Default)]
pub(super) struct Recent {
    /// How many persons were woken in all.
    count: u64,
    /// The last of them, the newest last.
    persons: VecDeque<PersonId>,
}

impl Recent {
    pub(super) fn mark(&self) -> WakeMark {
        WakeMark(self.count)
    }

    pub(super) fn note(&mut self, person: PersonId) {
        self.count += 1;
        if self.persons.len() == REMEMBERED {
            self.persons.pop_front();
        }
        self.persons.push_back(person);
    }

    /// Whether the person may have been woken since `mark`.
    pub(super) fn may_have_woken(&self, person: PersonId, mark: WakeMark) -> bool {
        let since = usize::try_from(self.count.saturating_sub(mark.0)).unwrap_or(usize::MAX);
        since > self.persons.len() || self.persons.iter().rev().take(since).any(|woken| *woken == person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_woken_after_the_mark_is_found() {
        let mut recent = Recent::default();
        recent.note(PersonId(1));
        let mark = recent.mark();
        assert!(!recent.may_have_woken(PersonId(1), mark), "that was before");
        recent.note(PersonId(2));
        assert!(recent.may_have_woken(PersonId(2), mark) && !recent.may_have_woken(PersonId(1), mark));
        assert!(!recent.may_have_woken(PersonId(2), recent.mark()));
    }

    #[test]
    fn what_is_forgotten_may_have_been_anybody() {
        let mut recent = Recent::default();
        let mark = recent.mark();
        for _ in 0..REMEMBERED {
            recent.note(PersonId(2));
        }
        assert!(!recent.may_have_woken(PersonId(1), mark), "all of them are remembered");
        recent.note(PersonId(2));
        assert!(recent.may_have_woken(PersonId(1), mark));
        assert_eq!(recent.persons.len(), REMEMBERED);
    }
}

//! How much one person may write in a while: more than anybody does by hand, too little to fill the other's feed or the disk.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Millis, PersonId};

/// So much at once,
pub const BURST: u32 = 60;
/// and then one in so long.
const EVERY_MS: i64 = 5 * Millis::SECOND;
/// Who has all of it again is forgotten when so many are held.
const HELD: usize = 10_000;

/// What costs little has a wider budget of its own: so much at once, and then two a second.
pub const WIDE_BURST: u32 = 600;
const WIDE_EVERY_MS: i64 = Millis::SECOND / 2;

/// In memory alone, per node: it stops a flood, it settles no account.
pub struct Budget<K = PersonId> {
    burst: u32,
    every_ms: i64,
    /// When each holder has all of it again (the generic cell rate algorithm, ITU-T I.371).
    whole_at: Arc<Mutex<HashMap<K, Millis>>>,
}

impl<K> Clone for Budget<K> {
    fn clone(&self) -> Self {
        Self { burst: self.burst, every_ms: self.every_ms, whole_at: self.whole_at.clone() }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(BURST)
    }
}

impl Budget {
    pub fn of(burst: u32) -> Self {
        Self::every(burst, EVERY_MS)
    }
}

impl<K: Eq + Hash> Budget<K> {
    pub fn every(burst: u32, every_ms: i64) -> Self {
        Self { burst, every_ms, whole_at: Arc::default() }
    }

    /// For what costs little.
    pub fn wide(burst: u32) -> Self {
        Self::every(burst, WIDE_EVERY_MS)
    }

    /// Takes one, if there is one.
    pub fn take(&self, holder: K, now: Millis) -> bool {
        let mut held = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= HELD {
            held.retain(|_, whole_at| *whole_at > now);
        }
        let whole_at = held.get(&holder).copied().unwrap_or(now).max(now).plus(self.every_ms);
        let has_one = whole_at.since(now) <= i64::from(self.burst) * self.every_ms;
        if has_one {
            held.insert(holder, whole_at);
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_it_comes_back_little_by_little() {
        let (budget, now) = (Budget::default(), Millis(1_000_000));
        let (one, other) = (PersonId(1), PersonId(2));
        assert_eq!((0..100).filter(|_| budget.take(one, now)).count(), BURST as usize);
        assert!(budget.take(other, now), "of each their own");
        assert!(!budget.take(one, now.plus(EVERY_MS - 1)));
        assert!(budget.take(one, now.plus(EVERY_MS)));
        assert!(!budget.take(one, now.plus(EVERY_MS)));
        let later = now.plus(Millis::HOUR);
        assert_eq!((0..100).filter(|_| budget.take(one, later)).count(), BURST as usize, "and never more than that at once");
    }

    #[test]
    fn whoever_has_all_of_it_again_is_forgotten() {
        let budget = Budget::default();
        for person in 0..HELD as u128 {
            budget.take(PersonId(person), Millis(0));
        }
        budget.take(PersonId(u128::MAX), Millis(EVERY_MS));
        assert_eq!(budget.whole_at.lock().expect("the map").len(), 1);
    }
}

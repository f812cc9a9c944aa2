//! Rate limits per person, session and address. They allow more than anybody does by hand, and too little to fill the
//! other member's feed or the disk. Each node has its own; the budget of writes by hand is also counted in the database
//! where there are several nodes (`storage::write_budgets`). Rule R88.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Millis, Moment, PersonId, SessionId};

/// The size of the bucket for writes by hand. The other buckets have fixed sizes.
pub const BURST: u32 = 60;
/// When this many holders are held, those whose buckets are full again are dropped.
const HELD: usize = 10_000;

/// Each server function takes from one of these (`http/forms.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Requests that a person makes by hand and that write.
    Write,
    /// Requests that a page or a service worker makes by itself and that write.
    Automatic,
    /// Requests that only read.
    Read,
    /// Requests that end a session, a device or another one's request. They are counted by session, so that an
    /// intruder who uses up the person's budget cannot keep the person from ending the intruder's session.
    Escape,
}

impl Bucket {
    /// Returns how many requests are allowed at once, and the time after which one more is allowed, in ms.
    fn limits(self) -> (u32, i64) {
        match self {
            Self::Write => (BURST, 5 * Millis::SECOND),
            Self::Automatic => (120, 2 * Millis::SECOND),
            Self::Read => (600, Millis::SECOND / 4),
            Self::Escape => (60, 5 * Millis::SECOND),
        }
    }
}

/// The holder of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spender {
    Person(PersonId),
    Session(SessionId),
    /// A client without a session, by network.
    Address(IpAddr),
}

/// The time at which each bucket is full again (generic cell rate algorithm, ITU-T I.371).
type FullAt = HashMap<(Bucket, Spender), Moment>;

/// The buckets of this process. Best effort: held in memory on the monotonic clock and lost on restart. They protect
/// against floods and are not a quota.
#[derive(Clone)]
pub struct Budget {
    writes: Option<u32>,
    full_at: Arc<Mutex<FullAt>>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(BURST)
    }
}

impl Budget {
    /// Returns limits with another size of the bucket for writes by hand.
    pub fn of(writes: u32) -> Self {
        Self { writes: Some(writes), full_at: Arc::default() }
    }

    /// Returns limits that allow everything, for tests whose clock does not move.
    pub fn unlimited() -> Self {
        Self { writes: None, full_at: Arc::default() }
    }

    /// How many writes by hand are allowed at once, and the time after which one more is allowed (ms); `None` if
    /// everything is allowed.
    pub fn writes(&self) -> Option<(u32, i64)> {
        self.writes.map(|burst| (burst, Bucket::Write.limits().1))
    }

    /// Takes one request from the holder's bucket. False when the bucket is empty.
    pub fn take(&self, bucket: Bucket, spender: Spender, now: Moment) -> bool {
        let Some(writes) = self.writes else { return true };
        let (burst, every_ms) = bucket.limits();
        let burst = if bucket == Bucket::Write { writes } else { burst };
        let mut held = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= HELD {
            held.retain(|_, full_at| *full_at > now);
        }
        let key = (bucket, spender);
        let full_at = held.get(&key).copied().unwrap_or(now).max(now).plus(every_ms);
        let has_one = full_at.since(now) <= i64::from(burst) * every_ms;
        if has_one {
            held.insert(key, full_at);
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_MS: i64 = 5 * Millis::SECOND;

    #[test]
    fn a_burst_is_free_and_then_it_comes_back_little_by_little() {
        let (budget, now) = (Budget::default(), Moment(1_000_000));
        let (one, other) = (Spender::Person(PersonId(1)), Spender::Person(PersonId(2)));
        let take = |spender, now| budget.take(Bucket::Write, spender, now);
        assert_eq!((0..100).filter(|_| take(one, now)).count(), BURST as usize);
        assert!(take(other, now), "of each their own");
        assert!(!take(one, now.plus(EVERY_MS - 1)));
        assert!(take(one, now.plus(EVERY_MS)));
        assert!(!take(one, now.plus(EVERY_MS)));
        let later = now.plus(Millis::HOUR);
        assert_eq!((0..100).filter(|_| take(one, later)).count(), BURST as usize, "and never more than that at once");
    }

    #[test]
    fn every_bucket_has_an_end_and_one_does_not_empty_another() {
        let (budget, now) = (Budget::default(), Moment(0));
        let one = Spender::Person(PersonId(1));
        for bucket in [Bucket::Write, Bucket::Automatic, Bucket::Read, Bucket::Escape] {
            let taken = (0..10_000).filter(|_| budget.take(bucket, one, now)).count();
            assert_eq!(taken, bucket.limits().0 as usize, "{bucket:?}");
        }
        assert!(budget.take(Bucket::Escape, Spender::Session(SessionId(2)), now), "another session of theirs");
    }

    #[test]
    fn whoever_has_all_of_it_again_is_forgotten() {
        let budget = Budget::default();
        for person in 0..HELD as u128 {
            budget.take(Bucket::Write, Spender::Person(PersonId(person)), Moment(0));
        }
        budget.take(Bucket::Write, Spender::Person(PersonId(u128::MAX)), Moment(EVERY_MS));
        assert_eq!(budget.full_at.lock().expect("the map").len(), 1);
    }
}

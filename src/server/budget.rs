//! How much one person, session or address may ask for in a while: more than anybody does by hand, too little to fill
//! the other's feed or the disk.
//! Rule R88.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Millis, Moment, PersonId, SessionId};

/// Writes by hand at once; the other buckets are fixed.
pub const BURST: u32 = 60;
/// Who has all of it again is forgotten when so many are held.
const HELD: usize = 10_000;

/// Each server function takes from one of these (`http/forms.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// What somebody writes by hand.
    Write,
    /// What a page or a service worker writes by itself.
    Automatic,
    /// What only reads.
    Read,
    /// What ends a session, a device or a request of somebody else. Counted by session, so that an intruder who spends
    /// the person's budget cannot keep the person from ending that session.
    Escape,
}

impl Bucket {
    /// So much at once, and then one in so many milliseconds.
    fn limits(self) -> (u32, i64) {
        match self {
            Self::Write => (BURST, 5 * Millis::SECOND),
            Self::Automatic => (120, 2 * Millis::SECOND),
            Self::Read => (600, Millis::SECOND / 4),
            Self::Escape => (60, 5 * Millis::SECOND),
        }
    }
}

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spender {
    Person(PersonId),
    Session(SessionId),
    /// Somebody who is not signed in.
    Address(IpAddr),
}

/// When each bucket is full again (the generic cell rate algorithm, ITU-T I.371).
type FullAt = HashMap<(Bucket, Spender), Moment>;

/// Best effort: held in memory per process, on the monotonic clock, and lost on restart. It stops floods; it is no
/// quota.
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
    /// With another number of writes at once.
    pub fn of(writes: u32) -> Self {
        Self { writes: Some(writes), full_at: Arc::default() }
    }

    /// Without any limit, for tests whose clock stands still.
    pub fn unlimited() -> Self {
        Self { writes: None, full_at: Arc::default() }
    }

    /// Takes one, if there is one.
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

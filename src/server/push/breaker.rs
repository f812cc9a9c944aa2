//! One breaker per push service: a service that is down or asks for quiet is left alone, and no other notices.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::Millis;

/// So many failures in a row open the breaker.
const FAILURES: u32 = 5;
const FIRST_PAUSE_MS: i64 = 30 * Millis::SECOND;
const LONGEST_PAUSE_MS: i64 = 5 * Millis::MINUTE;

#[derive(Debug, Clone, Copy, Default)]
struct Origin {
    failures: u32,
    closed_until: Option<Millis>,
}

/// By origin. In memory alone: after a restart the first failures say it again.
#[derive(Clone, Default)]
pub struct Breaker {
    origins: Arc<Mutex<HashMap<String, Origin>>>,
}

impl Breaker {
    /// Until when an origin is to be left alone, if it is. The first to come afterwards tries for all.
    pub fn blocked_until(&self, origin: &str, now: Millis) -> Option<Millis> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let found = origins.get_mut(origin)?;
        let until = found.closed_until?;
        if until > now {
            return Some(until);
        }
        // Half open: this one tries, the others wait for what it finds.
        found.closed_until = (found.failures >= FAILURES).then(|| now.plus(FIRST_PAUSE_MS));
        None
    }

    pub fn accepted(&self, origin: &str) {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.get(origin).is_some() {
            origins.remove(origin);
        }
    }

    /// A failure; `after_ms` is what the service asked for (`Retry-After`, RFC 9110 §10.2.3).
    pub fn failed(&self, origin: &str, after_ms: Option<i64>, now: Millis) {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let found = origins.entry(origin.to_owned()).or_default();
        found.failures = found.failures.saturating_add(1);
        let own = (found.failures >= FAILURES).then(|| {
            let doublings = (found.failures - FAILURES).min(8);
            (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS)
        });
        if let Some(pause) = after_ms.into_iter().chain(own).max() {
            found.closed_until = Some(now.plus(pause).max(found.closed_until.unwrap_or(now)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_leave_an_origin_alone_and_one_success_forgets_them() {
        let breaker = Breaker::default();
        let now = Millis(1_000_000);
        for _ in 0..4 {
            breaker.failed("https://a.example", None, now);
            assert_eq!(breaker.blocked_until("https://a.example", now), None);
        }
        breaker.failed("https://a.example", None, now);
        assert_eq!(breaker.blocked_until("https://a.example", now), Some(now.plus(FIRST_PAUSE_MS)));
        assert_eq!(breaker.blocked_until("https://b.example", now), None, "another service is none of its business");
        let later = now.plus(FIRST_PAUSE_MS);
        assert_eq!(breaker.blocked_until("https://a.example", later), None, "one may try");
        assert!(breaker.blocked_until("https://a.example", later).is_some(), "the others wait for it");
        breaker.accepted("https://a.example");
        assert_eq!(breaker.blocked_until("https://a.example", later), None);
    }

    #[test]
    fn what_a_service_asks_for_is_given() {
        let breaker = Breaker::default();
        breaker.failed("https://a.example", Some(120_000), Millis(0));
        assert_eq!(breaker.blocked_until("https://a.example", Millis(119_999)), Some(Millis(120_000)));
        assert_eq!(breaker.blocked_until("https://a.example", Millis(120_000)), None);
        assert_eq!(breaker.blocked_until("https://a.example", Millis(120_001)), None, "one request for quiet is no outage");
    }
}

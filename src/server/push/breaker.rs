//! A circuit breaker per push service. A service that fails or asks for a pause gets no requests for a while; other
//! services are not affected. An answer about one device (429 may concern the device or the sender) pauses that device
//! alone until several devices have met it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Millis, Moment, SubscriptionId};

/// The breaker opens after this many failures in a row at `DEVICES` devices or more.
const FAILURES: u32 = 5;
/// The number of devices that must have met the failures.
const DEVICES: usize = 3;
/// The most services and devices that are held. Beyond it, only those that are paused stay.
const HELD: usize = 10_000;
const FIRST_PAUSE_MS: i64 = 30 * Millis::SECOND;
const LONGEST_PAUSE_MS: i64 = 5 * Millis::MINUTE;

#[derive(Debug, Clone, Default)]
struct Origin {
    failures: u32,
    /// Up to `DEVICES` of the devices that met the failures.
    devices: Vec<SubscriptionId>,
    closed_until: Option<Moment>,
}

/// Held in memory on the monotonic clock. After a restart the first failures open it again.
#[derive(Clone, Default)]
pub struct Breaker {
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    origins: HashMap<String, Origin>,
    /// The end of the pause that a service asked for, per device.
    devices: HashMap<SubscriptionId, Moment>,
}

impl Breaker {
    /// Returns the end of the pause of a device or of its whole service, if there is one. The first caller after the
    /// pause gets `None` and tries for all others.
    pub fn blocked_until(&self, origin: &str, device: SubscriptionId, now: Moment) -> Option<Moment> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = held.devices.get(&device).filter(|until| **until > now) {
            return Some(*until);
        }
        let found = held.origins.get_mut(origin)?;
        let until = found.closed_until?;
        if until > now {
            return Some(until);
        }
        // Half open: this caller tries, and the others wait for its outcome.
        found.closed_until =
            (found.failures >= FAILURES && found.devices.len() >= DEVICES).then(|| now.plus(FIRST_PAUSE_MS));
        None
    }

    /// Records a success. Returns whether the service had failed before.
    pub fn accepted(&self, origin: &str) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).origins.remove(origin).is_some()
    }

    /// Records a failure at one device. `after_ms` is the pause that the service asked for (`Retry-After`, RFC 9110
    /// §10.2.3); the device is paused for that time. The whole service is paused, for five minutes at most, once
    /// several devices have met failures.
    pub fn failed(&self, origin: &str, device: SubscriptionId, after_ms: Option<i64>, now: Moment) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held { origins, devices } = &mut *held;
        if origins.len() >= HELD {
            origins.retain(|_, origin| origin.closed_until.is_some_and(|until| until > now));
        }
        if devices.len() >= HELD {
            devices.retain(|_, until| *until > now);
        }
        if let Some(after) = after_ms {
            devices.insert(device, now.plus(after));
        }
        let found = origins.entry(origin.to_owned()).or_default();
        found.failures = found.failures.saturating_add(1);
        if found.devices.len() < DEVICES && !found.devices.contains(&device) {
            found.devices.push(device);
        }
        if found.devices.len() < DEVICES {
            return;
        }
        let own = (found.failures >= FAILURES).then(|| {
            let doublings = (found.failures - FAILURES).min(8);
            FIRST_PAUSE_MS << doublings
        });
        if let Some(pause) = after_ms.into_iter().chain(own).max() {
            found.closed_until = Some(now.plus(pause.min(LONGEST_PAUSE_MS)).max(found.closed_until.unwrap_or(now)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u128) -> SubscriptionId {
        SubscriptionId(number)
    }

    #[test]
    fn five_failures_in_a_row_leave_an_origin_alone_and_one_success_forgets_them() {
        let breaker = Breaker::default();
        let now = Moment(1_000_000);
        for number in 0..4 {
            breaker.failed("https://a.example", device(number), None, now);
            assert_eq!(breaker.blocked_until("https://a.example", device(99), now), None);
        }
        breaker.failed("https://a.example", device(0), None, now);
        assert_eq!(breaker.blocked_until("https://a.example", device(99), now), Some(now.plus(FIRST_PAUSE_MS)));
        assert_eq!(
            breaker.blocked_until("https://b.example", device(99), now),
            None,
            "another service is none of its business"
        );
        let later = now.plus(FIRST_PAUSE_MS);
        assert_eq!(breaker.blocked_until("https://a.example", device(99), later), None, "one may try");
        assert!(breaker.blocked_until("https://a.example", device(99), later).is_some(), "the others wait for it");
        breaker.accepted("https://a.example");
        assert_eq!(breaker.blocked_until("https://a.example", device(99), later), None);
    }

    #[test]
    fn what_a_service_asks_of_several_is_given_and_never_for_long() {
        let breaker = Breaker::default();
        for number in 0..3 {
            assert_eq!(breaker.blocked_until("https://a.example", device(99), Moment(0)), None);
            breaker.failed("https://a.example", device(number), Some(120_000), Moment(0));
        }
        assert_eq!(breaker.blocked_until("https://a.example", device(99), Moment(119_999)), Some(Moment(120_000)));
        assert_eq!(breaker.blocked_until("https://a.example", device(99), Moment(120_000)), None);
        assert_eq!(
            breaker.blocked_until("https://a.example", device(99), Moment(120_001)),
            None,
            "a request for quiet is no outage"
        );
        breaker.failed("https://a.example", device(3), Some(Millis::DAY), Moment(200_000));
        assert_eq!(
            breaker.blocked_until("https://a.example", device(99), Moment(200_000)),
            Some(Moment(200_000 + LONGEST_PAUSE_MS))
        );
    }

    #[test]
    fn one_device_stops_nobody_else_however_often_it_fails() {
        let breaker = Breaker::default();
        for number in 0..100 {
            breaker.failed("https://a.example", device(number % 2), Some(Millis::DAY), Moment(0));
        }
        assert_eq!(breaker.blocked_until("https://a.example", device(99), Moment(0)), None);
        assert_eq!(
            breaker.blocked_until("https://a.example", device(1), Moment(0)),
            Some(Moment(Millis::DAY)),
            "and itself for as long as asked"
        );
        assert_eq!(breaker.blocked_until("https://a.example", device(1), Moment(Millis::DAY)), None);
    }

    #[test]
    fn invented_services_are_not_remembered_for_ever() {
        let breaker = Breaker::default();
        for number in 0..2 * HELD {
            breaker.failed(&format!("https://{number}.example"), device(1), None, Moment(0));
        }
        assert!(breaker.held.lock().expect("the map").origins.len() <= HELD);
    }
}

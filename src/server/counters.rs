//! What is counted for the operator since the process started; `GET /metrics` shows it. Process-wide, because a panic
//! hook is. In memory alone: a restart begins at zero, as Prometheus expects of a counter.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::clock::Stopwatch;

/// Codes and digits that opened nothing.
pub static FAILED_CODES: Counter = Counter::new();
/// Panics of requests and of background tasks (`telemetry::count_panics`).
pub static PANICS: Counter = Counter::new();
/// Connections that were refused because as many were open as may be.
pub static REFUSED_CONNECTIONS: Counter = Counter::new();
/// Bodies that were refused because as many bytes were being read as may be.
pub static REFUSED_BODIES: Counter = Counter::new();
/// Waiting for the one connection that may write to SQLite.
pub static WRITER_WAITS: Waits = Waits { count: Counter::new(), micros: Counter::new() };

/// By route and status. Routes are our own words, so there are only so many.
static REQUESTS: Mutex<BTreeMap<(&str, u16), u64>> = Mutex::new(BTreeMap::new());

pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more.
    pub fn add(&self) {
        self.add_many(1);
    }

    fn add_many(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often something was waited for, and for how long in all.
pub struct Waits {
    count: Counter,
    micros: Counter,
}

impl Waits {
    /// Waits, and notes how long it took.
    pub async fn of<T>(&self, waiting: impl Future<Output = T>) -> T {
        let watch = Stopwatch::start();
        let result = waiting.await;
        self.count.add();
        self.micros.add_many(u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX));
        result
    }

    pub fn count(&self) -> u64 {
        self.count.count()
    }

    pub fn total(&self) -> Duration {
        Duration::from_micros(self.micros.count())
    }
}

/// Counts an answered request.
pub fn request(route: &'static str, status: u16) {
    *REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).entry((route, status)).or_default() += 1;
}

/// All answered requests as (route, status, count).
pub fn requests() -> Vec<(&'static str, u16, u64)> {
    let requests = REQUESTS.lock().unwrap_or_else(PoisonError::into_inner);
    requests.iter().map(|((route, status), count)| (*route, *status, *count)).collect()
}

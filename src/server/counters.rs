//! Counters for the operator since the process started; `GET /metrics` shows them. They are process-wide because a
//! panic hook is. A restart sets them to zero, as Prometheus expects of a counter.

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

/// Wrong codes and digits.
pub static FAILED_CODES: Counter = Counter::new();
/// Panics of requests and of background tasks (`telemetry::count_panics`).
pub static PANICS: Counter = Counter::new();
/// Connections that were refused because the limit of open connections was reached.
pub static REFUSED_CONNECTIONS: Counter = Counter::new();
/// Request bodies that were refused because the limit of bytes being read was reached.
pub static REFUSED_BODIES: Counter = Counter::new();
/// Bulletins of all nodes that the listener of this node has heard.
pub static BULLETINS_HEARD: Counter = Counter::new();
/// Bulletins that this node has posted.
pub static BULLETINS_POSTED: Counter = Counter::new();
/// Connections of the listener that were lost.
pub static LISTENERS_LOST: Counter = Counter::new();
/// Looks at all open lines.
pub static LOOKS_AT_LINES: Counter = Counter::new();
/// Persons whose lines were woken by a look.
pub static LINES_WOKEN: Counter = Counter::new();
/// Nightly backups that could not be made, verified or thinned out.
pub static BACKUPS_FAILED: Counter = Counter::new();
/// Waits for the one connection that writes to SQLite.
pub static WRITER_WAITS: Waits = Waits { count: Counter::new(), micros: Counter::new() };

/// Requests by route and status. Route names are constants, so their number is limited.
static REQUESTS: Mutex<BTreeMap<(&str, u16), u64>> = Mutex::new(BTreeMap::new());

pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds one.
    pub fn add(&self) {
        self.add_many(1);
    }

    pub fn add_many(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The number of waits and their total duration.
pub struct Waits {
    count: Counter,
    micros: Counter,
}

impl Waits {
    /// Awaits the future and records how long it took.
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

/// When something last happened.
#[derive(Default)]
pub struct Last(Mutex<Option<Stopwatch>>);

impl Last {
    pub fn happens(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Stopwatch::start());
    }

    /// Whether it happened within the last `span`.
    pub fn is_within(&self, span: Duration) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().is_some_and(|watch| watch.elapsed() <= span)
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

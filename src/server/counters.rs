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
pub static WRITER_WAITS: Waits = Waits::new();
/// Waits for another connection: to read SQLite, or any to PostgreSQL (its `BEGIN` included).
pub static CONNECTION_WAITS: Waits = Waits::new();
/// Statements, but for `BEGIN`, `COMMIT` and `ROLLBACK`. Several that go to SQLite in one text count as one.
pub static STATEMENTS: Counter = Counter::new();
/// Open lines of each transport.
pub static SSE: Gauge = Gauge::new();
pub static NDJSON: Gauge = Gauge::new();
pub static WEB_SOCKET: Gauge = Gauge::new();
pub static LONG_POLL: Gauge = Gauge::new();
/// Connections that the HTTP library holds. Open lines are not among them, WebSockets and readers of HTTP/1.0 apart.
pub static BY_LIBRARY: Gauge = Gauge::new();

/// The upper ends of the buckets of durations, in milliseconds.
pub const BUCKETS_MS: [u64; 6] = [5, 20, 100, 500, 2_000, 10_000];

/// Requests by route and status. Route names are constants, so their number is limited.
static REQUESTS: Mutex<BTreeMap<(&str, u16), u64>> = Mutex::new(BTreeMap::new());
/// How long requests took, by route.
static DURATIONS: Mutex<BTreeMap<&str, Durations>> = Mutex::new(BTreeMap::new());
/// Attempts to send a delivery, by provider and outcome.
static ATTEMPTS: Mutex<BTreeMap<(&str, &str), u64>> = Mutex::new(BTreeMap::new());

/// A histogram of durations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Durations {
    /// How many ended within each of `BUCKETS_MS`, and in none of the earlier ones.
    pub buckets: [u64; BUCKETS_MS.len()],
    pub count: u64,
    pub total: Duration,
}

/// How many of something there are now.
pub struct Gauge(AtomicU64);

/// One of what a gauge counts, until it is dropped.
pub struct Counted(&'static Gauge);

impl Gauge {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub fn one(&'static self) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }

    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

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
    const fn new() -> Self {
        Self { count: Counter::new(), micros: Counter::new() }
    }

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

/// Counts an answered request, and how long its answer took to begin.
pub fn request(route: &'static str, status: u16, took: Duration) {
    *REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).entry((route, status)).or_default() += 1;
    let mut durations = DURATIONS.lock().unwrap_or_else(PoisonError::into_inner);
    let durations = durations.entry(route).or_default();
    if let Some(at) = BUCKETS_MS.iter().position(|most| took <= Duration::from_millis(*most)) {
        durations.buckets[at] += 1;
    }
    durations.count += 1;
    durations.total += took;
}

/// All answered requests as (route, status, count).
pub fn requests() -> Vec<(&'static str, u16, u64)> {
    let requests = REQUESTS.lock().unwrap_or_else(PoisonError::into_inner);
    requests.iter().map(|((route, status), count)| (*route, *status, *count)).collect()
}

/// How long requests took, by route.
pub fn durations() -> Vec<(&'static str, Durations)> {
    let durations = DURATIONS.lock().unwrap_or_else(PoisonError::into_inner);
    durations.iter().map(|(route, durations)| (*route, *durations)).collect()
}

/// Counts an attempt to send a delivery.
pub fn attempt(provider: &'static str, outcome: &'static str) {
    *ATTEMPTS.lock().unwrap_or_else(PoisonError::into_inner).entry((provider, outcome)).or_default() += 1;
}

/// All attempts to send as (provider, outcome, count).
pub fn attempts() -> Vec<(&'static str, &'static str, u64)> {
    let attempts = ATTEMPTS.lock().unwrap_or_else(PoisonError::into_inner);
    attempts.iter().map(|((provider, outcome), count)| (*provider, *outcome, *count)).collect()
}

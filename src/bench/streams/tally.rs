//! Counts of the events sent to and received by each member, and their latencies.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use super::wire::Told;

/// The most events of one member: of both answers, or of an answer and its revisions.
pub const EVENTS_EACH: usize = 8;

pub struct Tally {
    begun: Instant,
    received: Vec<Received>,
    took_us: Mutex<Vec<u64>>,
    heard: AtomicU64,
    doubled: AtomicU64,
    astray: AtomicU64,
    /// Bytes that carried an event. `idle_bytes` counts heartbeats.
    event_bytes: AtomicU64,
    idle_bytes: AtomicU64,
    /// Responses to polls and long polls.
    answers: AtomicU64,
    ended: Mutex<Vec<String>>,
}

/// The events sent to and received by one member.
struct Received {
    pair: String,
    told: AtomicU32,
    /// One bit for each event received.
    heard: AtomicU32,
    /// The time at which each event was sent, in µs; 0 for an event that is not timed.
    sent_us: [AtomicU64; EVENTS_EACH],
}

/// A snapshot of the counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub told: u64,
    pub heard: u64,
    pub doubled: u64,
    pub astray: u64,
    pub event_bytes: u64,
    pub idle_bytes: u64,
    pub answers: u64,
}

impl Tally {
    pub fn new(pairs: Vec<String>) -> Self {
        let received =
            |pair| Received { pair, told: AtomicU32::new(0), heard: AtomicU32::new(0), sent_us: Default::default() };
        Self {
            begun: Instant::now(),
            received: pairs.into_iter().map(received).collect(),
            took_us: Mutex::default(),
            heard: AtomicU64::new(0),
            doubled: AtomicU64::new(0),
            astray: AtomicU64::new(0),
            event_bytes: AtomicU64::new(0),
            idle_bytes: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            ended: Mutex::default(),
        }
    }

    fn now_us(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Records the send time of a member's next event. Call it just before the request is written to the server.
    pub fn sending(&self, member: usize, is_timed: bool) {
        let received = &self.received[member];
        let number = received.told.fetch_add(1, Relaxed) as usize;
        if is_timed && let Some(sent) = received.sent_us.get(number) {
            sent.store(self.now_us(), Relaxed);
        }
    }

    /// Records that a member read `bytes` bytes with these events. No events means a heartbeat.
    pub fn hear(&self, member: usize, events: &[Told], bytes: u64) {
        let kind = if events.is_empty() { &self.idle_bytes } else { &self.event_bytes };
        kind.fetch_add(bytes, Relaxed);
        for event in events {
            self.hear_one(&self.received[member], event);
        }
    }

    fn hear_one(&self, received: &Received, event: &Told) {
        if event.pair != received.pair || event.seq == 0 || event.seq > received.told.load(Relaxed) {
            self.astray.fetch_add(1, Relaxed);
            return;
        }
        let bit = 1 << (event.seq - 1);
        if received.heard.fetch_or(bit, Relaxed) & bit != 0 {
            self.doubled.fetch_add(1, Relaxed);
            return;
        }
        self.heard.fetch_add(1, Relaxed);
        let sent = received.sent_us.get(event.seq as usize - 1).map_or(0, |sent| sent.load(Relaxed));
        if sent > 0 {
            self.took_us.lock().unwrap_or_else(PoisonError::into_inner).push(self.now_us().saturating_sub(sent));
        }
    }

    pub fn answered(&self) {
        self.answers.fetch_add(1, Relaxed);
    }

    /// Records that a member's connection ended unexpectedly.
    pub fn end(&self, sentence: String) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(sentence);
    }

    /// Returns how many connections ended, and the reason of the first.
    pub fn ended(&self) -> Option<(usize, String)> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.first().map(|first| (ended.len(), first.clone()))
    }

    pub fn counts(&self) -> Counts {
        Counts {
            told: self.received.iter().map(|received| u64::from(received.told.load(Relaxed))).sum(),
            heard: self.heard.load(Relaxed),
            doubled: self.doubled.load(Relaxed),
            astray: self.astray.load(Relaxed),
            event_bytes: self.event_bytes.load(Relaxed),
            idle_bytes: self.idle_bytes.load(Relaxed),
            answers: self.answers.load(Relaxed),
        }
    }

    /// Returns the median and the 99th percentile of the timed events, in milliseconds.
    pub fn p50_p99_ms(&self) -> (f64, f64) {
        let mut took = self.took_us.lock().unwrap_or_else(PoisonError::into_inner).clone();
        took.sort_unstable();
        let at = |part: usize| {
            took.get((took.len() * part / 100).min(took.len().saturating_sub(1))).map_or(0.0, |us| *us as f64 / 1_000.0)
        };
        (at(50), at(99))
    }
}

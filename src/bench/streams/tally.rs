//! What was sent to whom, what each of them heard of it, and how long it took.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use super::wire::Told;

/// A member is told of the first answer and of the second.
pub const EVENTS_EACH: usize = 2;

pub struct Tally {
    begun: Instant,
    received: Vec<Received>,
    took_us: Mutex<Vec<u64>>,
    heard: AtomicU64,
    doubled: AtomicU64,
    astray: AtomicU64,
    /// Bytes that brought an event, and bytes that only kept the line.
    event_bytes: AtomicU64,
    idle_bytes: AtomicU64,
    /// Answers to polls and long polls.
    answers: AtomicU64,
    ended: Mutex<Vec<String>>,
}

/// One member, as far as it matters whether the right thing arrived.
struct Received {
    pair: String,
    told: AtomicU32,
    /// A bit for each event heard.
    heard: AtomicU32,
    /// When each was sent, in µs; 0 when it is not timed.
    sent_us: [AtomicU64; EVENTS_EACH],
}

/// The counts so far.
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

    /// Called just before a member's next event is written to the server.
    pub fn sending(&self, member: usize, is_timed: bool) {
        let received = &self.received[member];
        let number = received.told.fetch_add(1, Relaxed) as usize;
        if is_timed && let Some(sent) = received.sent_us.get(number) {
            sent.store(self.now_us(), Relaxed);
        }
    }

    /// A member read these events, with so many bytes; no events is a heartbeat.
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

    /// A member's line ended though nobody ended it.
    pub fn end(&self, sentence: String) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(sentence);
    }

    /// How many lines ended, and why the first of them did.
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

    /// Milliseconds to half and to 99 % of what was timed.
    pub fn p50_p99_ms(&self) -> (f64, f64) {
        let mut took = self.took_us.lock().unwrap_or_else(PoisonError::into_inner).clone();
        took.sort_unstable();
        let at = |part: usize| {
            took.get((took.len() * part / 100).min(took.len().saturating_sub(1))).map_or(0.0, |us| *us as f64 / 1_000.0)
        };
        (at(50), at(99))
    }
}

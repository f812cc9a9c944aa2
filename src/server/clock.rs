//! The only module that asks for the time. Tests, and the time endpoint of `APP_ENV=test`, set a manual clock.
//! There are two clocks: the wall clock (`now`) dates what is stored and may be set forward and back; the monotonic
//! clock (`moment`) measures spans in memory.
//!
//! Nodes on one PostgreSQL follow that server's wall clock (`Clock::Shared`), because leases and due minutes of one
//! node are read by the others. The operating system's wall clock is then only compared with it.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::domain::{Millis, Moment};

/// A task that waits for a wall-clock time checks the clock this often, because it may be set.
const SLICE: Duration = Duration::from_secs(1);

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Measures a span on the monotonic clock, which does not change when somebody sets the time.
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Clone)]
pub enum Clock {
    System,
    /// The database server's wall clock. The value is the difference between it and the monotonic clock (ms), as last
    /// measured.
    Shared(Arc<AtomicI64>),
    /// Stands still until it is moved.
    Manual(Arc<watch::Sender<Hands>>),
}

/// A reading of the database server's wall clock.
#[derive(Debug, Clone, Copy)]
pub struct SharedTime {
    pub time: Millis,
    /// The monotonic time at which the reading arrived.
    pub at: Moment,
    /// The round trip of the reading (ms): the time may be that much older than `at`.
    pub took_ms: i64,
}

/// The two times of a manual clock.
#[derive(Debug, Clone, Copy)]
pub struct Hands {
    wall: Millis,
    monotonic: Moment,
}

impl Clock {
    /// A clock that starts at `at` and moves only by `advance` and `jump`.
    pub fn manual(at: Millis) -> Self {
        Self::Manual(Arc::new(watch::channel(Hands { wall: at, monotonic: Moment(0) }).0))
    }

    /// A clock that follows the database server's.
    pub fn shared(first: SharedTime) -> Self {
        let clock = Self::Shared(Arc::default());
        clock.follow(first);
        clock
    }

    /// Sets a shared clock to a reading. A difference within the reading's own uncertainty changes nothing, so that the
    /// clock does not step back and forth. Other clocks ignore it.
    pub fn follow(&self, reading: SharedTime) {
        if let Self::Shared(ahead) = self {
            // The server read its clock half a round trip before the reading arrived, as far as anybody knows.
            let measured = reading.time.0 - reading.at.0 + reading.took_ms / 2;
            if (measured - ahead.load(Ordering::Relaxed)).abs() > reading.took_ms / 2 + 1 {
                ahead.store(measured, Ordering::Relaxed);
            }
        }
    }

    /// How far the operating system's wall clock is ahead of the database server's (ms, negative when it is behind).
    /// `None` where the clock is not shared.
    pub fn skew_ms(&self) -> Option<i64> {
        matches!(self, Self::Shared(_)).then(|| Self::System.now().since(self.now()))
    }

    /// The wall-clock time.
    pub fn now(&self) -> Millis {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Shared(ahead) => Millis(self.moment().0.saturating_add(ahead.load(Ordering::Relaxed))),
            Self::Manual(hands) => hands.borrow().wall,
        }
    }

    /// The monotonic time. It never goes back.
    pub fn moment(&self) -> Moment {
        match self {
            Self::System | Self::Shared(_) => Moment(i64::try_from(STARTED.elapsed().as_millis()).unwrap_or(i64::MAX)),
            Self::Manual(hands) => hands.borrow().monotonic,
        }
    }

    /// Lets time pass on a manual clock. A negative span moves the wall clock alone.
    pub fn advance(&self, millis: i64) {
        self.turn(millis, millis.max(0));
    }

    /// Sets the wall clock of a manual clock. The monotonic time does not change.
    pub fn jump(&self, millis: i64) {
        self.turn(millis, 0);
    }

    fn turn(&self, wall: i64, monotonic: i64) {
        if let Self::Manual(hands) = self {
            hands.send_modify(|hands| {
                *hands = Hands { wall: hands.wall.plus(wall), monotonic: hands.monotonic.plus(monotonic) }
            });
        }
    }

    /// Waits until the wall clock shows `at`, but not longer than the span from now to `at`. After the wall clock was
    /// set back this returns early, and the caller checks again.
    pub async fn sleep_until(&self, at: Millis) {
        let end = self.moment().plus(at.since(self.now()).max(0));
        match self {
            Self::System | Self::Shared(_) => loop {
                let wait = at.since(self.now()).min(end.since(self.moment()));
                if wait <= 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(wait.unsigned_abs()).min(SLICE)).await;
            },
            Self::Manual(hands) => {
                let mut hands = hands.subscribe();
                // The sender lives as long as `self`, so waiting ends at `at` only.
                let _ = hands.wait_for(|hands| hands.wall >= at || hands.monotonic >= end).await;
            }
        }
    }

    /// Waits until the monotonic clock shows `at`.
    pub async fn sleep_until_moment(&self, at: Moment) {
        match self {
            Self::System | Self::Shared(_) => {
                tokio::time::sleep(Duration::from_millis(at.since(self.moment()).max(0).unsigned_abs())).await
            }
            Self::Manual(hands) => {
                let mut hands = hands.subscribe();
                let _ = hands.wait_for(|hands| hands.monotonic >= at).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_jump_moves_the_wall_alone_and_time_never_goes_back() {
        let clock = Clock::manual(Millis(1_000));
        clock.jump(-600);
        assert_eq!((clock.now(), clock.moment()), (Millis(400), Moment(0)));
        clock.advance(50);
        clock.advance(-20);
        assert_eq!((clock.now(), clock.moment()), (Millis(430), Moment(50)));
    }

    #[test]
    fn a_shared_clock_follows_the_database_and_not_the_system() {
        let moment = Clock::System.moment();
        let theirs = Clock::System.now().plus(-10 * Millis::MINUTE);
        let clock = Clock::shared(SharedTime { time: theirs, at: moment, took_ms: 0 });
        let behind = clock.skew_ms().expect("a shared clock has a skew");
        assert!((behind - 10 * Millis::MINUTE).abs() < Millis::MINUTE, "{behind}");
        assert!(clock.now() < Clock::System.now().plus(-9 * Millis::MINUTE));
        let before = clock.now();
        clock.follow(SharedTime { time: theirs.plus(40), at: moment, took_ms: 100 });
        assert!(clock.now().since(before) < Millis::MINUTE, "a difference within the round trip is none");
        clock.follow(SharedTime { time: theirs.plus(Millis::DAY), at: moment, took_ms: 100 });
        assert!(clock.now().since(before) >= Millis::DAY);
        assert_eq!(Clock::System.skew_ms(), None);
    }

    #[test]
    fn a_sleeper_wakes_when_its_time_has_passed_although_the_wall_was_set_back() {
        let clock = Clock::manual(Millis(1_000));
        let mut sleeping = Box::pin(clock.sleep_until(Millis(2_000)));
        assert!(sleeping.as_mut().now_or_never().is_none());
        clock.jump(-Millis::DAY);
        assert!(sleeping.as_mut().now_or_never().is_none());
        clock.advance(1_000);
        assert!(sleeping.as_mut().now_or_never().is_some());
    }

    #[test]
    fn a_sleeper_wakes_when_the_wall_is_set_past_its_hour() {
        let clock = Clock::manual(Millis(1_000));
        let mut sleeping = Box::pin(clock.sleep_until(Millis(2_000)));
        assert!(sleeping.as_mut().now_or_never().is_none());
        clock.jump(Millis::DAY);
        assert!(sleeping.as_mut().now_or_never().is_some());
    }
}

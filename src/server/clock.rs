//! The only module that asks for the time. Tests, and the time endpoint of `APP_ENV=test`, set a manual clock.
//! There are two clocks: the wall clock (`now`) dates what is stored and may be set forward and back; the monotonic
//! clock (`moment`) measures spans in memory.

use std::{
    sync::{Arc, LazyLock},
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
    /// Stands still until it is moved.
    Manual(Arc<watch::Sender<Hands>>),
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

    /// The wall-clock time.
    pub fn now(&self) -> Millis {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(hands) => hands.borrow().wall,
        }
    }

    /// The monotonic time. It never goes back.
    pub fn moment(&self) -> Moment {
        match self {
            Self::System => Moment(i64::try_from(STARTED.elapsed().as_millis()).unwrap_or(i64::MAX)),
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
            Self::System => loop {
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
            Self::System => {
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

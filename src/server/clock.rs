//! The only place that asks for the time. Tests and the `APP_ENV=test` door turn the hands themselves.
//! There are two clocks: the wall clock (`now`), which dates what is stored and may be set forth and back, and the
//! monotonic one (`moment`), which measures what lives in memory.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::domain::{Millis, Moment};

/// How soon a sleeper finds that the wall clock was set.
const SLICE: Duration = Duration::from_secs(1);

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Measures a span on the monotonic clock, which does not jump when somebody sets the time.
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

/// What a manual clock shows.
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

    /// What the wall clock shows.
    pub fn now(&self) -> Millis {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(hands) => hands.borrow().wall,
        }
    }

    /// What the monotonic clock shows: it never goes back, whatever the wall clock does.
    pub fn moment(&self) -> Moment {
        match self {
            Self::System => Moment(i64::try_from(STARTED.elapsed().as_millis()).unwrap_or(i64::MAX)),
            Self::Manual(hands) => hands.borrow().monotonic,
        }
    }

    /// Time passes on a manual clock. Less than nothing passes on the wall alone: time itself does not go back.
    pub fn advance(&self, millis: i64) {
        self.turn(millis, millis.max(0));
    }

    /// Somebody sets the wall of a manual clock; no time passes.
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

    /// Waits until the wall clock shows `at`, and never for longer than that is away now: after the wall clock was set
    /// back this returns early, and its caller looks again.
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
                // The sender lives as long as `self`, so waiting can only end at the hour.
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

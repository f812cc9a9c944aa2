//! The only place that asks for the time. Tests and the `APP_ENV=test` door turn the hands themselves.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::domain::Millis;

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
    /// Stands still until it is advanced.
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// A clock that starts at `at` and moves only by `advance`.
    pub fn manual(at: Millis) -> Self {
        Self::Manual(Arc::new(watch::channel(at.0).0))
    }

    pub fn now(&self) -> Millis {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(hands) => Millis(*hands.borrow()),
        }
    }

    /// Moves a manual clock; a system clock stays as it is.
    pub fn advance(&self, millis: i64) {
        if let Self::Manual(hands) = self {
            hands.send_modify(|now| *now += millis);
        }
    }

    /// Waits until this clock shows `at`.
    pub async fn sleep_until(&self, at: Millis) {
        match self {
            Self::System => {
                let wait = at.since(self.now()).max(0);
                tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
            }
            Self::Manual(hands) => {
                let mut hands = hands.subscribe();
                // The sender lives as long as `self`, so waiting can only end at the hour.
                let _ = hands.wait_for(|now| *now >= at.0).await;
            }
        }
    }
}

//! Time that passes.

use super::TestApp;
use crate::{domain::Millis, server::jobs::housekeeping};

impl TestApp {
    /// Lets time pass in which no sweep runs.
    pub fn advance(&self, millis: i64) {
        self.state.clock.advance(millis);
    }

    /// Lets time pass with the sweep of each hour, and with one at the end.
    pub async fn wait(&self, millis: i64) {
        let mut left = millis;
        while left > 0 {
            let step = left.min(Millis::HOUR);
            self.advance(step);
            housekeeping::sweep(&self.state).await.expect("a sweep");
            left -= step;
        }
    }
}

//! Waits in which somebody can refuse something. Only hours in which the service ran count, because nobody can refuse
//! while it is away. Rule R202.

use super::Millis;

/// A wait whose hours the hourly sweeps count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// When the wait ends, unless the service is away meanwhile.
    pub until: Millis,
    /// The last sweep that counted. It begins with the wait.
    pub swept_at: Millis,
}

impl Wait {
    pub fn new(now: Millis, millis: i64) -> Self {
        Self { until: now.plus(millis), swept_at: now }
    }

    /// The wait as it is stored. A row of an earlier release has no sweep: none of its hours has been counted.
    pub fn from_stored(until: Millis, swept_at: Option<Millis>, millis: i64) -> Self {
        Self { until, swept_at: swept_at.unwrap_or(until.plus(-millis)) }
    }

    /// The wait once a sweep has counted at `now`: at most an hour since the sweep before counts, and the end moves by
    /// the rest. So an absence and a clock that jumps ahead make the wait longer, and a clock that jumps back leaves
    /// the time that is left as it is. A wait that has been counted to its end stays.
    #[must_use]
    pub fn swept(self, now: Millis) -> Self {
        if self.swept_at >= self.until {
            return self;
        }
        let since = now.since(self.swept_at);
        Self { until: self.until.plus(since - since.clamp(0, Millis::HOUR)), swept_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: i64 = 2 * Millis::DAY;
    const BEGUN: Millis = Millis(100 * Millis::DAY);

    #[test]
    fn a_wait_with_a_sweep_every_hour_ends_when_it_was_to_end() {
        let mut wait = Wait::new(BEGUN, LONG);
        for hour in 1..=48 {
            wait = wait.swept(BEGUN.plus(hour * Millis::HOUR));
        }
        assert_eq!(wait.until, BEGUN.plus(LONG));
        assert_eq!(wait.swept(BEGUN.plus(400 * Millis::DAY)), wait, "it has ended");
    }

    #[test]
    fn an_absence_does_not_count() {
        let wait = Wait::new(BEGUN, LONG).swept(BEGUN.plus(Millis::HOUR)).swept(BEGUN.plus(47 * Millis::HOUR));
        assert_eq!(wait.until, BEGUN.plus(LONG + 45 * Millis::HOUR));
    }

    #[test]
    fn a_clock_that_jumps_never_makes_it_faster() {
        for jump in [Millis::MINUTE, 2 * Millis::HOUR, Millis::DAY, 365 * Millis::DAY] {
            for first in [jump, -jump] {
                let mut wall = BEGUN;
                let mut wait = Wait::new(wall, LONG);
                // An hour that passes with the jump, and an hour that passes with its correction.
                for moved in [first, -first] {
                    wall = wall.plus(Millis::HOUR + moved);
                    wait = wait.swept(wall);
                }
                let left = wait.until.since(wall);
                assert!((LONG - 2 * Millis::HOUR..=LONG).contains(&left), "{first}: {left}");
            }
        }
    }

    #[test]
    fn a_wait_of_an_earlier_release_begins_to_be_counted() {
        let wait = Wait::from_stored(BEGUN.plus(LONG), None, LONG);
        assert_eq!(wait, Wait::new(BEGUN, LONG));
    }
}

//! The hours in which a person is not to be woken.
//! Rule R95.

use serde::{Deserialize, Serialize};

/// Local minutes of the day in which pushes wait: from `from`, inclusive, to `to`, exclusive. They may span midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    from: i64,
    to: i64,
}

/// The quiet hours leave fewer than four hours a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours of more than twenty hours")]
pub struct QuietHoursError;

impl QuietHours {
    /// 22:30 to 07:30.
    pub const DEFAULT: Self = Self { from: 22 * 60 + 30, to: 7 * 60 + 30 };
    const LONGEST: i64 = 20 * 60;

    /// Local minutes of the day, 0 to 1439.
    pub fn new(from: i64, to: i64) -> Result<Self, QuietHoursError> {
        let length = (to - from).rem_euclid(1_440);
        let is_day = (0..1_440).contains(&from) && (0..1_440).contains(&to);
        if is_day && (1..=Self::LONGEST).contains(&length) { Ok(Self { from, to }) } else { Err(QuietHoursError) }
    }

    pub fn from_minute(self) -> i64 {
        self.from
    }

    pub fn to_minute(self) -> i64 {
        self.to
    }

    /// Whether a local minute is quiet.
    pub fn contains(self, minute: i64) -> bool {
        (minute - self.from).rem_euclid(1_440) < (self.to - self.from).rem_euclid(1_440)
    }
}

//! The sky over the two windows, chosen on the server from the pair's local date and time.
//! Rule R132.

use serde::{Deserialize, Serialize};

use super::LocalDate;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeOfYear {
    Spring,
    Summer,
    Autumn,
    Winter,
}

impl TimeOfYear {
    pub fn of(date: LocalDate) -> Self {
        match date.month() {
            3..=5 => Self::Spring,
            6..=8 => Self::Summer,
            9..=11 => Self::Autumn,
            _ => Self::Winter,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hour {
    Day,
    Dusk,
    Night,
}

impl Hour {
    /// From a local minute of the day (0 to 1439).
    pub fn of(minute: i64) -> Self {
        match minute / 60 {
            7..=16 => Self::Day,
            5 | 6 | 17..=20 => Self::Dusk,
            _ => Self::Night,
        }
    }
}

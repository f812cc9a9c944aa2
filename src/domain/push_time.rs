//! The chosen local time of day.
//! Rule R1.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Not a time between 00:00 and 23:59.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of day")]
pub struct PushTimeError;

/// A local minute of the day, 0 to 1439. Its zone is in the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTime(u16);

impl PushTime {
    /// Reads `HH:MM` (seconds, which some browsers add, must be zero).
    pub fn parse(text: &str) -> Result<Self, PushTimeError> {
        let text = text.strip_suffix(":00").filter(|rest| rest.len() == 5).unwrap_or(text);
        let (hour, minute) = text.split_once(':').ok_or(PushTimeError)?;
        let number = |part: &str| {
            let is_two_digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if is_two_digits { part.parse::<u16>().map_err(|_| PushTimeError) } else { Err(PushTimeError) }
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        if hour < 24 && minute < 60 { Ok(Self(hour * 60 + minute)) } else { Err(PushTimeError) }
    }

    /// From a stored local minute.
    pub fn from_minute(minute: i64) -> Result<Self, PushTimeError> {
        u16::try_from(minute).ok().filter(|minute| *minute < 1_440).map(Self).ok_or(PushTimeError)
    }

    /// The local minute of the day.
    pub fn minute(self) -> i64 {
        i64::from(self.0)
    }

    pub fn hour(self) -> u8 {
        (self.0 / 60) as u8
    }

    pub fn minute_of_hour(self) -> u8 {
        (self.0 % 60) as u8
    }
}

impl Default for PushTime {
    /// 21:00.
    fn default() -> Self {
        Self(21 * 60)
    }
}

/// `HH:MM`, as time inputs want it.
impl fmt::Display for PushTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute_of_hour())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_minute_of_the_day_reads_back() {
        for minute in 0..1_440 {
            let time = PushTime::from_minute(minute).expect("a minute of the day");
            assert_eq!(PushTime::parse(&time.to_string()), Ok(time));
        }
        assert_eq!(PushTime::parse("21:30:00").map(|time| time.to_string()).as_deref(), Ok("21:30"));
    }

    #[test]
    fn other_texts_are_no_time() {
        for text in ["24:00", "12:60", "9:30", "", "21", "21:0", "-1:00", "２１:00", "21:30:01"] {
            assert_eq!(PushTime::parse(text), Err(PushTimeError), "{text}");
        }
    }
}

//! Instants and dates as plain values. Time zones are in `server::calendar`; here a day is only a date.
//! Rule R6.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub i64);

impl Millis {
    pub const SECOND: i64 = 1_000;
    pub const MINUTE: i64 = 60 * Self::SECOND;
    pub const HOUR: i64 = 60 * Self::MINUTE;
    pub const DAY: i64 = 24 * Self::HOUR;

    /// This instant moved by `millis` milliseconds.
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether a stored instant of something past can be right. One more than two days ahead was written by a wrong
    /// clock, and is treated as absent.
    pub fn is_believed_at(self, now: Self) -> bool {
        self.since(now) <= BELIEVED_AHEAD_DAYS * Self::DAY
    }
}

/// How far ahead of now a stored time may be and still be believed: two zones and a clock that is a day wrong.
pub const BELIEVED_AHEAD_DAYS: i64 = 2;

/// An instant of the monotonic clock: milliseconds since the process started. Durations in memory are measured by it,
/// because the wall clock may be set. It means nothing in another process and is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    /// This moment moved by `millis` milliseconds.
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The text is not a date of the form `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date")]
pub struct DateError;

/// A day of the proleptic Gregorian calendar, written `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDate {
    year: i32,
    month: u8,
    day: u8,
}

impl LocalDate {
    /// A date that exists, else `DateError`. Years 1 to 9999.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self, DateError> {
        let date = Self { year, month, day };
        let is_real = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && Self::from_day_number(date.day_number()) == date;
        if is_real { Ok(date) } else { Err(DateError) }
    }

    pub fn year(self) -> i32 {
        self.year
    }

    pub fn month(self) -> u8 {
        self.month
    }

    pub fn day(self) -> u8 {
        self.day
    }

    /// Whole days from `earlier` to this date; negative when it comes before.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.day_number() - earlier.day_number()
    }

    /// As `Millis::is_believed_at`, for a stored date of something past.
    pub fn is_believed_on(self, today: Self) -> bool {
        self.days_since(today) <= BELIEVED_AHEAD_DAYS
    }

    /// The date `days` later.
    pub fn plus_days(self, days: i64) -> Self {
        Self::from_day_number(self.day_number() + days)
    }

    /// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
    fn day_number(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    fn from_day_number(number: i64) -> Self {
        let shifted = number + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month + 2) / 5 + 1) as u8;
        let month = if month < 10 { month + 3 } else { month - 9 } as u8;
        let year = (year_of_era + era * 400 + i64::from(month <= 2)) as i32;
        Self { year, month, day }
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LocalDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateError);
        }
        let part = |from: usize, to: usize| {
            let part = text.get(from..to).ok_or(DateError)?;
            if part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse::<i32>().map_err(|_| DateError)
            } else {
                Err(DateError)
            }
        };
        Self::new(part(0, 4)?, part(5, 7)? as u8, part(8, 10)? as u8)
    }
}

impl Serialize for LocalDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_back_what_it_writes_and_counts_days() {
        let leap: LocalDate = "2028-02-29".parse().expect("a leap day");
        assert_eq!(leap.to_string(), "2028-02-29");
        assert_eq!(leap.plus_days(1).to_string(), "2028-03-01");
        assert_eq!(leap.plus_days(366).days_since(leap), 366);
        assert_eq!("1970-01-01".parse::<LocalDate>().map(LocalDate::day_number), Ok(0));
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in ["2027-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "", "2027-04-31", "+027-04-30"] {
            assert_eq!(text.parse::<LocalDate>(), Err(DateError), "{text}");
        }
    }
}

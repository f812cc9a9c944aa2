//! Local dates and push times in a zone. A gap goes to the later time, an overlap to the first
//! (RFC 5545 §3.3.5; jiff's "compatible"). The system's zone is never read.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::domain::{DueMinute, LocalDate, Millis, PushTime, ZoneName};

/// The zone is not in the time zone database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such time zone")]
pub struct UnknownZone;

/// A zone that exists.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    pub fn of(name: &ZoneName) -> Result<Self, UnknownZone> {
        // A place has a region; what has none is an alias, a placeholder or the server's own setting.
        let name = name.as_str();
        let is_place = name.contains('/') && !name.starts_with("posix/") && !name.starts_with("right/") && !name.starts_with("SystemV/");
        if !is_place && !matches!(name, "UTC" | "GMT") {
            return Err(UnknownZone);
        }
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone)
    }

    /// For a stored name, which existed when it was stored; UTC if the database has lost it since.
    pub fn stored(name: &ZoneName) -> Self {
        Self::of(name).unwrap_or_else(|_| {
            tracing::error!(zone = name.as_str(), "a stored time zone is not in the time zone database, using UTC");
            Self(TimeZone::UTC)
        })
    }

    /// The local date at an instant.
    pub fn date(&self, at: Millis) -> LocalDate {
        let date = timestamp(at).to_zoned(self.0.clone()).date();
        to_local(date)
    }

    /// The local minute of the day at an instant.
    pub fn minute(&self, at: Millis) -> i64 {
        let time = timestamp(at).to_zoned(self.0.clone()).time();
        i64::from(time.hour()) * 60 + i64::from(time.minute())
    }

    /// The local time of day to the second, `21:00:07`.
    pub fn clock(&self, at: Millis) -> String {
        let time = timestamp(at).to_zoned(self.0.clone()).time();
        format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
    }

    /// The instant of a push time on a date.
    pub fn instant(&self, date: LocalDate, time: PushTime) -> Millis {
        let time = Time::constant(time.hour() as i8, time.minute_of_hour() as i8, 0, 0);
        let local = from_local(date).to_datetime(time);
        // Out of range only at the ends of the calendar, years away from any pair.
        self.0.to_ambiguous_timestamp(local).compatible().map_or(Millis(i64::MAX), |at| Millis(at.as_millisecond()))
    }

    /// The first push time after `after`.
    pub fn next_push(&self, after: Millis, time: PushTime) -> Millis {
        let today = self.date(after);
        (-1..=3).map(|days| self.instant(today.plus_days(days), time)).find(|at| *at > after).unwrap_or_else(|| after.plus(Millis::DAY))
    }

    /// The latest push time at or before `at`.
    pub fn last_push(&self, at: Millis, time: PushTime) -> Millis {
        self.last_push_of(at, time).0
    }

    /// As `last_push`, with the date it belongs to: a gap may move the instant past midnight, the day stays.
    fn last_push_of(&self, at: Millis, time: PushTime) -> (Millis, LocalDate) {
        let today = self.date(at);
        (-3..=1)
            .rev()
            .map(|days| today.plus_days(days))
            .map(|date| (self.instant(date, time), date))
            .find(|(push, _)| *push <= at)
            .unwrap_or((at, today))
    }

    /// What a pair whose due minute was `due` finds at `now`: the latest due minute that has come.
    pub fn due_minute(&self, due: Millis, now: Millis, time: PushTime) -> DueMinute {
        let (push, date) = self.last_push_of(now, time);
        let (at, local_date) = if push >= due { (push, date) } else { (due, self.date(due)) };
        DueMinute { at, local_date, next: self.next_push(now, time), now }
    }
}

fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn to_local(date: Date) -> LocalDate {
    LocalDate::new(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
        .unwrap_or_else(|_| LocalDate::new(1970, 1, 1).expect("the epoch is a date"))
}

fn from_local(date: LocalDate) -> Date {
    Date::new(date.year() as i16, date.month() as i8, date.day() as i8).unwrap_or(Date::constant(1970, 1, 1))
}

/// The names offered in settings, in the order of the database.
pub fn zone_names() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| {
            // The countries' own names are links to places in the list.
            let is_link = ["US/", "Canada/", "Brazil/", "Chile/", "Mexico/"].iter().any(|country| name.starts_with(country));
            !is_link
                && name.contains('/')
                && !name.starts_with("Etc/")
                && !name.starts_with("posix/")
                && !name.starts_with("right/")
                && !name.starts_with("SystemV/")
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;

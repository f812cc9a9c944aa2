//! Local dates and push times in a zone. A gap goes to the later time, an overlap to the first
//! (RFC 5545 §3.3.5; jiff's "compatible"). The system's zone is never read.
//! Rules R3, R4, R7, R15.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::{Offset, TimeZone, TimeZoneDatabase},
};

use crate::{
    domain::{DueMinute, LocalDate, Locale, Millis, PushTime, ZoneName},
    text::cities,
};

/// The time zone database that is compiled in.
static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone is not in the time zone database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such time zone")]
pub struct UnknownZone;

/// A zone that exists.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    pub fn of(name: &ZoneName) -> Result<Self, UnknownZone> {
        Self::of_databases(name, jiff::tz::db(), &BUNDLED)
    }

    /// Looks a name up, without regard to letter case. Links are known: the bundled database has the legacy names that
    /// the system's database may lack (Debian 13 and Ubuntu 24.04 have them in a separate package).
    fn of_databases(
        name: &ZoneName,
        system: &TimeZoneDatabase,
        bundled: &TimeZoneDatabase,
    ) -> Result<Self, UnknownZone> {
        // Names without a region are aliases, placeholders or the server's own setting. Browsers give Etc/Unknown when
        // they know no zone.
        let name = name.as_str();
        let lower = name.to_ascii_lowercase();
        let is_none =
            ["posix/", "right/", "systemv/"].iter().any(|folder| lower.starts_with(folder)) || lower == "etc/unknown";
        if is_none || !(lower.contains('/') || matches!(lower.as_str(), "utc" | "gmt")) {
            return Err(UnknownZone);
        }
        system.get(name).or_else(|_| bundled.get(name)).map(Self).map_err(|_| UnknownZone)
    }

    /// Returns the name to store: the database's spelling, with the offset of now.
    pub fn named(name: &ZoneName, now: Millis) -> Result<ZoneName, UnknownZone> {
        let zone = Self::of(name)?;
        let spelled = zone.0.iana_name().and_then(|name| ZoneName::parse(name).ok()).unwrap_or_else(|| name.clone());
        Ok(spelled.with_offset(Some(zone.offset_s(now).into())))
    }

    /// As `named`, for a form that shows the stored zone: the stored name is accepted even if no database knows it.
    pub fn chosen(name: ZoneName, stored: &ZoneName, now: Millis) -> Result<ZoneName, UnknownZone> {
        match Self::named(&name, now) {
            Err(UnknownZone) if name == *stored => Ok(stored.clone()),
            named => named,
        }
    }

    /// Looks a stored name up. If no database knows the name any more, its last known offset is used, and `jobs::zones`
    /// reports it to the operator.
    pub fn stored(name: &ZoneName) -> Self {
        Self::of(name).unwrap_or_else(|_| {
            let known = name.last_offset_s().and_then(|seconds| Offset::from_seconds(seconds).ok());
            if known.is_none() {
                tracing::error!(
                    zone = name.as_str(),
                    "a stored time zone is in no database and no offset of it is known, using UTC"
                );
            }
            Self(TimeZone::fixed(known.unwrap_or(Offset::UTC)))
        })
    }

    /// Seconds east of UTC at an instant.
    pub fn offset_s(&self, at: Millis) -> i32 {
        self.0.to_offset(timestamp(at)).seconds()
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
        // The instant is out of range only at the ends of the calendar, years away from any pair.
        self.0.to_ambiguous_timestamp(local).compatible().map_or(Millis(i64::MAX), |at| Millis(at.as_millisecond()))
    }

    /// The first push time after `after`.
    pub fn next_push(&self, after: Millis, time: PushTime) -> Millis {
        let today = self.date(after);
        (-1..=3)
            .map(|days| self.instant(today.plus_days(days), time))
            .find(|at| *at > after)
            .unwrap_or_else(|| after.plus(Millis::DAY))
    }

    /// The latest push time at or before `at`.
    pub fn last_push(&self, at: Millis, time: PushTime) -> Millis {
        self.last_push_of(at, time).0
    }

    /// As `last_push`, with its local date. A gap may move the instant past midnight; the date stays.
    fn last_push_of(&self, at: Millis, time: PushTime) -> (Millis, LocalDate) {
        let today = self.date(at);
        (-3..=1)
            .rev()
            .map(|days| today.plus_days(days))
            .map(|date| (self.instant(date, time), date))
            .find(|(push, _)| *push <= at)
            .unwrap_or((at, today))
    }

    /// The latest due minute at `now` of a pair whose next due minute was `due`.
    pub fn due_minute(&self, due: Millis, now: Millis, time: PushTime) -> DueMinute {
        let (push, date) = self.last_push_of(now, time);
        let (at, local_date) = if push >= due { (push, date) } else { (due, self.date(due)) };
        DueMinute { at, local_date, next: self.next_push(now, time), now }
    }
}

/// The form of an instant in file names: UTC, to the second, `20261128-180000`.
const STAMP: &str = "%Y%m%d-%H%M%S";

/// An instant as a part of a file name.
pub fn stamp(at: Millis) -> String {
    timestamp(at).strftime(STAMP).to_string()
}

/// The instant of a `stamp`. `None` for any other text.
pub fn parse_stamp(text: &str) -> Option<Millis> {
    let time = jiff::civil::DateTime::strptime(STAMP, text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    let at = Millis(time.timestamp().as_millisecond());
    (stamp(at) == text).then_some(at)
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

/// The zones a form offers, each with the minute of the day its clocks show: the stored one first, whatever it is, then
/// the cities of the list by name.
pub fn zone_choices(own: Option<&ZoneName>, locale: Locale, now: Millis) -> Vec<(ZoneName, i64)> {
    let is_own = |name: &str| own.is_some_and(|own| cities::is_same_city(own.as_str(), name));
    let mut others: Vec<(String, ZoneName)> = cities::CITIES
        .iter()
        .filter(|(name, _)| !is_own(name))
        .filter_map(|(name, _)| {
            Some((cities::city(locale, name), ZoneName::parse(name).ok().filter(|name| Zone::of(name).is_ok())?))
        })
        .collect();
    others.sort_by(|(one, _), (other, _)| one.cmp(other));
    let zones = own.cloned().into_iter().chain(others.into_iter().map(|(_, zone)| zone));
    zones.map(|zone| (zone.clone(), Zone::stored(&zone).minute(now))).collect()
}

/// The names of all places, in the order of the database.
pub fn zone_names() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| {
            // The countries' own names are links to places in the list.
            let is_link =
                ["US/", "Canada/", "Brazil/", "Chile/", "Mexico/"].iter().any(|country| name.starts_with(country));
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
#[path = "calendar_tests/mod.rs"]
mod tests;

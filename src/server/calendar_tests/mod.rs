//! Time zones as the database has them: gaps, overlaps, and two years of due minutes in every zone.

mod due_minutes;
mod every_zone;
mod names;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{
    Cadence, DailyQuestion, DailyQuestionId, DueOutcome, MIN_GAP_MS, PairId, QuestionKey, Section, Wording, Wordings,
};

/// The two years looked at begin on 2026-01-01.
const FIRST_DAY: (i32, u8, u8) = (2026, 1, 1);
const DAYS: i64 = 730;
/// The ends of the day, and the minutes that gaps and overlaps swallow or repeat.
const PUSH_TIMES: [&str; 6] = ["00:00", "00:30", "01:30", "02:30", "21:00", "23:59"];

fn zone(name: &str) -> Zone {
    Zone::of(&ZoneName::parse(name).expect("a name")).expect("a zone")
}

fn time(text: &str) -> PushTime {
    PushTime::parse(text).expect("a time")
}

fn date(text: &str) -> LocalDate {
    text.parse().expect("a date")
}

fn utc(text: &str) -> Millis {
    Millis(text.parse::<Timestamp>().expect("an instant").as_millisecond())
}

fn start() -> Millis {
    let (year, month, day) = FIRST_DAY;
    zone("UTC").instant(LocalDate::new(year, month, day).expect("a date"), time("00:00"))
}

/// What the scheduler finds when it looks at the due minute itself.
fn due_at(zone: &Zone, at: Millis, time: PushTime) -> DueMinute {
    zone.due_minute(at, at, time)
}

//! Zones as they really are: gaps, overlaps, and two years of due minutes in every zone of the database.

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

/// All zones by what their clocks do in the two years: many names share one behaviour, and it is walked through once.
fn every_zone() -> BTreeMap<String, Zone> {
    let (from, to) = (start().plus(-4 * Millis::DAY), start().plus((DAYS + 8) * Millis::DAY));
    let mut found = BTreeMap::new();
    let names: Vec<String> = zone_names().into_iter().chain(["UTC".to_owned()]).collect();
    assert!(names.len() > 400, "the database holds only {} zones", names.len());
    for name in names {
        let zone = zone(&name);
        let first = zone.0.to_offset(timestamp(from)).seconds();
        let changes: Vec<(i64, i32)> = zone
            .0
            .following(timestamp(from))
            .map(|change| (change.timestamp().as_millisecond(), change.offset().seconds()))
            .take_while(|(at, _)| *at < to.0)
            .collect();
        found.entry((first, changes)).or_insert((name, zone));
    }
    found.into_values().collect()
}

/// What the scheduler finds when it looks at the due minute itself.
fn due_at(zone: &Zone, at: Millis, time: PushTime) -> DueMinute {
    zone.due_minute(at, at, time)
}

#[test]
fn a_gap_goes_to_the_later_time() {
    for (name, day, push, expected) in [
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45:00Z"),
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00:00Z"),
        ("Asia/Beirut", "2026-03-29", "00:00", "2026-03-28T22:00:00Z"),
        ("America/Nuuk", "2026-03-28", "23:59", "2026-03-29T01:59:00Z"),
    ] {
        assert_eq!(zone(name).instant(date(day), time(push)), utc(expected), "{name} {day} {push}");
    }
    assert_eq!(
        zone("America/New_York").minute(utc("2026-03-08T07:30:00Z")),
        3 * 60 + 30,
        "02:30 does not exist, it is 03:30"
    );
}

#[test]
fn an_overlap_goes_to_the_first() {
    for (name, day, push, expected) in [
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z"),
        ("America/Havana", "2026-11-01", "00:30", "2026-11-01T04:30:00Z"),
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"),
    ] {
        let zone = zone(name);
        let at = zone.instant(date(day), time(push));
        assert_eq!(at, utc(expected), "{name} {day} {push}");
        let next = zone.next_push(at, time(push));
        assert_eq!(zone.date(next), date(day).plus_days(1), "{name}: the second {push} of that day is no push time");
    }
}

#[test]
fn seoul_knows_neither_gap_nor_overlap() {
    let (zone, time) = (zone("Asia/Seoul"), time("21:00"));
    let mut at = zone.next_push(start(), time);
    assert_eq!(at, utc("2026-01-01T12:00:00Z"));
    for _ in 0..DAYS {
        let next = zone.next_push(at, time);
        assert_eq!(next.since(at), Millis::DAY);
        at = next;
    }
}

#[test]
fn the_next_push_time_comes_after_now_and_the_last_one_may_be_now() {
    let (zone, time) = (zone("Asia/Seoul"), time("21:00"));
    let at = utc("2026-11-22T12:00:00Z");
    assert_eq!(zone.next_push(at.plus(-1), time), at);
    assert_eq!(zone.next_push(at, time), at.plus(Millis::DAY));
    assert_eq!(zone.last_push(at, time), at);
    assert_eq!(zone.last_push(at.plus(-1), time), at.plus(-Millis::DAY));
}

#[test]
fn of_several_missed_due_minutes_the_latest_counts() {
    let (zone, time) = (zone("Asia/Seoul"), time("21:00"));
    let due = utc("2026-11-22T12:00:00Z");
    let now = utc("2026-11-25T13:00:00Z");
    let found = zone.due_minute(due, now, time);
    assert_eq!(
        found,
        DueMinute {
            at: utc("2026-11-25T12:00:00Z"),
            local_date: date("2026-11-25"),
            next: utc("2026-11-26T12:00:00Z"),
            now
        }
    );
    let early = zone.due_minute(due, due.plus(5), time);
    assert_eq!((early.at, early.local_date), (due, date("2026-11-22")));
}

/// Nuuk's clocks go from 23:00 to 00:00: 23:59 of that Saturday falls on the first hour of Sunday, and is still
/// Saturday's.
#[test]
fn a_push_time_that_a_gap_moves_past_midnight_keeps_its_own_date() {
    let (zone, time) = (zone("America/Nuuk"), time("23:59"));
    let at = zone.instant(date("2026-03-28"), time);
    assert_eq!(due_at(&zone, at, time).local_date, date("2026-03-28"));
    assert_eq!(due_at(&zone, zone.next_push(at, time), time).local_date, date("2026-03-29"));
}

#[test]
fn a_zone_nobody_knows_is_an_answer_and_a_stored_one_keeps_its_last_offset() {
    let name = |text: &str| ZoneName::parse(text).expect("a name");
    // localtime and posixrules are whatever the server itself is set to, right/ counts leap seconds, Factory is a
    // placeholder.
    let unknown = [
        "localtime",
        "posixrules",
        "right/Asia/Seoul",
        "Factory",
        "Asia/Atlantis",
        "Seoul",
        "Etc/Unknown",
        "POSIX/Asia/Seoul",
    ];
    let known: Vec<&str> = unknown.into_iter().filter(|text| Zone::of(&name(text)).is_ok()).collect();
    assert!(known.is_empty(), "taken for zones: {known:?}");
    let at = utc("2026-11-22T23:30:00Z");
    let lost = name("Asia/Atlantis").with_offset(Some(9 * 3_600));
    assert_eq!((Zone::stored(&lost).date(at), Zone::stored(&lost).minute(at)), (date("2026-11-23"), 8 * 60 + 30));
    assert_eq!(Zone::chosen(lost.clone(), &lost, at).expect("what is stored").last_offset_s(), Some(9 * 3_600));
    assert_eq!(Zone::chosen(lost, &name("Asia/Seoul"), at), Err(UnknownZone));
    assert_eq!(Zone::stored(&name("Asia/Seoul")).date(at), date("2026-11-23"));
}

#[test]
fn the_offered_names_are_places_sorted_and_all_of_them_exist() {
    let names = zone_names();
    assert!(names.is_sorted());
    for name in &names {
        let stored = ZoneName::parse(name).expect("a name that can be stored");
        assert!(Zone::of(&stored).is_ok(), "{name}");
        assert!(
            name.contains('/')
                && !name.starts_with("Etc/")
                && !name.starts_with("posix/")
                && !name.starts_with("right/"),
            "{name}"
        );
    }
    for name in
        ["Asia/Seoul", "America/New_York", "Europe/London", "Pacific/Kiritimati", "America/Argentina/Buenos_Aires"]
    {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn the_bundled_database_answers_where_the_system_s_does_not() {
    let none = TimeZoneDatabase::none();
    let names = [
        "Asia/Calcutta",
        "Asia/Saigon",
        "Asia/Katmandu",
        "Europe/Kiev",
        "America/Indianapolis",
        "America/Buenos_Aires",
        "Asia/Seoul",
        "Etc/GMT-9",
    ];
    for text in names {
        let name = ZoneName::parse(text).expect("a name");
        assert!(Zone::of_databases(&name, &none, &none).is_err(), "{text}: no database");
        assert!(Zone::of_databases(&name, &none, &BUNDLED).is_ok(), "{text}: no system's");
        assert!(Zone::of_databases(&name, &BUNDLED, &none).is_ok(), "{text}: the system's");
    }
}

#[test]
fn a_name_is_stored_as_the_database_spells_it() {
    let now = utc("2026-11-22T12:00:00Z");
    let named = |text: &str| {
        Zone::named(&ZoneName::parse(text).expect("a name"), now)
            .map(|name| (name.as_str().to_owned(), name.last_offset_s()))
    };
    assert_eq!(named("asia/SEOUL"), Ok(("Asia/Seoul".to_owned(), Some(32_400))));
    assert_eq!(named("etc/gmt-9"), Ok(("Etc/GMT-9".to_owned(), Some(32_400))));
    assert_eq!(named("America/New_York"), Ok(("America/New_York".to_owned(), Some(-18_000))));
    assert_eq!(
        named("asia/calcutta").map(|(name, _)| name),
        Ok("Asia/Calcutta".to_owned()),
        "a link stays what the browser said"
    );
    assert_eq!(named("Mars/Olympus"), Err(UnknownZone));
}

#[test]
fn forms_offer_what_is_stored_first_and_a_city_for_every_way_of_keeping_time() {
    let now = utc("2026-11-22T12:00:00Z");
    for own in ["Asia/Calcutta", "Etc/GMT-9", "America/Boise", "Asia/Atlantis"] {
        let own = ZoneName::parse(own).expect("a name").with_offset(Some(32_400));
        let offered = zone_choices(Some(&own), Locale::Ko, now);
        assert_eq!(offered[0].0, own);
        assert_eq!(
            offered.iter().filter(|(zone, _)| crate::text::cities::is_same_city(zone.as_str(), own.as_str())).count(),
            1,
            "{own:?}"
        );
    }
    let clocks =
        |zone: &Zone| (0..DAYS / 4).map(|days| zone.offset_s(start().plus(4 * days * Millis::DAY))).collect::<Vec<_>>();
    let cities: Vec<Vec<i32>> = crate::text::cities::CITIES.iter().map(|(name, _)| clocks(&zone(name))).collect();
    let lives: Vec<String> = zone_names().into_iter().filter(|name| !name.starts_with("Antarctica/")).collect();
    let without: Vec<String> = lives.into_iter().filter(|name| !cities.contains(&clocks(&zone(name)))).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// Two years of one push time: the instants, each with the date its question would carry.
fn walk(zone: &Zone, time: PushTime) -> Vec<DueMinute> {
    let end = start().plus(DAYS * Millis::DAY);
    let mut at = start();
    let mut found = Vec::with_capacity(DAYS as usize + 1);
    while at < end {
        at = zone.next_push(at, time);
        found.push(due_at(zone, at, time));
    }
    found
}

/// Whether the zone's calendar holds no minute of this date (as Samoa's 2011-12-30).
fn is_skipped(zone: &Zone, day: LocalDate) -> bool {
    let noon = zone.instant(day, time("12:00"));
    zone.date(noon) != day
}

#[test]
fn in_every_zone_due_minutes_follow_one_another_a_day_apart() {
    let mut broken = Vec::new();
    for (name, zone) in every_zone() {
        for push in PUSH_TIMES {
            for pair in walk(&zone, time(push)).windows(2) {
                let (one, two) = (pair[0], pair[1]);
                let place = format!("{name} {push} {}", two.local_date);
                if two.at <= one.at {
                    broken.push(format!("{place}: the next push time does not lie ahead"));
                }
                if one.next != two.at || zone.last_push(two.at, time(push)) != two.at {
                    broken.push(format!("{place}: next_push and last_push disagree"));
                }
                // Troll station moves its clocks by two hours, everybody else by one at most.
                let hours = two.at.since(one.at) as f64 / Millis::HOUR as f64;
                if !(22.0..=26.0).contains(&hours) {
                    broken.push(format!("{place}: {hours} hours after the one before"));
                }
                let days = two.local_date.days_since(one.local_date);
                let skipped = (1..days).all(|day| is_skipped(&zone, one.local_date.plus_days(day)));
                if days < 1 || !skipped {
                    broken.push(format!("{place}: {days} dates after the one before"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// A card that both have answered: its pair is ready for the next question.
fn complete() -> DailyQuestion {
    let wording = Wording { topic: "t".into(), parent: "p?".into(), child: "c?".into() };
    DailyQuestion {
        id: DailyQuestionId(1),
        pair_id: PairId(2),
        number: 1,
        key: QuestionKey("k".into()),
        section: Section::Childhood,
        wordings: Wordings { ko: wording.clone(), en: wording },
        version: 1,
        local_date: None,
        counted_from: None,
        opened_at: Millis(0),
        due_passed_at: None,
        shelved_at: None,
        completed_at: Some(Millis(0)),
        move_on: None,
        parent: None,
        child: None,
    }
}

/// A pair that answers every question at once, under a scheduler that looks when it is told to.
struct Life {
    zone: Zone,
    time: PushTime,
    now: Millis,
    next_due: Millis,
    last: (LocalDate, Millis),
    /// Each opening: the date it carries and its instant.
    openings: Vec<(LocalDate, Millis)>,
}

impl Life {
    /// The other joins at `now`: the first question gets this date.
    fn begin(zone: &Zone, time: PushTime, now: Millis) -> Self {
        Self {
            next_due: zone.next_push(now, time),
            last: (zone.date(now), now),
            zone: zone.clone(),
            time,
            now,
            openings: Vec::new(),
        }
    }

    /// The scheduler looks at every due minute until `until`.
    fn live_until(&mut self, until: Millis, card: &DailyQuestion) {
        while self.next_due <= until {
            self.now = self.now.max(self.next_due);
            self.look(card);
        }
        self.now = self.now.max(until);
    }

    /// What `services::openings` does at a due minute.
    fn look(&mut self, card: &DailyQuestion) {
        let due = self.zone.due_minute(self.next_due, self.now, self.time);
        assert!(due.next > self.now, "the next due minute lies ahead");
        let (last_opened_date, last_opened_at) = (Some(self.last.0), Some(self.last.1));
        let cadence = Cadence {
            current: Some(card),
            last_opened_date,
            last_opened_at,
            paused_until: None,
            parent_unanswered: 0,
            child_unanswered: 0,
        };
        self.next_due = due.next;
        if cadence.at_due(due) == DueOutcome::Open {
            self.last = (due.local_date, self.now);
            self.openings.push(self.last);
        }
    }

    /// What is broken between two openings, if anything.
    fn broken(&self) -> Option<String> {
        self.openings.windows(2).find_map(|pair| {
            let ((earlier, before), (later, after)) = (pair[0], pair[1]);
            let is_fine = later > earlier && after.since(before) >= MIN_GAP_MS;
            (!is_fine)
                .then(|| format!("{earlier} and {later} opened {} minutes apart", after.since(before) / Millis::MINUTE))
        })
    }
}

#[test]
fn in_every_zone_a_pair_that_changes_nothing_gets_exactly_one_question_a_date() {
    let card = complete();
    let mut broken = Vec::new();
    for (name, zone) in every_zone() {
        for push in PUSH_TIMES {
            let mut life = Life::begin(&zone, time(push), start());
            life.live_until(start().plus(DAYS * Millis::DAY), &card);
            broken.extend(life.broken().map(|what| format!("{name} {push}: {what}")));
            // The day of joining has its question already, or was joined too late for one.
            let dates: Vec<LocalDate> = life.openings.iter().map(|(date, _)| *date).collect();
            for pair in dates.windows(2) {
                let missing: Vec<LocalDate> = (1..pair[1].days_since(pair[0]))
                    .map(|day| pair[0].plus_days(day))
                    .filter(|day| !is_skipped(&zone, *day))
                    .collect();
                if !missing.is_empty() {
                    broken.push(format!("{name} {push}: nothing opened on {missing:?}"));
                }
            }
            if (dates.len() as i64) < DAYS - 2 {
                broken.push(format!("{name} {push}: only {} openings", dates.len()));
            }
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

#[derive(Debug, Clone)]
enum Step {
    /// Minutes go by.
    Live(i64),
    /// Minutes go by in which no node is up.
    Down(i64),
    /// Somebody chooses another zone (by its place in the list) and push time.
    Move(usize, i64),
    /// Somebody chooses another push time.
    Change(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let minute = || prop_oneof![0..1_440i64, Just(0), Just(1_439), Just(150)];
    prop_oneof![
        3 => (0..3_000i64).prop_map(Step::Live),
        3 => (0..60_000i64).prop_map(Step::Live),
        1 => (0..6_000i64).prop_map(Step::Down),
        2 => (any::<usize>(), minute()).prop_map(|(place, minute)| Step::Move(place, minute)),
        2 => minute().prop_map(Step::Change),
    ]
}

fn rounds() -> u32 {
    std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rounds(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a pair does with its clock, and however long a node was down: at most one question per local date,
    /// never within twelve hours of the last, and nobody is stuck afterwards.
    #[test]
    fn moving_between_zones_never_opens_two(
        place in any::<usize>(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let (card, names) = (complete(), zone_names());
        let zone_at = |place: usize| zone(&names[place % names.len()]);
        let mut life = Life::begin(&zone_at(place), PushTime::default(), start());
        for step in steps {
            match step {
                Step::Live(minutes) => life.live_until(life.now.plus(minutes * Millis::MINUTE), &card),
                Step::Down(minutes) => {
                    life.now = life.now.plus(minutes * Millis::MINUTE);
                    if life.next_due <= life.now {
                        life.look(&card);
                    }
                }
                Step::Move(_, minute) | Step::Change(minute) => {
                    if let Step::Move(place, _) = step {
                        life.zone = zone_at(place);
                    }
                    life.time = PushTime::from_minute(minute).expect("a minute");
                    life.next_due = life.zone.next_push(life.now, life.time);
                }
            }
            if life.now > start().plus(DAYS * Millis::DAY) {
                break;
            }
        }
        prop_assert_eq!(life.broken(), None);

        let before = life.openings.len();
        life.live_until(life.now.plus(5 * Millis::DAY), &card);
        prop_assert_eq!(life.broken(), None);
        let brought = life.openings.len() - before;
        prop_assert!(brought >= 2, "five quiet days brought {} questions", brought);
    }
}

//! Tests of clocks that stop, jump or change their zone: each pair gets one due minute per date (Rules R1–R7, R13–R15).
//! The arithmetic itself is tested in `server::calendar`.

mod jumps;
mod sweeps;

use std::collections::BTreeMap;

use reqwest::StatusCode;

use super::{
    app::{TestApp, TestPair},
    native::{
        NativeProviders,
        three_devices::{self, Heard, ThreeDevices},
    },
    push_service::PushService,
};
use crate::{
    domain::{LocalDate, Millis},
    server::{calendar::Zone, storage::pairs},
};

/// The providers of the devices of a pair.
struct Providers {
    service: PushService,
    native: NativeProviders,
}

impl Providers {
    /// What was accepted since the last call.
    fn take(&self) -> Vec<Heard> {
        three_devices::heard(&self.service, &self.native)
    }

    /// Returns the number of persons who were asked a question: each of their devices got it once.
    fn take_asked(&self) -> usize {
        let mut asked: BTreeMap<String, Vec<Heard>> = BTreeMap::new();
        for heard in self.take().into_iter().filter(|heard| heard.title.contains("오늘의 질문이 왔어요")) {
            asked.entry(heard.device.clone()).or_default().push(heard);
        }
        asked.values().for_each(|heard| drop(three_devices::alike(heard)));
        asked.len()
    }
}

/// Gives both members three devices.
async fn with_devices(app: &TestApp, providers: &Providers, pair: &TestPair) {
    ThreeDevices::of(app, &providers.service, &pair.child, "child").await;
    ThreeDevices::of(app, &providers.service, &pair.parent, "parent").await;
}

/// Makes a pair with its first card open and three devices each, at noon of 2026-11-22 in Seoul.
async fn ready() -> (TestApp, Providers, TestPair) {
    let (app, service, native) = TestApp::start_with_native().await;
    let providers = Providers { service, native };
    let pair = app.pair().await;
    with_devices(&app, &providers, &pair).await;
    pair.answer_both("첫 기억").await;
    app.deliver().await;
    providers.take();
    (app, providers, pair)
}

/// Returns the number and date of the open question.
async fn current(pair: &TestPair) -> (u32, String) {
    let question = pair.child.today(pair.id).await.question.expect("a question");
    (question.number, question.local_date.expect("a date").to_string())
}

async fn is_open(pair: &TestPair, number: u32, date: &str) -> bool {
    current(pair).await == (number, date.to_owned())
}

/// Returns the number of persons who were asked a question on all of their devices.
async fn asked(app: &TestApp, providers: &Providers) -> usize {
    app.advance(Millis::MINUTE);
    app.deliver().await;
    providers.take_asked()
}

async fn change(pair: &TestPair, time: &str, zone: &str) {
    let fields = [("pair", pair.id.to_string()), ("push_time", time.to_owned()), ("zone", zone.to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.child.post("change_push_time", &fields).await.status(), StatusCode::OK);
}

/// Returns the instant of the next due minute from the database.
async fn next_due(app: &TestApp, pair: &TestPair) -> Millis {
    let mut tx = app.state.database.read().await.expect("a read");
    pairs::find_by_ids(&mut tx, &[pair.id]).await.expect("a pair")[0].next_due_at.expect("a due minute")
}

/// Advances to the next due minute and ticks. Returns the date of the question if one opened.
async fn live_to_due(app: &TestApp, pair: &TestPair) -> Option<LocalDate> {
    let before = pair.child.today(pair.id).await.question.expect("a question").number;
    let due = next_due(app, pair).await;
    app.advance(due.since(app.state.clock.now()));
    assert_eq!(app.tick().await, 1);
    let question = pair.child.today(pair.id).await.question.expect("a question");
    (question.number > before).then(|| question.local_date.expect("a date"))
}

#[tokio::test]
async fn down_for_an_hour_a_question_is_an_hour_late_and_carries_its_minute_s_date() {
    let (mut app, providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(20, 30).await;
    app.restart(Millis::HOUR).await;
    assert_eq!(app.tick().await, 1);
    assert!(is_open(&pair, 2, "2026-11-23").await);
    assert_eq!(asked(&app, &providers).await, 2, "late, but before the quiet hours");
}

#[tokio::test]
async fn down_over_midnight_a_question_still_carries_its_minute_s_date_and_wakes_nobody() {
    let (mut app, providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(20, 30).await;
    app.restart(4 * Millis::HOUR).await;
    assert_eq!(app.tick().await, 1);
    assert!(is_open(&pair, 2, "2026-11-23").await);
    assert_eq!(asked(&app, &providers).await, 0, "half past midnight: a late question obeys the quiet hours");
    app.tick_at(7, 30).await;
    assert_eq!(asked(&app, &providers).await, 2);
    app.tick_at(21, 0).await;
    assert!(is_open(&pair, 2, "2026-11-23").await, "nobody has answered");
}

#[tokio::test]
async fn down_for_a_day_or_a_week_one_question_is_caught_up_and_no_reminder() {
    for days in [1, 7] {
        let (mut app, providers, pair) = ready().await;
        app.tick_at(21, 0).await;
        app.tick_at(20, 30).await;
        app.restart(days * Millis::DAY + Millis::HOUR).await;
        assert_eq!((app.tick().await, app.tick().await), (1, 0));
        assert!(is_open(&pair, 2, &format!("2026-11-{}", 23 + days)).await, "{days}");
        assert_eq!(asked(&app, &providers).await, 2);
    }
    // Nobody answered this question: the reminders of the missed days are not sent later.
    let (mut app, providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    assert_eq!(asked(&app, &providers).await, 2);
    app.restart(3 * Millis::DAY + Millis::HOUR).await;
    app.tick().await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(providers.take(), []);
    assert!(is_open(&pair, 2, "2026-11-23").await);
}

#[tokio::test]
async fn a_clock_that_jumps_back_opens_nothing_twice_and_sends_nothing_again() {
    let (app, providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    assert_eq!(asked(&app, &providers).await, 2);
    for back in [Millis::HOUR, 26 * Millis::HOUR] {
        let again = app.second_node().await;
        again.state.clock.advance(-back);
        assert_eq!((again.tick().await, again.deliver().await), (0, 0), "an hour of the past");
        again.state.clock.advance(back);
        assert_eq!((again.tick().await, again.deliver().await), (0, 0), "the same minute once more");
    }
    assert!(is_open(&pair, 2, "2026-11-23").await);
    assert!(providers.take().is_empty());
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_is_set_right_again_costs_at_most_that_day() {
    let (app, providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    // The machine wakes up with tomorrow's date; an hour later its clock is corrected.
    app.advance(Millis::DAY + Millis::HOUR);
    app.tick().await;
    assert!(is_open(&pair, 2, "2026-11-23").await);
    pair.answer_both("글").await;
    asked(&app, &providers).await;
    app.advance(-Millis::DAY);
    app.tick_at(21, 0).await;
    let (number, _) = current(&pair).await;
    assert_eq!(number, 2, "that date has its question already");
    app.tick_at(21, 0).await;
    assert!(is_open(&pair, 3, "2026-11-24").await, "and the next one comes");
    assert_eq!(asked(&app, &providers).await, 2);
}

#[tokio::test]
async fn gaps_and_overlaps_in_three_zones_open_once_a_date() {
    // (zone, push time, days from 2026-11-22 to the day before the change of offset)
    for (zone, time, wait) in [
        ("America/New_York", "02:30", 104),    // gap on 2027-03-14
        ("Europe/Berlin", "02:30", 338),       // overlap on 2027-10-31
        ("Australia/Lord_Howe", "02:15", 313), // half an hour's gap on 2027-10-03
    ] {
        let (app, providers, pair) = ready().await;
        change(&pair, time, zone).await;
        app.advance(wait * Millis::DAY);
        app.deliver().await;
        providers.take();
        let mut dates: Vec<LocalDate> = Vec::new();
        for _ in 0..12 {
            if let Some(date) = live_to_due(&app, &pair).await {
                dates.push(date);
                // In Seoul it may be night: then they are asked in the morning.
                let at_once = asked(&app, &providers).await;
                app.advance(8 * Millis::HOUR);
                assert_eq!(at_once + asked(&app, &providers).await, 2, "{zone}: {date}");
                pair.answer_both("글").await;
            }
        }
        assert!(dates.len() >= 11, "{zone}: {dates:?}");
        for two in dates.windows(2) {
            assert_eq!(two[1].days_since(two[0]), 1, "{zone}: every date once: {dates:?}");
        }
        // The instants follow local time, not 24 hours.
        let zone_of = Zone::stored(&crate::domain::ZoneName::parse(zone).expect("a zone"));
        assert_eq!(zone_of.date(next_due(&app, &pair).await), dates[dates.len() - 1].plus_days(1), "{zone}");
    }
}

#[tokio::test]
async fn a_zone_moved_west_or_east_at_due_keeps_one_question_a_date_and_twelve_hours_between() {
    for (zone, expected) in [("America/Los_Angeles", 2), ("Pacific/Auckland", 2), ("Pacific/Kiritimati", 2)] {
        let (app, _providers, pair) = ready().await;
        app.tick_at(21, 0).await;
        app.tick_at(21, 0).await;
        assert!(is_open(&pair, 2, "2026-11-23").await);
        let opened_at = app.state.clock.now();
        pair.answer_both("글").await;
        change(&pair, "21:00", zone).await;
        let due = next_due(&app, &pair).await;
        let date = live_to_due(&app, &pair).await;
        let gap = app.state.clock.now().since(opened_at);
        match date {
            Some(date) => assert!(
                date.to_string().as_str() > "2026-11-23" && gap >= 12 * Millis::HOUR,
                "{zone}: {date} after {gap} ms"
            ),
            None => {
                let zone_of = Zone::stored(&crate::domain::ZoneName::parse(zone).expect("a zone"));
                assert!(
                    zone_of.date(due).to_string() == "2026-11-23" || gap < 12 * Millis::HOUR,
                    "{zone}: skipped for no reason"
                );
                assert!(live_to_due(&app, &pair).await.is_some(), "{zone}: and the next one opens");
            }
        }
        let (number, _) = current(&pair).await;
        assert_eq!(number, expected + 1, "{zone}");
    }
}

#[tokio::test]
async fn a_push_time_moved_before_today_s_opening_counts_today() {
    let (app, providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(9, 0).await;
    // The new time is earlier, and has not passed today.
    change(&pair, "10:00", "Asia/Seoul").await;
    assert_eq!(app.tick_at(10, 0).await, 1);
    assert!(is_open(&pair, 2, "2026-11-23").await);
    assert_eq!(asked(&app, &providers).await, 2);

    let (app, _providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(20, 30).await;
    // The new time is later.
    change(&pair, "22:00", "Asia/Seoul").await;
    assert_eq!(app.tick_at(21, 0).await, 0);
    assert_eq!(app.tick_at(22, 0).await, 1);
    assert!(is_open(&pair, 2, "2026-11-23").await);

    let (app, _providers, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.tick_at(20, 30).await;
    // The new time is earlier and has passed today. Today's opening is dropped; the next is at tomorrow's minute.
    change(&pair, "20:00", "Asia/Seoul").await;
    assert_eq!(app.tick_at(21, 0).await, 0);
    assert_eq!(app.tick_at(20, 0).await, 1);
    assert!(is_open(&pair, 2, "2026-11-24").await);
}

#[tokio::test]
async fn a_push_time_moved_after_today_s_opening_opens_no_second_today() {
    let (app, _providers, pair) = ready().await;
    change(&pair, "09:00", "Asia/Seoul").await;
    app.tick_at(9, 0).await;
    assert!(is_open(&pair, 2, "2026-11-23").await);
    pair.answer_both("글").await;
    change(&pair, "22:00", "Asia/Seoul").await;
    app.tick_at(22, 0).await;
    assert!(is_open(&pair, 2, "2026-11-23").await, "today has its question, thirteen hours or not");
    app.tick_at(22, 0).await;
    assert!(is_open(&pair, 3, "2026-11-24").await);
}

#[tokio::test]
async fn pairs_of_one_person_keep_their_own_days() {
    let (app, _providers, pair) = ready().await;
    let father = app.person(crate::server::storage::seeds::PARENTS[1].0).await;
    let second = app.pair_of(pair.child.clone(), father).await;
    let other = TestPair { id: second.id, parent: second.parent.clone(), child: pair.child.clone() };
    change(&other, "08:00", "Asia/Seoul").await;
    other.answer_both("글").await;
    let until = pair.child.today(pair.id).await.today.plus_days(3);
    let fields = [("pair", pair.id.to_string()), ("until", until.to_string())];
    assert_eq!(
        pair.child.post("pause_pair", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await.status(),
        StatusCode::OK
    );
    app.tick_at(8, 0).await;
    assert_eq!((current(&pair).await.0, current(&other).await.0), (1, 2), "a pause rests its own pair alone");
    for _ in 0..2 {
        app.tick_at(21, 0).await;
    }
    assert_eq!((current(&pair).await.0, current(&other).await.0), (1, 2));
    app.tick_at(21, 0).await;
    assert_eq!(current(&pair).await.0, 2, "and on its date it goes on");
}

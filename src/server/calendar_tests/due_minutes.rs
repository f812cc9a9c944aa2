//! Due minutes in gaps and overlaps of a zone, and after missed minutes.

use super::*;

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

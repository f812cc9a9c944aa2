//! Two years of due minutes in every zone of the database, and moves between zones.

use super::*;

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

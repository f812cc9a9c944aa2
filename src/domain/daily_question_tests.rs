//! Tests of the rules of the daily question (RULES R10–R45), one by one.

use proptest::prelude::*;

use super::*;
use crate::domain::{Cadence, DueMinute, DueOutcome, Pair, Wording};

fn wordings() -> Wordings {
    let wording = Wording { topic: "t".into(), parent: "p?".into(), child: "c?".into() };
    Wordings { ko: wording.clone(), en: wording }
}

fn date(text: &str) -> LocalDate {
    text.parse().expect("a date")
}

fn question(number: u32) -> DailyQuestion {
    DailyQuestion {
        id: DailyQuestionId(1),
        pair_id: PairId(2),
        number,
        key: QuestionKey("k".into()),
        section: Section::Childhood,
        wordings: wordings(),
        version: 1,
        local_date: Some(date("2026-11-22")),
        counted_from: Some(date("2026-11-22")),
        opened_at: Millis(0),
        due_passed_at: None,
        shelved_at: None,
        completed_at: None,
        move_on: None,
        parent: None,
        child: None,
    }
}

fn body(text: &str) -> AnswerBody {
    AnswerBody::parse(text).expect("an answer")
}

fn due(day: i64) -> DueMinute {
    let at = Millis(day * Millis::DAY);
    DueMinute { at, local_date: date("2026-11-22").plus_days(day), next: at.plus(Millis::DAY), now: at }
}

fn cadence(current: &DailyQuestion) -> Cadence<&DailyQuestion> {
    Cadence {
        current: Some(current),
        last_opened_date: current.local_date,
        last_opened_at: Some(current.opened_at),
        paused_until: None,
        parent_unanswered: 0,
        child_unanswered: 0,
    }
}

#[test]
fn nobody_sees_the_other_before_giving_their_own() {
    let mut question = question(2);
    assert_eq!(question.seen_by(Role::Parent), Seen::Open);
    question.answer(Role::Child, 1, body("아이"), Millis(1), PairPhase::Together).expect("taken");
    assert_eq!(question.seen_by(Role::Parent), Seen::OtherIsWaiting);
    assert!(matches!(question.seen_by(Role::Child), Seen::Waiting { .. }));
    assert_eq!(question.answer(Role::Parent, 1, body("부모"), Millis(2), PairPhase::Together), Ok(Saved::Opened));
    assert!(matches!(question.seen_by(Role::Parent), Seen::Both { .. }));
    assert_eq!(question.status(), Status::Complete);
}

#[test]
fn the_same_body_again_is_a_no_op_and_another_is_the_next_revision() {
    let mut question = question(2);
    assert_eq!(question.answer(Role::Child, 1, body("하나"), Millis(1), PairPhase::Together), Ok(Saved::First));
    assert_eq!(question.answer(Role::Child, 1, body("하나"), Millis(2), PairPhase::Together), Ok(Saved::Unchanged));
    assert_eq!(question.answer(Role::Child, 1, body("둘"), Millis(3), PairPhase::Together), Ok(Saved::Revised));
    let own = question.child.clone().expect("an answer");
    assert_eq!((own.revision, own.first_at, own.at), (2, Millis(1), Millis(3)));
}

#[test]
fn an_open_card_is_final_and_a_double_tap_on_it_is_no_error() {
    let mut question = question(2);
    question.answer(Role::Child, 1, body("하나"), Millis(1), PairPhase::Together).expect("taken");
    question.answer(Role::Parent, 1, body("둘"), Millis(2), PairPhase::Together).expect("taken");
    assert_eq!(question.answer(Role::Parent, 1, body("둘"), Millis(3), PairPhase::Together), Ok(Saved::Unchanged));
    assert_eq!(
        question.answer(Role::Child, 1, body("고침"), Millis(3), PairPhase::Together),
        Err(DailyQuestionError::AlreadyOpen)
    );
}

#[test]
fn an_answer_to_a_swapped_wording_or_a_closed_pair_is_refused() {
    let mut question = question(2);
    question.swap(QuestionKey("other".into()), Section::Youth, wordings(), date("2026-11-23"));
    assert_eq!(
        question.answer(Role::Child, 1, body("a"), Millis(1), PairPhase::Together),
        Err(DailyQuestionError::Swapped)
    );
    assert_eq!(
        question.answer(Role::Child, 2, body("a"), Millis(1), PairPhase::Closed),
        Err(DailyQuestionError::PairClosed)
    );
    assert_eq!(question.answer(Role::Child, 2, body("a"), Millis(1), PairPhase::Alone), Ok(Saved::First));
}

#[test]
fn a_swap_is_refused_for_the_first_question_after_an_answer_when_shelved_and_twice_a_day() {
    assert_eq!(question(1).check_swap(PairPhase::Together, false), Err(DailyQuestionError::FirstQuestion));
    assert_eq!(question(2).check_swap(PairPhase::Together, false), Ok(()));
    assert_eq!(question(2).check_swap(PairPhase::Together, true), Err(DailyQuestionError::SwappedToday));
    assert_eq!(question(2).check_swap(PairPhase::Closed, false), Err(DailyQuestionError::PairClosed));
    let mut answered = question(2);
    answered.answer(Role::Child, 1, body("a"), Millis(1), PairPhase::Together).expect("taken");
    assert_eq!(answered.check_swap(PairPhase::Together, false), Err(DailyQuestionError::SomebodyAnswered));
    let mut shelved = question(2);
    shelved.shelved_at = Some(Millis(1));
    assert_eq!(shelved.check_swap(PairPhase::Together, false), Err(DailyQuestionError::Shelved));
}

#[test]
fn a_swap_raises_the_version_and_starts_the_day_count_again() {
    let mut question = question(2);
    question.swap(QuestionKey("other".into()), Section::Youth, wordings(), date("2026-11-25"));
    assert_eq!(question.version, 2);
    assert_eq!(question.local_date, Some(date("2026-11-22")), "the opening keeps its date");
    assert_eq!(cadence(&question).at_due(due(7)), DueOutcome::Stay(&question), "day 4 since the swap");
    assert_eq!(cadence(&question).at_due(due(10)), DueOutcome::ShelveAndOpen(&question), "day 7 since the swap");
}

#[test]
fn a_complete_question_makes_room_for_the_next_at_the_due_minute() {
    let mut question = question(2);
    question.completed_at = Some(Millis(1));
    assert_eq!(cadence(&question).at_due(due(1)), DueOutcome::Open);
}

#[test]
fn days_one_three_and_six_remind_a_member_who_has_not_answered_and_day_seven_shelves() {
    let mut question = question(2);
    question.answer(Role::Child, 1, body("a"), Millis(1), PairPhase::Together).expect("taken");
    for day in 1..=6 {
        let expected = match day {
            1 | 3 | 6 => DueOutcome::Remind { question: &question, day, roles: vec![Role::Parent] },
            _ => DueOutcome::Stay(&question),
        };
        assert_eq!(cadence(&question).at_due(due(day)), expected, "day {day}");
    }
    for day in [7, 8, 30] {
        assert_eq!(cadence(&question).at_due(due(day)), DueOutcome::ShelveAndOpen(&question), "day {day}");
    }
}

#[test]
fn missed_reminders_are_dropped() {
    let question = question(2);
    let late = DueMinute { now: due(1).at.plus(2 * Millis::HOUR), ..due(1) };
    assert_eq!(cadence(&question).at_due(late), DueOutcome::Stay(&question));
}

#[test]
fn at_most_one_opening_per_local_date_and_never_within_twelve_hours() {
    let mut question = question(2);
    question.completed_at = Some(Millis(1));
    assert_eq!(cadence(&question).at_due(due(0)), DueOutcome::Skip, "the same date");
    question.opened_at = due(1).at.plus(-11 * Millis::HOUR);
    assert_eq!(cadence(&question).at_due(due(1)), DueOutcome::Skip, "eleven hours after the last");
    question.opened_at = due(1).at.plus(-12 * Millis::HOUR);
    assert_eq!(cadence(&question).at_due(due(1)), DueOutcome::Open, "twelve hours after the last");
}

#[test]
fn a_late_node_opens_only_when_the_next_push_time_is_twelve_hours_ahead() {
    let mut question = question(2);
    question.completed_at = Some(Millis(1));
    let after_hours = |hours: i64| DueMinute { now: due(3).at.plus(hours * Millis::HOUR), ..due(3) };
    assert_eq!(cadence(&question).at_due(after_hours(12)), DueOutcome::Open);
    assert_eq!(cadence(&question).at_due(after_hours(13)), DueOutcome::Skip);
}

#[test]
fn a_pause_stops_opening_reminding_and_shelving_until_its_date() {
    let mut question = question(2);
    for day in [1, 7] {
        let paused = Cadence { paused_until: Some(date("2026-11-22").plus_days(day + 1)), ..cadence(&question) };
        assert_eq!(paused.at_due(due(day)), DueOutcome::Paused(Some(&question)));
    }
    question.completed_at = Some(Millis(1));
    let over = Cadence { paused_until: Some(date("2026-11-23")), ..cadence(&question) };
    assert_eq!(over.at_due(due(1)), DueOutcome::Open, "its date itself is no longer paused");
}

#[test]
fn after_three_shelved_in_a_row_a_silent_member_gets_no_reminder() {
    let question = question(2);
    let silent = Cadence { parent_unanswered: 3, child_unanswered: 2, ..cadence(&question) };
    assert_eq!(silent.at_due(due(1)), DueOutcome::Remind { question: &question, day: 1, roles: vec![Role::Child] });
}

#[test]
fn moving_on_needs_my_answer_and_a_due_minute_without_the_others() {
    let mut question = question(2);
    assert_eq!(question.ask_to_move_on(Role::Child, PairPhase::Together), Err(DailyQuestionError::NotYet));
    question.answer(Role::Child, 1, body("a"), Millis(10), PairPhase::Together).expect("taken");
    assert_eq!(question.ask_to_move_on(Role::Child, PairPhase::Together), Err(DailyQuestionError::NotYet));
    question.due_passed_at = Some(Millis(5));
    assert!(!question.may_move_on(Role::Child), "the due minute came before the answer");
    question.due_passed_at = Some(Millis(20));
    assert_eq!(question.ask_to_move_on(Role::Parent, PairPhase::Together), Err(DailyQuestionError::NotYet));
    assert_eq!(question.ask_to_move_on(Role::Child, PairPhase::Together), Ok(true));
    assert_eq!(question.ask_to_move_on(Role::Child, PairPhase::Together), Ok(false), "twice is once");
    assert_eq!(cadence(&question).at_due(due(2)), DueOutcome::ShelveAndOpen(&question), "without waiting for day 7");
}

#[test]
fn a_shelved_question_still_completes() {
    let mut question = question(2);
    question.shelved_at = Some(Millis(9));
    question.answer(Role::Child, 1, body("a"), Millis(10), PairPhase::Together).expect("taken");
    assert_eq!(question.answer(Role::Parent, 1, body("b"), Millis(11), PairPhase::Together), Ok(Saved::Opened));
    assert_eq!(question.status(), Status::Complete);
}

#[derive(Debug, Clone)]
enum Act {
    Answer(Role, u32, u8),
    Swap,
    MoveOn(Role),
    Due(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let role = prop_oneof![Just(Role::Parent), Just(Role::Child)];
    prop_oneof![
        (role.clone(), 1..3u32, 0..3u8).prop_map(|(role, version, text)| Act::Answer(role, version, text)),
        Just(Act::Swap),
        role.prop_map(Act::MoveOn),
        (1..9i64).prop_map(Act::Due),
    ]
}

proptest! {
    /// Tests random histories: states only move forward, a complete card never changes, and each member sees the
    /// other's words only when both have answered.
    #[test]
    fn the_life_of_a_question_only_moves_forward(acts in proptest::collection::vec(act(), 0..40)) {
        let mut question = question(2);
        let mut swapped = false;
        for (now, act) in acts.into_iter().enumerate() {
            let now = Millis(now as i64 + 1);
            let before = question.clone();
            match act {
                Act::Answer(role, version, text) => {
                    let _ = question.answer(role, version, body(&format!("{text}")), now, PairPhase::Together);
                }
                Act::Swap => {
                    if question.check_swap(PairPhase::Together, swapped).is_ok() {
                        question.swap(QuestionKey("n".into()), Section::Youth, wordings(), date("2026-11-23"));
                        swapped = true;
                    }
                }
                Act::MoveOn(role) => { let _ = question.ask_to_move_on(role, PairPhase::Together); }
                Act::Due(day) => match cadence(&question).at_due(due(day)) {
                    DueOutcome::ShelveAndOpen(_) => question.shelved_at = Some(now),
                    DueOutcome::Remind { .. } | DueOutcome::Stay(_) => question.due_passed_at = Some(now),
                    DueOutcome::Open => prop_assert_eq!(question.status() == Status::Open, false),
                    DueOutcome::Skip | DueOutcome::Paused(_) | DueOutcome::CountAnew(_) => {}
                },
            }
            if before.status() == Status::Complete {
                prop_assert_eq!(&before, &question, "a complete card is final");
            }
            prop_assert!(before.status() != Status::Shelved || question.status() != Status::Open);
            prop_assert_eq!(question.completed_at.is_some(), question.parent.is_some() && question.child.is_some());
            for role in [Role::Parent, Role::Child] {
                if let Seen::Both { .. } = question.seen_by(role) {
                    prop_assert!(question.has_answered(role));
                }
            }
        }
    }
}

#[test]
fn an_opening_recorded_far_in_the_future_holds_nothing_up() {
    let mut question = question(2);
    question.completed_at = Some(Millis(1));
    let due = due(1);
    for (days, expected) in [(1, DueOutcome::Skip), (60, DueOutcome::Open), (3_650, DueOutcome::Open)] {
        let opened = Cadence {
            last_opened_date: Some(due.local_date.plus_days(days)),
            last_opened_at: Some(due.now.plus(days * Millis::DAY)),
            ..cadence(&question)
        };
        assert_eq!(opened.at_due(due), expected, "{days}");
    }
}

#[test]
fn days_that_are_counted_from_far_in_the_future_are_counted_anew() {
    let mut question = question(2);
    question.counted_from = Some(due(1).local_date.plus_days(60));
    assert_eq!(cadence(&question).at_due(due(1)), DueOutcome::CountAnew(&question));
}

#[test]
fn a_pause_longer_than_one_can_ask_for_is_none() {
    let today = date("2026-11-22");
    let pause = |days: i64| Pair::running_pause(Some(today.plus_days(days)), today).is_some();
    assert_eq!([0, 1, 366, 368, 369, 3_650].map(pause), [false, true, true, true, false, false]);
}

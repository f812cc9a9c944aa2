//! Tests of taking an answer back (RULES R170).

use super::*;
use crate::domain::{
    Answer, AnswerBody, DailyQuestionId, PairId, PairPhase, QuestionKey, Saved, Section, Wording, Wordings,
};

fn question() -> DailyQuestion {
    let wording = Wording { topic: "t".into(), parent: "p?".into(), child: "c?".into() };
    DailyQuestion {
        id: DailyQuestionId(1),
        pair_id: PairId(2),
        number: 2,
        key: QuestionKey("k".into()),
        section: Section::Childhood,
        wordings: Wordings { ko: wording.clone(), en: wording },
        version: 1,
        local_date: None,
        counted_from: None,
        opened_at: Millis(0),
        due_passed_at: None,
        shelved_at: None,
        completed_at: None,
        move_on: None,
        parent: None,
        child: None,
    }
}

fn answer(question: &mut DailyQuestion, role: Role) -> Saved {
    let body = AnswerBody::parse("글").expect("an answer");
    question.answer(role, 1, body, Millis(5), PairPhase::Together).expect("an answer")
}

#[test]
fn only_an_answer_of_an_open_card_is_taken_back() {
    let mut question = question();
    assert_eq!(question.take_back(Role::Parent, Millis(9)), Err(DailyQuestionError::StillClosed));
    answer(&mut question, Role::Parent);
    assert_eq!(question.take_back(Role::Parent, Millis(9)), Err(DailyQuestionError::StillClosed));
    assert_eq!(answer(&mut question, Role::Child), Saved::Opened);
    assert_eq!(question.take_back(Role::Parent, Millis(9)), Ok(true));
    assert_eq!(question.take_back(Role::Parent, Millis(10)), Ok(false));
    assert_eq!(question.parent.as_ref().and_then(|answer| answer.taken_back_at), Some(Millis(9)));
    assert_eq!(question.child.as_ref().and_then(|answer| answer.taken_back_at), None);
}

#[test]
fn it_is_restored_within_seven_days_and_not_later() {
    let mut question = question();
    answer(&mut question, Role::Parent);
    answer(&mut question, Role::Child);
    assert_eq!(question.check_restore(Role::Parent, Millis(9)), Ok(false), "nothing was taken back");
    question.take_back(Role::Parent, Millis(9)).expect("taken back");
    let end = Millis(9).plus(Answer::RESTORED_FOR_MS);
    assert_eq!(question.check_restore(Role::Parent, end.plus(-1)), Ok(true));
    assert_eq!(question.check_restore(Role::Parent, end), Err(DailyQuestionError::TakenBackForGood));
    assert_eq!(question.check_restore(Role::Child, end), Ok(false));
}

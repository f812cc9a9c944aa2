//! A row of the statement `select_question!`, which becomes a `DailyQuestion`.

use crate::domain::{
    Answer, AnswerBody, DailyQuestion, DailyQuestionId, LocalDate, Millis, PairId, QuestionKey, Role, Section, Wordings,
};
use crate::server::storage::sql_types::Keyed;

#[derive(sqlx::FromRow)]
pub struct Row {
    id: DailyQuestionId,
    pub(super) pair_id: PairId,
    #[sqlx(try_from = "i64")]
    number: u32,
    question_key: QuestionKey,
    section: Section,
    wordings: Wordings,
    #[sqlx(try_from = "i64")]
    version: u32,
    local_date: Option<LocalDate>,
    counted_from: Option<LocalDate>,
    opened_at: Millis,
    due_passed_at: Option<Millis>,
    shelved_at: Option<Millis>,
    completed_at: Option<Millis>,
    move_on: Option<Role>,
    parent_revision: Option<i64>,
    parent_body: Option<AnswerBody>,
    parent_first_at: Option<Millis>,
    parent_at: Option<Millis>,
    parent_taken_back_at: Option<Millis>,
    parent_sealed_at: Option<Millis>,
    child_revision: Option<i64>,
    child_body: Option<AnswerBody>,
    child_first_at: Option<Millis>,
    child_at: Option<Millis>,
    child_taken_back_at: Option<Millis>,
    child_sealed_at: Option<Millis>,
}

impl Keyed for Row {
    const KEY: &'static str = "id";
}

impl Row {
    pub fn into_question(self) -> DailyQuestion {
        let is_unopened = self.completed_at.is_none();
        DailyQuestion {
            id: self.id,
            pair_id: self.pair_id,
            number: self.number,
            key: self.question_key,
            section: self.section,
            wordings: self.wordings,
            version: self.version,
            local_date: self.local_date,
            counted_from: self.counted_from,
            opened_at: self.opened_at,
            due_passed_at: self.due_passed_at,
            shelved_at: self.shelved_at,
            completed_at: self.completed_at,
            move_on: self.move_on,
            parent: answer(
                self.parent_revision,
                self.parent_body,
                (self.parent_first_at, self.parent_at),
                self.parent_taken_back_at,
                self.parent_sealed_at.is_some() && is_unopened,
            ),
            child: answer(
                self.child_revision,
                self.child_body,
                (self.child_first_at, self.child_at),
                self.child_taken_back_at,
                self.child_sealed_at.is_some() && is_unopened,
            ),
        }
    }
}

/// The words of an answer that was taken back, or that is sealed, leave the storage in no read, its author's included.
fn answer(
    revision: Option<i64>,
    body: Option<AnswerBody>,
    (first_at, at): (Option<Millis>, Option<Millis>),
    taken_back_at: Option<Millis>,
    is_sealed: bool,
) -> Option<Answer> {
    let is_hidden = taken_back_at.is_some() || is_sealed;
    let body = if is_hidden { AnswerBody::from_stored(String::new()) } else { body? };
    // Nor does it show how often a sealed answer was edited.
    let revision = if is_sealed { 1 } else { revision?.try_into().unwrap_or(u32::MAX) };
    Some(Answer { revision, body, first_at: first_at?, at: at?, taken_back_at, is_sealed })
}

//! What a member who waits for the other's answer may do: ask for a new question, and nudge the other.
//! Rules R33, R45.

use super::{DailyQuestion, DailyQuestionError, PairPhase, Role, Status};

impl DailyQuestion {
    /// Whether `role` may ask for a new question: `role` has answered, and one due minute has passed without the
    /// other's answer (R33).
    pub fn may_move_on(&self, role: Role) -> bool {
        self.status() == Status::Open
            && self.move_on.is_none()
            && !self.has_answered(role.other())
            && self.answer_of(role).is_some_and(|own| self.due_passed_at.is_some_and(|due| due > own.first_at))
    }

    /// Asks for a new question at the next due minute. Returns false when `role` had asked already.
    pub fn ask_to_move_on(&mut self, role: Role, phase: PairPhase) -> Result<bool, DailyQuestionError> {
        if phase == PairPhase::Closed {
            return Err(DailyQuestionError::PairClosed);
        }
        if self.move_on == Some(role) && self.status() == Status::Open {
            return Ok(false);
        }
        if !self.may_move_on(role) {
            return Err(DailyQuestionError::NotYet);
        }
        self.move_on = Some(role);
        Ok(true)
    }

    /// Whether `role` may nudge the other: `role` has answered, the other has not, and the pair is not paused (R45).
    pub fn check_nudge(&self, role: Role, phase: PairPhase, is_paused: bool) -> Result<(), DailyQuestionError> {
        match phase {
            PairPhase::Closed => return Err(DailyQuestionError::PairClosed),
            PairPhase::Alone => return Err(DailyQuestionError::Alone),
            PairPhase::Together => {}
        }
        match self.status() {
            Status::Complete => return Err(DailyQuestionError::AlreadyOpen),
            Status::Shelved => return Err(DailyQuestionError::Shelved),
            Status::Open => {}
        }
        if !self.has_answered(role) {
            return Err(DailyQuestionError::NotAnswered);
        }
        if is_paused { Err(DailyQuestionError::Paused) } else { Ok(()) }
    }
}

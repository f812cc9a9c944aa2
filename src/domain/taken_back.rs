//! Taking an answer back from an opened card. The card stays, and says to both that the answer was taken back.
//! Rule R170.

use super::{DailyQuestion, DailyQuestionError, Millis, Role, Status};

impl DailyQuestion {
    /// Takes `role`'s answer back from the open card. Returns false when it was taken back already (R170).
    pub fn take_back(&mut self, role: Role, now: Millis) -> Result<bool, DailyQuestionError> {
        if self.status() != Status::Complete {
            return Err(DailyQuestionError::StillClosed);
        }
        let answer = self.answer_mut(role).as_mut().ok_or(DailyQuestionError::NotAnswered)?;
        let is_new = answer.taken_back_at.is_none();
        answer.taken_back_at.get_or_insert(now);
        Ok(is_new)
    }

    /// Whether `role` may restore the answer that it took back. False when there is nothing to restore (R170).
    pub fn check_restore(&self, role: Role, now: Millis) -> Result<bool, DailyQuestionError> {
        let answer = self.answer_of(role).ok_or(DailyQuestionError::NotAnswered)?;
        match (answer.taken_back_at, answer.restorable_until(now)) {
            (None, _) => Ok(false),
            (Some(_), Some(_)) => Ok(true),
            (Some(_), None) => Err(DailyQuestionError::TakenBackForGood),
        }
    }
}

#[cfg(test)]
#[path = "taken_back_tests.rs"]
mod tests;

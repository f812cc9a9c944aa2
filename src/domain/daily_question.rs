//! A question opened for a pair: its states, and what each member may see. `cadence` has the effect of a due minute.
//! States: `open → complete`, `open → shelved → complete`. Whether a seat has answered is not stored.
//! Rules R10, R18, R21–R27, R30–R34, R42, R45, R122, R131, R178.

use super::{
    Answer, AnswerBody, Answerable, DailyQuestionId, LocalDate, Millis, PairId, PairPhase, QuestionKey, Role, Section,
    Stale, Wordings,
};

/// The first question of every pair: the oldest memory.
pub const FIRST_QUESTION_KEY: &str = "childhood-oldest-memory";
/// The question for a pair to which the catalogue has nothing new to offer.
pub const FREE_QUESTION_KEY: &str = "free";
/// Completed cards in a season (R131).
pub const SEASON_LENGTH: u32 = 7;

/// The state of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Open,
    Shelved,
    Complete,
}

/// A question opened for a pair, with both members' latest answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyQuestion {
    pub id: DailyQuestionId,
    pub pair_id: PairId,
    /// Counts from 1 within the pair.
    pub number: u32,
    pub key: QuestionKey,
    pub section: Section,
    pub wordings: Wordings,
    /// Starts at 1 and rises with each swap.
    pub version: u32,
    /// The pair's local date it opened for; `None` for the first question until somebody joins.
    pub local_date: Option<LocalDate>,
    /// The date from which days are counted: the opening or the last swap, later by each day of a pause.
    pub counted_from: Option<LocalDate>,
    pub opened_at: Millis,
    /// The latest due minute that passed while the question stayed open.
    pub due_passed_at: Option<Millis>,
    pub shelved_at: Option<Millis>,
    pub completed_at: Option<Millis>,
    /// The seat that asked for a new question.
    pub move_on: Option<Role>,
    pub parent: Option<Answer>,
    pub child: Option<Answer>,
}

/// What a member may see of the answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// Nobody has answered.
    Open,
    /// The other has answered and I have not. I see that they did, and nothing more.
    OtherIsWaiting,
    /// I have answered, the other has not.
    Waiting { own: &'a Answer },
    /// The seat has answered before it moved to me, the other has not. I see that there is an answer, and nothing more.
    Sealed,
    /// The card is open.
    Both { own: &'a Answer, other: &'a Answer },
}

/// What an accepted answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The body is the same as before: nothing changed, and nobody is notified.
    Unchanged,
    /// My first answer; the other is still to answer.
    First,
    /// Another revision before the card opened.
    Revised,
    /// My first answer, and the card opened.
    Opened,
}

/// Why a use case on a question is refused. Each variant is an expected answer, not an internal error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DailyQuestionError {
    #[error("the card is open and final")]
    AlreadyOpen,
    #[error("the question was swapped meanwhile")]
    Swapped,
    #[error("answered meanwhile on another device")]
    AnsweredElsewhere,
    #[error("the pair is closed")]
    PairClosed,
    #[error("the question is shelved")]
    Shelved,
    #[error("somebody has answered")]
    SomebodyAnswered,
    #[error("the first question stays")]
    FirstQuestion,
    #[error("this pair has swapped a question today")]
    SwappedToday,
    #[error("only after my own answer and a due minute without the other's")]
    NotYet,
    #[error("only after my own answer")]
    NotAnswered,
    #[error("nobody sits across yet")]
    Alone,
    #[error("the pair rests")]
    Paused,
    #[error("nudged for this question today already")]
    NudgedToday,
    #[error("only an answer of an open card can be taken back")]
    StillClosed,
    #[error("the answer was taken back more than seven days ago")]
    TakenBackForGood,
    #[error("the seat's answer from before it moved stays")]
    Sealed,
}

impl From<Stale> for DailyQuestionError {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::PairClosed => Self::PairClosed,
            Stale::AlreadyOpen => Self::AlreadyOpen,
            Stale::Swapped => Self::Swapped,
            Stale::AnsweredElsewhere => Self::AnsweredElsewhere,
        }
    }
}

impl DailyQuestion {
    pub fn status(&self) -> Status {
        match (self.completed_at, self.shelved_at) {
            (Some(_), _) => Status::Complete,
            (None, Some(_)) => Status::Shelved,
            (None, None) => Status::Open,
        }
    }

    pub fn answer_of(&self, role: Role) -> Option<&Answer> {
        match role {
            Role::Parent => self.parent.as_ref(),
            Role::Child => self.child.as_ref(),
        }
    }

    pub(super) fn answer_mut(&mut self, role: Role) -> &mut Option<Answer> {
        match role {
            Role::Parent => &mut self.parent,
            Role::Child => &mut self.child,
        }
    }

    pub fn has_answered(&self, role: Role) -> bool {
        self.answer_of(role).is_some()
    }

    /// Returns what `role` may see. The other's words stay hidden until `role` has answered (R25).
    pub fn seen_by(&self, role: Role) -> Seen<'_> {
        match (self.answer_of(role), self.answer_of(role.other())) {
            (Some(own), Some(other)) => Seen::Both { own, other },
            (Some(own), None) if own.is_sealed => Seen::Sealed,
            (Some(own), None) => Seen::Waiting { own },
            (None, Some(_)) => Seen::OtherIsWaiting,
            (None, None) => Seen::Open,
        }
    }

    /// Accepts `role`'s answer to the wording of `version`. When both have answered, the card opens and is final
    /// (R21–R23, R27).
    pub fn answer(
        &mut self,
        role: Role,
        version: u32,
        body: AnswerBody,
        now: Millis,
        phase: PairPhase,
    ) -> Result<Saved, DailyQuestionError> {
        self.refuse_sealed(role)?;
        let is_same = self.answer_of(role).is_some_and(|answer| answer.body == body) && version == self.version;
        if is_same {
            return Ok(Saved::Unchanged);
        }
        self.answerable(role, phase == PairPhase::Closed).check_version(version)?;
        let other_has_answered = self.has_answered(role.other());
        let slot = self.answer_mut(role);
        let saved = match slot.take() {
            Some(earlier) => {
                let revision = earlier.revision + 1;
                *slot = Some(Answer {
                    revision,
                    body,
                    first_at: earlier.first_at,
                    at: now,
                    taken_back_at: None,
                    is_sealed: false,
                });
                Saved::Revised
            }
            None => {
                *slot =
                    Some(Answer { revision: 1, body, first_at: now, at: now, taken_back_at: None, is_sealed: false });
                if other_has_answered {
                    self.completed_at = Some(now);
                    self.move_on = None;
                    Saved::Opened
                } else {
                    Saved::First
                }
            }
        };
        Ok(saved)
    }

    /// Refuses a text that was written before `role` answered something else. `base` is the number of revisions that
    /// the writer had seen, and up to `unseen` more are the writer's own, sent without a receipt. A text without a base
    /// was just written: the later of two devices wins.
    pub fn check_base(
        &self,
        role: Role,
        base: Option<u32>,
        unseen: u32,
        body: &AnswerBody,
    ) -> Result<(), DailyQuestionError> {
        self.refuse_sealed(role)?;
        if self.answer_of(role).is_some_and(|answer| answer.body == *body) {
            return Ok(());
        }
        Ok(self.answerable(role, false).check_base(base, unseen)?)
    }

    /// An answer from before the seat moved is neither edited nor replaced (R178).
    fn refuse_sealed(&self, role: Role) -> Result<(), DailyQuestionError> {
        if self.answer_of(role).is_some_and(|own| own.is_sealed) { Err(DailyQuestionError::Sealed) } else { Ok(()) }
    }

    fn answerable(&self, role: Role, is_closed: bool) -> Answerable {
        Answerable {
            is_closed,
            is_complete: self.status() == Status::Complete,
            version: self.version,
            revision: self.answer_of(role).map_or(0, |answer| answer.revision),
        }
    }

    /// Whether the question may be swapped now; `swapped_today` counts the whole pair (R30).
    pub fn check_swap(&self, phase: PairPhase, swapped_today: bool) -> Result<(), DailyQuestionError> {
        if phase == PairPhase::Closed {
            return Err(DailyQuestionError::PairClosed);
        }
        match self.status() {
            Status::Complete => return Err(DailyQuestionError::AlreadyOpen),
            Status::Shelved => return Err(DailyQuestionError::Shelved),
            Status::Open => {}
        }
        if self.number == 1 {
            return Err(DailyQuestionError::FirstQuestion);
        }
        if self.parent.is_some() || self.child.is_some() {
            return Err(DailyQuestionError::SomebodyAnswered);
        }
        if swapped_today {
            return Err(DailyQuestionError::SwappedToday);
        }
        Ok(())
    }

    /// Replaces the question by another of the catalogue. The day count starts again (R31).
    pub fn swap(&mut self, key: QuestionKey, section: Section, wordings: Wordings, today: LocalDate) {
        self.key = key;
        self.section = section;
        self.wordings = wordings;
        self.version += 1;
        self.counted_from = Some(today);
        self.due_passed_at = None;
    }
}

#[cfg(test)]
#[path = "daily_question_tests.rs"]
mod tests;

//! The states of today's question that decide what the page draws.

use crate::{
    api::{AnswersView, QuestionView, TodayView},
    browser::drafts::Place,
    domain::{DailyQuestionId, PairId, PairPhase},
};

/// The state of today's card. The card is drawn again only when this state changes, so that no typed text is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardState {
    Nothing,
    ToAnswer { id: DailyQuestionId, version: u32 },
    Waiting { id: DailyQuestionId, version: u32 },
    Open { id: DailyQuestionId },
    Closed,
}

pub fn state_of(today: &TodayView) -> CardState {
    match &today.question {
        None => CardState::Nothing,
        Some(question) => match question.answers {
            AnswersView::Both { .. } => CardState::Open { id: question.id },
            _ if today.pair.phase == PairPhase::Closed => CardState::Closed,
            AnswersView::Waiting { .. } => CardState::Waiting { id: question.id, version: question.version },
            AnswersView::Open | AnswersView::OtherIsWaiting => {
                CardState::ToAnswer { id: question.id, version: question.version }
            }
        },
    }
}

/// The place that an answer to this question is written for.
pub fn place_of(pair: PairId, question: &QuestionView) -> Place {
    Place { pair, question: question.id, version: question.version, base: question.revision }
}

/// The places of a pair whose answer may still be written or edited.
pub fn answerable(today: &TodayView) -> Vec<Place> {
    if today.pair.phase == PairPhase::Closed {
        return Vec::new();
    }
    let current = today.question.iter().filter(|question| !question.is_complete());
    current
        .chain(&today.later)
        .filter(|question| !question.is_sealed)
        .map(|question| place_of(today.pair.id, question))
        .collect()
}

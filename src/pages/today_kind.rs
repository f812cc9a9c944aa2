//! Which state today's question is in, as far as the page is drawn by it.

use crate::{
    api::{AnswersView, Phase, QuestionView, TodayView},
    browser::drafts::Place,
    domain::{DailyQuestionId, PairId},
};

/// What of a question decides which parts the page shows. While it stays the same nothing is drawn anew,
/// so nobody loses what they are typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Nothing,
    ToAnswer { id: DailyQuestionId, version: u32 },
    Waiting { id: DailyQuestionId, version: u32 },
    Open { id: DailyQuestionId },
    Closed,
}

pub fn kind_of(today: &TodayView) -> Kind {
    match &today.question {
        None => Kind::Nothing,
        Some(question) => match question.answers {
            AnswersView::Both { .. } => Kind::Open { id: question.id },
            _ if today.pair.phase == Phase::Closed => Kind::Closed,
            AnswersView::Waiting { .. } => Kind::Waiting { id: question.id, version: question.version },
            AnswersView::Open | AnswersView::OtherIsWaiting => {
                Kind::ToAnswer { id: question.id, version: question.version }
            }
        },
    }
}

/// Where an answer to this question is written.
pub fn place_of(pair: PairId, question: &QuestionView) -> Place {
    Place { pair, question: question.id, version: question.version, base: question.revision }
}

/// Everything of a pair that may still be answered or edited.
pub fn answerable(today: &TodayView) -> Vec<Place> {
    if today.pair.phase == Phase::Closed {
        return Vec::new();
    }
    let current = today.question.iter().filter(|question| !question.is_complete());
    current.chain(&today.later).map(|question| place_of(today.pair.id, question)).collect()
}

//! Which state today's question is in, as far as the page is drawn by it.

use crate::{
    api::{AnswersView, Phase, TodayView},
    domain::DailyQuestionId,
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
            AnswersView::Open | AnswersView::OtherIsWaiting => Kind::ToAnswer { id: question.id, version: question.version },
        },
    }
}

//! What server functions return to pages. Time, zone and language are in them, so that both renders agree.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{DailyQuestionId, Hour, LocalDate, PairId, PairPhase, PushTime, Relation, Role, Section, TimeOfYear},
    text::{self, Words},
};

/// A taken seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    pub role: Role,
    pub relation: Relation,
    pub name: String,
}

impl MemberView {
    /// How the member across calls them.
    pub fn call(&self, words: &Words) -> String {
        text::call(words, self.role, &self.relation, &self.name)
    }
}

/// A pair as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairView {
    pub id: PairId,
    pub phase: PairPhase,
    pub me: MemberView,
    pub other: Option<MemberView>,
    pub push_time: PushTime,
    pub zone: String,
    /// The date of a running pause.
    pub paused_until: Option<LocalDate>,
    pub is_inviter: bool,
}

impl PairView {
    /// How I call the other; a waiting word while the seat is empty.
    pub fn call_other(&self, words: &Words) -> String {
        self.other.as_ref().map_or_else(|| words.pair_waiting.to_owned(), |other| other.call(words))
    }
}

/// A pair in the switcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairLink {
    pub id: PairId,
    pub phase: PairPhase,
    pub other: Option<MemberView>,
}

/// What a member sees of the answers; the other's words are only in `Both`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswersView {
    Open,
    OtherIsWaiting,
    Waiting { own: String },
    Both { own: String, other: String, own_date: LocalDate, other_date: LocalDate },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionView {
    pub id: DailyQuestionId,
    pub version: u32,
    pub number: u32,
    pub section: Section,
    pub topic: String,
    /// My wording, filled in.
    pub wording: String,
    /// The other's wording, filled in; only once the card is open.
    pub other_wording: Option<String>,
    pub local_date: Option<LocalDate>,
    pub answers: AnswersView,
    pub may_move_on: bool,
    pub has_moved_on: bool,
    /// Earlier revisions of my own answer, newest first.
    pub revisions: Vec<String>,
    /// Which revision of my own answer this is; 0 before I answered.
    #[serde(default)]
    pub revision: u32,
}

impl QuestionView {
    pub fn has_answered(&self) -> bool {
        matches!(self.answers, AnswersView::Waiting { .. } | AnswersView::Both { .. })
    }

    /// My own answer, if there is one.
    pub fn own(&self) -> Option<&str> {
        match &self.answers {
            AnswersView::Open | AnswersView::OtherIsWaiting => None,
            AnswersView::Waiting { own } | AnswersView::Both { own, .. } => Some(own),
        }
    }

    pub fn other_has_answered(&self) -> bool {
        matches!(self.answers, AnswersView::OtherIsWaiting | AnswersView::Both { .. })
    }

    pub fn is_complete(&self) -> bool {
        matches!(self.answers, AnswersView::Both { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TodayView {
    /// The feed's number this view was read at.
    pub as_of: i64,
    pub pair: PairView,
    pub today: LocalDate,
    pub time_of_year: TimeOfYear,
    pub hour: Hour,
    pub question: Option<QuestionView>,
    /// Shelved questions; of a closed pair, every question that never completed.
    pub later: Vec<QuestionView>,
    pub completed: i64,
    pub closed_season: Option<i64>,
    pub may_swap: bool,
    /// The inviter may still say that the wrong person joined.
    pub may_start_again: bool,
    pub has_invitation: bool,
    pub asks_for_recovery: bool,
    pub may_nudge: bool,
    pub has_nudged: bool,
}

/// Text from another app on its way to `/share`; mostly empty.
#[derive(Debug, Clone, Default)]
pub struct SharedText(pub String);

/// Who is here, for the first page and the frame around all pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeView {
    /// `None` when nobody is signed in.
    pub name: Option<String>,
    pub pairs: Vec<PairLink>,
    pub as_of: i64,
    /// Notifications not read.
    pub unread: i64,
    /// How many answers the person has given: after the first a page may speak of notifications, after the second of
    /// installing.
    pub answers: i64,
}

/// A zone to choose, with the minute of the day its clocks show now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneChoice {
    pub zone: String,
    pub minute: i64,
}

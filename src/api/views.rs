//! The views that server functions return to pages. They contain time, zone and language, so that server and browser
//! render the same.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{DailyQuestionId, Hour, LocalDate, PairId, PairPhase, PushTime, Relation, Role, Section, TimeOfYear},
    text::{self, Words},
};

/// A member of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    pub role: Role,
    pub relation: Relation,
    pub name: String,
}

impl MemberView {
    /// The form of address that the other member uses for this member.
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
    /// The date until which the pair is paused, if it is paused now.
    pub paused_until: Option<LocalDate>,
    pub is_inviter: bool,
}

impl PairView {
    /// The form of address for the other member, or a word for waiting while nobody has joined.
    pub fn call_other(&self, words: &Words) -> String {
        self.other.as_ref().map_or_else(|| words.pair_waiting.to_owned(), |other| other.call(words))
    }
}

/// A pair as an entry of the list in which a person switches between pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairLink {
    pub id: PairId,
    pub phase: PairPhase,
    pub other: Option<MemberView>,
}

/// What a member may see of the answers. Only `Both` contains the other member's text.
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
    /// The question as the viewing member gets it, with placeholders filled in.
    pub wording: String,
    /// The question as the other member gets it, with placeholders filled in. `None` until the card is open.
    pub other_wording: Option<String>,
    pub local_date: Option<LocalDate>,
    pub answers: AnswersView,
    pub may_move_on: bool,
    pub has_moved_on: bool,
    /// The own answer was given before the seat moved to the viewing member: a sentence stands for it, and it is not
    /// edited.
    #[serde(default)]
    pub is_sealed: bool,
    /// Earlier revisions of the viewing member's own answer, newest first.
    pub revisions: Vec<String>,
    /// The revision number of the viewing member's own answer. 0 if there is no answer yet.
    #[serde(default)]
    pub revision: u32,
}

impl QuestionView {
    pub fn has_answered(&self) -> bool {
        matches!(self.answers, AnswersView::Waiting { .. } | AnswersView::Both { .. })
    }

    /// The viewing member's own answer, if there is one.
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
    /// The number of the last feed event when this view was read.
    pub as_of: i64,
    pub pair: PairView,
    pub today: LocalDate,
    pub time_of_year: TimeOfYear,
    pub hour: Hour,
    pub question: Option<QuestionView>,
    /// The shelved questions. For a closed pair, all questions that were never completed.
    pub later: Vec<QuestionView>,
    pub completed: i64,
    pub closed_season: Option<i64>,
    pub may_swap: bool,
    /// Whether the viewing member is the inviter and may still say that the wrong person joined.
    pub may_start_again: bool,
    pub has_invitation: bool,
    pub asks_for_recovery: bool,
    pub may_nudge: bool,
    pub has_nudged: bool,
}

/// A text that another app shares with `/share`. Empty on all other requests.
#[derive(Debug, Clone, Default)]
pub struct SharedText(pub String);

/// The signed-in person and their pairs, for the first page and for the header and tabs of all pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeView {
    /// `None` when nobody is signed in.
    pub name: Option<String>,
    pub pairs: Vec<PairLink>,
    pub as_of: i64,
    /// The number of unread notifications.
    pub unread: i64,
    /// The number of answers that the person has given. Pages may offer notifications after the first answer, and
    /// installing the app after the second.
    pub answers: i64,
    /// A pair in which the person waits for a seat.
    pub waits_in: Option<PairId>,
}

/// A time zone that a form offers, with its current minute of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneChoice {
    pub zone: String,
    pub minute: i64,
}

//! What server functions return to pages. Time, zone and language are in them, so that both renders agree.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        DailyQuestionId, Hour, LocalDate, Locale, PairId, PushTime, Relation, Role, Section, SessionId, TextSize,
        TimeOfYear,
    },
    text::{self, Words},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Alone,
    Together,
    Closed,
}

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
    pub phase: Phase,
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
    pub phase: Phase,
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardLink {
    pub id: DailyQuestionId,
    pub topic: String,
    pub section: Section,
    pub local_date: Option<LocalDate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveView {
    pub as_of: i64,
    pub pair: PairView,
    pub section: Option<Section>,
    pub cards: Vec<CardLink>,
    pub page: i64,
    pub pages: i64,
    pub seasons: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardView {
    pub as_of: i64,
    pub pair: PairView,
    pub question: QuestionView,
    pub earlier: Option<DailyQuestionId>,
    pub later: Option<DailyQuestionId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeasonCard {
    pub link: CardLink,
    pub own: String,
    pub other: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeasonView {
    pub pair: PairView,
    pub number: i64,
    pub cards: Vec<SeasonCard>,
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteView {
    pub pair: PairView,
    /// The running invitation's last day, in the pair's zone.
    pub until: Option<LocalDate>,
    /// Code, link and QR picture; only in the browser that made the invitation.
    pub code: Option<CodeView>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeView {
    pub code: String,
    pub link: String,
    /// The path data of the QR picture, one unit a module.
    pub qr_path: String,
    /// Its edge in modules, the quiet zone included.
    pub qr_size: usize,
}

/// What the holder of a right code sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinView {
    pub inviter: MemberView,
    pub role: Role,
    pub relation: Option<Relation>,
    pub name: String,
    /// The name of whoever is signed in here.
    pub me: Option<String>,
}

/// The browser the page is opened in, as far as joining cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InApp {
    No,
    KakaoTalk,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorView {
    pub in_app: InApp,
    /// Where "open in my browser" leads; empty when only words can help.
    pub open_in_browser: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub id: SessionId,
    pub device: String,
    pub is_this: bool,
    pub last_used: LocalDate,
}

/// A zone to choose, with the minute of the day its clocks show now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneChoice {
    pub zone: String,
    pub minute: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    pub as_of: i64,
    pub name: String,
    pub locale: Locale,
    pub text_size: TextSize,
    pub zone: String,
    pub zones: Vec<String>,
    /// The person's own zone first.
    #[serde(default)]
    pub zone_choices: Vec<ZoneChoice>,
    pub sessions: Vec<SessionView>,
    pub pairs: Vec<PairLink>,
    /// The recovery code from before a renewal, while it opens.
    #[serde(default)]
    pub earlier_code: Option<EarlierCodeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierCodeView {
    /// The last day it opens, in the person's zone.
    pub until: LocalDate,
    /// Whether this session may end it now.
    pub may_end: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairSettingsView {
    pub as_of: i64,
    pub pair: PairView,
    /// The pair's local date; a pause begins to count from it.
    pub today: LocalDate,
    pub zones: Vec<String>,
    /// The pair's zone first.
    #[serde(default)]
    pub zone_choices: Vec<ZoneChoice>,
}

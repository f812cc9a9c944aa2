//! A stored fact in a person's feed. It is a reason to ask the server again, never the answer itself.
//! Rules R26, R142.

use serde::{Deserialize, Serialize};

use super::{DailyQuestionId, Millis, PairId};

/// What happened. The word is stored and sent; it is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    QuestionOpened,
    QuestionShelved,
    QuestionSwapped,
    /// A due minute passed and the question stays open.
    DuePassed,
    AnswerSubmitted,
    AnswerRevised,
    CardOpened,
    /// An answer of an open card was taken back or restored.
    CardChanged,
    PushTimeChanged,
    RelationChanged,
    NameChanged,
    InvitationChanged,
    MemberJoined,
    PairClosed,
    PairPaused,
    PairResumed,
    MoveOnAsked,
    RecoveryCodeUsed,
    RecoveryCodeRenewed,
    SessionsChanged,
    SettingsChanged,
    /// An inbox entry was added or read.
    InboxChanged,
    /// A browser of the person was added or removed, or reported a notification.
    DeviceChanged,
    /// A new device asks to sign in by the person's digits.
    HandOverAsked,
    /// A new device signed in by digits or link.
    HandOverUsed,
    /// A kind of a later release. It is never written; the reader asks the server again.
    #[serde(other)]
    Other,
}

impl EventKind {
    /// Every kind that this release writes.
    pub const ALL: [Self; 25] = [
        Self::QuestionOpened,
        Self::QuestionShelved,
        Self::QuestionSwapped,
        Self::DuePassed,
        Self::AnswerSubmitted,
        Self::AnswerRevised,
        Self::CardOpened,
        Self::CardChanged,
        Self::PushTimeChanged,
        Self::RelationChanged,
        Self::NameChanged,
        Self::InvitationChanged,
        Self::MemberJoined,
        Self::PairClosed,
        Self::PairPaused,
        Self::PairResumed,
        Self::MoveOnAsked,
        Self::RecoveryCodeUsed,
        Self::RecoveryCodeRenewed,
        Self::SessionsChanged,
        Self::SettingsChanged,
        Self::InboxChanged,
        Self::DeviceChanged,
        Self::HandOverAsked,
        Self::HandOverUsed,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::QuestionOpened => "question_opened",
            Self::QuestionShelved => "question_shelved",
            Self::QuestionSwapped => "question_swapped",
            Self::DuePassed => "due_passed",
            Self::AnswerSubmitted => "answer_submitted",
            Self::AnswerRevised => "answer_revised",
            Self::CardOpened => "card_opened",
            Self::CardChanged => "card_changed",
            Self::PushTimeChanged => "push_time_changed",
            Self::RelationChanged => "relation_changed",
            Self::NameChanged => "name_changed",
            Self::InvitationChanged => "invitation_changed",
            Self::MemberJoined => "member_joined",
            Self::PairClosed => "pair_closed",
            Self::PairPaused => "pair_paused",
            Self::PairResumed => "pair_resumed",
            Self::MoveOnAsked => "move_on_asked",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodeRenewed => "recovery_code_renewed",
            Self::SessionsChanged => "sessions_changed",
            Self::SettingsChanged => "settings_changed",
            Self::InboxChanged => "inbox_changed",
            Self::DeviceChanged => "device_changed",
            Self::HandOverAsked => "hand_over_asked",
            Self::HandOverUsed => "hand_over_used",
            Self::Other => "other",
        }
    }

    /// Whether the event is about a question or its answers, and nothing else.
    pub fn is_of_the_day(self) -> bool {
        matches!(
            self,
            Self::QuestionOpened
                | Self::QuestionShelved
                | Self::QuestionSwapped
                | Self::DuePassed
                | Self::AnswerSubmitted
                | Self::AnswerRevised
                | Self::CardOpened
                | Self::CardChanged
                | Self::MoveOnAsked
        )
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Reads a stored word. A word of a later release is `Other`, so that a cursor moves on past it.
    pub fn from_stored(word: &str) -> Self {
        Self::from_word(word).unwrap_or(Self::Other)
    }
}

/// One row of a person's feed: ids and kinds only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 1 within one person's feed, without gaps.
    pub seq: i64,
    pub kind: EventKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pair: Option<PairId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub daily_question: Option<DailyQuestionId>,
    /// The number of unread notifications as of this event. Only the last event of a batch carries it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unread: Option<i64>,
    /// When it was written; kept for housekeeping, not sent.
    #[serde(skip, default = "epoch")]
    pub at: Millis,
}

fn epoch() -> Millis {
    Millis(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_and_goes_over_the_wire_by_its_word() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.word()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).expect("a word"), format!("\"{}\"", kind.word()));
        }
    }

    #[test]
    fn a_kind_of_a_later_release_is_a_reason_to_ask_again() {
        assert_eq!(EventKind::from_stored("photo_added"), EventKind::Other);
        assert_eq!(serde_json::from_str::<EventKind>("\"photo_added\"").expect("a kind"), EventKind::Other);
        assert!(!EventKind::Other.is_of_the_day(), "every page that follows more than the day asks again");
    }
}

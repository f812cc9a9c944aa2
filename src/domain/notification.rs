//! Notifications: their kinds, the switches that mute them, and which of them count towards the daily limit.
//! Rules R90, R93, R94, R96, R98.

use serde::{Deserialize, Serialize};

use super::channel::Channel;

/// The kind of a notification. The word is stored and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NotificationKind {
    /// Today's question has opened.
    Question,
    /// The other answered and I have not.
    Answered,
    /// The other answered and the card is open.
    CardOpened,
    /// I have not answered (days 1, 3, 6).
    Reminder,
    /// The other has not answered. The member who waits is notified once.
    StillWaiting,
    /// The other asks me to answer.
    Nudge,
    TimeChanged,
    Joined,
    Left,
    /// The other has their account deleted, which closes the pair.
    Deleting,
    /// The other took back the deletion of their account, and the pair goes on.
    CameBack,
    /// The other took back an answer of an open card.
    AnswerTakenBack,
    Paused,
    Resumed,
    /// My recovery code was used to sign in.
    RecoveryUsed,
    /// My recovery code was renewed: the earlier one no longer works.
    RecoveryRenewed,
    /// The operator made a recovery code for me, which works after 48 hours.
    RecoveryAsked,
    /// Somebody waits for my seat in a pair and gets it after 48 hours.
    SeatAsked,
    /// Somebody joined with my return invitation and waits for the other seat.
    SeatJoined,
    /// A seat does not move: it was refused, called off, or the pair was closed.
    SeatRefused,
    /// My seat moved to another person.
    SeatMoved,
    /// A seat moved, and the pair goes on with it.
    SeatOpened,
    /// A way into my account was added: a passkey, or an account elsewhere.
    WayInAdded,
    /// A way into my account was removed.
    WayInRemoved,
    /// I signed in by one of these ways.
    WayInUsed,
    /// The counter of a passkey went back, as if there were two of it.
    PasskeyCopied,
    /// One of my devices asks another one to confirm that it is me.
    ProofAsked,
    /// I signed in on another device by a hand-over.
    HandedOver,
    /// A session token was presented that had been replaced long ago.
    StaleToken,
    /// A push that I asked for to test a device.
    Test,
    /// What the operator tells everybody.
    Announcement,
    /// The operator imported a copy that I kept.
    Imported,
}

/// How soon a push service should wake the device (RFC 8030 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Normal,
    High,
}

/// The daily limit of pushes for reminders, nudges and settings. Further ones are only in the inbox (R94).
pub const COUNTED_A_DAY: i64 = 4;

impl NotificationKind {
    pub const ALL: [Self; 32] = [
        Self::Question,
        Self::Answered,
        Self::CardOpened,
        Self::Reminder,
        Self::StillWaiting,
        Self::Nudge,
        Self::TimeChanged,
        Self::Joined,
        Self::Left,
        Self::Deleting,
        Self::CameBack,
        Self::AnswerTakenBack,
        Self::Paused,
        Self::Resumed,
        Self::RecoveryUsed,
        Self::RecoveryRenewed,
        Self::RecoveryAsked,
        Self::SeatAsked,
        Self::SeatJoined,
        Self::SeatRefused,
        Self::SeatMoved,
        Self::SeatOpened,
        Self::WayInAdded,
        Self::WayInRemoved,
        Self::WayInUsed,
        Self::PasskeyCopied,
        Self::ProofAsked,
        Self::HandedOver,
        Self::StaleToken,
        Self::Test,
        Self::Announcement,
        Self::Imported,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answered => "answered",
            Self::CardOpened => "card_opened",
            Self::Reminder => "reminder",
            Self::StillWaiting => "still_waiting",
            Self::Nudge => "nudge",
            Self::TimeChanged => "time_changed",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Deleting => "deleting",
            Self::CameBack => "came_back",
            Self::AnswerTakenBack => "answer_taken_back",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::RecoveryUsed => "recovery_used",
            Self::RecoveryRenewed => "recovery_renewed",
            Self::RecoveryAsked => "recovery_asked",
            Self::SeatAsked => "seat_asked",
            Self::SeatJoined => "seat_joined",
            Self::SeatRefused => "seat_refused",
            Self::SeatMoved => "seat_moved",
            Self::SeatOpened => "seat_opened",
            Self::WayInAdded => "way_in_added",
            Self::WayInRemoved => "way_in_removed",
            Self::WayInUsed => "way_in_used",
            Self::PasskeyCopied => "passkey_copied",
            Self::ProofAsked => "proof_asked",
            Self::HandedOver => "handed_over",
            Self::StaleToken => "stale_token",
            Self::Test => "test",
            Self::Announcement => "announcement",
            Self::Imported => "imported",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The switch that mutes this kind; `None` when it cannot be muted.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Question => Some(Channel::Question),
            Self::Answered | Self::CardOpened => Some(Channel::Answer),
            Self::Reminder | Self::StillWaiting => Some(Channel::Reminder),
            Self::Nudge => Some(Channel::Nudge),
            Self::TimeChanged
            | Self::Joined
            | Self::Left
            | Self::Deleting
            | Self::CameBack
            | Self::AnswerTakenBack
            | Self::Paused
            | Self::Resumed
            | Self::Imported => Some(Channel::News),
            Self::Announcement => Some(Channel::Announcement),
            Self::RecoveryUsed
            | Self::RecoveryRenewed
            | Self::RecoveryAsked
            | Self::SeatAsked
            | Self::SeatJoined
            | Self::SeatRefused
            | Self::SeatMoved
            | Self::SeatOpened
            | Self::WayInAdded
            | Self::WayInRemoved
            | Self::WayInUsed
            | Self::PasskeyCopied
            | Self::ProofAsked
            | Self::HandedOver
            | Self::StaleToken
            | Self::Test => None,
        }
    }

    pub fn urgency(self) -> Urgency {
        match self {
            Self::Reminder
            | Self::StillWaiting
            | Self::Nudge
            | Self::TimeChanged
            | Self::Joined
            | Self::Left
            | Self::Deleting
            | Self::CameBack
            | Self::AnswerTakenBack
            | Self::Paused
            | Self::Resumed
            | Self::Announcement
            | Self::Imported => Urgency::Normal,
            Self::Question | Self::Answered | Self::CardOpened => Urgency::High,
            Self::RecoveryUsed
            | Self::RecoveryRenewed
            | Self::RecoveryAsked
            | Self::SeatAsked
            | Self::SeatJoined
            | Self::SeatRefused
            | Self::SeatMoved
            | Self::SeatOpened
            | Self::WayInAdded
            | Self::WayInRemoved
            | Self::WayInUsed
            | Self::PasskeyCopied
            | Self::ProofAsked
            | Self::HandedOver
            | Self::StaleToken
            | Self::Test => Urgency::High,
        }
    }

    /// Whether this kind counts towards the daily limit (R94).
    pub fn is_counted(self) -> bool {
        matches!(self.channel(), Some(Channel::Reminder | Channel::Nudge | Channel::News))
    }

    /// Whether quiet hours delay this kind. Security notifications and tests are not delayed.
    pub fn waits_for_morning(self) -> bool {
        !matches!(
            self,
            Self::RecoveryUsed
                | Self::RecoveryRenewed
                | Self::RecoveryAsked
                | Self::SeatAsked
                | Self::SeatJoined
                | Self::SeatRefused
                | Self::SeatMoved
                | Self::SeatOpened
                | Self::WayInAdded
                | Self::WayInRemoved
                | Self::WayInUsed
                | Self::PasskeyCopied
                | Self::ProofAsked
                | Self::HandedOver
                | Self::StaleToken
                | Self::Test
        )
    }
}

/// Upper bound of the jitter, exclusive.
pub const LONGEST_JITTER_MS: i64 = 40_000;

/// Deterministic jitter of a pair's pushes: 0 to 40 s after the due minute.
pub fn jitter_ms(pair: super::PairId) -> i64 {
    // Mixes the random half of a UUIDv7: evenly spread, and the same on every node.
    let mixed = (pair.0 as u64 ^ (pair.0 >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 33) % LONGEST_JITTER_MS as u64) as i64
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;

//! What a person is told, by which switch it can be muted, and whether a push still makes sense when its minute comes.
//! Rules R90, R93, R94, R96, R98.

use serde::{Deserialize, Serialize};

/// A fact as a person is told it. The word is stored; it is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NotificationKind {
    /// Today's question is there.
    Question,
    /// The other answered and I have not.
    Answered,
    /// The other answered and the card is open.
    CardOpened,
    /// I have not answered (days 1, 3, 6).
    Reminder,
    /// The other has not answered: told once to whoever waits.
    StillWaiting,
    /// The other asks me to answer.
    Nudge,
    TimeChanged,
    Joined,
    Left,
    Paused,
    Resumed,
    /// Somebody came in with my recovery code.
    RecoveryUsed,
    /// My recovery code was made anew: the one I keep opens nothing any more.
    RecoveryRenewed,
    /// Another device of mine was handed over to.
    HandedOver,
    /// A session token that was replaced long ago was shown once more.
    StaleToken,
    /// A push I asked for, to see that it works.
    Test,
}

/// A switch per person and pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    Question,
    Answer,
    Reminder,
    Nudge,
    News,
}

impl Channel {
    pub const ALL: [Self; 5] = [Self::Question, Self::Answer, Self::Reminder, Self::Nudge, Self::News];

    /// The stored form, also the field's name in the form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Reminder => "reminder",
            Self::Nudge => "nudge",
            Self::News => "news",
        }
    }
}

/// The switches that are off, of one member. The stored form may hold words of a later release beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted(Vec<Channel>);

impl Muted {
    pub fn new(mut channels: Vec<Channel>) -> Self {
        channels.sort_unstable();
        channels.dedup();
        Self(channels)
    }

    /// Reads the stored form; words of a later version are left alone.
    pub fn from_stored(text: &str) -> Self {
        Self::new(
            Channel::ALL.into_iter().filter(|channel| text.split(' ').any(|word| word == channel.word())).collect(),
        )
    }

    /// The stored form that replaces `earlier`. Words of a later release in it stay.
    pub fn to_stored(&self, earlier: &str) -> String {
        let later = earlier
            .split(' ')
            .filter(|word| !word.is_empty() && Channel::ALL.iter().all(|channel| channel.word() != *word));
        self.0.iter().map(|channel| channel.word()).chain(later).collect::<Vec<_>>().join(" ")
    }

    pub fn holds(&self, channel: Channel) -> bool {
        self.0.contains(&channel)
    }
}

/// How soon a push service should wake the device (RFC 8030 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Normal,
    High,
}

/// Pushes a day of reminders, nudges and settings news; above that the inbox alone (R94).
pub const COUNTED_A_DAY: i64 = 4;

impl NotificationKind {
    pub const ALL: [Self; 16] = [
        Self::Question,
        Self::Answered,
        Self::CardOpened,
        Self::Reminder,
        Self::StillWaiting,
        Self::Nudge,
        Self::TimeChanged,
        Self::Joined,
        Self::Left,
        Self::Paused,
        Self::Resumed,
        Self::RecoveryUsed,
        Self::RecoveryRenewed,
        Self::HandedOver,
        Self::StaleToken,
        Self::Test,
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
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::RecoveryUsed => "recovery_used",
            Self::RecoveryRenewed => "recovery_renewed",
            Self::HandedOver => "handed_over",
            Self::StaleToken => "stale_token",
            Self::Test => "test",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The switch that mutes it; `None` for what cannot be muted.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Question => Some(Channel::Question),
            Self::Answered | Self::CardOpened => Some(Channel::Answer),
            Self::Reminder | Self::StillWaiting => Some(Channel::Reminder),
            Self::Nudge => Some(Channel::Nudge),
            Self::TimeChanged | Self::Joined | Self::Left | Self::Paused | Self::Resumed => Some(Channel::News),
            Self::RecoveryUsed | Self::RecoveryRenewed | Self::HandedOver | Self::StaleToken | Self::Test => None,
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
            | Self::Paused
            | Self::Resumed => Urgency::Normal,
            Self::Question | Self::Answered | Self::CardOpened => Urgency::High,
            Self::RecoveryUsed | Self::RecoveryRenewed | Self::HandedOver | Self::StaleToken | Self::Test => {
                Urgency::High
            }
        }
    }

    /// Whether it counts among the few pushes a day that are neither questions nor answers.
    pub fn is_counted(self) -> bool {
        matches!(self.channel(), Some(Channel::Reminder | Channel::Nudge | Channel::News))
    }

    /// Whether quiet hours hold it back. Security and a test asked for do not wait.
    pub fn waits_for_morning(self) -> bool {
        !matches!(self, Self::RecoveryUsed | Self::RecoveryRenewed | Self::HandedOver | Self::StaleToken | Self::Test)
    }
}

/// Why a delivery was not sent after all. The word is stored for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// What it asked for was done meanwhile.
    Answered,
    /// The pair was left.
    Left,
    /// The browser signed out or was removed.
    SignedOut,
    Muted,
    Paused,
    /// Something newer says it better.
    Superseded,
    /// That browser showed it to a person who was looking.
    SeenLive,
}

impl Cancelled {
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Left => "left",
            Self::SignedOut => "signed_out",
            Self::Muted => "muted",
            Self::Paused => "paused",
            Self::Superseded => "superseded",
            Self::SeenLive => "seen_live",
        }
    }
}

/// How things stand at the moment of sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    pub is_closed: bool,
    pub is_paused: bool,
    pub is_muted: bool,
    /// The question it is about is the pair's current one and neither shelved nor complete.
    pub is_open: bool,
    pub is_complete: bool,
    pub has_answered: bool,
    pub other_has_answered: bool,
    /// A newer notification of the same kind about the same pair exists.
    pub is_superseded: bool,
}

/// Whether the fact still holds: what was true when it was written may be over when it is sent.
pub fn still_holds(kind: NotificationKind, now: Standing) -> Result<(), Cancelled> {
    if now.is_muted {
        return Err(Cancelled::Muted);
    }
    match kind {
        NotificationKind::RecoveryUsed
        | NotificationKind::RecoveryRenewed
        | NotificationKind::HandedOver
        | NotificationKind::StaleToken
        | NotificationKind::Test
        | NotificationKind::Left => {
            return Ok(());
        }
        _ if now.is_closed => return Err(Cancelled::Left),
        _ => {}
    }
    match kind {
        NotificationKind::Question | NotificationKind::Reminder | NotificationKind::Nudge => {
            if now.has_answered {
                return Err(Cancelled::Answered);
            }
            if !now.is_open || now.is_superseded {
                return Err(Cancelled::Superseded);
            }
            if now.is_paused && kind != NotificationKind::Question { Err(Cancelled::Paused) } else { Ok(()) }
        }
        NotificationKind::StillWaiting => {
            if now.other_has_answered {
                return Err(Cancelled::Answered);
            }
            if !now.is_open {
                return Err(Cancelled::Superseded);
            }
            if now.is_paused { Err(Cancelled::Paused) } else { Ok(()) }
        }
        NotificationKind::Answered => {
            if now.has_answered {
                Err(Cancelled::Answered)
            } else {
                Ok(())
            }
        }
        NotificationKind::CardOpened | NotificationKind::Joined => Ok(()),
        NotificationKind::TimeChanged => {
            if now.is_superseded {
                Err(Cancelled::Superseded)
            } else {
                Ok(())
            }
        }
        NotificationKind::Paused => {
            if now.is_superseded || !now.is_paused {
                Err(Cancelled::Superseded)
            } else {
                Ok(())
            }
        }
        NotificationKind::Resumed => {
            if now.is_superseded || now.is_paused {
                Err(Cancelled::Superseded)
            } else {
                Ok(())
            }
        }
        NotificationKind::Left
        | NotificationKind::RecoveryUsed
        | NotificationKind::RecoveryRenewed
        | NotificationKind::HandedOver
        | NotificationKind::StaleToken
        | NotificationKind::Test => Ok(()),
    }
}

/// Jitter stays below this.
pub const LONGEST_JITTER_MS: i64 = 40_000;

/// Deterministic jitter of a pair's pushes after its minute, never before: 0 to 40 s.
pub fn jitter_ms(pair: super::PairId) -> i64 {
    // The random half of a UUIDv7, folded: evenly spread, the same on every node.
    let mixed = (pair.0 as u64 ^ (pair.0 >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 33) % LONGEST_JITTER_MS as u64) as i64
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;

//! The channels of notifications that a person can mute. Rule R93.

use serde::{Deserialize, Serialize};

/// What a person can mute: a channel of a pair, or announcements, which have no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    Question,
    Answer,
    Reminder,
    Nudge,
    News,
    Announcement,
}

impl Channel {
    pub const ALL: [Self; 6] =
        [Self::Question, Self::Answer, Self::Reminder, Self::Nudge, Self::News, Self::Announcement];

    /// The switches of a member in a pair, in the order of the page.
    pub const OF_PAIR: [Self; 5] = [Self::Question, Self::Answer, Self::Reminder, Self::Nudge, Self::News];

    /// The stored form, also the field's name in the form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Reminder => "reminder",
            Self::Nudge => "nudge",
            Self::News => "news",
            Self::Announcement => "announcement",
        }
    }
}

/// The switches that a member has turned off for a pair, or a person for all of them. The stored form may hold words of
/// a later release as well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted(Vec<Channel>);

impl Muted {
    pub fn new(mut channels: Vec<Channel>) -> Self {
        channels.sort_unstable();
        channels.dedup();
        Self(channels)
    }

    /// Reads the stored form and skips words of a later release.
    pub fn from_stored(text: &str) -> Self {
        Self::new(
            Channel::ALL.into_iter().filter(|channel| text.split(' ').any(|word| word == channel.word())).collect(),
        )
    }

    /// The stored form that replaces `earlier`. Words of a later release in `earlier` stay.
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

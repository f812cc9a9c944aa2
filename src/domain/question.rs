//! Catalogue entries and their wordings.
//! Rules R17, R142.

use serde::{Deserialize, Serialize};

use super::{Locale, Role};

/// The stable name of a catalogue entry, for example `childhood-oldest-memory`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuestionKey(pub String);

/// The part of life that a question asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Childhood,
    School,
    Youth,
    WorkAndLove,
    SinceWeMet,
    NowAndAhead,
    /// A section of a later release. No question of this release is in it.
    #[serde(other)]
    Other,
}

impl Section {
    /// The sections that this release knows, in the order shown.
    pub const ALL: [Self; 6] =
        [Self::Childhood, Self::School, Self::Youth, Self::WorkAndLove, Self::SinceWeMet, Self::NowAndAhead];

    /// The stored form, also the word in URLs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Childhood => "childhood",
            Self::School => "school",
            Self::Youth => "youth",
            Self::WorkAndLove => "work_and_love",
            Self::SinceWeMet => "since_we_met",
            Self::NowAndAhead => "now_and_ahead",
            Self::Other => "other",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.word() == word)
    }

    /// Reads a stored word. A word of a later release is `Other`.
    pub fn from_stored(word: &str) -> Self {
        Self::from_word(word).unwrap_or(Self::Other)
    }
}

/// A question in one language: its topic and a wording for each seat.
/// `{other}` stands for the member across; `{other:이/가}` adds the fitting particle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// At most 12 graphemes.
    pub topic: String,
    pub parent: String,
    pub child: String,
}

impl Wording {
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::Parent => &self.parent,
            Role::Child => &self.child,
        }
    }
}

/// A question in both languages. A daily question keeps the wordings it opened with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wordings {
    pub ko: Wording,
    pub en: Wording,
}

impl Wordings {
    pub fn of(&self, locale: Locale) -> &Wording {
        match locale {
            Locale::Ko => &self.ko,
            Locale::En => &self.en,
        }
    }
}

/// A catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub key: QuestionKey,
    pub section: Section,
    pub wordings: Wordings,
    pub tags: Vec<String>,
}

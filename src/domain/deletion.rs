//! What becomes of a person's words when their account is deleted.
//! Rules R171–R175.

use serde::{Deserialize, Serialize};

use super::Millis;

/// How long the deletion of an account can be taken back.
pub const DELETION_WAITS_MS: i64 = 7 * Millis::DAY;

/// What becomes of a person's answers in one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WordsOnDeletion {
    /// They go from both archives.
    Erase,
    /// Those of opened cards stay with the other, under the name that the person has in this pair.
    Leave,
}

impl WordsOnDeletion {
    /// The stored form, also the value of the form's choice.
    pub fn word(self) -> &'static str {
        match self {
            Self::Erase => "erase",
            Self::Leave => "leave",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Erase, Self::Leave].into_iter().find(|words| words.word() == word)
    }

    /// Reads a stored word. A word of a later release reads as `Erase`: whoever asks for a deletion gets no less of it
    /// than asked.
    pub fn from_stored(word: &str) -> Self {
        Self::from_word(word).unwrap_or(Self::Erase)
    }
}

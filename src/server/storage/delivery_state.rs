//! The states of a delivery as they are stored.

use super::sql_types::written_as;

/// The stored states: `pending → leased → accepted | retry | gone | expired | dead | cancelled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Leased,
    Retry,
    Accepted,
    Gone,
    Expired,
    Dead,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Leased,
        Self::Retry,
        Self::Accepted,
        Self::Gone,
        Self::Expired,
        Self::Dead,
        Self::Cancelled,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Retry => "retry",
            Self::Accepted => "accepted",
            Self::Gone => "gone",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

written_as!(String, State, |state| state.word().to_owned());

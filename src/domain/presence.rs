//! Presence: that a member is here just now. Told as it happens, never stored, and gone by itself.
//! Rules R110, R111.

use serde::{Deserialize, Serialize};

use super::PairId;

/// What a member is doing on the today page. Never more than that: no words, no lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Looking at it.
    Here,
    /// Writing their first answer to the current question.
    Writing,
}

impl Presence {
    /// Of one member of a pair at most one in so many milliseconds is told.
    pub const GAP_MS: i64 = 3_000;
    /// So many milliseconds after it was told it says nothing any more.
    pub const LIFE_MS: i64 = 10_000;
}

/// The other's presence in a pair, as one person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceSignal {
    pub pair: PairId,
    pub what: Presence,
}

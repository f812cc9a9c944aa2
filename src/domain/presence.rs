//! Presence: a member is here at this moment. It is sent as it happens, never stored, and expires by itself.
//! Rules R110, R111.

use serde::{Deserialize, Serialize};

use super::PairId;

/// What a member is doing on the today page. Nothing about the text is sent, not even its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Looking at it.
    Here,
    /// Writing their first answer to the current question.
    Writing,
}

impl Presence {
    /// Least milliseconds between two signals of one member of a pair.
    pub const GAP_MS: i64 = 3_000;
    /// Milliseconds after which a signal expires.
    pub const LIFE_MS: i64 = 10_000;
}

/// The other's presence in a pair, as one person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceSignal {
    pub pair: PairId,
    pub what: Presence,
}

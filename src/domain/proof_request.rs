//! A proof by another device of the same person: what a session must be to ask for it and to confirm it, and the
//! stages of a request. Rules R186–R188.

use serde::{Deserialize, Serialize};

use super::Millis;

/// Lifetime of a request: five minutes.
pub const PROOF_REQUEST_LIFE_MS: i64 = 5 * Millis::MINUTE;
/// A session that has shown something of its own confirms after a day.
pub const CONFIRMS_AFTER_MS: i64 = Millis::DAY;
/// A session that another session may have opened asks and confirms after a week. Every device was told when it was
/// opened, so its person had that week to end it.
pub const KNOWN_AFTER_MS: i64 = 7 * Millis::DAY;

/// What counts of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionStanding {
    pub age_ms: i64,
    /// It was opened or proved by something that the holder of another session does not have: a sign-up, a recovery
    /// code, a passkey, or an account at a provider.
    pub is_own: bool,
    /// It was proved within the last ten minutes.
    pub is_proved: bool,
}

impl SessionStanding {
    /// Whether the session may ask another device. One from a clock that was fast is younger than nothing and may not.
    pub fn may_ask(self) -> bool {
        self.is_own || self.age_ms >= KNOWN_AFTER_MS
    }

    /// Whether the session may confirm what another session asks.
    pub fn may_confirm(self) -> bool {
        let age = if self.is_own { CONFIRMS_AFTER_MS } else { KNOWN_AFTER_MS };
        self.is_proved || self.age_ms >= age
    }
}

/// The stage of a request. The word is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProofStage {
    Open,
    /// Another device chose the right number.
    Confirmed,
    /// Another device chose a wrong number.
    Wrong,
    /// Another device said that it was not its person.
    Refused,
}

impl ProofStage {
    pub const ALL: [Self; 4] = [Self::Open, Self::Confirmed, Self::Wrong, Self::Refused];

    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
        }
    }

    /// Reads a stored word. A stage of a later release reads as a wrong number, which proves nothing.
    pub fn from_stored(word: &str) -> Self {
        Self::ALL.into_iter().find(|stage| stage.word() == word).unwrap_or(Self::Wrong)
    }
}

/// The three numbers of a request from random bytes: two digits each, all different. The first is the right one.
pub fn proof_numbers(random: [u8; 8]) -> [i64; 3] {
    const SMALLEST: i64 = 10;
    let mut left: Vec<i64> = (SMALLEST..100).collect();
    let mut random = (u64::from_le_bytes(random) & (u64::MAX >> 1)) as i64;
    [(); 3].map(|()| {
        let count = left.len() as i64;
        let at = random % count;
        random /= count;
        left.remove(at as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_another_may_have_opened_waits_a_week() {
        let standing = |age_ms, is_own, is_proved| SessionStanding { age_ms, is_own, is_proved };
        for (session, asks, confirms) in [
            (standing(0, true, false), true, false),
            (standing(CONFIRMS_AFTER_MS - 1, true, false), true, false),
            (standing(CONFIRMS_AFTER_MS, true, false), true, true),
            (standing(0, true, true), true, true),
            (standing(CONFIRMS_AFTER_MS, false, false), false, false),
            (standing(KNOWN_AFTER_MS - 1, false, false), false, false),
            (standing(KNOWN_AFTER_MS, false, false), true, true),
            (standing(-KNOWN_AFTER_MS, false, false), false, false),
        ] {
            assert_eq!((session.may_ask(), session.may_confirm()), (asks, confirms), "{session:?}");
        }
    }

    #[test]
    fn three_numbers_of_two_digits_differ() {
        for random in [[0; 8], [0xff; 8], [7, 0, 0, 0, 0, 0, 0, 0x80], [90, 1, 2, 3, 4, 5, 6, 7]] {
            let [one, two, three] = proof_numbers(random);
            assert!(one != two && two != three && one != three, "{one} {two} {three}");
            assert!([one, two, three].iter().all(|number| (10..100).contains(number)));
        }
    }

    #[test]
    fn every_stage_reads_back_and_an_unknown_one_proves_nothing() {
        for stage in ProofStage::ALL {
            assert_eq!(ProofStage::from_stored(stage.word()), stage);
        }
        assert_eq!(ProofStage::from_stored("later"), ProofStage::Wrong);
    }
}

//! Hand-over of a person to another device of their own: its code, lifetimes and stages.
//! Rules R83, R84.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CodeError, Millis,
    code_text::{self, Shape},
};

/// Lifetime of the digits: ten minutes (OWASP ASVS 6.5.5).
pub const HAND_OVER_LIFE_MS: i64 = 10 * Millis::MINUTE;
/// Lifetime of the link out of an in-app browser: two minutes.
pub const WAY_OUT_LIFE_MS: i64 = 2 * Millis::MINUTE;
/// Least time that a confirmed device has to sign in, even when it was confirmed at the last moment.
pub const ENTER_LIFE_MS: i64 = 2 * Millis::MINUTE;

/// Eight digits that let a new device ask to sign in. The device that made them confirms or refuses.
#[derive(Clone, PartialEq, Eq)]
pub struct HandOverCode(String);

impl HandOverCode {
    pub const LENGTH: usize = 8;

    /// Parses what a person typed: spaces and dashes anywhere, full-width digits, O for 0 and l for 1. A longer text
    /// may hold one group of eight digits.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        code_text::find(text, Shape { length: Self::LENGTH, group: 4, only_digits: true }).map(Self).ok_or(CodeError)
    }

    /// Makes a code from a random number. The probabilities of two codes differ by less than 10⁻¹¹.
    pub fn from_random(number: u64) -> Self {
        Self(format!("{:08}", number % 100_000_000))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As shown to people: two groups of four.
    pub fn grouped(&self) -> String {
        format!("{}-{}", &self.0[..4], &self.0[4..])
    }
}

/// Codes never reach a log.
impl fmt::Debug for HandOverCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandOverCode(…)")
    }
}

/// The stage of a hand-over. The word is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandOverStage {
    /// The digits have not been typed, or the link has not been opened.
    Open,
    /// A device typed the digits and waits.
    Asked,
    /// The person confirmed the device.
    Confirmed,
    /// The device signed in.
    Used,
    /// The person refused the device.
    Refused,
    /// Withdrawn, or replaced by a newer one.
    Withdrawn,
}

impl HandOverStage {
    pub const ALL: [Self; 6] = [Self::Open, Self::Asked, Self::Confirmed, Self::Used, Self::Refused, Self::Withdrawn];

    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Asked => "asked",
            Self::Confirmed => "confirmed",
            Self::Used => "used",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// Reads a stored word. A stage of a later release reads as withdrawn, which signs nobody in.
    pub fn from_stored(word: &str) -> Self {
        Self::from_word(word).unwrap_or(Self::Withdrawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_may_be_typed_as_people_type_them() {
        let code = HandOverCode::parse("01234567").expect("a code");
        for typed in ["0123-4567", " 0123 4567 ", "0 1 2 3 4 5 6 7", "０１２３４５６７", "o123–4567", "0l234567"]
        {
            assert_eq!(HandOverCode::parse(typed).as_ref(), Ok(&code), "{typed}");
        }
        assert_eq!(code.grouped(), "0123-4567");
        for other in ["", "0123456", "012345678", "0123456A", "여덟 글자예요", "0123456!"] {
            assert_eq!(HandOverCode::parse(other), Err(CodeError), "{other}");
        }
    }

    #[test]
    fn every_fresh_code_has_eight_digits_and_reads_back() {
        for number in [0, 7, 99_999_999, 100_000_000, u64::MAX] {
            let code = HandOverCode::from_random(number);
            assert_eq!(code.as_str().len(), HandOverCode::LENGTH);
            assert_eq!(HandOverCode::parse(&code.grouped()), Ok(code));
        }
        assert_eq!(format!("{:?}", HandOverCode::from_random(7)), "HandOverCode(…)");
    }
}

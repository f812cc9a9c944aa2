//! Handing a person over to another device of their own: what is typed there, how long it is good, how far it has come.
//! Rules R83, R84.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CodeError, Millis,
    code_text::{self, Shape},
};

/// The digits are good for ten minutes (OWASP ASVS 6.5.5).
pub const HAND_OVER_LIFE_MS: i64 = 10 * Millis::MINUTE;
/// The link out of an app's own browser is good for two.
pub const WAY_OUT_LIFE_MS: i64 = 2 * Millis::MINUTE;
/// Whoever was confirmed in the last moment still has so long to come in.
pub const ENTER_LIFE_MS: i64 = 2 * Millis::MINUTE;

/// Eight digits that let a new device ask to come in; the one that made them decides.
#[derive(Clone, PartialEq, Eq)]
pub struct HandOverCode(String);

impl HandOverCode {
    pub const LENGTH: usize = 8;

    /// Reads what a person typed: spaces and dashes anywhere, full-width digits, O for 0 and l for 1. Of a longer text
    /// it takes the one group of eight digits in it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        code_text::find(text, Shape { length: Self::LENGTH, group: 4, only_digits: true }).map(Self).ok_or(CodeError)
    }

    /// From a random number. One code is likelier than another by less than 10⁻¹¹.
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

/// Codes never reach a log, not even by accident.
impl fmt::Debug for HandOverCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandOverCode(…)")
    }
}

/// How far a hand-over has come. The word is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandOverStage {
    /// Nobody has typed the digits yet, or opened the link.
    Open,
    /// A device typed them and waits.
    Asked,
    /// "Yes, that is mine": that device may come in.
    Confirmed,
    /// It came in.
    Used,
    /// "No, it is not."
    Refused,
    /// Taken back, or replaced by a newer one.
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

    /// Reads a stored word. A stage of a later release lets nobody in.
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

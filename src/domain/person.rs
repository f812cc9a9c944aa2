//! An account: a name, a language, a time zone. There is no e-mail and no password.
//! Rules R2, R70, R73.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{PersonId, graphemes, has_forbidden, is_blank, mended};

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonNameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name is longer than {} graphemes", PersonName::MAX_GRAPHEMES)]
    TooLong,
    #[error("the name holds a line end, a tab, a direction override, or letters of very many parts")]
    Forbidden,
}

/// A name of 1 to 20 grapheme clusters in any script, NFC, on one line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName(String);

impl PersonName {
    pub const MAX_GRAPHEMES: usize = 20;
    /// Twenty of the longest emoji fit; a stack of combining marks does not.
    const MAX_BYTES: usize = 600;

    pub fn parse(text: &str) -> Result<Self, PersonNameError> {
        let text: String = mended(text).nfc().collect();
        let text = text.trim_matches(|c: char| c == ' ' || c == '\u{3000}' || c == '\u{00A0}');
        if is_blank(text) {
            return Err(PersonNameError::Empty);
        }
        if has_forbidden(text) || text.contains(['\n', '\t']) {
            return Err(PersonNameError::Forbidden);
        }
        if graphemes(text) > Self::MAX_GRAPHEMES {
            return Err(PersonNameError::TooLong);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(PersonNameError::Forbidden);
        }
        Ok(Self(text.to_owned()))
    }

    /// Wraps a stored text, which was parsed before it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names never reach a log.
impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// The zone's name is not of the form the IANA database uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a time zone")]
pub struct ZoneNameError;

/// The name of an IANA time zone. Only `server::calendar` knows whether the zone exists.
///
/// Two values are equal when their names are. The offset is used only when the name is in no database any more.
#[derive(Debug, Clone)]
pub struct ZoneName {
    name: String,
    last_offset_s: Option<i32>,
}

impl PartialEq for ZoneName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ZoneName {}

impl Hash for ZoneName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ZoneName {
    /// Checks the form alone (ASCII letters, digits, `/`, `_`, `-`, `+`; at most 64 bytes).
    pub fn parse(text: &str) -> Result<Self, ZoneNameError> {
        let fits = !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'));
        if fits { Ok(Self { name: text.to_owned(), last_offset_s: None }) } else { Err(ZoneNameError) }
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// With the seconds east of UTC that the zone's clocks showed when it was last looked up.
    pub fn with_offset(self, last_offset_s: Option<i64>) -> Self {
        Self { last_offset_s: last_offset_s.and_then(|offset| offset.try_into().ok()), ..self }
    }

    pub fn last_offset_s(&self) -> Option<i32> {
        self.last_offset_s
    }
}

impl Default for ZoneName {
    fn default() -> Self {
        Self { name: "Asia/Seoul".to_owned(), last_offset_s: None }
    }
}

/// The language of pages and notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    Ko,
    En,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::Ko, Self::En];

    /// The BCP 47 tag, also the stored form.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "ko" => Some(Self::Ko),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// Reads a stored tag. A language of a later release reads as English: its reader did not choose Korean.
    pub fn from_stored(tag: &str) -> Self {
        Self::from_tag(tag).unwrap_or(Self::En)
    }
}

/// Text size, a factor on the size that the device is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TextSize {
    #[default]
    Normal,
    Large,
    Larger,
}

impl TextSize {
    pub const ALL: [Self; 3] = [Self::Normal, Self::Large, Self::Larger];

    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Large => "large",
            Self::Larger => "larger",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.word() == word)
    }

    /// Reads a stored word. A size of a later release reads as the normal one.
    pub fn from_stored(word: &str) -> Self {
        Self::from_word(word).unwrap_or_default()
    }
}

/// A person with the settings that every use case needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub name: PersonName,
    pub locale: Locale,
    pub text_size: TextSize,
    pub zone: ZoneName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script_are_names() {
        for text in ["민지", "Ærø", "ยาย", "👩‍🌾 할머니", "O'Neil-Kim", "  순자  "] {
            assert!(PersonName::parse(text).is_ok(), "{text}");
        }
        assert_eq!(PersonName::parse("  순자 ").as_ref().map(PersonName::as_str), Ok("순자"));
    }

    #[test]
    fn empty_long_and_deceiving_names_are_refused() {
        assert_eq!(PersonName::parse("   "), Err(PersonNameError::Empty));
        assert_eq!(PersonName::parse("\u{3164}"), Err(PersonNameError::Empty));
        assert_eq!(PersonName::parse(&"가".repeat(21)), Err(PersonNameError::TooLong));
        assert_eq!(PersonName::parse(&format!("e{}", "\u{0301}".repeat(400))), Err(PersonNameError::Forbidden));
        assert_eq!(PersonName::parse("엄마\u{202E}"), Err(PersonNameError::Forbidden));
        assert_eq!(PersonName::parse("두\n줄"), Err(PersonNameError::Forbidden));
        assert_eq!(PersonName::parse("\u{2800}\u{FFA0}\u{200E}"), Err(PersonNameError::Empty));
        assert_eq!(PersonName::parse("순\u{200E}자\0").as_ref().map(PersonName::as_str), Ok("순자"));
    }
}

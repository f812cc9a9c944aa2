//! Announcements: the text, which the operator writes once in each language, and the FCM topics of the languages.
//! Rules R150, R152.

use super::{AnnouncementId, Locale, graphemes, has_forbidden, is_blank};

/// Longest text, in grapheme clusters.
const LONGEST: usize = 300;
/// Longest text, in bytes of UTF-8: what a push carries in full. 300 Korean syllables fit.
const LONGEST_BYTES: usize = 900;

impl AnnouncementId {
    /// The name under which a person is told it once, and under which a device shows one notification of it.
    pub fn slot(self) -> String {
        format!("announcement:{self}")
    }
}

impl Locale {
    /// The FCM topic of announcements in this language.
    pub fn topic(self) -> &'static str {
        match self {
            Self::Ko => "news-ko",
            Self::En => "news-en",
        }
    }
}

/// A call to FCM about a topic. The word is stored and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FcmAct {
    Subscribe,
    Unsubscribe,
    /// Sends an announcement to everybody who is subscribed.
    TopicSend,
}

impl FcmAct {
    pub fn word(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::TopicSend => "topic_send",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Subscribe, Self::Unsubscribe, Self::TopicSend].into_iter().find(|act| act.word() == word)
    }
}

/// A text that is shown to everybody who reads its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncementText(String);

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnnouncementTextError {
    #[error("it is empty")]
    Empty,
    #[error("it has {0} characters, and {LONGEST} are the most")]
    TooLong(usize),
    #[error("it has {0} bytes, and a push carries {LONGEST_BYTES}")]
    TooManyBytes(usize),
    #[error("it has a control or direction character, which could change how the line around it reads")]
    Forbidden,
}

impl AnnouncementText {
    /// Takes 1 to 300 grapheme clusters, in at most 900 bytes. White space around the text is dropped.
    pub fn parse(text: &str) -> Result<Self, AnnouncementTextError> {
        let text = text.trim();
        if is_blank(text) {
            return Err(AnnouncementTextError::Empty);
        }
        if has_forbidden(text) {
            return Err(AnnouncementTextError::Forbidden);
        }
        match (graphemes(text), text.len()) {
            (length, _) if length > LONGEST => Err(AnnouncementTextError::TooLong(length)),
            (_, bytes) if bytes > LONGEST_BYTES => Err(AnnouncementTextError::TooManyBytes(bytes)),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// Reads a stored text.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_syllables_are_taken_and_one_more_is_refused() {
        let parse = |text: &str| AnnouncementText::parse(text).map(|text| text.as_str().to_owned());
        assert_eq!(parse(" 새 소식이에요.\n"), Ok("새 소식이에요.".to_owned()));
        assert!(parse(&"가".repeat(300)).is_ok());
        assert_eq!(parse(&"가".repeat(301)), Err(AnnouncementTextError::TooLong(301)));
        assert_eq!(parse(&"👨‍👩‍👧".repeat(51)), Err(AnnouncementTextError::TooManyBytes(51 * 18)));
        for empty in ["", " \n", "\u{200B}\u{3164}"] {
            assert_eq!(parse(empty), Err(AnnouncementTextError::Empty), "{empty:?}");
        }
        for forbidden in ["a\u{202E}b", "a\u{0007}b", "a\u{200F}b"] {
            assert_eq!(parse(forbidden), Err(AnnouncementTextError::Forbidden), "{forbidden:?}");
        }
    }
}

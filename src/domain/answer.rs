//! What a member writes.
//! Rules R20, R24, R170.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{Millis, graphemes, has_forbidden, is_blank, mended};

/// Why a text is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerBodyError {
    #[error("the answer is empty")]
    Empty,
    #[error("the answer is longer than {} graphemes", AnswerBody::MAX_GRAPHEMES)]
    TooLong,
    /// The letters are few, but each has very many parts, as emoji of whole families do.
    #[error("the answer is longer than {} bytes", AnswerBody::MAX_BYTES)]
    TooHeavy,
    #[error("the answer holds a direction override or the mark of a broken encoding")]
    Forbidden,
}

/// The validated text of an answer: NFC, line breaks as LF, no surrounding blank space,
/// 1 to 2,000 grapheme clusters and at most 16 KiB.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerBody(String);

impl AnswerBody {
    pub const MAX_GRAPHEMES: usize = 2_000;
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Normalises and checks what a form sent.
    pub fn parse(text: &str) -> Result<Self, AnswerBodyError> {
        let text: String = mended(text).nfc().collect();
        let text = text.trim();
        if is_blank(text) {
            return Err(AnswerBodyError::Empty);
        }
        if has_forbidden(text) {
            return Err(AnswerBodyError::Forbidden);
        }
        if graphemes(text) > Self::MAX_GRAPHEMES {
            return Err(AnswerBodyError::TooLong);
        }
        // A hostile text of combining marks is one long grapheme.
        if text.len() > Self::MAX_BYTES {
            return Err(AnswerBodyError::TooHeavy);
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

/// Answers never reach a log.
impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerBody(…)")
    }
}

/// The latest revision of one member's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Counts from 1; earlier revisions stay in their author's history.
    pub revision: u32,
    pub body: AnswerBody,
    /// When the first revision was given.
    pub first_at: Millis,
    /// When this revision was given.
    pub at: Millis,
    /// When its author took it back from the open card. The body is then empty.
    pub taken_back_at: Option<Millis>,
    /// Given before the seat moved to another person, to a question whose card has not opened (R178). The body is then
    /// empty, because the seat's person may not read it.
    pub is_sealed: bool,
}

impl Answer {
    /// How long an answer that was taken back can be restored; then its words are deleted.
    pub const RESTORED_FOR_MS: i64 = 7 * Millis::DAY;
    /// How many earlier texts of an answer are kept.
    pub const KEPT_REVISIONS: usize = 50;

    /// Until when the author may restore the answer. `None` when it was not taken back, or too long ago.
    pub fn restorable_until(&self, now: Millis) -> Option<Millis> {
        self.taken_back_at.map(|at| at.plus(Self::RESTORED_FOR_MS)).filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_kept_and_forms_line_ends_become_one() {
        let body = AnswerBody::parse("  첫 줄\r\n둘째 줄\n").expect("an answer");
        assert_eq!(body.as_str(), "첫 줄\n둘째 줄");
    }

    #[test]
    fn decomposed_hangul_is_composed() {
        let body = AnswerBody::parse("\u{1100}\u{1161}\u{11A8}").expect("an answer");
        assert_eq!(body.as_str(), "각");
    }

    #[test]
    fn empty_long_and_controlled_texts_are_refused() {
        assert_eq!(AnswerBody::parse(" \r\n\t "), Err(AnswerBodyError::Empty));
        assert_eq!(AnswerBody::parse("\u{200B}\u{3164}"), Err(AnswerBodyError::Empty));
        assert_eq!(AnswerBody::parse("\u{2800}\u{FFFC}"), Err(AnswerBodyError::Empty));
        assert_eq!(AnswerBody::parse("\u{202E}"), Err(AnswerBodyError::Empty));
        assert_eq!(AnswerBody::parse("a\u{202E}b"), Err(AnswerBodyError::Forbidden));
        assert!(AnswerBody::parse(&"가".repeat(2_000)).is_ok());
        assert_eq!(AnswerBody::parse(&"가".repeat(2_001)), Err(AnswerBodyError::TooLong));
        assert_eq!(AnswerBody::parse(&format!("a{}", "\u{0301}".repeat(10_000))), Err(AnswerBodyError::TooHeavy));
        assert_eq!(AnswerBody::parse(&"👨‍👩‍👧‍👦".repeat(1_000)), Err(AnswerBodyError::TooHeavy));
    }

    #[test]
    fn invisible_characters_are_put_right_and_refuse_nothing() {
        let body = AnswerBody::parse("첫\u{8} 줄\u{200E}\u{B}둘째\u{85}셋째").expect("an answer");
        assert_eq!(body.as_str(), "첫 줄\n둘째\n셋째");
    }

    #[test]
    fn an_answer_does_not_print_itself() {
        let body = AnswerBody::parse("비밀").expect("an answer");
        assert!(!format!("{body:?}").contains("비밀"));
    }
}

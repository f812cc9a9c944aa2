//! Letters as people count them: extended grapheme clusters (UAX #29). In the browser `crate::letters` counts them.
//! Rule R141.

use unicode_segmentation::UnicodeSegmentation;

/// The number of extended grapheme clusters. A line break sent by a browser form (CR LF) is one.
pub fn graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Whether the text holds a character that no text here may have: a control other than line feed and tab, a
/// bidirectional override or isolate, which could reorder the line around it (Unicode TR #36 §3.1), or U+FFFD, the mark
/// of a broken encoding. Joiners inside emoji are allowed.
pub fn has_forbidden(text: &str) -> bool {
    text.chars().any(|c| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
            || matches!(c, '\u{FFFD}' | '\u{FFFE}' | '\u{FFFF}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_emoji_and_a_decomposed_syllable_are_one_each() {
        assert_eq!(graphemes("👨‍👩‍👧"), 1);
        assert_eq!(graphemes("\u{1100}\u{1161}\u{11A8}"), 1);
        assert_eq!(graphemes("가나다"), 3);
    }

    #[test]
    fn overrides_and_controls_are_forbidden_and_joiners_are_not() {
        assert!(has_forbidden("a\u{202E}b"));
        assert!(has_forbidden("a\u{0007}b"));
        assert!(!has_forbidden("👨‍👩‍👧 첫 줄\n둘째 줄"));
    }
}

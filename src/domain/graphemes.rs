//! What a person calls a letter: extended grapheme clusters (UAX #29), counted alike in both halves; and letters nobody sees.

use unicode_segmentation::UnicodeSegmentation;

/// The number of extended grapheme clusters. A line break sent by a browser form (CR LF) is one.
pub fn graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Whether the text holds a character that never belongs in what people write here: a control
/// other than line feed and tab, or a bidirectional override or isolate (Unicode TR #36 §3.1)
/// that could make the line around it lie; or U+FFFD, the mark of a broken encoding. Joiners inside emoji are fine.
pub fn has_forbidden(text: &str) -> bool {
    text.chars().any(|c| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{FFFD}' | '\u{FFFE}' | '\u{FFFF}')
    })
}

/// Whether a reader sees nothing of the text: blank space, and what has no picture of its own.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// Default_Ignorable_Code_Point (Unicode 16, `DerivedCoreProperties.txt`; the Hangul fillers are in it), the empty Braille
/// pattern, and the place of an object that did not come along.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
        | '\u{2800}' | '\u{FFFC}')
}

/// The text without what keyboards and copying leave behind, where nothing is lost by it: line ends of every kind become line
/// feeds; controls and marks of direction go (not the overrides and isolates: they are refused). What joins letters and emoji
/// or varies them stays.
pub fn mended(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mend = |c: char| match c {
        '\r' | '\u{000B}' | '\u{000C}' | '\u{0085}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{FEFF}' | '\u{FFFC}' => None,
        c if c.is_control() && c != '\n' && c != '\t' => None,
        c => Some(c),
    };
    text.chars().filter_map(mend).collect()
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

    #[test]
    fn what_nobody_sees_is_blank() {
        for text in [
            "",
            " \n",
            "\u{00AD}",
            "\u{115F}\u{1160}",
            "\u{3164}",
            "\u{FFA0}",
            "\u{2800}",
            "\u{FFFC}",
            "\u{FE0F}",
            "\u{E0020}",
            "\u{180E}",
            "\u{200E}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["가", "👨‍👩‍👧", "\u{3164}가", "❤️", "."] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn what_copying_leaves_behind_is_mended_and_what_has_a_meaning_stays() {
        let mends = [
            ("a\u{0008}b", "ab"),
            ("\u{200E}a\u{200F}", "a"),
            ("a\u{000B}b\u{000C}c\u{0085}d\u{2028}e\u{2029}f", "a\nb\nc\nd\ne\nf"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("a\u{0000}\u{001B}b", "ab"),
            ("\u{FEFF}a", "a"),
        ];
        for (typed, expected) in mends {
            assert_eq!(mended(typed), expected, "{typed:?}");
        }
        for text in ["👨‍👩‍👧", "❤️", "می\u{200C}خواهم", "क्\u{200D}ष", "a\tb", "a\u{202E}b"] {
            assert_eq!(mended(text), text, "{text:?}");
        }
    }
}

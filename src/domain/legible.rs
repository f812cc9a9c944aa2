//! Invisible characters: which texts are blank, and how a text is cleaned before it is checked.
//! Rule R140.

/// Whether a reader sees nothing of the text: white space, controls, and what Unicode draws as nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// `Default_Ignorable_Code_Point` (Unicode 17, DerivedCoreProperties.txt; the Hangul fillers are among them), the blank
/// Braille pattern, and the object replacement character, which stands for a picture that was not pasted along.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{FFFC}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// The text as its writer sees it. Every kind of line end becomes LF (UAX #14, classes BK and NL). Controls, direction
/// marks, embeddings, isolates and noncharacters are removed, because they carry no words and come along when a text is
/// pasted. Direction overrides stay, because the words read differently without them: the caller refuses them. Joiners
/// and variation selectors stay, because emoji and several scripts need them.
pub fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut after_return = false;
    for c in text.chars() {
        match c {
            '\n' if after_return => {}
            '\r' | '\n' | '\u{000B}' | '\u{000C}' | '\u{0085}' | '\u{2028}' | '\u{2029}' => mended.push('\n'),
            '\t' => mended.push(c),
            '\u{061C}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202C}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FFFE}'
            | '\u{FFFF}' => {}
            _ if c.is_control() => {}
            _ => mended.push(c),
        }
        after_return = c == '\r';
    }
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_blank() {
        for c in [
            '\u{00AD}',
            '\u{115F}',
            '\u{1160}',
            '\u{3164}',
            '\u{FFA0}',
            '\u{2800}',
            '\u{FFFC}',
            '\u{FE0F}',
            '\u{200D}',
            '\u{E0020}',
            '\u{8}',
        ] {
            assert!(is_blank(&format!(" {c}\n{c}")), "U+{:04X}", u32::from(c));
            assert!(!is_blank(&format!("{c}가")), "U+{:04X}", u32::from(c));
        }
        assert!(is_blank(""));
        assert!(!is_blank("."));
    }

    #[test]
    fn line_ends_are_kept_and_what_carries_no_words_goes() {
        assert_eq!(mended("a\r\nb\rc\u{B}d\u{C}e\u{85}f\u{2028}g\u{2029}h\n\ni"), "a\nb\nc\nd\ne\nf\ng\nh\n\ni");
        assert_eq!(mended("가\u{8}나\u{200E}다\u{2066}라\u{2069}\u{0}\u{7F}마\u{FFFF}"), "가나다라마");
        assert_eq!(mended("👨‍👩‍👧 ❤️ می‌خواهم\t끝"), "👨‍👩‍👧 ❤️ می‌خواهم\t끝");
        assert_eq!(mended("a\u{202E}b"), "a\u{202E}b");
    }
}

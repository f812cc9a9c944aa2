//! Finds a code in a text that holds exactly one: what a person typed, a pasted link, a whole message.
//! Rule R68.

use super::code_letters;

/// A pasted message is shorter than this many bytes; a longer text is not searched.
const LONGEST_TEXT: usize = 8 * 1024;
/// The paths of links that carry a code (`paths::join`, `paths::digits_with`).
const LINKS: [&str; 2] = ["/join/", "/signin/digits/"];

/// How surely a part of a text is meant as a code. A surer reading wins over all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sureness {
    /// In the path of one of our links.
    Link,
    /// In the groups that the app shows, with a dash between them.
    Dashed,
    /// A word with a digit in it.
    Word,
    /// In the groups that the app shows, with spaces between them, and with a digit in them.
    Spaced,
    /// A word of letters alone: an English word of the same length reads alike.
    Letters,
}

/// How codes of one kind look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub length: usize,
    /// Characters between two dashes, as the app shows it.
    pub group: usize,
    pub only_digits: bool,
}

/// The canonical form of the code in a text. `None` when the text holds no code of this shape, or several.
pub(super) fn find(text: &str, shape: Shape) -> Option<String> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let Shape { length, group, only_digits } = shape;
    let normalise = |text: &str, length| {
        code_letters::normalise(text, length).filter(|code| !only_digits || code.bytes().all(|b| b.is_ascii_digit()))
    };
    // Separators are optional and Hangul keys are read only in this step: both would join words of a sentence.
    if let Some(code) = normalise(text, length) {
        return Some(code);
    }
    let text: String = text.chars().map(half_width).collect();
    let mut found = Vec::new();
    for link in LINKS {
        let rests = text.match_indices(link).filter_map(|(at, _)| text.get(at + link.len()..));
        found.extend(rests.filter_map(|rest| Some((Sureness::Link, normalise(run(rest).trim_matches('-'), length)?))));
    }
    let words: Vec<&str> =
        text.split(|c: char| !is_part(c)).map(|word| word.trim_matches('-')).filter(|word| !word.is_empty()).collect();
    found.extend(words.iter().filter_map(|word| {
        let code = normalise(word, length)?;
        let is_dashed = word.contains('-');
        if is_dashed && !is_grouped(word, group) {
            return None;
        }
        let has_digit = word.bytes().any(|b| b.is_ascii_digit());
        Some((
            if is_dashed {
                Sureness::Dashed
            } else if has_digit {
                Sureness::Word
            } else {
                Sureness::Letters
            },
            code,
        ))
    }));
    let spaced = text
        .split(|c: char| c.is_whitespace() || c == '-')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    found.extend(words.windows(length.div_ceil(group)).filter_map(|groups| {
        let joined = groups.join("-");
        let is_code = is_grouped(&joined, group)
            && joined.bytes().any(|b| b.is_ascii_digit())
            && spaced.contains(&groups.join(" "));
        Some((Sureness::Spaced, normalise(is_code.then_some(&joined)?, length)?))
    }));
    let surest = found.iter().map(|(sureness, _)| *sureness).min()?;
    let mut codes: Vec<String> =
        found.into_iter().filter(|(sureness, _)| *sureness == surest).map(|(_, code)| code).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.len() == 1 { codes.pop() } else { None }
}

/// Converts full-width letters and digits and all dashes to ASCII; other characters stay.
fn half_width(c: char) -> char {
    match c {
        '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' => {
            char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c)
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' => '-',
        _ => c,
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

/// The leading part of a text that can belong to a code. A particle, a bracket or a query ends it.
fn run(text: &str) -> &str {
    text.split(|c: char| !is_part(c)).next().unwrap_or_default()
}

/// Whether a word with dashes is made of groups of the length that the app shows.
fn is_grouped(word: &str, group: usize) -> bool {
    word.split('-').all(|part| part.len() == group)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{CodeError, HandOverCode, InvitationCode, RecoveryCode};

    /// What KakaoTalk passes on: the sender's words, the link and the code.
    const MESSAGE: &str = "[엄빠도 어렸다] 서연님이 초대했어요!\nInvitation to umbba. 아래 주소를 눌러 주세요.\n\
        https://family.example/join/7KQ2M-9XWTR?utm_source=kakao\n코드: 7KQ2M-9XWTR (7일 동안, 2026-11-28까지)";

    #[test]
    fn an_invitation_is_found_in_what_people_paste() {
        let code = InvitationCode::parse("7KQ2M9XWTR").expect("a code");
        for text in [
            MESSAGE,
            "https://family.example/join/7KQ2M-9XWTR",
            "family.example/join/7kq2m9xwtr/",
            "\"7KQ2M-9XWTR\"",
            "「7KQ2M-9XWTR」",
            "(7kq2m 9xwtr)",
            "코드는 7KQ2M-9XWTR이에요",
            "7KQ2M9XWTR로 들어오세요.",
            "７ＫＱ２Ｍ－９ＸＷＴＲ 입니다",
            "초대 코드 : 7KQ2M – 9XWTR",
            "7KQ2M-9XWTR, 7kq2m9xwtr",
        ] {
            assert_eq!(InvitationCode::parse(text).as_ref(), Ok(&code), "{text}");
        }
    }

    #[test]
    fn a_text_with_no_code_or_with_two_is_none() {
        for text in [
            "초대 코드를 주세요",
            "7KQ2M-9XWTR 아니면 0A1B2-C3D4E",
            "https://family.example/join/7KQ2M-9XWTR https://family.example/join/0A1B2-C3D4E",
            "https://family.example/today",
            "010-1234-5678",
            "2026-11-28",
        ] {
            assert_eq!(InvitationCode::parse(text), Err(CodeError), "{text}");
        }
        let long = format!("{}{MESSAGE}", "가".repeat(LONGEST_TEXT));
        assert_eq!(InvitationCode::parse(&long), Err(CodeError));
    }

    #[test]
    fn recovery_codes_and_digits_are_found_alike() {
        let code = RecoveryCode::parse("0A1B2C3D4E5F6G7H").expect("a code");
        for text in ["복구 코드: 0A1B-2C3D-4E5F-6G7H", "“0a1b 2c3d 4e5f 6g7h”입니다", "0A1B2C3D4E5F6G7H를 적어 두기"]
        {
            assert_eq!(RecoveryCode::parse(text).as_ref(), Ok(&code), "{text}");
        }
        let digits = HandOverCode::parse("12345678").expect("digits");
        for text in ["숫자 1234-5678이에요", "https://family.example/signin/digits/1234-5678", "[1234 5678]"] {
            assert_eq!(HandOverCode::parse(text).as_ref(), Ok(&digits), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_found_between_any_hangul(
            bytes in any::<[u8; 10]>(),
            before in "[가-힣 \\n.,!?]{0,40}",
            after in "[가-힣][가-힣 .,!?]{0,40}",
        ) {
            let code = InvitationCode::from_random(bytes);
            let text = format!("{before} {}{after}", code.grouped());
            prop_assert_eq!(InvitationCode::parse(&text), Ok(code));
        }

        #[test]
        fn no_text_makes_the_search_panic(text in "\\PC{0,80}") {
            let _ = (InvitationCode::parse(&text), HandOverCode::parse(&text));
        }
    }
}

//! Finding a code in what people paste: the link, the whole message, quotes and brackets around it, a particle at its end.

use super::invitation::normalise;

/// What a code looks like in a text.
pub(super) struct Shape {
    pub length: usize,
    /// Characters of a group, as the code is shown.
    pub group: usize,
    /// What stands before it in a link.
    pub marks: &'static [&'static str],
}

/// A message with everything around it is far below this.
const LONGEST: usize = 8 * 1024;

/// The one code of a text, in its canonical form. What was typed as nothing but a code is read as forgivingly as it may
/// be. In anything longer the surest places count first: a link of ours, then groups, then a run of its length with a
/// digit in it, then any. `None` when the surest place holds two different ones.
pub(super) fn find(text: &str, shape: &Shape, accepts: impl Fn(&str) -> bool) -> Option<String> {
    let read = |text: &str| normalise(text, shape.length).filter(|code| accepts(code));
    if let Some(code) = read(text) {
        return Some(code);
    }
    if text.len() > LONGEST {
        return None;
    }
    let runs = runs_of(text);
    let mut found: [Vec<String>; 4] = Default::default();
    for run in &runs {
        let Some(code) = read(run.text).filter(|_| shape.is_code(run.text)) else { continue };
        let place = if shape.marks.iter().any(|mark| text[..run.start].ends_with(mark)) {
            0
        } else if run.text.contains(is_dash) {
            1
        } else if run.text.contains(char::is_numeric) {
            2
        } else {
            3
        };
        found[place].push(code);
    }
    // Groups that stand apart by one space.
    for groups in runs.windows(shape.length / shape.group) {
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else { continue };
        let is_apart = groups.windows(2).all(|two| two[1].start == two[0].end() + 1 && text[two[0].end()..].starts_with(' '));
        let whole = &text[first.start..last.end()];
        if is_apart && groups.iter().all(|run| count(run.text) == shape.group && !run.text.contains(is_dash)) && whole.contains(char::is_numeric) {
            found[1].extend(read(whole));
        }
    }
    let mut surest = found.into_iter().find(|codes| !codes.is_empty())?;
    surest.sort_unstable();
    surest.dedup();
    if surest.len() == 1 { surest.pop() } else { None }
}

impl Shape {
    /// Whether a run is a code by itself: of its length, or in its groups. A telephone number or an id is neither.
    fn is_code(&self, run: &str) -> bool {
        count(run) == self.length || {
            let groups: Vec<usize> = run.split(is_dash).map(count).collect();
            groups.len() > 1 && groups.len() * self.group == self.length && groups.iter().all(|length| *length == self.group)
        }
    }
}

/// Letters and digits with dashes between them.
struct Run<'a> {
    start: usize,
    text: &'a str,
}

impl Run<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

fn runs_of(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut begun = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (begun, is_of_a_code(c)) {
            (None, true) => begun = Some(at),
            (Some(start), false) => {
                let run = &text[start..at];
                let trimmed = run.trim_matches(is_dash);
                let start = start + (run.len() - run.trim_start_matches(is_dash).len());
                if !trimmed.is_empty() {
                    runs.push(Run { start, text: trimmed });
                }
                begun = None;
            }
            _ => {}
        }
    }
    runs
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}')
}

/// Latin letters and digits, full-width ones too; not Hangul, which here are words.
fn is_of_a_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_dash(c) || matches!(c, '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::{HandOverCode, InvitationCode, RecoveryCode};

    fn invitation(text: &str) -> Option<String> {
        InvitationCode::find(text).ok().map(|code| code.as_str().to_owned())
    }

    #[test]
    fn an_invitation_is_found_in_whatever_holds_exactly_one() {
        for text in [
            "7K3QW-X9M2T",
            " 7k3qw x9m2t ",
            "https://family.example/join/7K3QW-X9M2T",
            "https://family.example/join/7k3qwx9m2t?utm_source=kakao",
            "민지 님이 초대했어요.\n아래 링크를 눌러 주세요.\nhttps://invitation.example/join/7K3QW-X9M2T\n코드: 7K3QW-X9M2T",
            "[민지] [오후 9:12] https://family.example/join/7K3QW-X9M2T",
            "“7K3QW-X9M2T”",
            "(7K3QW-X9M2T)",
            "「7K3QWX9M2T」",
            "7K3QW-X9M2T로 들어와",
            "7K3QW-X9M2T이에요",
            "코드는 7K3QWX9M2T입니다!",
            "코드는 7K3QW X9M2T 예요",
            "코드 ７Ｋ３ＱＷ－Ｘ９Ｍ２Ｔ",
            "your invitation: 7K3QW–X9M2T.",
        ] {
            assert_eq!(invitation(text).as_deref(), Some("7K3QWX9M2T"), "{text}");
        }
    }

    #[test]
    fn what_holds_none_or_two_holds_none() {
        for text in [
            "",
            "안녕하세요",
            "아직 코드를 못 받았어요",
            "https://family.example/",
            "https://family.example/p/01a20359-39ae-7b93-921b-5f70d4c4f248/today",
            "7K3QW-X9M2T 아니면 8K3QW-X9M2T",
            "010-1234-5678로 전화 줘",
            "7K3QW-X9M2",
            "7K3QW-X9M2TT",
        ] {
            assert_eq!(invitation(text), None, "{text}");
        }
        assert_eq!(invitation(&"엄마 ".repeat(4_000)), None);
    }

    #[test]
    fn a_recovery_code_and_digits_are_found_alike() {
        let recovery = |text: &str| RecoveryCode::find(text).ok().map(|code| code.as_str().to_owned());
        for text in
            ["엄빠도 어렸다 · 복구 코드: 7K3Q-WX9M-2TAB-CD45", "7k3q wx9m 2tab cd45", "코드는 7K3Q WX9M 2TAB CD45 예요", "'7K3QWX9M2TABCD45'를"]
        {
            assert_eq!(recovery(text).as_deref(), Some("7K3QWX9M2TABCD45"), "{text}");
        }
        assert_eq!(recovery("1234-5678"), None);
        let digits = |text: &str| HandOverCode::find(text).ok().map(|code| code.as_str().to_owned());
        for text in ["12345678", "1234-5678이에요", "숫자 1234 5678 이야", "https://family.example/signin/digits/1234-5678", "(12345678)"] {
            assert_eq!(digits(text).as_deref(), Some("12345678"), "{text}");
        }
        for text in ["010-1234-5678", "오늘은 2026-11-28", "123456789", "1234-5678 4321-8765", "여덟 글자"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_found_in_any_korean_around_it(bytes in any::<[u8; 10]>(), before in "[가-힣 \n.,!\"(]{0,40}", after in "[가-힣)\"!][가-힣 \n.,!]{0,40}") {
            let code = InvitationCode::from_random(bytes);
            let text = format!("메시지: {before} {} {after}", code.grouped());
            prop_assert_eq!(InvitationCode::find(&text), Ok(code));
        }

        #[test]
        fn no_text_makes_the_finder_panic(text in "\\PC{0,80}") {
            let _ = (InvitationCode::find(&text), RecoveryCode::find(&text), HandOverCode::find(&text));
        }
    }
}

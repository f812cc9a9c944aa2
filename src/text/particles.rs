//! The choice of Korean particles, which depend on whether the word before them ends in a consonant.

/// The final sound of a word, in the classes that decide which particle follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    Consonant,
    /// ㄹ counts as a vowel before 로.
    Rieul,
}

fn ending(word: &str) -> Ending {
    let last = word.chars().rev().find(|c| c.is_alphanumeric());
    match last {
        Some(c @ '가'..='힣') => match (u32::from(c) - 0xAC00) % 28 {
            0 => Ending::Vowel,
            8 => Ending::Rieul,
            _ => Ending::Consonant,
        },
        // The Korean reading of the digit decides: 영 일 이 삼 사 오 육 칠 팔 구.
        Some('0' | '3' | '6') => Ending::Consonant,
        Some('1' | '7' | '8') => Ending::Rieul,
        // Most Latin names are read with a final consonant if they end in l, m, n, ng or a stop.
        Some(c) => match c.to_ascii_lowercase() {
            'l' => Ending::Rieul,
            'b' | 'c' | 'k' | 'm' | 'n' | 'p' | 't' => Ending::Consonant,
            _ => Ending::Vowel,
        },
        None => Ending::Vowel,
    }
}

/// Picks the particle that fits after `word` from `이/가`, `은/는`, `을/를`, `와/과`, `이랑/랑`, `아/야` or `으로/로`.
/// The two particles of a choice may be in either order. A choice without a slash is returned unchanged.
pub fn pick<'a>(word: &str, choice: &'a str) -> &'a str {
    let Some((first, second)) = choice.split_once('/') else {
        return choice;
    };
    let after_consonant =
        |particle: &str| matches!(particle, "이" | "은" | "을" | "과" | "이랑" | "아" | "으로" | "이에요" | "이라");
    let (consonant, vowel) = if after_consonant(first) { (first, second) } else { (second, first) };
    match ending(word) {
        Ending::Vowel => vowel,
        Ending::Rieul if vowel == "로" => vowel,
        Ending::Rieul | Ending::Consonant => consonant,
    }
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn particles_follow_the_last_sound() {
        for (word, choice, expected) in [
            ("엄마", "이/가", "가"),
            ("딸", "이/가", "이"),
            ("민준", "은/는", "은"),
            ("할머니", "을/를", "를"),
            ("아들", "와/과", "과"),
            ("이모", "와/과", "와"),
            ("서울", "으로/로", "로"),
            ("민준", "으로/로", "으로"),
            ("Sam", "이/가", "이"),
            ("Emma", "이/가", "가"),
            ("3", "이/가", "이"),
            ("할머니 ♥", "이/가", "가"),
            ("", "이/가", "가"),
        ] {
            assert_eq!(pick(word, choice), expected, "{word} {choice}");
        }
    }
}

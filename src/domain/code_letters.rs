//! The letters of codes (Crockford base32) and the canonical form of a code, whatever keyboard it was typed on.
//! Rule R63.

/// No I, L, O and U.
pub(super) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A text that is one code and nothing else, in its canonical form.
pub(super) fn normalise(text: &str, length: usize) -> Option<String> {
    // A typed code is far below this, whatever stands between its letters.
    if text.len() > 400 {
        return None;
    }
    let mut code = String::with_capacity(length);
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '_' | '.' | '·' | '\u{200B}' | '\u{FEFF}')
        {
            continue;
        }
        for letter in keys_of(c)?.chars() {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                letter => letter,
            };
            if !ALPHABET.contains(&u8::try_from(letter).ok()?) {
                return None;
            }
            code.push(letter);
        }
    }
    (code.len() == length).then_some(code)
}

/// The keys of a two-set Korean keyboard (KS X 5002) in the order of the Unicode jamo tables.
const INITIALS: [&str; 19] =
    ["r", "R", "s", "e", "E", "f", "a", "q", "Q", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g"];
const MEDIALS: [&str; 21] =
    ["k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho", "hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l"];
const FINALS: [&str; 28] = [
    "", "r", "R", "rt", "s", "sw", "sg", "e", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a", "q", "qt", "t", "T",
    "d", "w", "c", "z", "x", "v", "g",
];
/// Compatibility jamo U+3131 to U+3163, typed alone.
const SINGLE: [&str; 51] = [
    "r", "R", "rt", "s", "sw", "sg", "e", "E", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a", "q", "Q", "qt", "t",
    "T", "d", "w", "W", "c", "z", "x", "v", "g", "k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho", "hl", "y",
    "n", "nj", "np", "nl", "b", "m", "ml", "l",
];

/// What was typed on the keys when `c` came out; `None` when it cannot be part of a code.
fn keys_of(c: char) -> Option<String> {
    let value = u32::from(c);
    match value {
        0xAC00..=0xD7A3 => {
            let at = (value - 0xAC00) as usize;
            Some(format!("{}{}{}", INITIALS[at / 588], MEDIALS[at % 588 / 28], FINALS[at % 28]))
        }
        0x3131..=0x3163 => Some(SINGLE[(value - 0x3131) as usize].to_owned()),
        // Full-width letters and digits of an East Asian input method.
        0xFF10..=0xFF19 | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A => char::from_u32(value - 0xFEE0).map(String::from),
        _ if c.is_ascii_alphanumeric() => Some(c.to_string()),
        _ => None,
    }
}

//! Codes that people read aloud, copy and type: Crockford base32 (no I, L, O, U), parsed leniently.
//! Rules R63, R78.

use std::fmt;

use super::{
    Millis,
    code_letters::ALPHABET,
    code_text::{self, Shape},
};

/// An invitation lives for seven days.
pub const INVITATION_LIFE_MS: i64 = 7 * Millis::DAY;

/// The text holds no code of the right length, or more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code")]
pub struct CodeError;

macro_rules! code {
    ($(#[$meta:meta])* $name:ident, $length:literal, $group:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub const LENGTH: usize = $length;

            /// Parses what a person typed: any case, spaces and dashes anywhere, O for 0, I and L for 1, full-width
            /// letters, and Hangul typed where Latin letters were meant. A longer text, such as a pasted link or
            /// message, may hold one code.
            pub fn parse(text: &str) -> Result<Self, CodeError> {
                let shape = Shape { length: $length, group: $group, only_digits: false };
                code_text::find(text, shape).map(Self).ok_or(CodeError)
            }

            /// Makes a code from random bytes, five bits of each.
            pub fn from_random(bytes: [u8; $length]) -> Self {
                Self(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect())
            }

            /// The canonical form, without dashes.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// As shown to people: in groups with dashes.
            pub fn grouped(&self) -> String {
                let mut shown = String::new();
                for (at, letter) in self.0.chars().enumerate() {
                    if at > 0 && at % $group == 0 {
                        shown.push('-');
                    }
                    shown.push(letter);
                }
                shown
            }
        }

        /// Codes never reach a log.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

code!(
    /// Opens the empty seat of a pair once: 10 characters, 50 bits.
    InvitationCode,
    10,
    5
);
code!(
    /// Signs a person in on another device: 16 characters, 80 bits, in groups of four.
    RecoveryCode,
    16,
    4
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_forgives_case_spaces_and_lookalikes() {
        let code = InvitationCode::parse("0A1B2-C3D4E").expect("a code");
        for typed in ["oa1b2c3d4e", " Oaib2 c3d4e ", "0al b2-c3 d4e", "０ａ１ｂ２ｃ３ｄ４ｅ"] {
            assert_eq!(InvitationCode::parse(typed).as_ref(), Ok(&code), "{typed}");
        }
        assert_eq!(code.grouped(), "0A1B2-C3D4E");
    }

    #[test]
    fn hangul_typed_for_latin_is_read_by_its_keys() {
        // The keys d-k-s-s-u-d with the Korean layout on show 안녕.
        assert_eq!(InvitationCode::parse("7안녕333"), Err(CodeError));
        assert_eq!(
            InvitationCode::parse("ㅁ7ㅏ23ㅂ5ㅈ9ㅋ").map(|code| code.as_str().to_owned()).as_deref(),
            Ok("A7K23Q5W9Z")
        );
        assert_eq!(
            InvitationCode::parse("간12345ㄱㄷㄱ").map(|code| code.as_str().to_owned()).as_deref(),
            Err(&CodeError)
        );
        assert_eq!(
            InvitationCode::parse("각12345ㄱㄷ").map(|code| code.as_str().to_owned()).as_deref(),
            Ok("RKR12345RE")
        );
    }

    #[test]
    fn other_texts_are_no_code() {
        for text in ["", "0A1B2C3D4", "0A1B2C3D4E5", "0A1B2C3D4U", "0A1B2C3D4!", "😀A1B2C3D4E"] {
            assert_eq!(InvitationCode::parse(text), Err(CodeError), "{text}");
        }
        assert_eq!(RecoveryCode::parse(&"7".repeat(500)), Err(CodeError));
    }

    proptest! {
        #[test]
        fn every_fresh_code_reads_back(bytes in any::<[u8; 16]>()) {
            let code = RecoveryCode::from_random(bytes);
            prop_assert_eq!(RecoveryCode::parse(&code.grouped().to_lowercase()), Ok(code));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,60}") {
            let _ = InvitationCode::parse(&text);
        }
    }
}
